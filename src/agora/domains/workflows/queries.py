"""SQL of workflows, their steps, and the items of a step."""

from __future__ import annotations

from functools import cache

from agora.domains.tasks.records import TaskRow
from agora.store.port import Query, R, Write, build_in_list_condition

from .records import (
    ITEMS,
    STEPS,
    WORKFLOWS,
    AgentShare,
    CurrentStep,
    EnclosingStep,
    ItemOutcome,
    ItemSpan,
    StepOutcome,
    WorkflowItemRow,
    WorkflowRow,
    WorkflowStep,
)

__all__ = [
    "build_item_update",
    "build_step_update",
    "build_workflow_count_query",
    "build_workflow_page_query",
    "build_workflow_update",
    "hold_tasks",
    "lock_item",
    "lock_workflow",
    "select_agent_shares",
    "select_any_task_of_agent",
    "select_children",
    "select_current_steps",
    "select_enclosing_step",
    "select_item_outcomes",
    "select_item_spans",
    "select_items",
    "select_open_items",
    "select_step_outcomes",
    "select_step_status",
    "select_steps",
    "select_tasks",
    "select_workflow",
]

BIG = "bigint"

_WORKFLOW_TYPES, _STEP_TYPES, _ITEM_TYPES = (
    {name: kind for name, kind in table.columns if kind != "text"} for table in (WORKFLOWS, STEPS, ITEMS)
)
# Results may be large, and most transactions load the steps without needing them (run.load_outcomes reads them).
_STEP_COLUMNS = ", ".join(name for name in STEPS.column_names if name != "result")

select_workflow = Query("select * from workflows where tenant_id = :tenant and workflow_id = :workflow_id", WorkflowRow)
lock_workflow = Query(
    "select * from workflows where tenant_id = :tenant and workflow_id = :workflow_id", WorkflowRow, lock=True
)
select_steps = Query(
    f"""
    select {_STEP_COLUMNS} from workflow_steps where tenant_id = :tenant and workflow_id = :workflow_id
    order by position
    """,
    WorkflowStep,
)
_SELECT_CURRENT_STEPS = """
    select workflow_id, name from workflow_steps
    where tenant_id = :tenant and status in ('ready', 'running') and workflow_id {among}
    order by workflow_id, position
"""
_AMONG, _AMONG_POSTGRES = build_in_list_condition("workflow_ids")
select_current_steps = Query(
    _SELECT_CURRENT_STEPS.format(among=_AMONG),
    CurrentStep,
    postgres=_SELECT_CURRENT_STEPS.format(among=_AMONG_POSTGRES),
)
select_step_status = Query(
    "select status from workflow_steps where tenant_id = :tenant and workflow_id = :workflow_id and name = :name", str
)
select_enclosing_step = Query(
    """
    select w.parent_id, w.parent_step, s.items_total, s.definition from workflows w
    join workflow_steps s on s.tenant_id = w.tenant_id and s.workflow_id = w.workflow_id and s.name = :step
    where w.tenant_id = :tenant and w.workflow_id = :workflow_id
    """,
    EnclosingStep,
)
select_children = Query(
    "select * from workflows where tenant_id = :tenant and parent_id = :workflow_id order by workflow_id", WorkflowRow
)


def _format_assignments(columns: frozenset[str]) -> str:
    return ", ".join(f"{name} = :{name}" for name in sorted(columns))


def _select_column_types(types: dict[str, str], columns: frozenset[str]) -> dict[str, str]:
    return {name: types[name] for name in columns if name in types}


@cache
def build_workflow_update(columns: frozenset[str]) -> Write:
    """Build the update of these columns of a workflow."""
    sql = (
        f"update workflows set {_format_assignments(columns)} where tenant_id = :tenant and workflow_id = :workflow_id"
    )
    return Write(sql, types=_select_column_types(_WORKFLOW_TYPES, columns))


@cache
def build_step_update(columns: frozenset[str]) -> Write:
    """Build the update of these columns of a step."""
    sql = f"""
        update workflow_steps set {_format_assignments(columns)}
        where tenant_id = :tenant and workflow_id = :workflow_id and name = :name
    """
    return Write(sql, types=_select_column_types(_STEP_TYPES, columns))


@cache
def build_item_update(columns: frozenset[str]) -> Write:
    """Build the update of these columns of an item of a step."""
    sql = f"""
        update workflow_items set {_format_assignments(columns)}
        where tenant_id = :tenant and workflow_id = :workflow_id and step = :step and item = :item
    """
    return Write(sql, types=_select_column_types(_ITEM_TYPES, columns) | {"item": BIG})


# -- items of a for_each -----------------------------------------------------------------------

_BY_ITEM = "tenant_id = :tenant and workflow_id = :workflow_id and step = :step"
lock_item = Query(
    f"select * from workflow_items where {_BY_ITEM} and item = :item", WorkflowItemRow, types={"item": BIG}, lock=True
)
select_items = Query(
    f"select * from workflow_items where {_BY_ITEM} and status = :status order by item limit :limit",
    WorkflowItemRow,
    types={"limit": BIG},
)
select_open_items = Query(
    f"select * from workflow_items where {_BY_ITEM} and status in ('pending', 'ready') order by item", WorkflowItemRow
)

