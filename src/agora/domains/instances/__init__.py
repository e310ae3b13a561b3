"""Instances: agents that the marketplace runs for customers.

The database rows are authoritative. Each row holds the desired and the current state, and a reconciler
(:mod:`.reconciler` for this server's host, :mod:`.hosted_reconciler` for hosting agents) makes them match.

* :mod:`.manifests` validates manifests, :mod:`.deployments` stores them, :mod:`.placement` chooses host and engine.
* :mod:`.creation`, :mod:`.desired_state`, :mod:`.executions`, :mod:`.backups` and :mod:`.scaling` implement commands.
* :mod:`.transitions` and :mod:`.metering` store a host's observations; :mod:`.hosting_agents` exchanges messages with
  hosting agents; :mod:`.deploy_messages` and :mod:`.request_replies` serve requests that arrive as messages.
* :mod:`.views` and :mod:`.market` build responses; :mod:`.service` implements the contract.
"""
