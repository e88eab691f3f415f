"""Request Tracker 5, REST 2."""
