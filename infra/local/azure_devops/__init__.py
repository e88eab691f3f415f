"""A simulator of Azure DevOps Boards (REST 7.1): one organisation on one machine, all of it in memory.

It is a stand-in for a server, so it shares no code with the product that calls it. README.md in this folder says what
it is faithful to and what it does not do.
"""
