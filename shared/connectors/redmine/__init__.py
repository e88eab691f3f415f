"""Redmine 5: one project of it as a side of a pair."""
