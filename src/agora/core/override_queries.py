"""Administrative overrides."""

from __future__ import annotations

from agora.store.port import Query, Table, Write

__all__ = ["OVERRIDES", "active", "end", "expired", "standing"]

BIG = "bigint"

OVERRIDES = Table(
    "overrides",
    (
        ("tenant_id", "text"),
        ("override_id", "text"),
        ("target_id", "text"),
        ("action", "text"),
        ("authority", BIG),
        ("actor", "text"),
        ("reason", "text"),
        ("status", "text"),
        ("created_at", BIG),
        ("expires_at", BIG),
        ("lifted_at", BIG),
        ("lifted_by", "text"),
    ),
)
active = Query("select * from overrides where tenant_id = :tenant and status = 'active'")
standing = Query(
    """
    select * from overrides where tenant_id = :tenant and target_id = :target_id and status = 'active'
        and (expires_at is null or expires_at > :now)
    """,
    types={"now": BIG},
    lock=True,
)
expired = Query(
    """
    select * from overrides where tenant_id = :tenant and status = 'active' and expires_at is not null
        and expires_at <= :now limit 100
    """,
    types={"now": BIG},
    lock=True,
)
end = Write(
    """
    update overrides set status = :status, lifted_at = :now, lifted_by = :by
    where tenant_id = :tenant and override_id = :override_id and status = 'active'
    """,
    types={"now": BIG},
)
