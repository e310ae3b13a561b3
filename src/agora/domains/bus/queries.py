"""SQL of the bus: streams, groups, pending entries, consumers and response deadlines."""

from __future__ import annotations

from agora.domains.messaging.records import MessageRow
from agora.store.port import Query, R, Write, build_in_list_condition

from .records import (
    BridgeMember,
    ConsumerState,
    GroupKey,
    GroupOverview,
    GroupPosition,
    PendingEntry,
    PendingEntryWithMessage,
    ResponseDeadline,
    ResponseEvidence,
    SilentConsumer,
    StreamEntryWithMessage,
    StreamHead,
    TaskClaim,
    WaitingMessage,
)

__all__ = [
    "BEING_SENT",
    "BRIDGE_GROUP",
    "STREAM_DELETES",
    "allocate_entry_numbers",
    "assign_pending_entries",
    "count_open_responses",
    "count_pending_entries",
    "count_replayable_messages",
    "count_waiting_messages",
    "delete_consumer",
    "delete_entries",
    "delete_group",
    "delete_pending_entries",
    "delete_response_deadline",
    "delete_sent_entry",
    "insert_stream_if_missing",
    "list_bridge_members",
    "list_groups",
    "list_streams",
    "lock_group",
    "lock_stream_head",
    "mark_entry_sent",
    "mark_messages_dead_lettered",
    "mark_messages_delivered",
    "raise_stream_floor",
    "rename_sent_entry",
    "requeue_dead_message",
    "select_bridge_member",
    "select_broadcasts",
    "select_consumers",
    "select_due_responses",
    "select_entries_with_messages",
    "select_group",
    "select_groups_of_stream",
    "select_groups_with_stale_entries",
    "select_messages",
    "select_next_due_time",
    "select_numbers_to_trim",
    "select_pending_entries",
    "select_pending_entries_of_consumer",
    "select_queued_messages",
    "select_response_evidence",
    "select_sent_entries",
    "select_silent_consumers",
    "select_stale_entries",
    "select_stale_entries_with_messages",
    "select_stream_head",
    "select_streams_of_retired_agents",
    "select_task_claims",
    "select_trimmable_number",
    "select_unsent_entries",
    "unassign_pending_entries",
    "update_group_position",
    "upsert_consumer",
]

BIG = "bigint"


_IN_NUMBERS = "in (select value from json_each(:numbers))"
_IN_NUMBERS_POSTGRES = "= any(array(select json_array_elements_text(:numbers::json)::bigint))"
_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
_BY_STREAM = "tenant_id = :tenant and stream = :stream"
_BY_GROUP = f"{_BY_STREAM} and group_name = :group"
_PENDING_OF_GROUP = "p.tenant_id = :tenant and p.stream = :stream and p.group_name = :group"
_JOIN_ENTRIES = "left join bus_entries e on e.tenant_id = p.tenant_id and e.stream = p.stream and e.number = p.number"
# The message of an entry, whose size counts towards a page.
_JOIN_MESSAGES = "left join messages m on m.tenant_id = e.tenant_id and m.message_id = e.ref"
BRIDGE_GROUP = "agora:redis"  #: the bridge's group on agents' streams
# Entries that are taken back when stale, matching the index bus_pending_age. Those of the bridge are excluded: they
# stay in Redis until the agent reads them.
_CAN_BE_TAKEN_BACK = f"consumer <> '' and group_name <> '{BRIDGE_GROUP}'"
_PENDING_COLUMNS = "p.number, p.consumer, p.deliveries, p.delivered_at, e.ref, e.name, e.fields, e.created_at"

# -- streams -----------------------------------------------------------------------------------

