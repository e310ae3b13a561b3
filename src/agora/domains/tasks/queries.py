"""SQL of tasks: rows, queues, leases, dependencies and timers."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Tally, Write, build_in_list_condition

from .records import (
    TASKS,
    ActiveTasksChange,
    DurationEstimate,
    QueueHead,
    ReaddressedTask,
    TaskData,
    TaskDependant,
    TaskDuration,
    TaskRow,
    TaskSize,
)

__all__ = [
    "ACTIVE_TASKS",
    "NO_DEADLINE",
    "TASK_DURATIONS",
    "build_task_row_update",
    "count_tasks_held_for_name",
    "delete_context_dependants",
    "extend_leases",
    "lease_first_task",
    "lease_tasks",
    "lock_context",
    "lock_task",
    "lock_tasks",
    "move_worker_tasks",
    "readdress_tasks",
    "select_active_tasks_of_context",
    "select_context_predecessors",
    "select_dependants",
    "select_due_tasks",
    "select_duration_estimate",
    "select_first_moved",
    "select_held_tasks",
    "select_last_moved",
    "select_next_due_time",
    "select_open_tasks",
    "select_queue_heads",
    "select_task",
    "select_task_data",
    "select_task_sizes",
    "select_waiting_queues",
    "update_result",
]

BIG = "bigint"
REAL = "double precision"
NO_DEADLINE = 1 << 62  #: deadline value of a task without a deadline

_TYPES = {name: kind for name, kind in TASKS.columns if kind != "text"}

select_open_tasks = Query(
    "select task_id from tasks where tenant_id = :tenant and assigned_agent = :agent_id and completed_at is null", str
)
select_task = Query("select * from tasks where tenant_id = :tenant and task_id = :task_id", TaskRow)
# A separate statement from select_task: reads must not wait for writers.
lock_task = Query(
    "select * from tasks where tenant_id = :tenant and task_id = :task_id", TaskRow, lock=True, row="task_id"
)
select_task_data = Query("select * from task_data where tenant_id = :tenant and task_id = :task_id", TaskData)

_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
_SELECT_SIZES = """
    select task_id, length(payload) + length(metadata) as size from task_data
    where tenant_id = :tenant and task_id {ids}
"""
select_task_sizes = Query(_SELECT_SIZES.format(ids=_IDS), TaskSize, postgres=_SELECT_SIZES.format(ids=_IDS_POSTGRES))
# The order by is the lock order on PostgreSQL.
_LOCK_TASKS = "select * from tasks where tenant_id = :tenant and task_id {ids} order by task_id"
lock_tasks = Query(_LOCK_TASKS.format(ids=_IDS), TaskRow, postgres=_LOCK_TASKS.format(ids=_IDS_POSTGRES), lock=True)


@cache
def build_task_row_update(columns: frozenset[str]) -> Write:
    """Build the update of these columns of a task only, so that indexes on other columns are not written."""
    assignments = ", ".join(f"{name} = :{name}" for name in sorted(columns))
    types = {name: _TYPES[name] for name in columns if name in _TYPES}
    text = f"update tasks set {assignments} where tenant_id = :tenant and task_id = :task_id"
    return Write(text, types=types, row="task_id")


update_result = Write(
    "update task_data set result = :result where tenant_id = :tenant and task_id = :task_id", row="task_id"
)

# -- claiming ----------------------------------------------------------------------------------
# ranges: JSON array of [low, high) ranges of queue names. A recursive query skips through the index from one queue
# name to the next (a loose index scan), so its cost does not depend on the length of a queue.

_NEXT_QUEUE = """(select min(t.queue) from tasks t
        where t.tenant_id = :tenant and t.waiting = 1 and t.queue {after} and t.queue < {high})"""
_WALK_QUEUES = f"""
    with recursive walk(queue, high) as (
        select {_NEXT_QUEUE.format(after=">= {low}", high="{high}")}, {{high}} from {{ranges}}
        union all
        select {_NEXT_QUEUE.format(after="> w.queue", high="w.high")}, w.high from walk w where w.queue is not null
    )
    select queue from walk where queue is not null limit :limit
