"""API keys and enrolment tokens."""

from __future__ import annotations

from agora.store.port import Query, Table, Write

__all__ = ["TOKENS", "by_id", "listing", "revoke"]

BIG = "bigint"

TOKENS = Table(
    "tokens",
    (
        ("tenant_id", "text"),
        ("token_id", "text"),
        ("kind", "text"),
        ("label", "text"),
        ("account_id", "text"),
        ("digest", "bytea"),
        ("scopes", "text"),
        ("service_tier", "text"),
        ("authority", BIG),
        ("created_at", BIG),
        ("expires_at", BIG),
        ("revoked_at", BIG),
    ),
)
by_id = Query("select * from tokens where tenant_id = :tenant and token_id = :token_id", lock=True)
listing = Query(
    """
    select * from tokens where tenant_id = :tenant and token_id < :before
    order by token_id desc limit :limit
    """,
    types={"limit": BIG},
)
revoke = Write(
    """
    update tokens set revoked_at = :now
    where tenant_id = :tenant and token_id = :token_id and revoked_at is null
    """,
    types={"now": BIG},
)
