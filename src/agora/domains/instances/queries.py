"""SQL of instances, their metered intervals, and their hosts' observations."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Write, build_in_list_condition

from .records import (
    AccountInstanceCounts,
    AgentInstanceCounts,
    InstanceIntervalRow,
    InstanceOutput,
    InstanceRow,
    InstanceState,
    InstanceUptime,
    InstanceWithLoad,
    OpenInterval,
    RunningProgram,
)

__all__ = [
    "advance_due_time",
    "block_instance",
    "build_listing_query",
    "clear_cause",
    "clear_remote_id",
    "close_interval",
    "count_instances_by_agent",
    "count_instances_of_account",
    "count_instances_of_agent",
    "extend_intervals",
    "instance_deletes",
    "list_live_instances",
    "lock_instance",
    "select_due_instances",
    "select_instance",
    "select_instance_of_message",
    "select_instance_of_request",
    "select_instance_state",
    "select_instances_to_stop",
    "select_last_interval",
    "select_next_due_time",
    "select_observed_intervals",
    "select_old_instances",
    "select_open_interval",
    "select_open_intervals_in_scope",
    "select_open_intervals_of_account",
    "select_preferred_running_instance",
    "select_recent_instances",
    "select_running_programs",
    "sum_uptimes",
    "update_actual_state",
    "update_asked_message",
    "update_build",
    "update_checked_instances",
    "update_desired_state",
    "update_reason",
    "wake_instance",
]

BIG = "bigint"


# -- reading -----------------------------------------------------------------------------------

_BY_ID = "tenant_id = :tenant and instance_id = :instance_id"
select_instance = Query(f"select * from instances where {_BY_ID}", InstanceRow)
lock_instance = Query(f"select * from instances where {_BY_ID}", InstanceRow, lock=True)
select_instance_of_request = Query(
    "select * from instances where tenant_id = :tenant and created_by = :created_by and request_key = :request_key",
    InstanceRow,
)
select_instance_state = Query(
    f"select generation, state, stopped_at, host_id from instances where {_BY_ID}", InstanceState
)
select_next_due_time = Query(
    "select min(due_at) as due_at from instances where tenant_id = :tenant and host_id = :host_id and due_at is not null",
    int,
)
# Instances to be built come last, because building takes longest.
select_due_instances = Query(
    """
    select * from instances where tenant_id = :tenant and host_id = :host_id and due_at <= :now
    order by case when state in ('requested', 'provisioning') then 1 else 0 end, due_at limit :limit
    """,
    InstanceRow,
    types={"now": BIG, "limit": BIG},
)
select_running_programs = Query(
    """
    select instance_id, engine, handle from instances
    where tenant_id = :tenant and host_id = :host_id and stopped_at is null and state = 'running'
    """,
    RunningProgram,
    scan=True,
)
list_live_instances = Query(
    """
    select * from instances where tenant_id = :tenant and host_id = :host_id and stopped_at is null
        and instance_id > :after
    order by instance_id limit :limit
    """,
    InstanceRow,
    types={"limit": BIG},
    scan=True,
)
select_instance_of_message = Query(
    "select * from instances where tenant_id = :tenant and asked = :message_id", InstanceRow, lock=True
)
# Running instances of an account: first those that this server can reach, then the least busy, then the least recently
# used (ids of executions grow with time), so that consecutive short requests are distributed in turn.
select_preferred_running_instance = Query(
    """
    select i.*, (
        select count(*) from instance_executions e where e.tenant_id = :tenant and e.instance_id = i.instance_id
            and e.ended_at is null and e.deadline > :now) as busy
    from instances i
    where i.tenant_id = :tenant and i.agent_id = :agent_id and i.account_id = :account
        and i.stopped_at is null and i.state = 'running' and i.desired = 'running'
    order by case when i.host_id = :here or i.engine = 'remote' then 0 else 1 end, busy,
        coalesce((select max(e.execution_id) from instance_executions e
            where e.tenant_id = :tenant and e.instance_id = i.instance_id), ''), i.instance_id limit 1
    """,
    InstanceWithLoad,
    types={"now": BIG},
)
# All instances of an agent that have not ended, for scaling.
select_recent_instances = Query(
    """
    select * from instances where tenant_id = :tenant and agent_id = :agent_id and account_id = :account
        and stopped_at is null
    order by instance_id
    """,
    InstanceRow,
)
select_instances_to_stop = Query(
    """
    select * from instances where tenant_id = :tenant and agent_id = :agent_id and stopped_at is null
        and desired <> 'stopped'
    order by instance_id
    """,
    InstanceRow,
)
count_instances_of_agent = Query(
    """
    select count(*) as total from instances where tenant_id = :tenant and agent_id = :agent_id and stopped_at is null
    """,
    int,
)
count_instances_of_account = Query(
    """
    select coalesce(sum(case when stopped_at is null then 1 else 0 end), 0) as total,
        coalesce(sum(case when stopped_at is null and state = 'running' then 1 else 0 end), 0) as running,
        coalesce(sum(case when stopped_at is null and state = 'paused' then 1 else 0 end), 0) as paused,
        coalesce(sum(case when stopped_at is null and state = 'failed' then 1 else 0 end), 0) as failed
    from instances where tenant_id = :tenant and (account_id = :account or :account = '')
    """,
    AccountInstanceCounts,
    scan=True,
)
_OF_AGENTS, _OF_AGENTS_POSTGRES = build_in_list_condition("ids")
_COUNT_INSTANCES = """
    select agent_id, count(*) as total, sum(case when account_id = :account then 1 else 0 end) as own,
        sum(case when desired = 'running' and blocked is null then 1 else 0 end) as wanted,
        sum(case when desired = 'running' and blocked is null and state = 'running' and healthy = 1 then 1 else 0 end)
            as serving
    from instances where tenant_id = :tenant and stopped_at is null and agent_id {}
    group by agent_id