"""
select_waiting_queues = Query(
    _WALK_QUEUES.format(
        low="json_extract(r.value, '$[0]')", high="json_extract(r.value, '$[1]')", ranges="json_each(:ranges) r"
    ),
    str,
    postgres=_WALK_QUEUES.format(
        low="(r.pair->>0)", high='(r.pair->>1) collate "C"', ranges="json_array_elements(:ranges::json) as r (pair)"
    ),
    types={"limit": BIG},
)
select_queue_heads = Query(
    """
    select task_id, priority, sort_key from tasks
    where tenant_id = :tenant and queue = :queue and waiting = 1
    order by priority, sort_key, task_id limit :limit
    """,
    QueueHead,
    types={"limit": BIG},
)
# 604,800,000 s stands for no timeout: min() of SQLite is null if one value is, unlike least() of PostgreSQL. A deadline
# that has passed is no timer of running work (states.compute_next_due_time).
_UPDATE_CLAIMED = """
    update tasks set status = 'in_progress', waiting = 0, holder = {0}holder, worker = {0}worker,
        assigned_agent = {0}holder, fence = fence + 1, attempts = attempts + 1, entries = entries + 1, progress = 0,
        status_at = {0}now, status_entry = entries + 1,
        lease_seconds = {0}lease_seconds, lease_until = {0}lease_until, started_at = {0}now, updated_at = {0}now,
        available_at = null, error = null,
        due_at = {least}({0}lease_until, {0}now + coalesce(timeout, 604800000) * 1000000,
            case when deadline > {0}now then deadline else {0}lease_until end)
    {chosen}
