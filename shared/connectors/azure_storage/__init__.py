"""Azure Storage behind the ports: tickets, links, plans, configuration, health, quarantine in tables, hints in a queue.

`clients` opens an account from the settings that the Functions host uses too; each port has a module of its own:
`tickets`, `links`, `plans`, `cursors`, `configuration`, `health`, `quarantine`, `queues`. Below them, `tables` is one
table with this product's errors, `partition` what those share who work on one side by side, `keys` and `values` say how
ids and nouns are written down, `remedies` what a failure asks for. Tables and queue are made when they are first
missed, never at import or start.
"""
