"""SQL of retention and of expired overrides. Every write is bounded, so that no other writer waits long."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .records import ExpiredDeliveryRow

__all__ = [
    "delete_deliveries",
    "delete_messages",
    "delete_old_audit_entries",
    "delete_old_events",
    "delete_old_idempotency_records",
    "select_expired_deliveries",
    "select_expired_messages",
    "select_next_override_end",
    "select_overdue_override",
]

BIG = "bigint"

_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
_PAIRS = "in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:pairs))"
_PAIRS_POSTGRES = "in (select p.pair->>0, p.pair->>1 from json_array_elements(:pairs::json) as p (pair))"

# -- overrides ---------------------------------------------------------------------------------

_OVERDUE_OVERRIDES = """
    select override_id from overrides {hint}
    where tenant_id = :tenant and status = 'active' and expires_at <= :now limit 1
"""
_NEXT_OVERRIDE_END = """
    select min(expires_at) as due_at from overrides {hint} where tenant_id = :tenant and status = 'active'
"""
select_next_override_end = Query(
    _NEXT_OVERRIDE_END.format(hint="indexed by overrides_active"), int, postgres=_NEXT_OVERRIDE_END.format(hint="")
)
select_overdue_override = Query(
    _OVERDUE_OVERRIDES.format(hint="indexed by overrides_active"),
    str,
    postgres=_OVERDUE_OVERRIDES.format(hint=""),
    types={"now": BIG},
)

# -- retention ---------------------------------------------------------------------------------

_MESSAGE_IS_OVERDUE = "m.created_at < :before and (m.expires_at is null or m.expires_at < :now)"
# bound: an id that sorts after all ids of the cutoff time, so that newer messages are not scanned.
select_expired_messages = Query(
    f"""
    select m.message_id from messages m where m.tenant_id = :tenant and m.message_id < :bound and {_MESSAGE_IS_OVERDUE}
    order by m.message_id limit :limit
    """,
    str,
    types={"before": BIG, "now": BIG, "limit": BIG},
    scan=True,
)
# Skips from recipient to recipient and scans only the oldest deliveries of each.
select_expired_deliveries = Query(
    f"""
    with recursive r (id) as (
        select min(recipient) from deliveries where tenant_id = :tenant
        union all
        select (select min(recipient) from deliveries where tenant_id = :tenant and recipient > r.id)
        from r where r.id is not null
    )
    select d.recipient, d.message_id from r cross join deliveries d
    where d.tenant_id = :tenant and d.recipient = r.id and d.message_id <= :last
        and not exists (select 1 from messages m
            where m.tenant_id = :tenant and m.message_id = d.message_id and not ({_MESSAGE_IS_OVERDUE}))
    limit :limit
    """,
    ExpiredDeliveryRow,
    types={"before": BIG, "now": BIG, "limit": BIG},
    scan=True,
)
_DELETE_DELIVERIES = "delete from deliveries where tenant_id = :tenant and (recipient, message_id) "
delete_deliveries = Write(_DELETE_DELIVERIES + _PAIRS, postgres=_DELETE_DELIVERIES + _PAIRS_POSTGRES)
_DELETE_MESSAGES = "delete from messages where tenant_id = :tenant and message_id "
delete_messages = Write(_DELETE_MESSAGES + _IDS, postgres=_DELETE_MESSAGES + _IDS_POSTGRES)

# Deletes only the oldest events before the first event to keep, so that the log has no gaps, and keeps the newest
# event, whose sequence number the next event continues.
delete_old_events = Write(
    """
    delete from events where tenant_id = :tenant and seq < (
        select coalesce(min(case when o.time >= :before then o.seq end), max(o.seq))
        from (select seq, time from events where tenant_id = :tenant order by seq limit :limit) as o)
    """,
    types={"before": BIG, "limit": BIG},
)
# By id, which grows with time: the oldest entries are read by primary key.
delete_old_audit_entries = Write(
    """
    delete from audit where tenant_id = :tenant and audit_id in (
        select o.audit_id
        from (select audit_id, time from audit where tenant_id = :tenant order by audit_id limit :limit) as o
        where o.time < :before)
    """,
    types={"before": BIG, "limit": BIG},
)
delete_old_idempotency_records = Write(
    """
    delete from idempotency where tenant_id = :tenant and (subject, key) in (
        select o.subject, o.key from idempotency o
        where o.tenant_id = :tenant and o.created_at < :before order by o.created_at limit :limit)
    """,
    types={"before": BIG, "limit": BIG},
)
