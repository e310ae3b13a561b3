"""API keys and enrolment tokens."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import TokenRow

__all__ = ["list_tokens", "revoke_token", "select_keys_with_scopes", "select_token"]

BIG = "bigint"

select_token = Query("select * from tokens where tenant_id = :tenant and token_id = :token_id", TokenRow, lock=True)
list_tokens = Query(
    """
    select * from tokens where tenant_id = :tenant and token_id < :before
    order by token_id desc limit :limit
    """,
    TokenRow,
    types={"limit": BIG},
)
# Compared as text: tokens.create stores scopes sorted, so that equal sets are equal texts.
select_keys_with_scopes = Query(
    "select token_id from tokens where tenant_id = :tenant and scopes = :scopes and revoked_at is null", str
)
revoke_token = Write(
    """
    update tokens set revoked_at = :now
    where tenant_id = :tenant and token_id = :token_id and revoked_at is null
    """,
    types={"now": BIG},
)
