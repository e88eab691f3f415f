"""Service hooks: what a subscription wants to hear of, how an event is told, and how it gets there."""
