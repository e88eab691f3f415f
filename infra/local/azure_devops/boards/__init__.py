"""What the organisation knows and the rules it keeps: projects, processes, work items, links. Nothing of HTTP."""