"""
count_instances_by_agent = Query(
    _COUNT_INSTANCES.format(_OF_AGENTS),
    AgentInstanceCounts,
    postgres=_COUNT_INSTANCES.format(_OF_AGENTS_POSTGRES),
    scan=True,
)


@cache
def build_listing_query(*, agent: bool, account: bool, states: bool, ended: bool) -> Query[InstanceRow]:
    """Build the query of a page of instances, newest first."""
    state_filter = "in (select value from json_each(:states))"
    state_filter_postgres = "= any(array(select json_array_elements_text(:states::json)))"
    conditions = [
        "and agent_id = :agent_id" if agent else "",
        "and account_id = :account" if account else "",
        "" if ended else "and stopped_at is null",
        "and state {}" if states else "",
    ]
    text = f"""
        select * from instances where tenant_id = :tenant and instance_id < :before {" ".join(conditions)}
        order by instance_id desc limit :limit
    """
    return Query(
        text.format(state_filter),
        InstanceRow,
        postgres=text.format(state_filter_postgres),
        types={"limit": BIG},
        scan=True,
    )


# -- changing ----------------------------------------------------------------------------------

update_desired_state = Write(
    f"""
    update instances set desired = :desired, state = :state, reason = :reason, blocked = :blocked, failures = :failures,
        due_at = :now, updated_at = :now
    where {_BY_ID}
    """,
    types={"failures": BIG, "now": BIG},
)
# Optimistic guard of a host's writes: the row must still have the generation, desired state and block that the host read.
# Otherwise a concurrent change would be overwritten.
_IS_GENERATION = f"""
    {_BY_ID} and generation = :generation and stopped_at is null and desired = :desired
        and coalesce(blocked, '') = :blocked
