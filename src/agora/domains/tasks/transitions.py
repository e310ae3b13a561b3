"""State changes of a task: start, requeue, reassign, fail, end, and release of what depends on it."""

from __future__ import annotations

from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.supervision import record_agent_failure, record_agent_success
from agora.net.backoff import compute_exponential_delay
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks.coding import DELIVERY_TYPE

from . import queries as tasks
from . import queues, states, views
from .access import lock_task
from .context_queue import insert_context_dependency, lock_context_predecessors
from .draft import TaskDraft, list_parties
from .prices import charge_reserved_price, release_price_reservation, reserve_price_of_agent
from .records import ActiveTasksChange, TaskDuration
from .signals import DELIVERY_TASK_ENDED, STEP_TASK_ENDED, StepTaskEnded

__all__ = [
    "announce_available",
    "build_pool_queue_name",
    "end_task",
    "fail_tasks_of_agent",
    "offer_task_if_ready",
    "reassign_task",
    "release_context_successors",
    "requeue_or_end_failed_attempt",
    "requeue_task",
    "start_without_claim",
]

MAX_BACKOFF_SECONDS = 86_400.0  # a day
MAX_LOGGED_CHARACTERS = 65_536  #: longest result that is copied into the log, in characters
_S = TaskStatus


def announce_available(draft: TaskDraft) -> None:
    """Emit ``agora.task.available`` to the addressee, or to everyone for a task in the pool."""
    address = queues.parse_queue_address(draft.row.queue)
    if address is None:
        draft.emit("available", audience=None, **views.build_available_event_data(draft.row))
    # Nobody has a held name yet: registration announces the task (assign_tasks_of_address).
    elif not address.startswith("name:") and draft.row.assigned_agent is not None:
        draft.emit("available", audience=(draft.row.assigned_agent,), **views.build_available_event_data(draft.row))


def offer_task_if_ready(draft: TaskDraft) -> None:
    """Make a pending task claimable, unless it is blocked or delayed."""
    if draft.row.blocked == 0 and draft.row.available_at is None:
        # Claims read only the partial index of waiting tasks, so a blocked or delayed task must not be in it.
        draft.set_columns(waiting=1)
        announce_available(draft)


async def start_without_claim(draft: TaskDraft) -> None:
    """Start a task without a claim. It has no lease, so it does not expire and stays with its assignee."""
    call = draft.call
    subject = call.caller.subject
    assigned = draft.row.assigned_agent
    # A colon marks an address (name:NAME), which no agent is: an operator that starts such a task holds it itself.
    holder = assigned if call.caller.acts_for_others and assigned and ":" not in assigned else subject
    draft.set_columns(
        status=_S.IN_PROGRESS.value,
        waiting=0,
        holder=holder,
        assigned_agent=holder,
        fence=draft.row.fence + 1,
        attempts=draft.row.attempts + 1,
        started_at=call.now,
        available_at=None,
        progress=0.0,
        error=None,
    )
    draft.append_entry("status", status=_S.IN_PROGRESS, progress=0.0)
    draft.emit("started", attempt=draft.row.attempts)
    change = ActiveTasksChange(tenant_id=call.caller.tenant, agent_id=holder, change=1)
    call.tx.append(tasks.ACTIVE_TASKS, change)


def _release_holder(draft: TaskDraft) -> None:
    """Clear the lease, and decrement the holder's count of active tasks."""
    # Pending and ended tasks were subtracted already; a second subtraction would free a slot that is taken.
    if draft.row.holder is not None and draft.row.status not in (_S.PENDING, *states.TERMINAL_STATUSES):
        change = ActiveTasksChange(tenant_id=draft.row.tenant_id, agent_id=draft.row.holder, change=-1)
        draft.call.tx.append(tasks.ACTIVE_TASKS, change)
    draft.set_columns(lease_until=None, waiting=0, available_at=None)


def _find_default_assignee(draft: TaskDraft) -> str | None:
    """Find the assignee of an unclaimed task from its queue; None in the pool."""
    address = queues.parse_queue_address(draft.row.queue)
    if address is None:
        return None
    if address.startswith("agent:"):
        return address.removeprefix("agent:")
    return str(draft.row.assigned_agent) if address.startswith("worker:") else address


def build_pool_queue_name(draft: TaskDraft) -> str:
    """Return the name of the pool queue with the task's requirements."""
    model = [draft.row.required_model] if draft.row.required_model else []
    needed = queues.build_requirement_tokens(decode_json(draft.row.requirements), model)
    return queues.build_queue_name(queues.build_pool_lane(needed), draft.row.task_type)


def _returns_to_pool(draft: TaskDraft) -> bool:
    """Whether a task belongs to the pool, and returns to it if the agent it is offered to does not claim it."""
    return queues.parse_queue_address(draft.row.queue) is None and bool(decode_json(draft.row.requirements))


