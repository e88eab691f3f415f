"""Request Tracker 5, a real ITSM product, on this machine: started, made to push signed webhooks, used, stopped.

The recordings of other products show what ITSM systems send; this one shows that what it sends today is understood.
"""

from infra.local.request_tracker.server import RequestTracker

__all__ = ["RequestTracker"]
