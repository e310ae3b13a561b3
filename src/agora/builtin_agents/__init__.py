"""Built-in agents: agents that run in the server process, and proxies of remote A2A agents.

They are ordinary agents: each has a row, a card and an inbox, its tasks are claimed with a lease and written under a
fencing token, and it calls operations through the dispatcher under its own identity. :mod:`.port` defines the interface
of a built-in agent; :mod:`.host` runs them. The port and the host must not depend on a protocol, on HTTP or on SQL.
"""
