"""The orchestrator: the marketplace as an agent, and a chat interface with fixed rules.

:mod:`.agent` answers protocol messages, :mod:`.agent_search` finds agents, :mod:`.deployment_requests` deploys or forwards to hosting
agents. :mod:`.intents` parses chat sentences, :mod:`.service` carries them out with the ordinary operations.
"""
