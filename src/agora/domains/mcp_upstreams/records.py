"""Records of MCP upstreams: servers and their items."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "UPSTREAMS",
    "UPSTREAM_TOOLS",
    "CallableToolRow",
    "ItemCountRow",
    "UpstreamRow",
    "UpstreamToolRow",
]


@record
class UpstreamRow:
    """A row of ``upstreams``."""

    tenant_id: str
    upstream_id: str
    name: str
    description: str
    transport: str
    url: str | None
    command: str | None
    secrets: bytes | None
    origin: str
    private: int
    timeout: float
    tool_timeouts: str
    concurrency: int
    revision: int
    server_name: str | None
    server_version: str | None
    protocol_version: str | None
    instructions: str | None
    listed_at: int | None
    created_by: str
    created_at: int
    updated_at: int
    registry_name: str | None
    oauth_mode: str
    oauth_client: bytes | None


UPSTREAMS = Table("upstreams", UpstreamRow)


@record
class UpstreamToolRow:
    """A row of ``upstream_tools``."""

    tenant_id: str
    upstream_id: str
    kind: str
    name: str
    description: str
    definition: str
    hash: str
    pinned: str | None
    accepted: str | None
    state: str
    reason: str | None
    first_seen: int
    changed_at: int


UPSTREAM_TOOLS = Table("upstream_tools", UpstreamToolRow)


@record
class ItemCountRow:
    """Number of an upstream's items of a kind and state."""

    upstream_id: str
    kind: str
    state: str
    items: int


@record
class CallableToolRow:
    """An accepted tool of an upstream, as indexed by the search."""

    upstream: str
    server_version: str | None
    name: str
    description: str
    definition: str
    hash: str
