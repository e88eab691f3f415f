"""Freshservice, API 2."""
