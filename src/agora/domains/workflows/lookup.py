"""Reading workflows: status, timeline and diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agora.clock import SECOND, to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, decode_json, encode_json
from agora.core.record_models import build_from_record
from agora.domains.agents.references import find_agent, load_agent, resolve_agent_ids_at
from agora.domains.tasks.records import TaskRow
from agora.value_classes import value_class
from agora_sdk.contract import workflows as contract
from agora_sdk.contract.workflows import StepStatus, WorkflowStatus

from . import queries as workflows
from .planning import graph as graphs
from .planning.diagram import render_mermaid
from .records import AgentShare, ItemSpan, WorkflowRow
from .run import StepDraft, build_unknown_workflow_error, list_named_agents, load_outcomes

__all__ = [
    "WorkflowListing",
    "build_diagram",
    "build_summary",
    "build_timeline",
    "get_workflow",
    "list_workflows",
    "load_visible_workflow",
]

_S = StepStatus
# The chart of a workflow is one response; beyond that, `has_more` says that items are missing.
MAX_SPANS = 1000
VIEWER_NAMES = frozenset(
    {"quoted_id", "quoted_name", "quoted_alias", "quoted_dotted", "viewer_name", "viewer_since"}
)  #: parameters of the filter "viewer"
Fields = Mapping[str, Any]


async def load_visible_workflow(call: Call, workflow_id: str) -> WorkflowRow:
    """Load a workflow that the caller may see: as its creator, as one of its agents, or with access to all.

    Raises NotFound if it is hidden or does not exist.
    """
    row = await call.tx.one(workflows.select_workflow, workflow_id=workflow_id)
    if row is None or not await _can_see_workflow(call, row):
        raise build_unknown_workflow_error(workflow_id)
    return row


async def _can_see_workflow(call: Call, row: WorkflowRow) -> bool:
    caller, workflow_id = call.caller, row.workflow_id
    if caller.reads_all or row.created_by == caller.subject:
        return True
    # A task that the agent took, in a step that names only a capability, shows it the workflow, too.
    if (
        await call.tx.one(workflows.select_any_task_of_agent, workflow_id=workflow_id, agent_id=caller.subject)
        is not None
    ):
        return True
    steps = await call.tx.all(workflows.select_steps, workflow_id=workflow_id)
    agents = list_named_agents(StepDraft(step).spec for step in steps)
    # By the names' holders at the creation: a later agent of the same name must not see workflows of the former one.
    return caller.subject in await resolve_agent_ids_at(
        call.tx, (*decode_json(row.assigned_agents), *agents), row.created_at
    )


def _to_datetime(value: int | None) -> datetime | None:
    return None if value is None else to_datetime(value)


def _compute_seconds_between(begin: int | None, end: int | None) -> float | None:
    return None if begin is None or end is None else round((end - begin) / SECOND, 6)


def build_summary(row: WorkflowRow, now: int) -> contract.Workflow:
    """Build a workflow without its steps."""
    total, done_steps = row.total_steps, row.done_steps
    return build_from_record(
        contract.Workflow,
        row,
        current_step=min(done_steps + 1, total),
        current_steps=[],
        progress=round(100 * done_steps / total, 2) if total else 100.0,
        steps=[],
        agents=[],
        started_at=to_datetime(row.created_at),
        completed_at=_to_datetime(row.completed_at),
        duration_seconds=_compute_seconds_between(row.created_at, row.completed_at or now),
        parent_workflow=row.parent_id,
    )


async def get_workflow(call: Call, workflow_id: str) -> contract.Workflow:
    """Return a workflow with its steps and the work of its agents."""
    row = await load_visible_workflow(call, workflow_id)
    workflow = build_summary(row, call.now)
    drafts = [StepDraft(step) for step in await call.tx.all(workflows.select_steps, workflow_id=workflow_id)]
    tasks = _group_by_step(await call.tx.all(workflows.select_tasks, workflow_id=workflow_id))
    results = await load_outcomes(call, workflow_id)
    made_up = {step.spec.compensate for step in drafts} - {None}
    workflow.steps = [
        _build_step_state(step, tasks.get(step.name, []), results.get(step.name, {}), step.name in made_up)
        for step in drafts
    ]
    normal = [state for state in workflow.steps if not state.compensation]
    # More exact than build_summary, which has no steps: it counts done steps instead of naming the first undone one.
    undone = [at for at, state in enumerate(normal, 1) if state.status in (_S.PENDING, _S.READY, _S.RUNNING)]
    workflow.current_step = undone[0] if undone else len(normal)
    workflow.current_steps = [state.name for state in workflow.steps if state.status in (_S.READY, _S.RUNNING)]
    if normal and undone:
        workflow.progress = round(sum(_compute_step_progress(state) for state in normal) / len(normal), 2)
    workflow.agents = _build_agent_shares(await call.tx.all(workflows.select_agent_shares, workflow_id=workflow_id))
    return workflow


def _group_by_step(rows: Sequence[TaskRow]) -> dict[str | None, list[TaskRow]]:
    groups: dict[str | None, list[TaskRow]] = {}
    for row in sorted(rows, key=lambda row: row.task_id):
        groups.setdefault(row.step, []).append(row)
    return groups


def _compute_step_progress(state: contract.StepState) -> float:
    """Compute the progress of a step in per cent."""
    return state.progress if state.status in (_S.READY, _S.RUNNING, _S.PENDING) else 100.0


def _build_step_state(
    step: StepDraft, tasks: Sequence[TaskRow], outcome: Fields, compensation: bool
) -> contract.StepState:
    spec, row = step.spec, step.row
    # The newest task is the present one. With items there is one for each, and none stands for the step.
    last = tasks[-1] if tasks and row.items_total is None else None
    status = step.status
    # Approvals, inner workflows and steps with items have no task of their own: they start when they are ready.
    started_at = row.ready_at if last is None else last.started_at
    # The row of a step stays `ready` when its task is claimed: claims write no workflow rows.
    if status is _S.READY and ((last is not None and last.status != "pending") or row.child_id):
        status = _S.RUNNING
    return contract.StepState.model_construct(
        name=step.name,
        position=row.position,
        status=status,
        agent=spec.agent,
        capability=spec.capability,
        task_type=None if spec.approval or spec.workflow else spec.task_type or spec.name,
        task_id=row.task_id,
        assigned_agent=last.assigned_agent if last is not None else None,
        depends_on=step.depends_on,
        attempts=last.attempts if last is not None else 0,
        progress=_compute_progress(step, last),
        started_at=_to_datetime(started_at),
        completed_at=_to_datetime(row.completed_at),
        duration_seconds=_compute_seconds_between(started_at, row.completed_at),
        result=outcome.get("result"),
        error=row.error or (last.error if last is not None else None),
        awaiting="approval" if spec.approval and step.is_active else None,
        message=spec.message,
        items=_build_item_counts(step, tasks),
        workflow_id=row.child_id,
        compensation=compensation,
    )


def _compute_progress(step: StepDraft, task: TaskRow | None) -> float:
    row = step.row
    if step.status in (_S.COMPLETED, _S.SKIPPED):
        return 100.0
    if row.items_total:
        return float(round(100 * (row.items_total - row.items_open) / row.items_total, 2))
    return float(task.progress) if task is not None else 0.0


def _build_item_counts(step: StepDraft, tasks: Sequence[TaskRow]) -> contract.Items | None:
    row = step.row
    if row.items_total is None:
        return None
    done_steps = row.items_total - row.items_open
    running = sum(1 for task in tasks if task.status not in ("pending",) and task.completed_at is None)
    return contract.Items.model_construct(
        total=row.items_total, completed=done_steps - row.items_failed, failed=row.items_failed, running=running
    )


def _build_agent_shares(rows: Sequence[AgentShare]) -> list[contract.AgentShare]:
    shares: dict[str, contract.AgentShare] = {}
    took: dict[str, float] = {}
    for row in rows:
        agent = row.agent_id
        if agent is None:
            continue
        name = row.agent_name or agent
        share = shares.setdefault(agent, contract.AgentShare(agent_id=agent, agent_name=name))
        if row.status == "completed":
            share.completed += row.tasks
            took[agent] = took.get(agent, 0.0) + float(row.took or 0)
        elif row.status in ("in_progress", "input_required", "auth_required"):
            share.running += row.tasks
        elif row.status in ("failed", "dead_lettered", "rejected"):
            share.failed += row.tasks
    for agent, share in shares.items():
        share.mean_seconds = round(took[agent] / share.completed / SECOND, 6) if share.completed else None
    return list(shares.values())


@value_class
class WorkflowListing:
    """Parameters of a workflow list. statuses: any if empty; agent_id: the creator; offset and cursor: start of the page."""

    statuses: Sequence[WorkflowStatus]
    agent_id: str | None
    since: datetime | None
    limit: int
    offset: int
    cursor: str | None


async def _add_current_steps(call: Call, page: Sequence[contract.Workflow]) -> None:
    """Add the names of ready and running steps, with one query for all workflows of a page."""
    by_id = {workflow.workflow_id: workflow for workflow in page if workflow.completed_at is None}
    if by_id:
        for step in await call.tx.all(workflows.select_current_steps, workflow_ids=encode_json(list(by_id))):
            by_id[step.workflow_id].current_steps.append(step.name)


async def list_workflows(call: Call, listing: WorkflowListing) -> contract.WorkflowPage:
    """Return a page of workflows, newest first."""
    caller, limit, offset, cursor = call.caller, listing.limit, listing.offset, listing.cursor
    parameters: dict[str, Any] = {
        "statuses": encode_json([status.value for status in listing.statuses]) if listing.statuses else None,
        "since": listing.since and to_microseconds(listing.since),
    }
    if (agent_id := listing.agent_id) is not None:
        # An operator or key has no row among the agents that could be loaded.
        is_own = agent_id in (caller.subject, "operator")
        parameters["created_by"] = agent_id if is_own else (await load_agent(call.tx, agent_id)).agent_id
    if not caller.reads_all:
        parameters |= {"viewer": caller.subject} | await _list_viewer_names(call)
    parameters = {name: value for name, value in parameters.items() if value is not None}
    filters = frozenset(parameters) - VIEWER_NAMES
    # Apart from the filters' parameters, because the total counts the workflows of all pages.
    position_parameters = {"after": paging.decode_cursor(cursor)[0]} if cursor else {}
    rows = await call.tx.all(
        workflows.build_workflow_page_query(filters | set(position_parameters)),
        **parameters,
        **position_parameters,
        limit=limit + 1,
        offset=offset,
    )
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    page = [build_summary(row, call.now) for row in rows]
    await _add_current_steps(call, page)
    total, estimate = len(page), False
    if more or cursor or offset:
        total, estimate = await paging.count_rows_up_to_limit(
            call.tx, workflows.build_workflow_count_query(filters), parameters
        )
    return contract.WorkflowPage.model_construct(
        workflows=page,
        total=total,
        total_is_estimate=estimate,
        **paging.build_uncounted_page_fields(page, "workflow_id", more=more),
    )


async def _list_viewer_names(call: Call) -> dict[str, Any]:
    """List the names by which a workflow's agents may include the caller, as JSON, and since when it has its name."""
    caller = call.caller
    row = await find_agent(call.tx, caller.subject) if caller.kind == "agent" else None
    if row is None:
        quoted = encode_json(caller.subject)
        names = {"quoted_name": quoted, "quoted_alias": quoted, "quoted_dotted": quoted}
        return names | {"quoted_id": quoted, "viewer_name": "", "viewer_since": 0}
    # The same forms as agents.references resolves: id, name, alias and the dotted name of the agent protocol.
    name = row.agent_name
    return {
        "quoted_id": encode_json(caller.subject),
        "quoted_name": encode_json(name),
        "quoted_alias": encode_json(row.alias or caller.subject),
        "quoted_dotted": encode_json(f"agent.{row.account_id}.{name}"),
        "viewer_name": name,
        "viewer_since": row.registered_at,
    }


