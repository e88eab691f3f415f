"""Redmine 5, a real tool for planning projects, on this machine: started, seeded, used by people, stopped.

The simulators show what their authors know of a product; this one is nobody's simulator.
"""

from infra.local.redmine.server import Redmine, RedmineRefusal

__all__ = ["Redmine", "RedmineRefusal"]
