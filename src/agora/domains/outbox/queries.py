"""SQL of the outbox."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import OutboxRow

__all__ = [
    "claim_deliveries",
    "delete_delivery",
    "hold_destination",
    "postpone_delivery",
    "release_leases",
    "select_due_destinations",
    "select_next_due_time",
]

BIG = "bigint"
# The fence makes the result of an expired lease harmless.
_WHERE_LEASE_HELD = "where tenant_id = :tenant and delivery_id = :delivery_id and fence = :fence and leased = 1"

select_next_due_time = Query("select min(due_at) as due from outbox where tenant_id = :tenant", int)
select_due_destinations = Query(
    "select destination from outbox where tenant_id = :tenant and due_at <= :now group by destination limit :limit",
    str,
    types={"now": BIG, "limit": BIG},
    scan=True,
)
#: the oldest of one destination; if two servers claim concurrently, the second one finds the rows leased
claim_deliveries = Write(
    """
    update outbox set due_at = :until, leased = 1, fence = fence + 1
    where tenant_id = :tenant and due_at <= :now and delivery_id in (
        select delivery_id from outbox
        where tenant_id = :tenant and destination = :destination and due_at <= :now
        order by due_at, delivery_id limit :limit)
    returning *
    """,
    OutboxRow,
    types={"until": BIG, "now": BIG, "limit": BIG},
)
#: delivered or given up; no row: another server has claimed it since
delete_delivery = Write(f"delete from outbox {_WHERE_LEASE_HELD}", types={"fence": BIG})
postpone_delivery = Write(
    f"update outbox set attempts = :attempts, due_at = :due_at, leased = 0, error = :error {_WHERE_LEASE_HELD}",
    types={"attempts": BIG, "due_at": BIG, "fence": BIG},
)
#: postpones all deliveries of a destination that does not respond
hold_destination = Write(
    """
    update outbox set due_at = :due_at
    where tenant_id = :tenant and destination = :destination and leased = 0 and due_at < :due_at
    """,
    types={"due_at": BIG},
)
#: used by the single server that owns the store
release_leases = Write("update outbox set due_at = 0, leased = 0 where tenant_id = :tenant and leased = 1")
