"""SQL of messages and their deliveries (one for each recipient)."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Write, build_in_list_condition

from .records import DeliveredState, InboxRow, MessageRow, MessageSender

__all__ = [
    "FILTERS",
    "STATE_FILTERS",
    "advance_deliveries",
    "build_inbox_count_query",
    "build_inbox_query",
    "count_held_messages",
    "delete_duplicate_deliveries",
    "lock_delivery_states",
    "readdress_deliveries",
    "requeue_deliveries",
    "select_any_delivery",
    "select_held_messages",
    "select_message",
    "select_senders",
    "select_unread_messages",
]

BIG = "bigint"


select_message = Query("select * from messages where tenant_id = :tenant and message_id = :message_id", MessageRow)

count_held_messages = Query(
    """
    select count(*) as held from (
        select 1 from deliveries where tenant_id = :tenant and recipient = :address and state = 'held' limit :limit
    ) as waiting
    """,
    int,
    types={"limit": BIG},
)
select_held_messages = Query(
    """
    select m.* from deliveries d
    join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    where d.tenant_id = :tenant and d.recipient = :address and d.state = 'held'
        and (m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))
    order by d.message_id
    """,
    MessageRow,
    types={"now": BIG, "horizon": BIG},
)
# A message that both agents have is left with the former one: a second row for the new one would violate the primary key.
select_unread_messages = Query(
    """
    select m.* from deliveries d
    join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    where d.tenant_id = :tenant and d.recipient = :address and d.state in ('queued', 'delivered')
        and (m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))
        and not exists (select 1 from deliveries o where o.tenant_id = :tenant and o.recipient = :agent_id
            and o.message_id = d.message_id)
    order by d.message_id limit :limit
    """,
    MessageRow,
    types={"now": BIG, "horizon": BIG, "limit": BIG},
)
select_any_delivery = Query(
    "select 1 as waiting from deliveries where tenant_id = :tenant and recipient = :address limit 1", int
)
# Messages that reached the agent by another of its addresses are not delivered twice.
delete_duplicate_deliveries = Write(
    """
    delete from deliveries where tenant_id = :tenant and recipient = :address and message_id in (
        select message_id from deliveries where tenant_id = :tenant and recipient = :agent_id)
    """
)
readdress_deliveries = Write(
    """
    update deliveries set recipient = :agent_id, updated_at = :now,
        state = case state when 'held' then 'queued' else state end
    where tenant_id = :tenant and recipient = :address
    """,
    types={"now": BIG},
)

_HAND_OVER = """
    update deliveries set recipient = :agent_id, state = 'queued', updated_at = :now
    where tenant_id = :tenant and recipient = :address and message_id @ids
