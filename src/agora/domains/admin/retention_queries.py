"""Upkeep: what the controllers find and change. Every change is bounded, so that no writer waits long."""

from __future__ import annotations

from agora.store.port import Query, Write

__all__ = [
    "addressed",
    "asleep",
    "doomed_deliveries",
    "doomed_messages",
    "drop_deliveries",
    "drop_messages",
    "expire",
    "overdue_deliveries",
    "overdue_overrides",
    "page_end",
    "prune_audit",
    "prune_events",
    "prune_idempotency",
    "seen",
    "set_state",
    "silent",
    "still_silent",
]

BIG = "bigint"

_IDS = "in (select value from json_each(:ids))"
_IDS_POSTGRES = "= any(array(select json_array_elements_text(:ids::json)))"
_PAIRS = "in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:pairs))"
_PAIRS_POSTGRES = "in (select p.pair->>0, p.pair->>1 from json_array_elements(:pairs::json) as p (pair))"

# -- agents ------------------------------------------------------------------------------------

# seen: JSON array of [agent id, microseconds]. Grouped, so that it is walked, and each agent looked up.
_SEEN = """
    update agents set last_activity = s.at
    from (select {agent_id} as agent_id, max({at}) as at from {pairs} group by 1) as s
    where agents.tenant_id = :tenant and agents.agent_id = s.agent_id and agents.last_activity < s.at
"""
seen = Write(
    _SEEN.format(agent_id="json_extract(value, '$[0]')", at="json_extract(value, '$[1]')", pairs="json_each(:seen)"),
    _SEEN.format(
        agent_id="p.pair->>0", at="(p.pair->>1)::bigint", pairs="json_array_elements(:seen::json) as p (pair)"
    ),
)
_WHO = "select agent_id, agent_name, status, visibility, last_activity from agents where tenant_id = :tenant"
_ALIVE = "status in ('active', 'busy', 'error') and last_activity < :before and status_since < :before"
asleep = Query(
    f"{_WHO} and status = 'offline' and agent_id {_IDS} order by agent_id",
    f"{_WHO} and status = 'offline' and agent_id {_IDS_POSTGRES} order by agent_id",
    lock=True,
)
# A change of state counts as a sign of life: who was resumed has time to say that it is there.
silent = Query(
    f"select agent_id from agents where tenant_id = :tenant and retired_at is null and {_ALIVE} limit :limit",
    types={"before": BIG, "limit": BIG},
    scan=True,
)
still_silent = Query(
    f"{_WHO} and {_ALIVE} and agent_id {_IDS} order by agent_id",
    f"{_WHO} and {_ALIVE} and agent_id {_IDS_POSTGRES} order by agent_id",
    types={"before": BIG},
    lock=True,
)
set_state = Write(
    """
    update agents set status = :status, status_since = :now,
        reachable_for = reachable_for + case
            when status in ('offline', 'inactive', 'suspended', 'retired') then 0 else :now - status_since end
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)

# -- overrides ---------------------------------------------------------------------------------

_OVERDUE_OVERRIDES = """
    select override_id from overrides {hint}
    where tenant_id = :tenant and status = 'active' and expires_at <= :now limit 1
"""
overdue_overrides = Query(
    _OVERDUE_OVERRIDES.format(hint="indexed by overrides_active"),
    _OVERDUE_OVERRIDES.format(hint=""),
    types={"now": BIG},
)

# -- mail --------------------------------------------------------------------------------------
# Waiting deliveries are read a page at a time, in the order of their index.

_AFTER = """
    d.tenant_id = :tenant and d.state in ('held', 'queued') and (d.recipient, d.message_id) > (:recipient, :message_id)
"""
_PAGE_END = f"""
    select d.recipient, d.message_id from deliveries d {{hint}} where {_AFTER}
    order by d.recipient, d.message_id limit 1 offset :size
"""
_OVERDUE = f"""
    select d.recipient, d.message_id, m.from_agent from deliveries d {{hint}} {{messages}}
    where {_AFTER} and (d.recipient, d.message_id) <= (:last_recipient, :last_message)
        and (m.expires_at <= :now or (m.expires_at is null and m.created_at <= :horizon))
"""
# Each planner is told to walk the index of what waits, and to look up each message by its id.
_PLAN = {
    "hint": "indexed by deliveries_waiting",
    "messages": "join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id",
}
_PLAN_POSTGRES = {
    "hint": "",
    "messages": """cross join lateral (select from_agent, created_at, expires_at from messages o
        where o.tenant_id = d.tenant_id and o.message_id = d.message_id offset 0) as m""",
}
page_end = Query(_PAGE_END.format(**_PLAN), _PAGE_END.format(**_PLAN_POSTGRES), types={"size": BIG}, scan=True)
overdue_deliveries = Query(
    _OVERDUE.format(**_PLAN), _OVERDUE.format(**_PLAN_POSTGRES), types={"now": BIG, "horizon": BIG}, scan=True
)
_EXPIRE = """
    update deliveries set state = 'expired', updated_at = :now
    where tenant_id = :tenant and state in ('held', 'queued') and (recipient, message_id) {pairs}
    returning recipient, message_id
"""
expire = Write(_EXPIRE.format(pairs=_PAIRS), _EXPIRE.format(pairs=_PAIRS_POSTGRES), types={"now": BIG})

# Agents that hold a name or an alias under which something waits: registration and sending crossed.
addressed = Query(
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
    types={"now": BIG, "horizon": BIG},
    scan=True,
)

# -- retention ---------------------------------------------------------------------------------

_DOOMED = "m.created_at < :before and (m.expires_at is null or m.expires_at < :now)"
# bound: an id that sorts after those of the time meant, so that younger messages are not looked at.
doomed_messages = Query(
    f"""
    select m.message_id from messages m where m.tenant_id = :tenant and m.message_id < :bound and {_DOOMED}
    order by m.message_id limit :limit
    """,
    types={"before": BIG, "now": BIG, "limit": BIG},
    scan=True,
)
# Recipients are hopped over one by one; of each, only the oldest deliveries are looked at.
doomed_deliveries = Query(
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
            where m.tenant_id = :tenant and m.message_id = d.message_id and not ({_DOOMED}))
    limit :limit
    """,
    types={"before": BIG, "now": BIG, "limit": BIG},
    scan=True,
)
_DROP_DELIVERIES = "delete from deliveries where tenant_id = :tenant and (recipient, message_id) "
drop_deliveries = Write(_DROP_DELIVERIES + _PAIRS, _DROP_DELIVERIES + _PAIRS_POSTGRES)
_DROP_MESSAGES = "delete from messages where tenant_id = :tenant and message_id "
drop_messages = Write(_DROP_MESSAGES + _IDS, _DROP_MESSAGES + _IDS_POSTGRES)

# Of the oldest events, those before the first that is to stay: the log loses its beginning, never its
# middle, and keeps its newest event, whose sequence number is where the next one goes on.
prune_events = Write(
    """
    delete from events where tenant_id = :tenant and seq < (
        select coalesce(min(case when o.time >= :before then o.seq end), max(o.seq))
        from (select seq, time from events where tenant_id = :tenant order by seq limit :limit) as o)
    """,
    types={"before": BIG, "limit": BIG},
)
prune_audit = Write(
    """
    delete from audit where tenant_id = :tenant and audit_id in (
        select o.audit_id
        from (select audit_id, time from audit where tenant_id = :tenant order by audit_id limit :limit) as o
        where o.time < :before)
    """,
    types={"before": BIG, "limit": BIG},
)
prune_idempotency = Write(
    """
    delete from idempotency where tenant_id = :tenant and (subject, key) in (
        select o.subject, o.key from idempotency o
        where o.tenant_id = :tenant and o.created_at < :before order by o.created_at limit :limit)
    """,
    types={"before": BIG, "limit": BIG},
)
