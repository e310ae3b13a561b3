"""Progress of workflows: settle the step whose work has ended, and begin the steps that are ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agora.core.call import Call
from agora.domains.tasks import access, states, transitions
from agora.domains.tasks.records import TaskRow
from agora.value_classes import value_class
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.workflows import Step, StepStatus, WorkflowStatus

from . import launch
from . import queries as workflows
from .creation import create_nested_workflow
from .records import WorkflowItemRow, WorkflowStep
from .run import StepDraft, WorkflowRun, build_failure_and_result

__all__ = [
    "advance_run",
    "begin_more_items",
    "begin_run",
    "cancel_step_work",
    "end_run_and_settle_parent",
    "settle_step",
    "settle_step_of_ended_task",
    "terminate_run",
]

_S, _W = StepStatus, WorkflowStatus


async def settle_step_of_ended_task(call: Call, task: TaskRow, status: TaskStatus, error: str | None) -> None:
    """Settle the step whose task has ended."""
    assert task.workflow_id is not None
    assert task.step is not None
    step = await call.tx.one(workflows.select_step_status, workflow_id=task.workflow_id, name=task.step)
    if step not in (_S.READY, _S.RUNNING):
        return  # ended by the workflow itself: loading all steps for each task would take quadratic time
    # Here the task is locked before its workflow, in cancel_step_work the workflow before its tasks. PostgreSQL ends
    # one of two transactions that meet so, and the store runs it again.
    run = await WorkflowRun.lock_and_load_run(call, task.workflow_id)
    failure = None if status is TaskStatus.COMPLETED else error or f"Its task was {status.value}."
    await _settle_ended_work_and_advance(run, _EndedWork(task.step, task.item, failure, task_id=task.task_id))


async def _settle_step_of_ended_child(child: WorkflowRun) -> None:
    """Settle the step of the parent workflow after a nested workflow has ended."""
    row = child.row
    assert row.parent_id is not None
    assert row.parent_step is not None
    # Child before parent, while a termination locks the parent first: see settle_step_of_ended_task.
    run = await WorkflowRun.lock_and_load_run(child.call, row.parent_id)
    failure, result = await build_failure_and_result(child)
    await _settle_ended_work_and_advance(
        run, _EndedWork(row.parent_step, row.parent_item, failure, child_id=child.workflow_id, result=result)
    )


@value_class
class _EndedWork:
    """An ended task or workflow: the work of a step, or of one item of its for_each.

    failure: why it did not complete. result: JSON result of a completed workflow; the result of a task stays with the task.
    """

    step: str
    item: int | None
    failure: str | None
    task_id: str | None = None
    child_id: str | None = None
    result: str | None = None

    def is_awaited_by(self, row: WorkflowStep | WorkflowItemRow) -> bool:
        """Whether the step or item was begun with this task or workflow."""
        return row.child_id == self.child_id if self.task_id is None else row.task_id == self.task_id


async def _settle_ended_work_and_advance(run: WorkflowRun, work: _EndedWork) -> None:
    """Handle the end of the work of a step or of one item; stale ends change nothing."""
    step = run.steps.get(work.step)
    # The step may have been reassigned, retried or cancelled since: only the work that it waits for settles it.
    if run.has_ended or step is None or not step.is_active:
        return
    if work.item is not None:
        await _settle_ended_item(run, step, work)
    elif work.is_awaited_by(step.row):
        if work.result is not None:
            step.set_columns(result=work.result)
        await settle_step(run, step, work.failure)
    else:
        return
    await advance_run(run)
    await run.save()


async def _settle_ended_item(run: WorkflowRun, step: StepDraft, work: _EndedWork) -> None:
    call, failure = run.call, work.failure
    where = {"workflow_id": run.workflow_id, "step": step.name, "item": work.item}
    # Locked: two ends for one item (a late task and its replacement) must not both decrement items_open.
    row = await call.tx.one(workflows.lock_item, **where)
    if row is None or row.status not in ("pending", "ready") or not work.is_awaited_by(row):
        return
    status = _S.COMPLETED if failure is None else _S.FAILED
    changes = {"status": status.value, "error": failure, "completed_at": call.now, "result": work.result}
    await call.tx.execute(workflows.build_item_update(frozenset(changes)), **where, **changes)
    step.set_columns(items_open=step.row.items_open - 1)
    if failure is not None:
        step.set_columns(items_failed=step.row.items_failed + 1)
        if step.spec.on_failure != "continue":
            await settle_step(run, step, f"Part {work.item}: {failure}")
            return
    if step.row.items_open == 0:
        await settle_step(run, step, launch.describe_failed_items(step))
    # One ended, one begins: the number in parallel stays constant.
    elif run.row.paused_at is None:
        await begin_more_items(run, step, 1)


async def begin_more_items(run: WorkflowRun, step: StepDraft, limit: int) -> None:
    """Begin up to ``limit`` further items of a step."""
    failure = await launch.begin_items(run, step, limit, _create_and_begin_child)
    if failure is not None or step.row.items_open == 0:
        await settle_step(run, step, failure)


async def settle_step(run: WorkflowRun, step: StepDraft, failure: str | None) -> None:
    """Record the end of a step. failure: the reason, if it failed."""
    if failure is None:
        run.set_step_status(step, _S.COMPLETED)
        return
    run.set_step_status(step, _S.FAILED, error=failure[:4000])
    if step.row.items_open:
        await cancel_step_work(run, step)
    spec = step.spec
    # The failure of a compensation step is recorded on the step only: the workflow has failed already.
    if spec.on_failure == "continue" or step.name in run.compensation_steps:
        return
    # The first failure is the workflow's; later ones are mostly its consequences.
    if run.row.error is None:
        run.set_columns(error=f"{step.name}: {failure}"[:4000])
    if run.row.paused_at is None:
        await _begin_compensation(run, step)


async def _begin_compensation(run: WorkflowRun, step: StepDraft) -> None:
    """Begin the compensation step of a failed step, unless it has begun."""
    if step.status is _S.FAILED and step.spec.compensate is not None:
        makes_up = run.steps[step.spec.compensate]
        if makes_up.status is _S.PENDING and (
            failed := await launch.begin_step(run, makes_up, _create_and_begin_child)
        ):
            run.set_step_status(makes_up, _S.FAILED, error=failed)


async def begin_run(run: WorkflowRun) -> None:
    """Begin the first steps of a workflow that was just created."""
    await advance_run(run)
    await run.save()
    run.reported = False


async def _create_and_begin_child(run: WorkflowRun, spec: Step, payload: Any, item: int | None) -> WorkflowRun:
    child = await create_nested_workflow(run, spec, payload, item)
    await begin_run(child)
    return child


async def _begin_steps(run: WorkflowRun, steps: Iterable[StepDraft]) -> None:
    """Begin steps until one fails the workflow."""
    for step in steps:
        if run.row.error is not None:
            return
        if failure := await launch.begin_step(run, step, _create_and_begin_child):
            await settle_step(run, step, failure)


async def advance_run(run: WorkflowRun) -> None:
    """Begin all steps that are ready; end the workflow when no work is left."""
    candidates: Iterable[StepDraft] = run.normal_flow_steps()
    while not run.has_ended and run.row.paused_at is None:
        if run.row.error is not None:
            await _cancel_steps_and_compensate(run)
            return
        ready = [step for step in candidates if run.can_begin(step)]
        if not ready:
            break
        await _begin_steps(run, ready)
        # Checking all steps again after each one that ended immediately would take quadratic time.
        candidates = run.list_successors(step for step in ready if step.has_ended)
    if not run.has_ended and run.row.paused_at is None and all(step.has_ended for step in run.normal_flow_steps()):
        await end_run_and_settle_parent(run, _W.COMPLETED)


async def _cancel_steps_and_compensate(run: WorkflowRun) -> None:
    """Handle the failure of the workflow by a step: cancel running steps; compensation steps may still run."""
    for step in run.normal_flow_steps():
        if not step.has_ended:
            await _cancel_step(run, step)
        await _begin_compensation(run, step)
    # The end of the last compensation step calls this again.
    if not any(run.steps[name].is_active for name in run.compensation_steps):
        await end_run_and_settle_parent(run, _W.FAILED)


async def _cancel_step(run: WorkflowRun, step: StepDraft) -> None:
    active = step.is_active
    # Set before its work is cancelled: the ends of its tasks then find a step that waits for nothing.
    run.set_step_status(step, _S.CANCELLED)
    if active:
        await cancel_step_work(run, step)


async def cancel_step_work(run: WorkflowRun, step: StepDraft) -> None:
    """Cancel the tasks and workflows of a step that is no longer awaited."""
    await run.save_steps()
    call = run.call
    parts = [(step.row.task_id, step.row.child_id)]
    if step.row.items_total:
        where = {"workflow_id": run.workflow_id, "step": step.name}
        open_items = await call.tx.all(workflows.select_open_items, **where)
        parts += [(row.task_id, row.child_id) for row in open_items]
        # Marked first, for the same reason: a task's end must not settle an item or begin the next one.
        for row in open_items:
            changes = {"status": _S.CANCELLED.value, "completed_at": call.now}
            await call.tx.execute(workflows.build_item_update(frozenset(changes)), **where, item=row.item, **changes)
    for task_id, child_id in parts:
        if task_id is not None:
            draft = await access.lock_task(call, task_id)
            if draft.row.status in states.UNFINISHED_STATUSES:
                await transitions.end_task(
                    draft, TaskStatus.CANCELLED, content="Its workflow does not need it any more."
                )
        if child_id is not None:
            child = await WorkflowRun.lock_and_load_run(call, child_id)
            if not child.has_ended:
                await terminate_run(child, "Its workflow does not need it any more.")


async def terminate_run(run: WorkflowRun, reason: str) -> None:
    """Terminate a running workflow."""
    run.set_columns(error=reason[:4000] or None)
    for step in run.steps.values():
        # Compensation steps that have not begun are skipped by end_run_and_settle_parent, as in any end.
        if not step.has_ended and (step.is_active or step.name not in run.compensation_steps):
            await _cancel_step(run, step)
    await end_run_and_settle_parent(run, _W.CANCELLED)
    await run.save()


async def end_run_and_settle_parent(run: WorkflowRun, status: WorkflowStatus) -> None:
    """End the workflow, and notify its parent workflow."""
    for name in run.compensation_steps:
        if run.steps[name].status is _S.PENDING:
            run.set_step_status(run.steps[name], _S.SKIPPED)
    run.set_columns(status=status.value, completed_at=run.call.now, paused_at=None)
    await run.save_steps()
    # After the status, on which the count depends.
    run.set_columns(done_steps=run.count_done_steps())
    await run.emit(status.value, error=run.row.error)
    if run.row.parent_id is not None and not run.reported:
        await _settle_step_of_ended_child(run)
