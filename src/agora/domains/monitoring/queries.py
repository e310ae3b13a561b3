"""SQL of the monitor: the message log, waiting messages of agents, counts, and calls by minute."""

from __future__ import annotations

from functools import cache

from agora.core.records import CallMinuteRow
from agora.domains.messaging.records import MessageRow
from agora.domains.search.queries import LETTERS
from agora.domains.tasks.records import EndedCounts
from agora.store.port import Query, R, Write, build_in_list_condition

from .records import (
    ActiveTaskCount,
    CurrencyCost,
    DeliveryState,
    MessagePosition,
    WaitingMessageCount,
)

__all__ = [
    "MAX_WORDS",
    "build_message_page_count_query",
    "build_message_page_query",
    "count_active_tasks",
    "count_ended_tasks",
    "count_messages_since",
    "count_open_tasks",
    "count_queued_tasks",
    "count_waiting_deliveries",
    "count_waiting_messages_by_agent",
    "delete_old_call_minutes",
    "select_call_minutes",
    "select_delivery_states",
    "select_newer_message",
    "select_older_message",
    "sum_cost",
    "upsert_call_minute",
]

BIG = "bigint"
MAX_WORDS = len(LETTERS)  #: maximum of words in a search

# -- message log ---------------------------------------------------------------------------------

# The log is scanned window by window, so that a query with few matches is bounded, too.
_SELECT_END = (
    "select message_id, created_at from messages where tenant_id = :tenant and message_id {} limit 1 offset :window"
)
select_older_message = Query(
    _SELECT_END.format("< :before order by message_id desc"), MessagePosition, types={"window": BIG}, scan=True
)
"""Selects the last message of a page that goes back from a message; None if the log begins before that."""
select_newer_message = Query(
    _SELECT_END.format("> :after order by message_id"), MessagePosition, types={"window": BIG}, scan=True
)

_WAS_SENT_TO = """exists (select 1 from deliveries d where d.tenant_id = :tenant
    and d.recipient in ({}) and d.message_id = m.message_id)"""
_FILTERS = {
    "message_id": "m.message_id = :message_id",
    "type": "m.message_type = :type",
    "priority": "m.priority = :priority",
    "correlation_id": "m.correlation_id = :correlation_id",
    "from_agent": "m.from_agent = :from_agent",
    "broadcast": "m.broadcast = 1",
    "to_agent": _WAS_SENT_TO.format(":to_agent, :to_address"),
    "agent": f"(m.from_agent = :agent or {_WAS_SENT_TO.format(':agent, :address')})",
    "since": "m.created_at >= :since",
    "until": "m.created_at < :until",
    "viewer": f"(m.from_agent = :viewer or m.broadcast = 1 or {_WAS_SENT_TO.format(':viewer')})",
}
_TYPES = {"since": BIG, "until": BIG, "limit": BIG}
# SQLite's `like` ignores the case of ASCII letters, PostgreSQL's does not.
_LIKE, _ILIKE = "m.content like :word_{} escape '~'", "m.content ilike :word_{} escape '~'"


def _build_page_conditions(filters: frozenset[str], words: int, like: str) -> str:
    """Build the conditions for messages of a window, with the given filters and number of words."""
    conditions = [text for name, text in _FILTERS.items() if name in filters]
    conditions += [like.format(letter) for letter in LETTERS[:words]]
    return " and ".join(
        [
            "from messages m where m.tenant_id = :tenant and m.message_id > :after and m.message_id < :before",
            *conditions,
        ]
    )


@cache
def build_message_page_query(filters: frozenset[str], words: int, descending: bool) -> Query[MessageRow]:
    """Build the query of the messages of a window, newest or oldest first."""
    form = f"select m.* {{}} order by m.message_id {'desc' if descending else 'asc'} limit :limit"
    return Query(
        form.format(_build_page_conditions(filters, words, _LIKE)),
        MessageRow,
        postgres=form.format(_build_page_conditions(filters, words, _ILIKE)),
        types=_TYPES,
        scan=True,
    )


