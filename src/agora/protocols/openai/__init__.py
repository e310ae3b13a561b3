"""An OpenAI-compatible API: agents as models.

A turn is the work of an agent from one message of its requester to its end or next question: a slice of a task's log.
:mod:`.turns` begins, follows and reads turns with the operations of A2A; :mod:`.pieces` converts a turn's updates to
pieces common to both APIs; :mod:`.chat_completions` and :mod:`.responses` encode them (``docs/adr/0035``).
"""
