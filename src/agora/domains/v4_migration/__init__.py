"""Migration from Agora v4: reducer calls of its agents, its exported data, and progress of the migration.

A v4 agent is an ordinary agent whose registration has ``metadata.compatibility_mode``; :mod:`.identities` maps v4 names
to agents. :mod:`.arguments` parses a reducer call, :mod:`.reducers` executes it by the services of the other
domains; :mod:`.imports` imports the rows of an export, :mod:`.rollback` undoes an import. Only the
mapping, the import runs, and the counts of v4 calls are stored here.
"""