@cache
def build_message_page_count_query(filters: frozenset[str], words: int) -> Query[int]:
    """Build the query that counts the messages of a window, up to :limit."""
    form = "select count(*) as total from (select 1 {} limit :limit) as counted"
    return Query(
        form.format(_build_page_conditions(filters, words, _LIKE)),
        int,
        postgres=form.format(_build_page_conditions(filters, words, _ILIKE)),
        types=_TYPES,
        scan=True,
    )


# pairs: JSON array of [recipient, message id]
_STATES = "select message_id, state from deliveries where tenant_id = :tenant and (recipient, message_id) "
select_delivery_states = Query(
    _STATES + "in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:pairs))",
    DeliveryState,
    postgres=_STATES + "in (select p.pair->>0, p.pair->>1 from json_array_elements(:pairs::json) as p (pair))",
)

# -- agents --------------------------------------------------------------------------------------

_IDS, _IDS_POSTGRES = build_in_list_condition("ids")


def _by_agent(sql: str, record: type[R]) -> Query[R]:
    return Query(sql.replace("@ids", _IDS), record, postgres=sql.replace("@ids", _IDS_POSTGRES))


count_active_tasks = _by_agent(
    """
    select assigned_agent as agent_id, count(*) as tasks from tasks
    where tenant_id = :tenant and completed_at is null and status = 'in_progress' and assigned_agent @ids
    group by assigned_agent
    """,
    ActiveTaskCount,
)
count_waiting_messages_by_agent = _by_agent(
    """
    select recipient as agent_id, count(*) as messages from deliveries
    where tenant_id = :tenant and state in ('held', 'queued') and recipient @ids group by recipient
    """,
    WaitingMessageCount,
)

# -- counts --------------------------------------------------------------------------------------

count_open_tasks = Query(
    """
    select status, count(*) as tasks from tasks where tenant_id = :tenant and completed_at is null group by status
    """,
    EndedCounts,
    scan=True,
)
count_ended_tasks = Query(
    """
    select status, count(*) as tasks from (
        select status from tasks where tenant_id = :tenant and completed_at is not null and completed_at > :since
        limit :limit
    ) as lately group by status
    """,
    EndedCounts,
    types={"since": BIG, "limit": BIG},
    scan=True,
)


def _build_bounded_count_query(condition: str, **types: str) -> Query[int]:
    """Build the query that counts rows up to :limit."""
    sql = f"select count(*) as total from (select 1 from {condition} limit :limit) as counted"
    return Query(sql, int, types={"limit": BIG, **types}, scan=True)


count_queued_tasks = _build_bounded_count_query("tasks where tenant_id = :tenant and waiting = 1")
count_messages_since = _build_bounded_count_query("messages where tenant_id = :tenant and message_id > :after")
count_waiting_deliveries = _build_bounded_count_query(
    "deliveries where tenant_id = :tenant and state in ('held', 'queued')"
)
sum_cost = Query(
    """
    select currency, cast(sum(amount) as bigint) as amount from billing_days
    where tenant_id = :tenant and (:account = '' or account_id = :account) and day = :day
        and kind not in ('credit', 'payment')
    group by currency order by currency
    """,
    CurrencyCost,
    types={"day": BIG},
    scan=True,
)

# -- calls by minute -----------------------------------------------------------------------------

# Each server repeatedly replaces its own rows, so that no call is counted twice and no server changes another's rows.
select_call_minutes = Query(
    "select * from call_minutes where tenant_id = :tenant and minute > :since and server <> :server",
    CallMinuteRow,
    types={"since": BIG},
)
upsert_call_minute = Write(
    """
    insert into call_minutes (tenant_id, minute, server, calls, reads, errors, histogram)
    values (:tenant, :minute, :server, :calls, :reads, :errors, :histogram)
    on conflict (tenant_id, minute, server) do update
        set calls = :calls, reads = :reads, errors = :errors, histogram = :histogram
    """,
    types={"minute": BIG, "calls": BIG, "reads": BIG, "errors": BIG},
)
# Also rows of servers that no longer run, which nobody else would delete.
delete_old_call_minutes = Write(
    "delete from call_minutes where tenant_id = :tenant and minute <= :before", types={"before": BIG}
)