async def requeue_task(
    draft: TaskDraft,
    reason: str,
    *,
    available_at: int | None = None,
    refund: bool = False,
    to_holder: bool = False,
) -> None:
    """Return a task to its queue. Raises IllegalTransition.

    refund: the attempt does not count. to_holder: offer a pool task to its holder first, which knows the question that it
    asked; like a balanced task, it returns to the pool if the holder does not claim it in time. A coding job waits for its worker
    while the worker is online.
    """
    states.check_transition(draft.task_id, draft.row.status, _S.PENDING)
    previous_holder, worker, audience = draft.row.holder, draft.row.worker, list_parties(draft.row)
    _release_holder(draft)
    if states.is_balanced(draft.row) and decode_json(draft.row.requirements):
        draft.set_columns(
            queue=build_pool_queue_name(draft)
        )  # the balanced agent may have left: any other agent may claim it
    if to_holder and previous_holder is not None and _returns_to_pool(draft):
        address = f"worker:{worker}" if worker is not None else f"agent:{previous_holder}"
        draft.set_columns(queue=queues.build_queue_name(address, draft.row.task_type), assigned_agent=previous_holder)
    draft.set_columns(
        status=_S.PENDING.value,
        holder=None,
        worker=None,
        assigned_agent=_find_default_assignee(draft),
        fence=draft.row.fence + 1,
        attempts=draft.row.attempts - 1 if refund and draft.row.attempts else draft.row.attempts,
        available_at=available_at,
    )
    draft.append_entry("status", status=_S.PENDING, content=reason, data={"from": previous_holder})
    audience = tuple(
        dict.fromkeys((*audience, *list_parties(draft.row)))
    )  # informs the former holder that it lost the task
    draft.emit("requeued", audience=audience, reason=reason, holder=previous_holder, attempts=draft.row.attempts)
    offer_task_if_ready(draft)
    await draft.save()


async def reassign_task(
    draft: TaskDraft, queue: str, agent: str | None, assignee: str | None, reason: str | None, *, among: bool = False
) -> None:
    """Move a task to another queue, releasing its holder.

    among: the agent is one of several that the creator named. Raises PaymentRequired if a budget does not cover the
    price of the new agent, IllegalTransition.
    """
    previous_agent = draft.row.assigned_agent
    if draft.row.status != _S.PENDING:
        states.check_transition(draft.task_id, draft.row.status, _S.PENDING)
    # _release_holder clears the retry delay, but a new assignee does not make a failing task due earlier: it is restored below.
    holder, available_at = draft.row.holder, draft.row.available_at
    audience = tuple(dict.fromkeys(who for who in (*list_parties(draft.row), agent) if who))
    _release_holder(draft)
    draft.set_columns(
        status=_S.PENDING.value, holder=None, worker=None, queue=queue, assigned_agent=agent, assignee=assignee
    )
    if holder is not None:
        draft.set_columns(fence=draft.row.fence + 1)  # invalidates the token of the former holder
    draft.set_columns(available_at=available_at)
    await reserve_price_of_agent(draft, among=among)
    draft.append_entry(
        "status", status=_S.PENDING, content=reason, data={"reassigned": {"from": previous_agent, "to": agent}}
    )
    draft.emit("reassigned", audience=audience, reason=reason, previous=previous_agent)
    offer_task_if_ready(draft)
    await draft.save()


async def requeue_or_end_failed_attempt(draft: TaskDraft, error: str, *, retry: bool, lost: bool = False) -> None:
    """Record a failed attempt: requeue the task with exponential backoff, or end it if no attempt is left.

    lost: the lease expired without a report; such attempts do not count as failures of the work.
    """
    if not lost:
        draft.set_columns(failures=draft.row.failures + 1)
        limit = draft.row.max_failures
        retry = retry and (limit is None or draft.row.failures <= limit)
    if draft.row.holder is not None:
        await record_agent_failure(draft.call, draft.row.holder)
    if retry and draft.row.attempts < draft.row.max_attempts:
        pause = compute_exponential_delay(draft.row.attempts, draft.row.retry_backoff, MAX_BACKOFF_SECONDS)
        available_at = draft.call.now + int(pause * SECOND) if pause > 0 else None
        # The error stays on the requeued row, so that its creator sees why the task is pending again; the next claim clears it.
        draft.set_columns(error=error)
        await requeue_task(draft, error, available_at=available_at)
    else:
        await end_task(draft, _S.DEAD_LETTERED if lost else _S.FAILED, error=error)


async def end_task(
    draft: TaskDraft, status: TaskStatus, *, result: Any = None, error: str | None = None, content: str | None = None
) -> None:
    """End a task and release or cancel its dependants, recursively, in the same transaction. Raises IllegalTransition."""
    # A work list instead of recursion: chains of dependants may be longer than the interpreter's stack.
    ended_drafts = [draft]
    await _end_task_without_dependants(draft, status, result, error, content)
    while ended_drafts:
        current = ended_drafts.pop()
        if current.row.has_dependants:
            ended_drafts += await _unblock_or_cancel_dependants(current)