async def build_timeline(call: Call, workflow_id: str) -> contract.Timeline:
    """Build the spans of a Gantt chart, in the order in which they could begin."""
    row = await load_visible_workflow(call, workflow_id)
    drafts = [StepDraft(step) for step in await call.tx.all(workflows.select_steps, workflow_id=workflow_id)]
    tasks = {task.task_id: task for task in await call.tx.all(workflows.select_tasks, workflow_id=workflow_id)}
    spans = [_build_span(step, tasks.get(step.row.task_id or "")) for step in drafts]
    parts = await call.tx.all(workflows.select_item_spans, workflow_id=workflow_id, limit=MAX_SPANS + 1)
    spans += [_build_item_span(part) for part in parts[:MAX_SPANS]]
    end = row.completed_at
    # A step before its items, which begin in the same moment; steps that have not begun come last.
    spans.sort(key=lambda span: (span.start is None, span.start, span.index is not None, span.index))
    return contract.Timeline.model_construct(
        workflow_id=workflow_id,
        status=WorkflowStatus(row.status),
        start=to_datetime(row.created_at),
        end=_to_datetime(end),
        duration_seconds=_compute_seconds_between(row.created_at, end or call.now) or 0.0,
        spans=spans,
        has_more=len(parts) > MAX_SPANS,
    )