insert_stream_if_missing = Write(
    """
    insert into bus_streams (tenant_id, stream, last_number, floor, owner) values (:tenant, :stream, 0, '', '')
    on conflict (tenant_id, stream) do nothing
    """
)
# The row stays locked until the commit, so numbers follow the commit order without gaps.
allocate_entry_numbers = Write(
    """
    insert into bus_streams (tenant_id, stream, last_number, floor, owner) values (:tenant, :stream, :count, '', '')
    on conflict (tenant_id, stream) do update set last_number = bus_streams.last_number + excluded.last_number
    returning last_number
    """,
    int,
    types={"count": BIG},
)
select_stream_head = Query(f"select last_number, floor, owner from bus_streams where {_BY_STREAM}", StreamHead)
lock_stream_head = Query(f"select last_number, floor, owner from bus_streams where {_BY_STREAM}", StreamHead, lock=True)
raise_stream_floor = Write(f"update bus_streams set floor = :floor where {_BY_STREAM} and floor < :floor")
list_streams = Query(
    "select stream from bus_streams where tenant_id = :tenant and stream > :after order by stream limit :limit",
    str,
    types={"limit": BIG},
)
select_entries_with_messages = Query(
    f"""
    select e.number, e.ref, e.name, e.fields, e.created_at, m.content, m.metadata from bus_entries e {_JOIN_MESSAGES}
    where e.tenant_id = :tenant and e.stream = :stream and e.number > :after order by e.number limit :limit
    """,
    StreamEntryWithMessage,
    types={"after": BIG, "limit": BIG},
)
# The number up to which every group has acknowledged; null if the stream has no groups.
select_trimmable_number = Query(
    """
    select min(case when p.first is null or p.first > g.last_number then g.last_number else p.first - 1 end) as number
    from bus_groups g left join (
        select group_name, min(number) as first from bus_pending
        where tenant_id = :tenant and stream = :stream group by group_name
    ) as p on p.group_name = g.group_name
    where g.tenant_id = :tenant and g.stream = :stream
    """,
    int,
)
select_numbers_to_trim = Query(
    f"select number from bus_entries where {_BY_STREAM} and number <= :until order by number limit :limit",
    int,
    types={"until": BIG, "limit": BIG},
)
delete_entries = Write(f"delete from bus_entries where {_BY_STREAM} and number <= :until", types={"until": BIG})

# -- groups ------------------------------------------------------------------------------------

select_group = Query(f"select last_number, created_at from bus_groups where {_BY_GROUP}", GroupPosition)
lock_group = Query(f"select last_number, created_at from bus_groups where {_BY_GROUP}", GroupPosition, lock=True)
update_group_position = Write(f"update bus_groups set last_number = :last where {_BY_GROUP}", types={"last": BIG})
delete_group = Write(f"delete from bus_groups where {_BY_GROUP}")
_OVERVIEW = """
    select g.stream, g.group_name, s.last_number - g.last_number as lag, s.last_number as length,
        (select a.agent_name from agents a where a.tenant_id = :tenant and a.agent_id = g.stream) as agent_name,
        (select count(*) from bus_pending p
            where p.tenant_id = :tenant and p.stream = g.stream and p.group_name = g.group_name) as pending,
        (select count(*) from bus_consumers c
            where c.tenant_id = :tenant and c.stream = g.stream and c.group_name = g.group_name) as consumers
    from bus_groups g join bus_streams s on s.tenant_id = g.tenant_id and s.stream = g.stream
    where g.tenant_id = :tenant
"""
select_groups_of_stream = Query(f"{_OVERVIEW} and g.stream = :stream order by g.group_name", GroupOverview, scan=True)
list_groups = Query(
    f"{_OVERVIEW} order by g.stream, g.group_name limit :limit", GroupOverview, types={"limit": BIG}, scan=True
)

# -- pending entries ---------------------------------------------------------------------------

select_pending_entries = Query(
    f"select {_PENDING_COLUMNS} from bus_pending p {_JOIN_ENTRIES} where {_PENDING_OF_GROUP} order by p.number limit :limit",
    PendingEntry,
    types={"limit": BIG},
)
count_pending_entries = Query(f"select count(*) as total from bus_pending p where {_PENDING_OF_GROUP}", int)
_SELECT_PENDING = f"""
    select {_PENDING_COLUMNS} from bus_pending p {_JOIN_ENTRIES} where {_PENDING_OF_GROUP} and p.number in (
        select {{number}} from {{numbers}}
        union all select number from bus_entries where {_BY_STREAM} and ref {{ids}}
        union all select number from bus_entries where {_BY_STREAM} and name {{ids}})
"""
select_pending_entries_of_consumer = Query(
    _SELECT_PENDING.format(number="value", numbers="json_each(:numbers)", ids=_IDS),
    PendingEntry,
    postgres=_SELECT_PENDING.format(
        number="n::bigint", numbers="json_array_elements_text(:numbers::json) as n", ids=_IDS_POSTGRES
    ),
)
# Each delivery doubles the idle time until the next one. parked = 1: include entries taken back; 0: of those, only
# exhausted ones. idle < 0: only entries taken back.
_STALE_ENTRIES = f"""
    select {_PENDING_COLUMNS} %s
    where {_PENDING_OF_GROUP} and p.number > :after and (
        (:parked = 1 and p.consumer = '')
        or (:idle >= 0 and p.delivered_at + :idle * %s <= :now and (p.consumer <> '' or p.deliveries >= :most)))
    order by p.number limit :limit
"""


