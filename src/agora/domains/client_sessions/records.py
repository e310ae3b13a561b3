"""Records of client sessions: a session of a stateful protocol, and the resources it watches."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "SESSIONS",
    "ClientSessionRow",
    "LiveSession",
    "WatchedResourceRow",
]


@record
class ClientSessionRow:
    """A row of ``client_sessions``."""

    tenant_id: str
    session: str
    kind: str
    subject: str
    client: str
    created_at: int
    expires_at: int
    toolsets: str = "[]"


SESSIONS = Table("client_sessions", ClientSessionRow)


@record
class LiveSession:
    """Client data of an active session. client, toolsets: JSON."""

    client: str
    expires_at: int
    toolsets: str


@record
class WatchedResourceRow:
    """A resource that a session watches."""

    uri: str
    named: str
