"""Jira Cloud and Data Center, with or without Jira Service Management, REST 2.

api.py     the `Itsm` port
wiki.py    plain text in Jira's wiki markup
"""