def _select_stale(source: str, record: type[R]) -> Query[R]:
    return Query(
        _STALE_ENTRIES % (source, "(1 << (p.deliveries - 1))"),
        record,
        postgres=_STALE_ENTRIES % (source, "(1::bigint << (p.deliveries - 1)::int)"),
        types={"parked": BIG, "idle": BIG, "most": BIG, "now": BIG, "after": BIG, "limit": BIG},
    )


select_stale_entries = _select_stale(f"from bus_pending p {_JOIN_ENTRIES}", PendingEntry)
select_stale_entries_with_messages = _select_stale(
    f", m.content, m.metadata from bus_pending p {_JOIN_ENTRIES} {_JOIN_MESSAGES}", PendingEntryWithMessage
)
_ASSIGN_ENTRIES = (
    "update bus_pending set consumer = :consumer, deliveries = deliveries + 1, delivered_at = :now "
    f"where {_BY_GROUP} and number %s"
)
assign_pending_entries = Write(
    _ASSIGN_ENTRIES % _IN_NUMBERS, postgres=_ASSIGN_ENTRIES % _IN_NUMBERS_POSTGRES, types={"now": BIG}
)
_UNASSIGN_ENTRIES = f"update bus_pending set consumer = '' where {_BY_GROUP} and number %s"
unassign_pending_entries = Write(_UNASSIGN_ENTRIES % _IN_NUMBERS, postgres=_UNASSIGN_ENTRIES % _IN_NUMBERS_POSTGRES)
_DELETE_PENDING = f"delete from bus_pending where {_BY_GROUP} and number %s"
delete_pending_entries = Write(_DELETE_PENDING % _IN_NUMBERS, postgres=_DELETE_PENDING % _IN_NUMBERS_POSTGRES)
select_groups_with_stale_entries = Query(
    f"""
    select distinct stream, group_name from (
        select stream, group_name from bus_pending
        where tenant_id = :tenant and delivered_at <= :before and {_CAN_BE_TAKEN_BACK} order by delivered_at limit :limit
    ) as old order by stream, group_name
    """,
    GroupKey,
    types={"before": BIG, "limit": BIG},
)

# -- outbox of the bridge: consumer is 'leaving', then the entry's id in Redis -------------------

BEING_SENT = "leaving"
select_unsent_entries = Query(
    f"""
    select {_PENDING_COLUMNS} from bus_pending p {_JOIN_ENTRIES}
    where {_PENDING_OF_GROUP} and (p.consumer = '' or (p.consumer = '{BEING_SENT}' and p.delivered_at <= :before))
    order by p.number limit :limit
    """,
    PendingEntry,
    types={"before": BIG, "limit": BIG},
)
select_sent_entries = Query(
    f"""
    select {_PENDING_COLUMNS} from bus_pending p {_JOIN_ENTRIES}
    where {_PENDING_OF_GROUP} and p.consumer not in ('', '{BEING_SENT}') order by p.number limit :limit
    """,
    PendingEntry,
    types={"limit": BIG},
)
rename_sent_entry = Write(f"update bus_pending set consumer = :entry where {_BY_GROUP} and consumer = :previous")
delete_sent_entry = Write(
    f"delete from bus_pending where {_BY_GROUP} and number = :number and consumer = :entry", types={"number": BIG}
)
mark_entry_sent = Write(
    f"update bus_pending set consumer = :entry where {_BY_GROUP} and number = :number", types={"number": BIG}
)

