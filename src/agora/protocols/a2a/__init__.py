"""The Agent2Agent protocol, 1.0 and 0.3: JSON-RPC, HTTP+JSON, gRPC, their streams, and agent cards.

Converts between A2A's wire formats and the operations of ``agora.a2a``. The rules of tasks are in
:mod:`agora.domains.a2a`; the formats of both versions are in :mod:`agora.wire.a2a`.
"""
