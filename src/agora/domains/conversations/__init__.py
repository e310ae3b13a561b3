"""Conversations: messages of the agent protocol, stored as messages of the marketplace.

:mod:`.rules` defines types, legal answers and states. :mod:`.delivery` accepts a message, :mod:`.correlation` records
which question it answers, :mod:`.assignments` maps assignments to tasks, :mod:`.permissions` checks intents,
:mod:`.timeouts` ends unanswered questions, :mod:`.lookup` reads. The domain ``orchestrator`` answers messages to the
marketplace itself.
"""