"""
_IN_IDS, _IN_IDS_POSTGRES = build_in_list_condition("ids")


def _build_texts_with_ids(sql: str) -> tuple[str, str]:
    return sql.replace("@ids", _IN_IDS), sql.replace("@ids", _IN_IDS_POSTGRES)


_HAND_OVER_TEXTS = _build_texts_with_ids(_HAND_OVER)
requeue_deliveries = Write(_HAND_OVER_TEXTS[0], postgres=_HAND_OVER_TEXTS[1], types={"now": BIG})

# Marks only advance: a late "delivered" must not make a read message unread again.
_ADVANCE_STATE = _build_texts_with_ids(
    """
    update deliveries set state = :state, updated_at = :now
    where tenant_id = :tenant and (recipient = :agent_id or recipient = :address) and message_id @ids
        and case state when 'held' then 0 when 'queued' then 1 when 'delivered' then 2 when 'read' then 3 else 4 end
            < :rank
    """
)
advance_deliveries = Write(_ADVANCE_STATE[0], postgres=_ADVANCE_STATE[1], types={"now": BIG, "rank": BIG})

_SELECT_STATES = _build_texts_with_ids(
    """
    select message_id, state from deliveries
    where tenant_id = :tenant and (recipient = :agent_id or recipient = :address) and message_id @ids
    """
)
lock_delivery_states = Query(_SELECT_STATES[0], DeliveredState, postgres=_SELECT_STATES[1], lock=True)

_SELECT_SENDERS = _build_texts_with_ids(
    "select message_id, from_agent, broadcast from messages where tenant_id = :tenant and message_id @ids"
)
select_senders = Query(_SELECT_SENDERS[0], MessageSender, postgres=_SELECT_SENDERS[1])

# Conditions by name of the parameter; `{id}` and `{state}` differ between the sources of an inbox.
FILTERS = {
    "since": "and m.created_at > :since",
    "message_type": "and m.message_type = :message_type",
    "priority": "and m.priority = :priority",
    "from_agent": "and m.from_agent = :from_agent",
    "correlation_id": "and m.correlation_id = :correlation_id",
    "reply_to": "and m.reply_to = :reply_to",
    "after": "and {id} > :after",
}
STATE_FILTERS = {
    "unread": "and {state} in ('held', 'queued', 'delivered')",
    "seen": "and {state} in ('read', 'acknowledged')",
    "status": "and {state} = :status",
}
_TYPES = {"since": BIG, "now": BIG, "horizon": BIG, "limit": BIG, "offset": BIG}


BROADCAST_INDEX_HINT = "indexed by messages_broadcast"


def _build_inbox_sources(filters: frozenset[str]) -> tuple[str, str]:
    """Build subqueries of the ids and states in an inbox: addressed to the agent, to its name, and unmarked broadcasts.

    Each is read in id order, so that the database merges them and stops after a page. SQLite does not choose the
    index of broadcasts by itself and gets a hint; PostgreSQL has no hints.
    """
    states = [text for name, text in STATE_FILTERS.items() if name in filters]
    fresh = "and (m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))"
    # A filter by status may ask for expired messages; every other listing hides them.
    alive = "" if "status" in filters else f"{fresh} and d.state <> 'expired'"

    def filter_conditions(id: str, state: str) -> str:
        shared = [text.format(id=id) for name, text in FILTERS.items() if name in filters]
        return " ".join([*shared, *(text.format(state=state) for text in states)])

    # SQLite does not reorder a cross join: the delivery's index gives the order, and each message is looked up by its
    # id.
    def select_addressed(condition: str) -> str:
        return f"""
        select d.message_id as message_id, d.state as state from deliveries d
        cross join messages m
        where d.tenant_id = :tenant and {condition} {alive} {filter_conditions("d.message_id", "d.state")}
            and m.tenant_id = :tenant and m.message_id = d.message_id
        """

    def select_broadcasts(hint: str) -> str:
        return f"""
        select m.message_id as message_id, 'queued' as state from messages m {hint}
        where m.tenant_id = :tenant and m.broadcast = 1 and m.message_id > :joined and m.from_agent <> :agent_id
            {fresh} {filter_conditions("m.message_id", "'queued'")}
            and not exists (select 1 from deliveries d where d.tenant_id = :tenant
                and d.recipient = :agent_id and d.message_id = m.message_id)
        """

    own = select_addressed("d.recipient = :agent_id"), select_addressed("d.recipient = :address")
    hinted, plain = (" union all ".join([*own, select_broadcasts(hint)]) for hint in (BROADCAST_INDEX_HINT, ""))
    return hinted, plain


@cache
def build_inbox_query(filters: frozenset[str]) -> Query[InboxRow]:
    """Build the query of the oldest messages of an inbox, unsorted, with the given filters.

    They are not sorted here: SQLite would copy whole messages to sort them.
    """
    page = """
        select m.*, page.state as state
        from ({} order by message_id limit :limit offset :offset) as page
        cross join messages m
        where m.tenant_id = :tenant and m.message_id = page.message_id
    """
    hinted, plain = _build_inbox_sources(filters)
    return Query(page.format(hinted), InboxRow, postgres=page.format(plain), types=_TYPES)


@cache
def build_inbox_count_query(filters: frozenset[str]) -> Query[int]:
    """Build the query that counts the messages of an inbox, up to :limit."""
    counted = "select count(*) as total from (select 1 from ({}) as inbox limit :limit) as counted"
    hinted, plain = _build_inbox_sources(filters)
    return Query(counted.format(hinted), int, postgres=counted.format(plain), types=_TYPES, scan=True)