# -- consumers ---------------------------------------------------------------------------------

upsert_consumer = Write(
    """
    insert into bus_consumers (tenant_id, stream, group_name, consumer, seen_at)
    values (:tenant, :stream, :group, :consumer, :now)
    on conflict (tenant_id, stream, group_name, consumer) do update set seen_at = excluded.seen_at
    """,
    types={"now": BIG},
)
_COUNT_PENDING_OF_CONSUMER = """
    (select count(*) from bus_pending p where p.tenant_id = c.tenant_id and p.stream = c.stream
        and p.group_name = c.group_name and p.consumer = c.consumer)
"""
select_consumers = Query(
    f"""
    select c.consumer, c.seen_at, {_COUNT_PENDING_OF_CONSUMER} as pending from bus_consumers c
    where c.tenant_id = :tenant and c.stream = :stream and c.group_name = :group order by c.consumer limit :limit
    """,
    ConsumerState,
    types={"limit": BIG},
)
select_silent_consumers = Query(
    f"""
    select c.stream, c.group_name, c.consumer, {_COUNT_PENDING_OF_CONSUMER} as pending from bus_consumers c
    where c.tenant_id = :tenant and c.seen_at <= :before order by c.seen_at limit :limit
    """,
    SilentConsumer,
    types={"before": BIG, "limit": BIG},
)
delete_consumer = Write(
    f"delete from bus_consumers where {_BY_GROUP} and consumer = :consumer and seen_at <= :before",
    types={"before": BIG},
)

# -- inboxes, the source of agents' streams ----------------------------------------------------

_MESSAGE_IS_UNEXPIRED = "(m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))"
_TIME_TYPES = {"now": BIG, "horizon": BIG, "limit": BIG}
_SELECT_WAITING = f"""
    select m.message_id, m.metadata from deliveries d {{hint}}
    join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    where d.tenant_id = :tenant and d.recipient = {{whose}} and d.state in ('held', 'queued') and {_MESSAGE_IS_UNEXPIRED}
        and d.message_id > :after
    order by d.message_id limit :limit
"""


def _select_queued(hint: str) -> str:
    mine, addressed = (_SELECT_WAITING.format(hint=hint, whose=whose) for whose in (":agent_id", ":address"))
    both = f"select * from ({mine}) as mine union all select * from ({addressed}) as held"
    return f"select * from ({both}) as waiting order by message_id limit :limit"