# -- outcomes of steps -------------------------------------------------------------------------

select_step_outcomes = Query(
    """
    select s.name, s.status, s.error, s.items_total, s.result, d.result as task_result from workflow_steps s
    left join task_data d on d.tenant_id = s.tenant_id and d.task_id = s.task_id
    where s.tenant_id = :tenant and s.workflow_id = :workflow_id and s.status not in ('pending', 'ready', 'running')
    """,
    StepOutcome,
)
# Results of tasks stay in task_data, and are joined instead of copied.
select_item_outcomes = Query(
    """
    select i.step, i.item, i.result, d.result as task_result from workflow_items i
    join workflow_steps s on s.tenant_id = i.tenant_id and s.workflow_id = i.workflow_id and s.name = i.step
        and s.status not in ('pending', 'ready', 'running')
    left join task_data d on d.tenant_id = i.tenant_id and d.task_id = i.task_id
    where i.tenant_id = :tenant and i.workflow_id = :workflow_id order by i.step, i.item
    """,
    ItemOutcome,
)
select_item_spans = Query(
    """
    select i.step, i.item, i.status, i.completed_at, t.task_id, t.assigned_agent, t.attempts, t.created_at, t.started_at
    from workflow_items i
    join tasks t on t.tenant_id = i.tenant_id and t.task_id = i.task_id
    where i.tenant_id = :tenant and i.workflow_id = :workflow_id order by i.step, i.item limit :limit
    """,
    ItemSpan,
    types={"limit": BIG},
)
select_tasks = Query("select * from tasks where tenant_id = :tenant and workflow_id = :workflow_id", TaskRow, scan=True)
select_agent_shares = Query(
    """
    select t.assigned_agent as agent_id, a.agent_name, t.status, count(*) as tasks,
        sum(t.completed_at - t.started_at) as took
    from tasks t left join agents a on a.tenant_id = t.tenant_id and a.agent_id = t.assigned_agent
    where t.tenant_id = :tenant and t.workflow_id = :workflow_id and t.started_at is not null
    group by t.assigned_agent, a.agent_name, t.status
    """,
    AgentShare,
    scan=True,
)
select_any_task_of_agent = Query(
    """
    select 1 as found from tasks
    where tenant_id = :tenant and workflow_id = :workflow_id and assigned_agent = :agent_id limit 1
    """,
    int,
)
# The tasks of a workflow depend on no other tasks, so ``blocked`` is free to hold them during a pause.
hold_tasks = Write(
    """
    update tasks set blocked = :blocked, waiting = case
        when :blocked = 0 and status = 'pending' and available_at is null then 1 else 0 end
    where tenant_id = :tenant and workflow_id = :workflow_id and completed_at is null
    returning *
    """,
    TaskRow,
    types={"blocked": BIG},
)

# -- lists -------------------------------------------------------------------------------------

_FILTERS = {
    "statuses": "and status @statuses",
    "created_by": "and created_by = :created_by",
    "since": "and created_at >= :since",
    "viewer": "and (created_by = :viewer or {assigned})",
    "after": "and workflow_id < :after",
}
# Listed among its agents, quoted as in JSON: by id or alias, or by a name that no other agent had at its creation.
_IS_ASSIGNED = """
    @at(assigned_agents, :quoted_id) > 0 or @at(assigned_agents, :quoted_alias) > 0
    or ((@at(assigned_agents, :quoted_name) > 0 or @at(assigned_agents, :quoted_dotted) > 0)
        and not exists (select 1 from agents o where o.tenant_id = :tenant and o.agent_name = :viewer_name
            and o.retired_at > workflows.created_at and o.registered_at < :viewer_since))
"""
_LIST_TYPES = {"viewer_since": BIG, "since": BIG, "limit": BIG, "offset": BIG}


def _build_list_query(sql: str, filters: frozenset[str], record: type[R]) -> Query[R]:
    conditions = " ".join(text for name, text in _FILTERS.items() if name in filters)
    text = sql.replace("@conditions", conditions)
    sqlite, postgres = [
        text.replace("{assigned}", _IS_ASSIGNED.replace("@at", at)).replace("@statuses", statuses)
        for at, statuses in zip(("instr", "strpos"), build_in_list_condition("statuses"), strict=True)
    ]
    types = {name: kind for name, kind in _LIST_TYPES.items() if f":{name}" in postgres}
    return Query(sqlite, record, postgres=postgres, types=types, scan=True)


@cache
def build_workflow_page_query(filters: frozenset[str]) -> Query[WorkflowRow]:
    """Build the query of a page of workflows, newest first."""
    sql = "select * from workflows where tenant_id = :tenant @conditions order by workflow_id desc limit :limit offset :offset"
    return _build_list_query(sql, filters, WorkflowRow)


@cache
def build_workflow_count_query(filters: frozenset[str]) -> Query[int]:
    """Build the query that counts the workflows with these filters, up to :limit."""
    sql = """select count(*) as total from (
        select 1 from workflows where tenant_id = :tenant @conditions limit :limit) as counted"""
    return _build_list_query(sql, filters, int)
