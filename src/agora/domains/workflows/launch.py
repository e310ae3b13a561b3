"""Start of steps: a task, a nested workflow, an approval, or a task for each item of a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agora.core.call import decode_json, encode_json
from agora.domains.agents.references import resolve_registered_ids
from agora.domains.tasks import creation
from agora.domains.tasks.views import PRIORITIES
from agora_sdk.contract.workflows import Step, StepStatus
from agora_sdk.errors import PaymentRequired

from . import queries as workflows
from .planning.expressions import ExpressionError, evaluate_condition, evaluate_value, resolve_payload
from .records import ITEMS, WorkflowItemRow
from .run import StepDraft, WorkflowRun, build_failure_and_result, parse_definition

__all__ = ["begin_items", "begin_step", "compute_parallel_limit", "describe_failed_items"]

_S = StepStatus
MAX_ITEMS = 1000
# Items of nested workflows multiply: without a bound on the product, two levels of 1000 items would be a million tasks.
MAX_STEPS = 5000  #: most steps of a for_each in total, if its items are workflows or it is nested in items itself
DEFAULT_PARALLEL = 100  #: concurrent items of a for_each, unless the step sets another number
MAX_PARALLEL = 1000  #: most steps of concurrent items, because they may all begin in one transaction
FailureReason = str  #: why a step or an item failed, as its error
#: creates and begins the nested workflow of a step or an item
RunChild = Callable[[WorkflowRun, Step, Any, int | None], Awaitable[WorkflowRun]]
MAX_LOST_LEASES = 10  #: times that a step's task may lose its lease: a worker that dies does not fail the step


async def begin_step(run: WorkflowRun, step: StepDraft, run_child: RunChild) -> FailureReason | None:
    """Begin a step that is ready; return the reason if it failed immediately."""
    spec = step.spec
    try:
        scope = await run.load_expression_scope() if _has_references(step) else {}
        if spec.when is not None and not evaluate_condition(spec.when, scope, work=run.budget.work):
            run.set_step_status(step, _S.SKIPPED)
        elif spec.approval:
            run.set_step_status(step, _S.RUNNING)
            await run.emit("approval_required", step=step.name, message=spec.message)
        elif spec.for_each is not None:
            return await _begin_for_each(run, step, scope, run_child)
        else:
            payload = resolve_payload(spec.payload, scope, work=run.budget.work) if scope else spec.payload
            begun, over = await _begin_task_or_nested_workflow(run, spec, payload, None, run_child)
            run.set_step_status(step, _S.READY, **begun)
            if over is not None:
                failure, result = await build_failure_and_result(over)
                if failure is not None:
                    return failure
                run.set_step_status(step, _S.COMPLETED, result=result)
    except ExpressionError as error:
        return str(error)
    # A refused budget fails the step instead of rolling back the end of the task before it, which was done and is charged.
    except PaymentRequired as error:
        return error.detail
    return None


def _has_references(step: StepDraft) -> bool:
    spec = step.spec
    # Over the text of the definition: parsing the payload for references would cost more than loading for a false match.
    return spec.when is not None or isinstance(spec.for_each, str) or "${" in step.row.definition


async def _begin_task_or_nested_workflow(
    run: WorkflowRun, spec: Step, payload: Any, item: int | None, run_child: RunChild
) -> tuple[dict[str, Any], WorkflowRun | None]:
    """Begin the work of a step or an item; return the ids of the work, and the nested workflow if it ended already."""
    if spec.workflow is not None:
        # A nested workflow stores its payload as its input, so it counts like a task's.
        run.budget.spend_payload(encode_json(payload))
        child = await run_child(run, spec, payload, item)
        return {"child_id": child.workflow_id, "task_id": None}, child if child.has_ended else None
    row = run.row
    agents = run.assigned_agents if spec.agent is None else []
    among = await resolve_registered_ids(run.call.tx, agents)
    order = creation.Order(
        spec.task_type or spec.name,
        run.budget.spend_payload(encode_json(payload)),
        # None of the assigned agents is registered: the task is held for the name of the first.
        agents[0] if agents and not among and not spec.capability else spec.agent,
        required=spec.capability,
        model=spec.required_model,
        priority=spec.priority or PRIORITIES[row.priority],
        max_attempts=spec.retries + 1 + MAX_LOST_LEASES,
        max_failures=spec.retries,
        retry_backoff=spec.retry_backoff,
        timeout=spec.timeout,
        metadata=encode_json(spec.metadata) if spec.metadata else "{}",
        created_by=row.created_by,
        account=row.account_id,
        workflow_id=run.workflow_id,
        step=spec.name,
        item=item,
        balanced=bool(spec.capability or among),
        among=among,
    )
    draft, _ = await creation.create_task(run.call, order)
    return {"task_id": draft.task_id}, None


async def _begin_for_each(
    run: WorkflowRun, step: StepDraft, scope: dict[str, Any], run_child: RunChild
) -> FailureReason | None:
    """Create the items of a for_each and begin as many as may run in parallel; return the reason if the step failed."""
    spec, call = step.spec, run.call
    items = (
        evaluate_value(spec.for_each, scope, work=run.budget.work) if isinstance(spec.for_each, str) else spec.for_each
    )
    if not isinstance(items, list):
        raise ExpressionError(f"for_each of {step.name} gives {type(items).__name__}, not a list")
    if len(items) > MAX_ITEMS:
        raise ExpressionError(f"for_each of {step.name} gives {len(items)} items; at most {MAX_ITEMS} are possible")
    around, _ = await _count_enclosing_items(run)
    if len(items) * _count_steps(spec) * around > MAX_STEPS:
        raise ExpressionError(
            f"for_each of {step.name} results in {len(items) * _count_steps(spec) * around} steps, including "
            f"nested workflows and enclosing items; at most {MAX_STEPS} are possible"
        )
    if not items:
        run.set_step_status(step, _S.COMPLETED, items_total=0)
        return None
    for number, item in enumerate(items):
        row = WorkflowItemRow(
            tenant_id=call.caller.tenant,
            workflow_id=run.workflow_id,
            step=step.name,
            item=number,
            value=encode_json(item),
            status=_S.PENDING.value,
            task_id=None,
            child_id=None,
            result=None,
            error=None,
            completed_at=None,
        )
        # All items are rows at once, so that a change of their source between two transactions changes nothing.
        call.tx.append(ITEMS, row)
    run.set_step_status(step, _S.RUNNING, items_total=len(items), items_open=len(items))
    failure = await begin_items(run, step, await compute_parallel_limit(run, step), run_child)
    if failure is None and step.row.items_open == 0:
        run.set_step_status(step, _S.COMPLETED)
    return failure


def _count_steps(spec: Step) -> int:
    """Count a step and the steps of its nested workflow."""
    return 1 if spec.workflow is None else sum(map(_count_steps, spec.workflow))


async def _count_enclosing_items(run: WorkflowRun) -> tuple[int, int]:
    """Count the items over all enclosing levels of a nested workflow, in total and concurrent."""
    parts, wide = 1, 1
    parent_id, parent_step = run.row.parent_id, run.row.parent_step
    # At most five levels (planning.graph.MAX_DEPTH), each one indexed read.
    while parent_id is not None:
        enclosing = await run.call.tx.one(workflows.select_enclosing_step, workflow_id=parent_id, step=parent_step)
        assert enclosing is not None
        parent_id, parent_step, total = enclosing.parent_id, enclosing.parent_step, enclosing.items_total or 1
        parts *= total
        wide *= min(total, parse_definition(enclosing.definition).max_parallel or DEFAULT_PARALLEL)
    return parts, wide


async def compute_parallel_limit(run: WorkflowRun, step: StepDraft) -> int:
    """Compute the number of items of a for_each that run in parallel."""
    _, around = await _count_enclosing_items(run)
    return min(step.spec.max_parallel or DEFAULT_PARALLEL, max(1, MAX_PARALLEL // (_count_steps(step.spec) * around)))


async def begin_items(run: WorkflowRun, step: StepDraft, limit: int, run_child: RunChild) -> FailureReason | None:
    """Begin up to ``limit`` further items; return the reason if the step failed because one could not begin."""
    call, begun = run.call, 0
    scope: dict[str, Any] | None = None
    while begun < limit:
        # Items that end at once (a nested workflow without work) are replaced by further ones, hence the loop.
        where = {"workflow_id": run.workflow_id, "step": step.name}
        rows = await call.tx.all(workflows.select_items, **where, status="pending", limit=limit - begun)
        if not rows:
            break
        if scope is None:
            scope = await run.load_expression_scope() if _has_references(step) else {}
        for row in rows:
            changes = await _begin_item_and_build_changes(run, step, row, scope, run_child)
            # An item that ended at once takes no place of those that run in parallel.
            begun += changes["status"] == _S.READY
            await call.tx.execute(workflows.build_item_update(frozenset(changes)), **where, item=row.item, **changes)
            if changes["status"] == _S.FAILED and step.spec.on_failure != "continue":
                return f"Part {row.item}: {changes['error']}"
    return None if step.row.items_open else describe_failed_items(step)


async def _begin_item_and_build_changes(
    run: WorkflowRun, step: StepDraft, row: WorkflowItemRow, scope: dict[str, Any], run_child: RunChild
) -> dict[str, Any]:
    """Begin an item; return its changed columns, with the reason if it failed."""
    spec, item = step.spec, decode_json(row.value)
    try:
        if scope:
            payload = resolve_payload(spec.payload, scope | {"item": item, "index": row.item}, work=run.budget.work)
        else:
            # A payload without references gets the item under its own names; else all items would have equal tasks.
            payload = spec.payload | {"item": item, "index": row.item}
        begun, over = await _begin_task_or_nested_workflow(run, spec, payload, row.item, run_child)
        if over is None:
            return begun | {"status": _S.READY.value}
        failure, result = await build_failure_and_result(over)
    except (ExpressionError, PaymentRequired) as error:
        begun, failure, result = {}, str(error), None
    step.set_columns(items_open=step.row.items_open - 1, items_failed=step.row.items_failed + (failure is not None))
    status = _S.COMPLETED if failure is None else _S.FAILED
    columns = {"status": status.value, "error": failure and failure[:4000], "result": result}
    return begun | columns | {"completed_at": run.call.now}


def describe_failed_items(step: StepDraft) -> FailureReason | None:
    """Build the error text of a step whose items have all ended."""
    failed = step.row.items_failed
    return f"{failed} of {step.row.items_total} parts failed." if failed else None
