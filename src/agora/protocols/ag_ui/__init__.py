"""The Agent-User Interaction Protocol (AG-UI) 1.0: an agent's task as a stream of events for a web page.

Converts between its wire format and the operations of ``agora.a2a``: a thread is a context, a run is one message to an
agent with its consequences, an interrupt is a question. The rules of tasks are in :mod:`agora.domains.a2a`.
"""