"""
update_actual_state = Write(
    f"""
    update instances set state = :state, reason = :reason, generation = :next_generation, handle = :handle,
        failures = :failures, restarts = :restarts, failing = :failing, healthy = :healthy,
        error_count = error_count + :errors, last_error = coalesce(:last_error, last_error),
        starting_at = coalesce(:starting_at, starting_at), started_at = coalesce(:started_at, started_at),
        stopped_at = :stopped_at, address = :address, health_url = :health_url, due_at = :due_at, updated_at = :now
    where {_IS_GENERATION}
    """,
    types=dict.fromkeys(
        (
            "next_generation",
            "failures",
            "restarts",
            "failing",
            "healthy",
            "errors",
            "starting_at",
            "started_at",
            "stopped_at",
            "due_at",
            "now",
            "generation",
        ),
        BIG,
    ),
)
update_build = Write(
    f"update instances set build = :build, updated_at = :now where {_IS_GENERATION}",
    types={"now": BIG, "generation": BIG},
)
update_reason = Write(
    f"update instances set reason = :reason, due_at = :due_at, updated_at = :now where {_IS_GENERATION}",
    types={"due_at": BIG, "now": BIG, "generation": BIG},
)
clear_cause = Write(f"update instances set cause = null where {_BY_ID}")
# The open request to a hosting agent, and the id of its container, which is unchanged by null.
update_asked_message = Write(
    f"""
    update instances set asked = :asked, remote_id = coalesce(:remote_id, remote_id), due_at = :due_at, updated_at = :now
    where {_BY_ID}
    """,
    types={"due_at": BIG, "now": BIG},
)
clear_remote_id = Write(f"update instances set remote_id = null where {_BY_ID}")
# Only a change counts as an update, so that a block is announced once.
block_instance = Write(
    f"""
    update instances set blocked = :blocked, reason = :reason, due_at = :now, updated_at = :now
    where {_BY_ID} and stopped_at is null and coalesce(blocked, '') <> coalesce(:blocked, '')
    """,
    types={"now": BIG},
)
# Never later than it is due already.
wake_instance = Write(
    f"update instances set due_at = :now where {_BY_ID} and stopped_at is null and (due_at is null or due_at > :now)",
    types={"now": BIG},
)
# Moves checks of running instances forward, for an account, an agent, or both.
_WHERE_DUE_LATER = """where tenant_id = :tenant and stopped_at is null and state = 'running' and desired = 'running' and blocked is null
        and (:account = '' or account_id = :account) and (:agent = '' or agent_id = :agent) and due_at > :due_at"""
advance_due_time = Write(
    f"update instances set due_at = :due_at {_WHERE_DUE_LATER}",
    # Locked in id order, as everywhere, so that overlapping transactions cannot deadlock.
    postgres=f"""
    update instances set due_at = :due_at where tenant_id = :tenant and instance_id = any(array(
        select instance_id from instances {_WHERE_DUE_LATER} order by instance_id for update))
    """,
    types={"due_at": BIG},
)
# Health checks of many instances: [[id, generation, due, healthy, failing, error, cpu, percent, memory, in, out]...]
_CHECKS = """
    select json_extract(value, '$[0]') as id, json_extract(value, '$[1]') as generation, json_extract(value, '$[2]') as due,
        json_extract(value, '$[3]') as healthy, json_extract(value, '$[4]') as failing,
        json_extract(value, '$[5]') as error, json_extract(value, '$[6]') as cpu, json_extract(value, '$[7]') as percent,
        json_extract(value, '$[8]') as memory, json_extract(value, '$[9]') as received,
        json_extract(value, '$[10]') as sent
    from json_each(:checks)
"""
_CHECKS_POSTGRES = """
    select value->>0 as id, (value->>1)::bigint as generation, (value->>2)::bigint as due,
        (value->>3)::bigint as healthy, (value->>4)::bigint as failing, value->>5 as error,
        (value->>6)::double precision as cpu, (value->>7)::double precision as percent, (value->>8)::bigint as memory,
        (value->>9)::bigint as received, (value->>10)::bigint as sent
    from json_array_elements(:checks::json)
"""
# Only rows that still run as desired: the check must not overwrite what has changed since it began.
_UPDATE_CHECKED = """
    update instances set due_at = c.due, reason = null, healthy = c.healthy, failing = c.failing,
        error_count = error_count + case when c.error is null then 0 else 1 end, last_error = coalesce(c.error, last_error),
        seen_at = case when c.healthy = 1 then :now else seen_at end, cpu_seconds = c.cpu, cpu_percent = c.percent,
        memory = c.memory, received = c.received, sent = c.sent
    from ({}) as c
    where tenant_id = :tenant and instance_id = c.id and instances.generation = c.generation and state = 'running'
        and stopped_at is null and desired = 'running' and blocked is null
