"""Modification of running workflows: each change is checked against the graph and applied atomically."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import encode_json
from agora.core.errors import not_found
from agora.domains.tasks import access, creation, queues, states, transitions
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.draft import TaskDraft
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.workflows import Step, StepStatus
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, field_error

from . import queries as workflows
from .creation import build_step_row, check_steps
from .launch import compute_parallel_limit
from .planning import graph as graphs
from .planning.graph import Graph
from .progress import advance_run, begin_more_items, cancel_step_work, settle_step
from .records import STEPS
from .run import StepDraft, WorkflowRun, load_outcomes

__all__ = [
    "add_step",
    "decide_approval",
    "find_equal_decision",
    "pause_workflow",
    "reassign_step",
    "reorder_steps",
    "require_step",
    "resume_workflow",
    "skip_step",
]

_S = StepStatus


def require_running(run: WorkflowRun) -> None:
    """Raise IllegalTransition if the workflow has ended."""
    if run.has_ended:
        raise IllegalTransition(
            f"{run.workflow_id} is {run.row.status}; it cannot be changed any more.",
            fix="Create a new one.",
            allowed=[],
        )


def require_step(run: WorkflowRun, name: str | None) -> StepDraft:
    """Return the named step. Raises InvalidRequest without a name, NotFound."""
    if name is None:
        raise InvalidRequest(
            "The name of the step is missing.", fix="Give it as step.", errors=[field_error("step", "required")]
        )
    if name not in run.steps:
        raise not_found(
            "step", f"{run.workflow_id} has no step {name!r}.", fix=f"Its steps are {', '.join(list(run.steps)[:20])}."
        )
    return run.steps[name]


def _restore_graph(run: WorkflowRun) -> Graph:
    return graphs.restore_graph(
        [(step.spec, step.row.position, step.depends_on) for step in run.steps.values()],
        sequential=not run.row.graph,
    )


def _list_begun_steps(run: WorkflowRun) -> set[str]:
    return {step.name for step in run.steps.values() if step.status is not _S.PENDING}


async def add_step(run: WorkflowRun, definition: Step | None, before: Sequence[str]) -> str:
    """Add a step; return its name."""
    if definition is None:
        raise InvalidRequest(
            "The definition of the step is missing.",
            fix="Give it as definition.",
            errors=[field_error("definition", "required")],
        )
    new_graph = graphs.add_node(_restore_graph(run), definition, before, _list_begun_steps(run))
    await check_steps(run.call, [node.step for node in new_graph.nodes.values()], new=[definition])
    node, call = new_graph.nodes[definition.name], run.call
    row = build_step_row(call.caller.tenant, run.workflow_id, node.step, node.position, node.depends_on)
    run.steps[node.step.name] = StepDraft(row)
    call.tx.append(STEPS, row)
    _apply_graph_to_steps(run, new_graph)
    run.set_columns(total_steps=run.row.total_steps + (not node.compensation))
    return node.step.name


def reorder_steps(run: WorkflowRun, order: Sequence[str]) -> None:
    """Reorder the steps that have not begun."""
    _apply_graph_to_steps(run, graphs.reorder_nodes(_restore_graph(run), order, _list_begun_steps(run)))


def _apply_graph_to_steps(run: WorkflowRun, changed: Graph) -> None:
    for name, node in changed.nodes.items():
        step = run.steps[name]
        if step.row.position != node.position:
            step.set_columns(position=node.position)
        if tuple(step.depends_on) != tuple(node.depends_on):
            step.depends_on = list(node.depends_on)
            step.set_columns(depends_on=encode_json(step.depends_on))


async def skip_step(run: WorkflowRun, step: StepDraft) -> None:
    """Skip a step that has not begun."""
    if step.has_ended or await _has_begun(run, step):
        raise IllegalTransition(
            f"{step.name} is {step.row.status if step.has_ended else 'under way'}; only steps that have not begun can be skipped.",
            fix="Cancel its task, or terminate the workflow.",
            allowed=[],
        )
    # It is skipped at the end if it is not needed (progress.end_run_and_settle_parent); earlier, a failure would find nothing to make up for it.
    if step.name in run.compensation_steps:
        raise Conflict(f"{step.name} is a compensation step; it cannot be skipped.")
    active = step.is_active
    run.set_step_status(step, _S.SKIPPED)
    if active:
        await cancel_step_work(run, step)


async def _has_begun(run: WorkflowRun, step: StepDraft) -> bool:
    if not step.is_active:
        return False
    if step.row.items_total or step.row.child_id:
        return True
    # A step is `ready` while its task waits: it has begun only when somebody claimed the task.
    row = await run.call.tx.one(tasks.select_task, task_id=step.row.task_id or "")
    return row is not None and row.status != TaskStatus.PENDING


async def reassign_step(run: WorkflowRun, step: StepDraft, agent: str | None, capability: Sequence[str]) -> None:
    """Reassign a step; its running work is ended and begun again by the new agent."""
    spec = step.spec
    if (agent is None) == (not capability):
        raise InvalidRequest(
            "Give either agent or capability, to whom the step is reassigned.",
            errors=[field_error("agent", "required")],
        )
    if spec.approval or spec.workflow is not None:
        raise Conflict(f"{step.name} is not done by an agent.")
    if step.has_ended:
        raise IllegalTransition(f"{step.name} is {step.status}; it is not run again.", allowed=[])
    new_graph = spec.model_copy(update={"agent": agent, "capability": list(capability)})
    await check_steps(
        run.call, [new_graph if other is step else other.spec for other in run.steps.values()], new=[new_graph]
    )
    # The definition is changed as well as its tasks, so that items which begin later go to the new agent.
    step.set_columns(definition=new_graph.model_dump_json(exclude_defaults=True))
    for task_id in await _list_open_tasks(run, step):
        draft = await access.lock_task(run.call, task_id)
        # Locked only now: it may have ended since the step was loaded.
        if draft.row.status in states.UNFINISHED_STATUSES:
            await _reassign_task(draft, agent, capability)
    run.moved[step.name] = step.row.status


async def _list_open_tasks(run: WorkflowRun, step: StepDraft) -> list[str]:
    if step.row.items_total:
        rows = await run.call.tx.all(workflows.select_open_items, workflow_id=run.workflow_id, step=step.name)
        return [row.task_id for row in rows if row.task_id is not None]
    return [step.row.task_id] if step.row.task_id is not None else []


async def _reassign_task(draft: TaskDraft, agent: str | None, capability: Sequence[str]) -> None:
    order = creation.Order(
        draft.row.task_type, "{}", agent, capability, draft.row.required_model, balanced=agent is None
    )
    where = await creation.resolve_destination(draft.call, order)
    draft.set_columns(requirements=encode_json(where.requirements))
    queue = queues.build_queue_name(where.lane, draft.row.task_type)
    await transitions.reassign_task(draft, queue, where.agent, agent, "its workflow was modified")


async def pause_workflow(run: WorkflowRun) -> None:
    """Pause a workflow: begin no further steps; running ones may finish."""
    if run.row.paused_at is not None:
        raise IllegalTransition(f"{run.workflow_id} is paused already.", allowed=["resume", "terminate"])
    run.set_paused(run.call.now)
    # Tasks under way keep their leases; only waiting ones are taken from the queues.
    await run.call.tx.returning(workflows.hold_tasks, workflow_id=run.workflow_id, blocked=1)
    await run.emit("paused")
    for row in await run.call.tx.all(workflows.select_children, workflow_id=run.workflow_id):
        # Parents are locked before their children, as by a termination.
        child = await WorkflowRun.lock_and_load_run(run.call, row.workflow_id)
        if not child.has_ended and child.row.paused_at is None:
            await pause_workflow(child)
            await child.save()


async def resume_workflow(run: WorkflowRun) -> None:
    """Resume a paused workflow."""
    if run.row.paused_at is None:
        raise IllegalTransition(f"{run.workflow_id} is not paused.", allowed=["pause", "terminate"])
    run.set_paused(None)
    for row in await run.call.tx.returning(workflows.hold_tasks, workflow_id=run.workflow_id, blocked=0):
        if row.waiting:
            draft = TaskDraft(run.call, row)
            transitions.announce_available(draft)
            if states.is_balanced(row):
                await draft.save()  # its agent gets the full time again
    await run.emit("resumed")
    await run.save()  # an item that ends now advances the workflow
    for child_row in await run.call.tx.all(workflows.select_children, workflow_id=run.workflow_id):
        child = await WorkflowRun.lock_and_load_run(run.call, child_row.workflow_id)
        if not child.has_ended and child.row.paused_at is not None:
            await resume_workflow(child)
            await child.save()
    # Nested workflows may have ended while they were resumed, which changed this workflow's rows in this transaction.
    await run.reload_rows()
    if not run.has_ended:
        await _begin_waiting_items(run)
        await advance_run(run)


async def _begin_waiting_items(run: WorkflowRun) -> None:
    """Begin waiting items in the place of those that ended while the workflow was paused."""
    for step in list(run.steps.values()):
        if step.is_active and step.row.items_open:
            rows = await run.call.tx.all(
                workflows.select_items, workflow_id=run.workflow_id, step=step.name, status="ready", limit=1000
            )
            # Ends of items during the pause began no further ones (_settle_ended_item).
            room = await compute_parallel_limit(run, step) - len(rows)
            if room > 0:
                await begin_more_items(run, step, room)


async def find_equal_decision(run: WorkflowRun, name: str | None, approved: bool, comment: str) -> StepDraft | None:
    """Find the step that the caller decided equally before, so that a repeated call changes nothing.

    name: None for the only approval, unless another one is waiting.
    """
    steps = [step for step in run.steps.values() if step.spec.approval and name in (step.name, None)]
    # Without a name, several decided approvals are ambiguous: the call is then refused instead of guessed to be a repetition.
    if len(steps) != 1 or not steps[0].has_ended:
        return None
    outcomes = await load_outcomes(run.call, run.workflow_id)
    decision = _build_decision(run, approved, comment)
    return steps[0] if outcomes[steps[0].name]["result"] == decision else None


async def decide_approval(run: WorkflowRun, name: str | None, approved: bool, comment: str) -> StepDraft:
    """Decide an approval step; return the step. Raises IllegalTransition, NotFound, InvalidRequest."""
    require_running(run)
    awaiting = [step for step in run.steps.values() if step.is_active and step.spec.approval]
    step = awaiting[0] if name is None and len(awaiting) == 1 else require_step(run, name)
    if step not in awaiting:
        raise IllegalTransition(
            f"{step.name} does not wait for an approval.",
            fix=f"These do: {', '.join(candidate.name for candidate in awaiting) or 'none'}.",
            allowed=[candidate.name for candidate in awaiting],
        )
    # Stored also for a refusal, so that its repetition is recognized and later steps can read who refused.
    step.set_columns(result=encode_json(_build_decision(run, approved, comment)))
    by = f" by {run.call.caller.name}"
    await settle_step(run, step, None if approved else f"refused{by}" + (f": {comment}" if comment else ""))
    if run.row.paused_at is None:
        await advance_run(run)
    return step


def _build_decision(run: WorkflowRun, approved: bool, comment: str) -> dict[str, Any]:
    return {"approved": approved, "by": run.call.caller.subject, "comment": comment}
