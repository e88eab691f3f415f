"""Zendesk Support, through its Ticketing API."""
