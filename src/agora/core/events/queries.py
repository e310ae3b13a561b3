"""Events and the subscriptions to them. The events' table itself is in :mod:`.log`."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import LogBounds, LogEntry, SubscriptionRow

__all__ = [
    "INLINE_BYTES",
    "advance_subscription",
    "delete_subscription",
    "select_event_data",
    "select_event_position",
    "select_events",
    "select_first_event_id",
    "select_log_bounds",
    "select_matching_events",
    "select_subscription",
    "select_surplus_subscriptions",
]

BIG = "bigint"
INLINE_BYTES = 8192  #: larger data is returned as null and read separately, so that a page stays small

_COLUMNS = f"""
    select seq, event_id, type, source, subject, time, audience,
        case when length(data) <= {INLINE_BYTES} then data end as data
    from events where tenant_id = :tenant and seq > :after and seq <= :until
"""
_PAGE_TYPES = {"after": BIG, "until": BIG, "limit": BIG}

select_log_bounds = Query(
    """
    select (select min(seq) from events where tenant_id = :tenant) as oldest,
        (select max(seq) from events where tenant_id = :tenant) as head
    """,
    LogBounds,
)
select_events = Query(f"{_COLUMNS} order by seq limit :limit", LogEntry, types=_PAGE_TYPES)
select_matching_events = Query(
    f"""{_COLUMNS}
    and (:viewer = '' or audience is null or instr(audience, :viewer) > 0)
    and (:subject = '' or subject = :subject)
    and (:agent = '' or source = '/agora/agents/' || :agent or subject = :agent
        or instr(audience, '"' || :agent || '"') > 0)
    and (:patterns = '[]' or exists (select 1 from json_each(:patterns) as p where events.type glob p.value))
    order by seq limit :limit
    """,
    LogEntry,
    postgres=rf"""{_COLUMNS}
    and (:viewer = '' or audience is null or strpos(audience, :viewer) > 0)
    and (:subject = '' or subject = :subject)
    and (:agent = '' or source = '/agora/agents/' || :agent or subject = :agent
        or strpos(audience, '"' || :agent || '"') > 0)
    and (:patterns = '[]' or exists (
        select 1 from json_array_elements_text((:patterns)::json) as p (value)
        where events.type like replace(replace(p.value, '_', '\_'), '*', '%')))
    order by seq limit :limit
    """,
    types=_PAGE_TYPES,
    scan=True,
)
select_event_data = Query("select data from events where tenant_id = :tenant and seq = :seq", bytes, types={"seq": BIG})
select_event_position = Query("select seq from events where tenant_id = :tenant and event_id = :event_id", int)
select_first_event_id = Query("select event_id from events where tenant_id = :tenant order by seq limit 1", str)

select_subscription = Query(
    "select * from subscriptions where tenant_id = :tenant and subscription_id = :subscription_id", SubscriptionRow
)
select_surplus_subscriptions = Query(
    """
    select subscription_id from subscriptions where tenant_id = :tenant and owner = :owner
    order by subscription_id desc limit 100 offset :keep
    """,
    str,
    types={"keep": BIG},
)
delete_subscription = Write(
    "delete from subscriptions where tenant_id = :tenant and subscription_id = :subscription_id"
)
# ``position < :position``: a late write of another server must not move the subscription back.
advance_subscription = Write(
    """
    update subscriptions set position = :position
    where tenant_id = :tenant and subscription_id = :subscription_id and position < :position
    """,
    types={"position": BIG},
)
