"""Relays: remote work between two transactions, from the intent to the outcome."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import OpenRelay, OverdueRelay

__all__ = [
    "delete_idempotency_claim",
    "delete_old_relays",
    "select_next_due_time",
    "select_open_relay",
    "select_overdue_relays",
    "select_relay_past_retention",
    "settle_relay",
    "store_idempotent_answer",
]

BIG = "bigint"

select_open_relay = Query(
    """
    select relay_id, status from relays
    where tenant_id = :tenant and subject = :subject and key = :key and status in ('pending', 'unknown')
    """,
    OpenRelay,
)
# A late outcome is still valid.
settle_relay = Write(
    """
    update relays set status = :status, settled_at = :now, error = :error
    where tenant_id = :tenant and relay_id = :relay_id and status in ('pending', 'unknown')
    """,
    types={"now": BIG},
)
# The earliest deadline of a pending relay, or the earliest end of the retention of a settled one.
select_next_due_time = Query(
    """
    select min(due_at) as due_at from (
        select min(deadline) as due_at from relays where tenant_id = :tenant and status = 'pending'
        union all
        select min(settled_at) + :retention from relays where tenant_id = :tenant and settled_at is not null
    ) as times
    """,
    int,
    types={"retention": BIG},
)
select_overdue_relays = Query(
    """
    select relay_id, operation, subject, target from relays
    where tenant_id = :tenant and status = 'pending' and deadline < :now order by deadline limit :limit
    """,
    OverdueRelay,
    types={"now": BIG, "limit": BIG},
    lock=True,
)
select_relay_past_retention = Query(
    "select relay_id from relays where tenant_id = :tenant and settled_at < :before limit 1", str, types={"before": BIG}
)
delete_old_relays = Write(
    """
    delete from relays where tenant_id = :tenant and relay_id in (
        select relay_id from relays where tenant_id = :tenant and settled_at < :before limit :limit)
    """,
    types={"before": BIG, "limit": BIG},
)

# -- the key a relay was asked for under -------------------------------------------------------

store_idempotent_answer = Write(
    """
    update idempotency set response = :response
    where tenant_id = :tenant and subject = :subject and key = :key
    """,
    types={"response": "bytea"},
)
delete_idempotency_claim = Write(
    "delete from idempotency where tenant_id = :tenant and subject = :subject and key = :key"
)
