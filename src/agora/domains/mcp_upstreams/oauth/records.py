"""Records of OAuth for upstreams."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "AUTHORIZATIONS",
    "UpstreamAuthorizationRow",
    "UpstreamClientRow",
    "UpstreamGrantRow",
]


@record
class UpstreamClientRow:
    """A row of ``upstream_clients``."""

    tenant_id: str
    upstream_id: str
    issuer: str
    redirect_uri: str
    client: bytes
    created_at: int


@record
class UpstreamGrantRow:
    """A row of ``upstream_grants``."""

    tenant_id: str
    upstream_id: str
    subject: str
    issuer: str
    scope: str
    tokens: bytes
    expires_at: int | None
    generation: int
    refreshing_until: int
    created_at: int
    updated_at: int


@record
class UpstreamAuthorizationRow:
    """A row of ``upstream_authorizations``."""

    tenant_id: str
    state: str
    upstream_id: str
    subject: str
    begun_by: str
    request: bytes
    created_at: int
    expires_at: int


AUTHORIZATIONS = Table("upstream_authorizations", UpstreamAuthorizationRow)
