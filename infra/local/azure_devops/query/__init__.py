"""The work item query language: its grammar, the queries it reads, and what they mean for a work item."""
