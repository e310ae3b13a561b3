"""SQL of task lists, logs and statistics."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, R, build_in_list_condition

from .records import EndedCounts, StatusCount, TaskEntryRow, TaskOutput, TaskRow, TaskTimes

__all__ = [
    "IS_IN_CONTEXT",
    "build_created_count_query",
    "build_ended_counts_query",
    "build_ended_times_query",
    "build_status_counts_query",
    "build_task_count_query",
    "build_task_page_query",
    "list_entries",
    "list_history",
    "list_history_of_types",
    "select_any_entry_of_actor",
    "select_entry_data",
    "select_output",
    "select_recent_messages",
]

BIG = "bigint"
_TYPES = {
    "priority": BIG,
    "since": BIG,
    "idle_before": BIG,
    "until": BIG,
    "after_priority": BIG,
    "after_deadline": BIG,
    "limit": BIG,
    "offset": BIG,
}
#: tasks of a conversation; a task without a context is a conversation of its own
IS_IN_CONTEXT = """task_id in (select c.task_id from tasks c where c.tenant_id = :tenant and c.context_id = :context_id
    union all select :context_task) and coalesce(context_id, :context_id) = :context_id"""
_FILTERS = {
    # With the tasks under its name, which the agent gets when it registers.
    "agent": "and assigned_agent in (:agent, :address)",
    "statuses": "and status @statuses",
    "open": "and completed_at is null",
    "task_type": "and task_type = :task_type",
    "priority": "and priority = :priority",
    "workflow_id": "and workflow_id = :workflow_id",
    "parent_id": "and parent_id = :parent_id",
    "created_by": "and created_by = :created_by",
    "worker": "and worker = :worker",
    "context_id": f"and {IS_IN_CONTEXT}",
    "since": "and created_at >= :since",
    "until": "and created_at < :until",
    "idle_before": """and completed_at is null and updated_at < :idle_before and blocked = 0 and available_at is null
        and status in ('pending', 'in_progress')""",
    # The same condition as access.can_see_task, in SQL: a change of one requires the other.
    "viewer": """and (created_by = :viewer or assigned_agent = :viewer or holder = :viewer
        or (completed_at is null and (assigned_agent is null or assigned_agent = :viewer_address)))""",
}
_ORDERS = {
    "created": ("task_id",),
    "priority": ("priority", "sort_key", "task_id"),
    "deadline": ("deadline", "task_id"),
}
_STATUSES, _STATUSES_POSTGRES = build_in_list_condition("statuses")


def _join_conditions(filters: frozenset[str]) -> str:
    return " ".join(text for name, text in _FILTERS.items() if name in filters)


def _build_query(sql: str, record: type[R], *, scan: bool) -> Query[R]:
    types = {name: kind for name, kind in _TYPES.items() if f":{name}" in sql}
    return Query(
        sql.replace("@statuses", _STATUSES),
        record,
        postgres=sql.replace("@statuses", _STATUSES_POSTGRES),
        types=types,
        scan=scan,
    )


@cache
# Cached by its shape: the statements are prepared, and tenancy checks each text once.
def build_task_page_query(filters: frozenset[str], sort: str, descending: bool, after: bool) -> Query[TaskRow]:
    """Build the query of a page of tasks with these filters. after: continue after a cursor."""
    order = _ORDERS[sort]
    direction, beyond = ("desc", "<") if descending else ("asc", ">")
    # A row comparison, which both engines turn into one index range; `a > x or (a = x and b > y)` would scan.
    place = f"and ({', '.join(order)}) {beyond} ({', '.join(f':after_{name}' for name in order)})" if after else ""
    sql = f"""
        select * from tasks where tenant_id = :tenant {_join_conditions(filters)} {place}
        order by {", ".join(f"{name} {direction}" for name in order)} limit :limit offset :offset
    """
    return _build_query(sql, TaskRow, scan=True)


@cache
def build_task_count_query(filters: frozenset[str]) -> Query[int]:
    """Build the query that counts the tasks with these filters, up to :limit."""
    sql = f"""
        select count(*) as total from (
            select 1 from tasks where tenant_id = :tenant {_join_conditions(filters)} limit :limit
        ) as counted
    """
    return _build_query(sql, int, scan=True)


_SELECT_ENTRIES = "select * from task_entries where tenant_id = :tenant and task_id = :task_id and number > :after"
list_entries = Query(
    f"{_SELECT_ENTRIES} order by number limit :limit", TaskEntryRow, types={"after": BIG, "limit": BIG}
)
list_history = Query(
    f"{_SELECT_ENTRIES} and type not in ('output', 'artifact') order by number limit :limit",
    TaskEntryRow,
    types={"after": BIG, "limit": BIG},
)
_TYPES_OF_ENTRIES, _TYPES_OF_ENTRIES_POSTGRES = build_in_list_condition("types")
list_history_of_types = Query(
    f"{_SELECT_ENTRIES} and type {_TYPES_OF_ENTRIES} order by number limit :limit",
    TaskEntryRow,
    postgres=f"{_SELECT_ENTRIES} and type {_TYPES_OF_ENTRIES_POSTGRES} order by number limit :limit",
    types={"after": BIG, "limit": BIG},
    scan=True,
)
select_entry_data = Query(
    "select data from task_entries where tenant_id = :tenant and task_id = :task_id and number = :number",
    str,
    types={"number": BIG},
)
# Newest first, so that current conversations come first.
select_recent_messages = Query(
    """
    select * from task_entries where tenant_id = :tenant and task_id = :task_id and type = 'message'
    order by number desc limit :limit
    """,
    TaskEntryRow,
    types={"limit": BIG},
)
select_any_entry_of_actor = Query(
    "select 1 as found from task_entries where tenant_id = :tenant and task_id = :task_id and actor = :actor limit 1",
    int,
)
# Starts with the chunk that contains the offset.
select_output = Query(
    """
    select starts_at, content from task_entries
    where tenant_id = :tenant and task_id = :task_id and starts_at is not null and starts_at >= coalesce((
        select max(starts_at) from task_entries
        where tenant_id = :tenant and task_id = :task_id and starts_at is not null and starts_at <= :offset), 0)
    order by starts_at limit :limit
    """,
    TaskOutput,
    types={"offset": BIG, "limit": BIG},
)

_BY_AGENT_AND_TYPE = "tenant_id = :tenant {agent} {task_type}"


def _build_statistics_condition(agent: bool, task_type: bool) -> str:
    return _BY_AGENT_AND_TYPE.format(
        agent="and assigned_agent = :agent" if agent else "",
        task_type="and task_type = :task_type" if task_type else "",
    )


@cache
def build_status_counts_query(agent: bool, task_type: bool) -> Query[StatusCount]:
    """Build the query that counts tasks by status, and waiting tasks by priority."""
    return Query(
        f"""
        select status, priority, count(*) as tasks, sum(waiting) as waiting from tasks where {_build_statistics_condition(agent, task_type)}
        group by status, priority
        """,
        StatusCount,
        scan=True,
    )


@cache
def build_created_count_query(agent: bool, task_type: bool) -> Query[int]:
    """Build the query that counts tasks created since a time."""
    sql = f"select count(*) as created from tasks where {_build_statistics_condition(agent, task_type)} and created_at >= :since"
    return Query(sql, int, types={"since": BIG}, scan=True)


@cache
def build_ended_times_query(agent: bool, task_type: bool) -> Query[TaskTimes]:
    """Build the query of the creation, last start and end times of the newest tasks that ended since a time."""
    return Query(
        f"""
        select status, created_at, started_at, completed_at from tasks
        where {_build_statistics_condition(agent, task_type)} and completed_at >= :since order by completed_at desc limit :limit
        """,
        TaskTimes,
        types={"since": BIG, "limit": BIG},
        scan=True,
    )


@cache
def build_ended_counts_query(agent: bool, task_type: bool) -> Query[EndedCounts]:
    """Build the query that counts tasks ended since a time, by status."""
    sql = f"""
        select status, count(*) as tasks from tasks where {_build_statistics_condition(agent, task_type)} and completed_at >= :since
        group by status
    """
    return Query(sql, EndedCounts, types={"since": BIG}, scan=True)