select_queued_messages = Query(
    _select_queued("indexed by deliveries_waiting"), WaitingMessage, postgres=_select_queued(""), types=_TIME_TYPES
)
select_broadcasts = Query(
    f"""
    select m.message_id, m.metadata from messages m
    where m.tenant_id = :tenant and m.broadcast = 1 and m.message_id > :after and m.from_agent <> :agent_id and {_MESSAGE_IS_UNEXPIRED}
        and not exists (select 1 from deliveries d where d.tenant_id = m.tenant_id
            and d.recipient = :agent_id and d.message_id = m.message_id)
    order by m.message_id limit :limit
    """,
    WaitingMessage,
    types=_TIME_TYPES,
)
_BY_RECIPIENT = "tenant_id = :tenant and recipient in (:agent_id, :address)"
_MARK_DELIVERED = f"""
    update deliveries set state = 'delivered', updated_at = :now
    where {_BY_RECIPIENT} and state in ('held', 'queued') and message_id %s
"""
_COUNT_WAITING = f"""
    select count(*) as waiting from (
        select 1 from deliveries {{hint}} where {_BY_RECIPIENT} and state in ('held', 'queued') limit :limit) as mine
"""
count_waiting_messages = Query(
    _COUNT_WAITING.format(hint="indexed by deliveries_waiting"),
    int,
    postgres=_COUNT_WAITING.format(hint=""),
    types={"limit": BIG},
)
mark_messages_delivered = Write(_MARK_DELIVERED % _IDS, postgres=_MARK_DELIVERED % _IDS_POSTGRES, types={"now": BIG})
_MARK_DEAD_LETTERED = f"""
    update deliveries set state = 'dead_lettered', updated_at = :now
    where {_BY_RECIPIENT} and state in ('held', 'queued', 'delivered') and message_id %s
"""
mark_messages_dead_lettered = Write(
    _MARK_DEAD_LETTERED % _IDS, postgres=_MARK_DEAD_LETTERED % _IDS_POSTGRES, types={"now": BIG}
)
_IS_DEAD_LETTERED = f"""
    {_BY_RECIPIENT} and state = 'dead_lettered' and message_id = :message_id and exists (
        select 1 from messages m where m.tenant_id = :tenant and m.message_id = :message_id and {_MESSAGE_IS_UNEXPIRED})
"""
count_replayable_messages = Query(
    f"select count(*) as replayable from deliveries where {_IS_DEAD_LETTERED}", int, types={"now": BIG, "horizon": BIG}
)
#: returns a dead-lettered message to its recipient unless it has expired
requeue_dead_message = Write(
    f"update deliveries set state = 'queued', updated_at = :now where {_IS_DEAD_LETTERED}",
    types={"now": BIG, "horizon": BIG},
)
_MESSAGES = "select * from messages where tenant_id = :tenant and message_id %s"
select_messages = Query(_MESSAGES % _IDS, MessageRow, postgres=_MESSAGES % _IDS_POSTGRES)
_TASKS = "select task_id, status, fence, holder from tasks where tenant_id = :tenant and task_id %s"
select_task_claims = Query(_TASKS % _IDS, TaskClaim, postgres=_TASKS % _IDS_POSTGRES)
# Streams of retired agents.
select_streams_of_retired_agents = Query(
    """
    select s.stream from bus_streams s join agents a on a.tenant_id = s.tenant_id and a.agent_id = s.stream
    where s.tenant_id = :tenant and a.retired_at is not null order by s.stream limit :limit
    """,
    str,
    types={"limit": BIG},
    scan=True,
)
STREAM_DELETES = tuple(
    Write(f"delete from {table} where {_BY_STREAM}")
    for table in ("bus_pending", "bus_consumers", "bus_groups", "bus_entries", "bus_streams")
)
_MEMBERS = """
    select a.agent_id, a.agent_name, a.account_id, a.service_tier, a.status, a.token_generation, a.registered_at
    from bus_groups g join agents a on a.tenant_id = g.tenant_id and a.agent_id = g.stream
    where g.tenant_id = :tenant and g.group_name = :group and a.retired_at is null
"""
list_bridge_members = Query(
    f"{_MEMBERS} and g.stream > :after order by g.stream limit :limit", BridgeMember, types={"limit": BIG}
)
select_bridge_member = Query(f"{_MEMBERS} and g.stream = :agent_id", BridgeMember)
# -- responses ---------------------------------------------------------------------------------

# The first response due, or the time at which the first delivery becomes stale or the first consumer silent.
select_next_due_time = Query(
    f"""
    select min(due_at) as due_at from (
        select min(due_at) as due_at from bus_responses where tenant_id = :tenant
        union all
        select min(delivered_at) + :stale from bus_pending where tenant_id = :tenant and {_CAN_BE_TAKEN_BACK}
        union all
        select min(seen_at) + :silent from bus_consumers where tenant_id = :tenant
    ) as times
    """,
    int,
    types={"stale": BIG, "silent": BIG},
)
select_due_responses = Query(
    "select * from bus_responses where tenant_id = :tenant and due_at <= :now order by due_at limit :limit",
    ResponseDeadline,
    types={"now": BIG, "limit": BIG},
)
count_open_responses = Query("select count(*) as total from bus_responses where tenant_id = :tenant", int)
delete_response_deadline = Write(
    "delete from bus_responses where tenant_id = :tenant and ref = :ref and recipient = :recipient"
)
select_response_evidence = Query(
    """
    select (select state from deliveries d
            where d.tenant_id = :tenant and d.recipient = :recipient and d.message_id = :ref) as state,
        (select max(m.message_id) from messages m
            where m.tenant_id = :tenant and m.message_id > :ref and m.from_agent = :recipient
                and (m.reply_to = :ref or m.correlation_id = :correlation_id)) as reply,
        (select status from tasks t where t.tenant_id = :tenant and t.task_id = :ref) as task
    """,
    ResponseEvidence,
    scan=True,
)
