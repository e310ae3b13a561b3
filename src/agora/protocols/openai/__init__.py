"""An OpenAI-compatible API: agents as models.

A turn is what an agent does from one message of its requester to its end or its next question, a slice of a task's log.
:mod:`.turns` begins, follows and reads turns by the operations of A2A; :mod:`.pieces` makes of a turn's updates what both
APIs have words for; :mod:`.chat_completions` and :mod:`.responses` write that down (``docs/adr/0035``).
"""