async def _end_task_without_dependants(
    draft: TaskDraft, status: TaskStatus, result: Any, error: str | None, content: str | None
) -> None:
    states.check_transition(draft.task_id, draft.row.status, status)
    call = draft.call
    # Before the row is written, because the price reservation must not outlive the task.
    if status is _S.COMPLETED:
        _record_duration(draft)
        await charge_reserved_price(draft)
        if draft.row.holder is not None:
            await record_agent_success(call, draft.row.holder)
    else:
        await release_price_reservation(draft)
    _release_holder(draft)
    draft.set_columns(status=status.value, completed_at=call.now, error=error)
    if status is _S.COMPLETED:
        draft.set_columns(progress=100.0)
    if result is not None:
        text = encode_json(result)
        await call.tx.execute(tasks.update_result, task_id=draft.task_id, result=text)
        # The whole result is a column of its own; streams of the log would carry a large one to every reader.
        log_data = result if len(text) <= MAX_LOGGED_CHARACTERS else None
    else:
        log_data = None
    draft.append_entry("done", status=status, progress=draft.row.progress, content=content or error, data=log_data)
    draft.emit(status.value, error=error, reason=content, attempts=draft.row.attempts)
    await draft.save()
    if draft.row.workflow_id is not None:
        await call.publish(STEP_TASK_ENDED, StepTaskEnded(draft.row, status, error or content))
    if draft.row.task_type == DELIVERY_TYPE:
        await call.publish(DELIVERY_TASK_ENDED, draft.row)


def _record_duration(draft: TaskDraft) -> None:
    # Of the last attempt only: waiting includes the earlier attempts, as the requester experienced it.
    if draft.row.started_at is None or draft.row.holder is None:
        return
    duration = TaskDuration(
        tenant_id=draft.row.tenant_id,
        task_type=draft.row.task_type,
        agent_id=draft.row.holder,
        waited=(draft.row.started_at - draft.row.created_at) / SECOND,
        ran=(draft.call.now - draft.row.started_at) / SECOND,
        now=draft.call.now,
    )
    draft.call.tx.append(tasks.TASK_DURATIONS, duration)


async def release_context_successors(draft: TaskDraft) -> None:
    """Release the tasks of the same context that wait for this task, which now waits for its requester."""
    if not draft.row.has_dependants:
        return
    call = draft.call
    dependants = await call.tx.all(tasks.select_dependants, task_id=draft.task_id)
    ids = [dependant.task_id for dependant in dependants if dependant.in_context]
    # Deleted before the tasks are unblocked: when this task ends later, they must not be unblocked a second time.
    await call.tx.execute(tasks.delete_context_dependants, task_id=draft.task_id)
    for row in await call.tx.all(tasks.lock_tasks, ids=encode_json(ids)):
        if row.status not in states.TERMINAL_STATUSES:
            await _unblock_task(TaskDraft(call, row))


async def _unblock_task(draft: TaskDraft) -> None:
    """Decrement the number of tasks that this one waits for."""
    draft.set_columns(blocked=draft.row.blocked - 1)
    if draft.row.status == _S.PENDING:
        offer_task_if_ready(draft)
    await draft.save()


async def _unblock_or_cancel_dependants(done: TaskDraft) -> list[TaskDraft]:
    """Unblock the dependants of an ended task, or cancel those that need its missing result. Return the cancelled."""
    call, ended_drafts = done.call, []
    dependants = await call.tx.all(tasks.select_dependants, task_id=done.task_id)
    in_context = {dependant.task_id for dependant in dependants if dependant.in_context}
    # If a task ends before its turn, its successors inherit its predecessors.
    predecessors = await lock_context_predecessors(call, done.task_id) if in_context else ()
    # Locked in id order, as everywhere, so that two ending tasks with common dependants cannot deadlock.
    ids = [dependant.task_id for dependant in dependants]
    for row in await call.tx.all(tasks.lock_tasks, ids=encode_json(ids)):
        draft = TaskDraft(call, row)
        # Cancelled meanwhile, or reached by another path of the same graph in this transaction.
        if draft.row.status in states.TERMINAL_STATUSES:
            continue
        if row.task_id in in_context and predecessors:
            await insert_context_dependency(draft, predecessors[-1])
        elif row.task_id in in_context or done.row.status == _S.COMPLETED:
            await _unblock_task(draft)
        else:
            why = f"It depends on {done.task_id}, which is {done.row.status}."
            await _end_task_without_dependants(draft, _S.CANCELLED, None, None, why)
            ended_drafts.append(draft)
    return ended_drafts


async def fail_tasks_of_agent(call: Call, agent_id: str, error: str, *, by_capability: bool = True) -> None:
    """End the tasks of an agent as failed. by_capability: include tasks not assigned to it by name, which others could do."""
    # Locked again one by one: ending a task may have ended others of this list through their dependencies.
    for task_id in await call.tx.all(tasks.select_open_tasks, agent_id=agent_id):
        draft = await lock_task(call, task_id)
        is_named = draft.row.assignee is not None and not draft.row.assignee.startswith("capability:")
        if draft.row.status not in states.TERMINAL_STATUSES and (by_capability or is_named):
            await end_task(draft, TaskStatus.FAILED, error=error)
