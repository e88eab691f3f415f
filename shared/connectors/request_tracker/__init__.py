"""Request Tracker 5, REST 2.

api.py     the `Itsm` port
text.py    plain text of its HTML
"""
