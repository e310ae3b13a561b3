"""Migration from Agora v4: its agents' reducer calls, its exported data, and how far both are.

A v4 agent is an agent like any other, whose registration has ``metadata.compatibility_mode``; :mod:`.identities` maps
the one to the other. :mod:`.arguments` reads a reducer call, :mod:`.reducers` does it, by the services of the other
domains; :mod:`.imports` brings the rows of an export, :mod:`.rollback` takes them back. Nothing is stored here but the
mapping, the runs of imports, and how often v4 is still called.
"""
