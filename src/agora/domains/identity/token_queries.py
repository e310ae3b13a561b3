"""API keys and enrolment tokens."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import TokenRow

__all__ = ["by_id", "keys_with_scopes", "listing", "revoke"]

BIG = "bigint"

by_id = Query("select * from tokens where tenant_id = :tenant and token_id = :token_id", TokenRow, lock=True)
listing = Query(
    """
    select * from tokens where tenant_id = :tenant and token_id < :before
    order by token_id desc limit :limit
    """,
    TokenRow,
    types={"limit": BIG},
)
keys_with_scopes = Query(
    "select token_id from tokens where tenant_id = :tenant and scopes = :scopes and revoked_at is null", str
)
revoke = Write(
    """
    update tokens set revoked_at = :now
    where tenant_id = :tenant and token_id = :token_id and revoked_at is null
    """,
    types={"now": BIG},
)
