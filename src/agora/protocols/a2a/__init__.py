"""The Agent2Agent protocol, 1.0 and 0.3: JSON-RPC, HTTP+JSON, their streams, and agent cards.

In this room: A2A's wires, to the operations of ``agora.a2a`` and back. What a task looks like and what may happen
to it is the service's business; the shapes of the versions are in :mod:`agora.a2a`.
"""