"""
update_checked_instances = Write(
    _UPDATE_CHECKED.format(_CHECKS), postgres=_UPDATE_CHECKED.format(_CHECKS_POSTGRES), types={"now": BIG}
)

# -- intervals ---------------------------------------------------------------------------------

select_open_interval = Query(
    f"select * from instance_intervals where {_BY_ID} and ended is null order by number desc limit 1",
    InstanceIntervalRow,
    lock=True,
)
select_last_interval = Query(
    f"select * from instance_intervals where {_BY_ID} order by number desc limit 1", InstanceIntervalRow
)
close_interval = Write(
    f"""
    update instance_intervals set measured = :measured, seen_at = :seen_at, ticks = :ticks, ended = :ended
    where {_BY_ID} and number = :number and ended is null
    """,
    types=dict.fromkeys(("measured", "seen_at", "ticks", "ended", "number"), BIG),
)
select_observed_intervals = Query(
    """
    select i.agent_id, i.account_id, i.price_version, v.* from instance_intervals v
    join instances i on i.tenant_id = v.tenant_id and i.instance_id = v.instance_id
    where v.tenant_id = :tenant and v.ended is null and v.instance_id in (select value from json_each(:ids))
    """,
    OpenInterval,
    postgres="""
    select i.agent_id, i.account_id, i.price_version, v.* from instance_intervals v
    join instances i on i.tenant_id = v.tenant_id and i.instance_id = v.instance_id
    where v.tenant_id = :tenant and v.ended is null
        and v.instance_id = any(array(select json_array_elements_text(:ids::json)))
    """,
)
select_open_intervals_of_account = Query(
    """
    select i.agent_id, i.account_id, i.price_version, v.* from instance_intervals v
    join instances i on i.tenant_id = v.tenant_id and i.instance_id = v.instance_id
    where v.tenant_id = :tenant and v.ended is null and v.boot = :boot and (i.account_id = :account or :account = '')
    """,
    OpenInterval,
    scan=True,
)
select_open_intervals_in_scope = Query(
    """
    select i.agent_id, i.account_id, i.price_version, v.* from instance_intervals v
    join instances i on i.tenant_id = v.tenant_id and i.instance_id = v.instance_id
    where v.tenant_id = :tenant and v.ended is null and v.seen_at >= :since
        and (i.account_id = :account or i.agent_id = :agent)
    """,
    OpenInterval,
    types={"since": BIG},
    scan=True,
)
# Running time measured by :ticks. Only intervals of the same boot: readings of different boots are not comparable. A late
# report, with an earlier reading, changes nothing.
_ADD_MEASURED_TIME = """
    update instance_intervals set measured = measured + :ticks - ticks, seen_at = :now, ticks = :ticks
    where tenant_id = :tenant and boot = :boot and ended is null and ticks <= :ticks and instance_id {}
"""
extend_intervals = Write(
    _ADD_MEASURED_TIME.format(_OF_AGENTS),
    postgres=_ADD_MEASURED_TIME.format(_OF_AGENTS_POSTGRES),
    types={"ticks": BIG, "now": BIG},
)
_UPTIMES = """
    select instance_id, cast(sum(measured) as bigint) as measured from instance_intervals
    where tenant_id = :tenant and instance_id {} group by instance_id
"""
sum_uptimes = Query(_UPTIMES.format(_OF_AGENTS), InstanceUptime, postgres=_UPTIMES.format(_OF_AGENTS_POSTGRES))
# -- retention ---------------------------------------------------------------------------------

select_old_instances = Query(
    "select instance_id from instances where tenant_id = :tenant and stopped_at < :before order by stopped_at limit :limit",
    str,
    types={"before": BIG, "limit": BIG},
    scan=True,
)


# -- last output of ended instances ------------------------------------------------------------

select_output = Query(f"select begins, size, data from instance_output where {_BY_ID}", InstanceOutput)
upsert_output = Write(
    """
    insert into instance_output (tenant_id, instance_id, begins, size, data)
    values (:tenant, :instance_id, :begins, :size, :data)
    on conflict (tenant_id, instance_id) do update set
        begins = excluded.begins, size = excluded.size, data = excluded.data
    """,
    types={"begins": BIG, "size": BIG, "data": "bytea"},
)


def _delete_from(table: str) -> Write:
    text = f"delete from {table} where tenant_id = :tenant and instance_id "
    return Write(text + _OF_AGENTS, postgres=text + _OF_AGENTS_POSTGRES)


# The counters stay: the success rate of an agent includes instances that are gone.
instance_deletes = tuple(
    map(_delete_from, ("instance_intervals", "instance_executions", "instance_output", "instances"))
)
