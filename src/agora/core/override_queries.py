"""Administrative overrides."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import OverrideRow

__all__ = ["end_override", "select_active_overrides", "select_expired_overrides", "select_overrides_of_target"]

BIG = "bigint"

select_active_overrides = Query("select * from overrides where tenant_id = :tenant and status = 'active'", OverrideRow)
select_overrides_of_target = Query(
    """
    select * from overrides where tenant_id = :tenant and target_id = :target_id and status = 'active'
        and (expires_at is null or expires_at > :now)
    """,
    OverrideRow,
    types={"now": BIG},
    lock=True,
)
select_expired_overrides = Query(
    """
    select * from overrides where tenant_id = :tenant and status = 'active' and expires_at is not null
        and expires_at <= :now limit 100
    """,
    OverrideRow,
    types={"now": BIG},
    lock=True,
)
end_override = Write(
    """
    update overrides set status = :status, lifted_at = :now, lifted_by = :by
    where tenant_id = :tenant and override_id = :override_id and status = 'active'
    """,
    types={"now": BIG},
)
