"""Beginning steps: a task, a workflow of its own, an approval, or many parts at once."""

from __future__ import annotations

from typing import Any

from agora_sdk.contract.workflows import Step, StepStatus

from ...store.port import Row
from ...store.statements import workflows
from ...workflow.expressions import ExpressionError, condition, resolve, value
from ..addresses import registered
from ..base import pack, unpack
from ..tasks import giving
from ..tasks.view import PRIORITIES
from .run import Run, StepDraft

__all__ = ["AT_ONCE", "begin", "begin_items", "parts_failed"]

_S = StepStatus
MOST_ITEMS = 1000
AT_ONCE = 100  #: parts of a for_each that are under way at a time, unless the step says otherwise
LOST_LEASES = 10  #: of a step's task: that its worker dies is not the step's failure, up to so many times


async def begin(run: Run, step: StepDraft) -> str | None:
    """Begin a step whose time has come; answers why it failed at once, if it did."""
    spec = step.spec
    try:
        scope = await run.scope() if _refers(step) else {}
        if spec.when is not None and not condition(spec.when, scope, work=run.work):
            run.move(step, _S.SKIPPED)
        elif spec.approval:
            run.move(step, _S.RUNNING)
            run.emit("approval_required", step=step.name, message=spec.message)
        elif spec.for_each is not None:
            return await _spread(run, step, scope)
        else:
            payload = resolve(spec.payload, scope, work=run.work) if scope else spec.payload
            run.move(step, _S.READY, **await _begin_one(run, spec, payload, None))
    except ExpressionError as error:
        return str(error)
    return None


def _refers(step: StepDraft) -> bool:
    spec = step.spec
    return spec.when is not None or isinstance(spec.for_each, str) or "${" in step.row["definition"]


async def _begin_one(run: Run, spec: Step, payload: Any, item: int | None) -> dict[str, Any]:
    """Begin the work of a step, or of a part of it; answers the ids of what was begun."""
    if spec.workflow is not None:
        from .creating import create_child

        return {"child_id": await create_child(run, spec, payload, item), "task_id": None}
    row = run.row
    agents = run.assigned_agents if spec.agent is None else []
    among = await registered(run.call.tx, agents)
    order = giving.Order(
        spec.task_type or spec.name,
        pack(payload),
        agents[0] if agents and not among and not spec.capability else spec.agent,
        required=spec.capability,
        model=spec.required_model,
        priority=spec.priority or PRIORITIES[row["priority"]],
        max_attempts=spec.retries + 1 + LOST_LEASES,
        max_failures=spec.retries,
        retry_backoff=spec.retry_backoff,
        timeout=spec.timeout,
        metadata=pack(spec.metadata) if spec.metadata else "{}",
        created_by=row["created_by"],
        account=row["account_id"],
        workflow_id=run.workflow_id,
        step=spec.name,
        item=item,
        balanced=bool(spec.capability or among),
        among=among,
    )
    draft, _ = await giving.create(run.call, order)
    return {"task_id": draft.task_id}


async def _spread(run: Run, step: StepDraft, scope: dict[str, Any]) -> str | None:
    """Make the parts of a for_each, and begin as many as may be under way; answers why the step failed, if it did."""
    spec, call = step.spec, run.call
    items = value(spec.for_each, scope, work=run.work) if isinstance(spec.for_each, str) else spec.for_each
    if not isinstance(items, list):
        raise ExpressionError(f"for_each of {step.name} gives {type(items).__name__}, not a list")
    if len(items) > MOST_ITEMS:
        raise ExpressionError(f"for_each of {step.name} gives {len(items)} items; at most {MOST_ITEMS} are possible")
    if not items:
        run.move(step, _S.COMPLETED, items_total=0)
        return None
    for number, item in enumerate(items):
        row = dict.fromkeys(workflows.ITEMS.names) | {
            "tenant_id": call.caller.tenant,
            "workflow_id": run.workflow_id,
            "step": step.name,
            "item": number,
            "value": pack(item),
            "status": _S.PENDING.value,
        }
        call.tx.append(workflows.ITEMS, tuple(row.values()))
    run.move(step, _S.RUNNING, items_total=len(items), items_open=len(items))
    return await begin_items(run, step, spec.max_parallel or AT_ONCE)


async def begin_items(run: Run, step: StepDraft, most: int) -> str | None:
    """Begin up to so many further parts; answers why the step has failed with one that could not be begun."""
    call, begun = run.call, 0
    scope: dict[str, Any] | None = None
    while begun < most:
        where = {"workflow_id": run.workflow_id, "step": step.name}
        rows = await call.tx.all(workflows.items_in, **where, status="pending", limit=most - begun)
        if not rows:
            break
        if scope is None:
            scope = await run.scope() if _refers(step) else {}
        for row in rows:
            changes = await _begin_item(run, step, row, scope)
            begun += changes["status"] == _S.READY
            await call.tx.execute(workflows.change_item(frozenset(changes)), **where, item=row["item"], **changes)
            if changes["status"] == _S.FAILED and step.spec.on_failure != "continue":
                return f"Part {row['item']}: {changes['error']}"
    return None if step.row["items_open"] else parts_failed(step)


async def _begin_item(run: Run, step: StepDraft, row: Row, scope: dict[str, Any]) -> dict[str, Any]:
    """Begin a part; answers the columns that say so, or why it failed."""
    spec, item = step.spec, unpack(row["value"])
    try:
        if scope:
            payload = resolve(spec.payload, scope | {"item": item, "index": row["item"]}, work=run.work)
        else:
            payload = spec.payload | {"item": item, "index": row["item"]}
        return await _begin_one(run, spec, payload, row["item"]) | {"status": _S.READY.value}
    except ExpressionError as error:
        step.set(items_open=step.row["items_open"] - 1, items_failed=step.row["items_failed"] + 1)
        return {"status": _S.FAILED.value, "error": str(error)[:4000], "completed_at": run.call.now}


def parts_failed(step: StepDraft) -> str | None:
    """What is said of a step whose parts have all ended."""
    failed = step.row["items_failed"]
    return f"{failed} of {step.row['items_total']} parts failed." if failed else None