def _build_span(step: StepDraft, task: TaskRow | None) -> contract.Span:
    row = step.row
    started_at = row.ready_at if task is None else task.started_at
    return contract.Span.model_construct(
        step=step.name,
        status=step.status,
        start=_to_datetime(row.ready_at),
        begun=None
        if step.spec.approval
        else _to_datetime(started_at),  # an approval has no work: it waits until it is decided
        end=_to_datetime(row.completed_at),
        awaiting="approval" if step.spec.approval and step.is_active else None,
        duration_seconds=_compute_seconds_between(started_at, row.completed_at),
        agent=task.assigned_agent if task is not None else None,
        task_id=row.task_id,
        attempts=task.attempts if task is not None else 0,
        index=None,
        depends_on=step.depends_on,
    )


def _build_item_span(row: ItemSpan) -> contract.Span:
    return build_from_record(
        contract.Span,
        row,
        start=to_datetime(row.created_at),
        begun=_to_datetime(row.started_at),
        end=_to_datetime(row.completed_at),
        awaiting=None,
        duration_seconds=_compute_seconds_between(row.started_at, row.completed_at),
        agent=row.assigned_agent,
        index=row.item,
        depends_on=[],
    )


async def build_diagram(call: Call, workflow_id: str) -> contract.WorkflowDiagram:
    """Build the graph as Mermaid text."""
    row = await load_visible_workflow(call, workflow_id)
    drafts = [StepDraft(step) for step in await call.tx.all(workflows.select_steps, workflow_id=workflow_id)]
    steps = [(step.spec, step.row.position, step.depends_on) for step in drafts]
    graph = graphs.restore_graph(steps, sequential=not row.graph)
    text = render_mermaid(graph, {step.name: step.row.status for step in drafts})
    return contract.WorkflowDiagram(workflow_id=workflow_id, mermaid=text)