"""
_WHERE_CHOSEN = "where tenant_id = :tenant and task_id {chosen} returning *"
_LEASE_TYPES = {"lease_seconds": BIG, "lease_until": BIG, "now": BIG}
_BY_URGENCY = "priority, sort_key, task_id"
_SELECT_WAITING = "select task_id from tasks where tenant_id = :tenant and waiting = 1 and"
# The most urgent task of the queue with the most urgent head; rows locked by other claims are skipped.
_SELECT_MOST_URGENT = f"{_SELECT_WAITING} queue = {{queue}} order by {_BY_URGENCY} limit 1"
_MOST_URGENT_SQLITE = f"""= (
        select t.task_id from json_each(:queues) q join tasks t
            on t.tenant_id = :tenant and t.task_id = ({_SELECT_MOST_URGENT.format(queue="q.value")})
        order by t.priority, t.sort_key, t.task_id limit 1)"""
_MOST_URGENT_POSTGRES = f"""= (
        select free.task_id from (
            select q.name from json_array_elements_text(:queues::json) as q (name) cross join lateral (
                select priority, sort_key, task_id from tasks
                where tenant_id = :tenant and waiting = 1 and queue = q.name collate "C"
                order by {_BY_URGENCY} limit 1) as head
            order by head.priority, head.sort_key, head.task_id) as best
        cross join lateral ({_SELECT_MOST_URGENT.format(queue='best.name collate "C"')} for update skip locked) as free
        limit 1)"""
# For a batch of claims: as many tasks as there are calls, selected once as an array; 256 spare ones in case of locks.
_MOST_URGENT_BATCH = f"""
    from unnest(array({_SELECT_WAITING} task_id = any(array(
            select head.task_id from json_array_elements_text(:queues::json) as q (name) cross join lateral (
                select priority, sort_key, task_id from tasks
                where tenant_id = :tenant and waiting = 1 and queue = q.name collate "C"
                order by {_BY_URGENCY} limit :calls + 256) as head
            order by head.priority, head.sort_key, head.task_id limit :calls + 256))
        order by {_BY_URGENCY} limit :calls for update skip locked)) with ordinality as free (id, place)
    join {{calls}} on _calls._ord = free.place
    where tasks.tenant_id = :tenant and tasks.task_id = free.id returning tasks.*, _calls._ord"""
lease_first_task = Write(
    _UPDATE_CLAIMED.format(":", least="min", chosen=_WHERE_CHOSEN.format(chosen=_MOST_URGENT_SQLITE)),
    TaskRow,
    postgres=_UPDATE_CLAIMED.format(":", least="least", chosen=_WHERE_CHOSEN.format(chosen=_MOST_URGENT_POSTGRES)),
    types=_LEASE_TYPES,
    takes="task_id",
    alike=("queues",),
    many=_UPDATE_CLAIMED.format("_calls.", least="least", chosen=_MOST_URGENT_BATCH),
)
_CLAIM_ONE = """{one_of}(
        select task_id from tasks where tenant_id = :tenant and task_id {ids} and waiting = 1
        order by priority, sort_key, task_id limit :limit {skip}
    {end}"""
lease_tasks = Write(
    _UPDATE_CLAIMED.format(
        ":",
        least="min",
        chosen=_WHERE_CHOSEN.format(chosen=_CLAIM_ONE.format(ids=_IDS, skip="", one_of="in ", end=")")),
    ),
    TaskRow,
    # as an array, the rows are selected once, before any is updated
    postgres=_UPDATE_CLAIMED.format(
        ":",
        least="least",
        chosen=_WHERE_CHOSEN.format(
            chosen=_CLAIM_ONE.format(ids=_IDS_POSTGRES, skip="for update skip locked", one_of="= any(array", end="))")
        ),
    ),
    types={**_LEASE_TYPES, "limit": BIG},
    takes="task_id",
)
#: number of tasks that an agent works on; at its concurrency limit, its status is busy instead of active
# A Tally is added up per commit and written last, so that concurrent claims of an agent share commits (ADR 23).
ACTIVE_TASKS = Tally(
    "agents",
    ActiveTasksChange,
    key=("tenant_id", "agent_id"),
    add=Write(
        """
        update agents set active_tasks = case when active_tasks + :change < 0 then 0 else active_tasks + :change end,
            status = case
                when status = 'active' and active_tasks + :change >= max_concurrent_tasks then 'busy'
                when status = 'busy' and :change < 0 and active_tasks + :change < max_concurrent_tasks then 'active'
                else status end
        where tenant_id = :tenant and agent_id = :agent_id
        """,
        types={"change": BIG},
    ),
)

# -- order within a priority -------------------------------------------------------------------

# Nearest key of a moved task between two bounds: the one after or before which the task is placed.
_SELECT_NEIGHBOUR_KEY = """
    select {most}(sort_key) as sort_key from tasks where tenant_id = :tenant and moved = 1
        and sort_key > :low and sort_key < :high and task_id <> :task_id
"""
select_last_moved = Query(_SELECT_NEIGHBOUR_KEY.format(most="max"), str)
select_first_moved = Query(_SELECT_NEIGHBOUR_KEY.format(most="min"), str)

# -- dependencies ------------------------------------------------------------------------------

select_dependants = Query(
    "select task_id, in_context from task_dependencies where tenant_id = :tenant and depends_on = :task_id",
    TaskDependant,
)

# -- contexts under way ------------------------------------------------------------------------

# On PostgreSQL, two concurrent first tasks of a context see each other only if the second waits for the first one's commit.
# No row can be locked for this: a context has none, and the agent's row is written last when a task ends.
lock_context = Query(
    "select 1 as locked where :tenant <> '' and :agent_id <> '' and :context_id <> ''",
    int,
    postgres="""
    select 1 as locked from (
        select pg_advisory_xact_lock(hashtextextended(:tenant || ' ' || :agent_id || ' ' || :context_id, 7)) as context
    ) as context_lock where :tenant <> ''
    """,
    lock=True,
)
select_active_tasks_of_context = Query(
    """
    select * from tasks where tenant_id = :tenant and context_id = :context_id and completed_at is null
        and assigned_agent = :agent_id and created_by = :requester and status in ('pending', 'in_progress')
    order by task_id limit :limit
    """,
    TaskRow,
    types={"limit": BIG},
    lock=True,
)
select_context_predecessors = Query(
    "select depends_on from task_dependencies where tenant_id = :tenant and task_id = :task_id and in_context = 1", str
)
delete_context_dependants = Write(
    "delete from task_dependencies where tenant_id = :tenant and depends_on = :task_id and in_context = 1"
)

# -- unregistered names and former agents ------------------------------------------------------

# assigned_agent is compared as well, since the index is on it and not on the holder.
select_held_tasks = Query(
    """
    select task_id from tasks where tenant_id = :tenant and assigned_agent = :agent_id and holder = :agent_id
        and completed_at is null limit 10000
    """,
    str,
)
count_tasks_held_for_name = Query(
    """
    select count(*) as held from (
        select 1 from tasks where tenant_id = :tenant and assigned_agent = :address and completed_at is null limit :limit
    ) as waiting
    """,
    int,
    types={"limit": BIG},
)
readdress_tasks = Write(
    """
    update tasks set assigned_agent = :new_address, queue = :new_lane || task_type
    where tenant_id = :tenant and assigned_agent = :old_address and completed_at is null
    returning task_id, price_version, task_type, status, priority, created_by, waiting, requirements, required_model
    """,
    ReaddressedTask,
)

# assigned_agent narrows by index; the lane keeps tasks of the owner's other workers where they are.
move_worker_tasks = Write(
    """
    update tasks set queue = :new_lane || task_type
    where tenant_id = :tenant and assigned_agent = :owner and queue = :old_lane || task_type and completed_at is null
    returning *
    """,
    TaskRow,
)

# -- time --------------------------------------------------------------------------------------

select_next_due_time = Query(
    "select min(due_at) as due_at from tasks where tenant_id = :tenant and due_at is not null", int
)
select_due_tasks = Query(
    "select task_id from tasks where tenant_id = :tenant and due_at <= :now order by due_at limit :limit",
    str,
    types={"now": BIG, "limit": BIG},
)
# A deadline is a moment that the creator named, so it stays: a timer that is due after it is due at the deadline, unless
# running work passed it before the halt (states.compute_next_due_time).
extend_leases = Write(
    """
    update tasks set lease_until = lease_until + :stood_still, available_at = available_at + :stood_still,
        started_at = case when status = 'in_progress' or lease_until is not null then started_at + :stood_still
            else started_at end,
        due_at = case when deadline < due_at + :stood_still and (status <> 'in_progress' or deadline > :since)
            then deadline else due_at + :stood_still end
    where tenant_id = :tenant and due_at is not null
    """,
    types={"stood_still": BIG, "since": BIG},
)
select_duration_estimate = Query(
    """
    select sum(samples) as samples, sum(samples * wait_mean) as waited, sum(samples * run_mean) as ran from (
        select * from task_durations
        where tenant_id = :tenant and task_type = :task_type and (agent_id = :agent_id or :agent_id = '') limit 100
    ) as known
    """,
    DurationEstimate,
)
# A moving mean: arithmetic over the first hundred tasks, then each new one has a weight of one hundredth.
#: mean waiting and running time of the tasks of a type, by agent
TASK_DURATIONS = Tally(
    "task_durations",
    TaskDuration,
    key=("tenant_id", "task_type", "agent_id"),
    add=Write(
        """
        insert into task_durations (tenant_id, task_type, agent_id, samples, wait_mean, run_mean, updated_at)
        values (:tenant, :task_type, :agent_id, 1, :waited, :ran, :now)
        on conflict (tenant_id, task_type, agent_id) do update set
            samples = case when task_durations.samples < 100 then task_durations.samples + 1 else 100 end,
            wait_mean = task_durations.wait_mean + (excluded.wait_mean - task_durations.wait_mean)
                / (case when task_durations.samples < 100 then task_durations.samples + 1 else 100 end),
            run_mean = task_durations.run_mean + (excluded.run_mean - task_durations.run_mean)
                / (case when task_durations.samples < 100 then task_durations.samples + 1 else 100 end),
            updated_at = excluded.updated_at
        """,
        types={"waited": REAL, "ran": REAL, "now": BIG},
    ),
)
