"""SQL of message expiry and of held messages for registered names. Each statement changes a bounded number of rows."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import AddressedAgent, DeliveryPosition, OverdueDelivery

__all__ = [
    "expire_deliveries",
    "select_addressed_agents",
    "select_overdue_deliveries",
    "select_page_end",
]

BIG = "bigint"

# The pairs are one JSON parameter, so that the statement's text is the same for every batch.
_PAIRS = "in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:pairs))"
_PAIRS_POSTGRES = "in (select p.pair->>0, p.pair->>1 from json_array_elements(:pairs::json) as p (pair))"

# -- mail --------------------------------------------------------------------------------------
# Waiting deliveries are read page by page, in index order.

_AFTER_PLACE = """
    d.tenant_id = :tenant and d.state in ('held', 'queued') and (d.recipient, d.message_id) > (:recipient, :message_id)
"""
_PAGE_END = f"""
    select d.recipient, d.message_id from deliveries d {{hint}} where {_AFTER_PLACE}
    order by d.recipient, d.message_id limit 1 offset :size
"""
_OVERDUE = f"""
    select d.recipient, d.message_id, m.from_agent from deliveries d {{hint}} {{messages}}
    where {_AFTER_PLACE} and (d.recipient, d.message_id) <= (:last_recipient, :last_message)
        and (m.expires_at <= :now or (m.expires_at is null and m.created_at <= :horizon))
"""
# Force both planners to scan the index of waiting deliveries and look up each message by id.
_PLAN_HINTS = {
    "hint": "indexed by deliveries_waiting",
    "messages": "join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id",
}
_PLAN_HINTS_POSTGRES = {
    "hint": "",
    "messages": """cross join lateral (select from_agent, created_at, expires_at from messages o
        where o.tenant_id = d.tenant_id and o.message_id = d.message_id offset 0) as m""",
}
select_page_end = Query(
    _PAGE_END.format(**_PLAN_HINTS),
    DeliveryPosition,
    postgres=_PAGE_END.format(**_PLAN_HINTS_POSTGRES),
    types={"size": BIG},
    scan=True,
)
select_overdue_deliveries = Query(
    _OVERDUE.format(**_PLAN_HINTS),
    OverdueDelivery,
    postgres=_OVERDUE.format(**_PLAN_HINTS_POSTGRES),
    types={"now": BIG, "horizon": BIG},
    scan=True,
)
_EXPIRE = """
    update deliveries set state = 'expired', updated_at = :now
    where tenant_id = :tenant and state in ('held', 'queued') and (recipient, message_id) {pairs}
    returning recipient, message_id
"""
expire_deliveries = Write(
    _EXPIRE.format(pairs=_PAIRS), DeliveryPosition, postgres=_EXPIRE.format(pairs=_PAIRS_POSTGRES), types={"now": BIG}
)

# Agents with a name or alias that messages are held for, because registration and sending ran concurrently.
select_addressed_agents = Query(
    """
    select distinct a.agent_id, substr(d.recipient, 6) as agent_name from deliveries d
    join agents a on a.tenant_id = d.tenant_id and a.retired_at is null
        and (a.agent_name = substr(d.recipient, 6) or a.alias = substr(d.recipient, 6))
    join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    where d.tenant_id = :tenant and d.state = 'held'
        and d.recipient >= 'name:' and d.recipient < 'name;'
        and (m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))
    limit 100
    """,
    AddressedAgent,
    types={"now": BIG, "horizon": BIG},
    scan=True,
)
