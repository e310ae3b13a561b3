"""Timers of tasks: expired leases, retry delays, deadlines and assignment timeouts; and changes of the assignee.

Each task has at most one timer, its column ``due_at`` (:func:`.states.compute_next_due_time`); :class:`.jobs.TaskDeadlineController` polls it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json
from agora.domains.agents.references import build_address_of_name, resolve_registered_ids
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import PaymentRequired

from . import creation, queues, states, views
from . import queries as tasks
from . import worker_queries as workers
from .access import lock_task
from .draft import TaskDraft
from .prices import release_price_reservation
from .records import ReaddressedTask
from .signals import STEP_CANDIDATES, StepCandidates
from .transitions import (
    announce_available,
    build_pool_queue_name,
    end_task,
    offer_task_if_ready,
    reassign_task,
    requeue_or_end_failed_attempt,
    requeue_task,
)

__all__ = [
    "apply_due_timer",
    "assign_tasks_of_address",
    "assign_tasks_waiting_for_name",
    "extend_timers_after_halt",
    "move_tasks_of_worker_to_owner",
    "requeue_tasks_of_agent",
]

_S = TaskStatus


async def apply_due_timer(call: Call, task_id: str) -> bool:
    """Handle the timer of a task if it is still due; return whether its lease expired. Idempotent across servers."""
    # Checked again under the row lock: another server may have handled the timer, or a renewal may have moved it.
    row = await call.tx.one(tasks.lock_task, task_id=task_id)
    if row is None or row.due_at is None or row.due_at > call.now:
        return False
    draft = TaskDraft(call, row)
    call.target = task_id
    if row.status == _S.IN_PROGRESS:
        return await _apply_timer_of_running_task(draft)
    # The deadline is checked before the retry delay: an expired task must not be offered again.
    if row.deadline <= call.now:
        await end_task(draft, _S.EXPIRED, content="Its deadline passed before it was done.")
    elif row.lease_until is not None and row.lease_until <= call.now:
        # The holder that waited for the answer is gone, so an answer has no use: the attempt counts as lost.
        # A task that waits for input cannot fail (states.check_transition): it is put back to the state that can.
        draft.set_columns(status=_S.IN_PROGRESS.value)
        error = f"The question is withdrawn: the lease of {row.holder}, who waited, expired."
        await requeue_or_end_failed_attempt(draft, error, retry=True, lost=True)
        return True
    # Several causes may be due at once; each case ends with a save, which computes the next timer.
    elif row.waiting and states.is_balanced(row):
        await _move_unclaimed_task(draft)
    elif row.available_at is not None and row.available_at <= call.now:
        draft.set_columns(available_at=None)
        offer_task_if_ready(draft)
        await draft.save()
    else:
        await draft.save()  # the cause no longer applies: only recompute due_at
    return False


async def _apply_timer_of_running_task(draft: TaskDraft) -> bool:
    now, row = draft.call.now, draft.row
    expired = row.lease_until is not None and row.lease_until <= now
    if expired:
        error = f"The lease of {row.holder} expired."
        await requeue_or_end_failed_attempt(draft, error, retry=True, lost=True)
    elif row.timeout is not None and row.started_at is not None and row.started_at + row.timeout * SECOND <= now:
        # A timeout counts as a failure, unlike a lost lease: the worker was alive and too slow.
        await requeue_or_end_failed_attempt(draft, f"The attempt took longer than {row.timeout} s.", retry=True)
    else:
        # Running work is not stopped at its deadline: most of it is done by then, and its creator can cancel it.
        if row.deadline <= now:
            draft.emit("overdue", deadline=to_datetime(row.deadline))
            draft.append_entry("note", content="The deadline has passed; the work continues.")
        await draft.save()
    return expired


async def _move_unclaimed_task(draft: TaskDraft) -> None:
    """Move a task that its balanced agent did not claim in time to the pool or to the next candidate."""
    # Its worktree and session are on that worker's machine, so another worker would begin anew. Saving restarts the timer.
    if draft.row.task_type == JOB_TYPE and await _is_worker_online(draft):
        await draft.save()
        return
    queue, agent, agent_ids = build_pool_queue_name(draft), None, list[str]()
    if not decode_json(draft.row.requirements):
        agent_ids = [
            agent_id for agent_id in await _list_workflow_agents(draft) if agent_id != draft.row.assigned_agent
        ]
        if not agent_ids:
            await draft.save()
            return
        # Only the destination is resolved: payload and other fields of the order are not used.
        order = creation.Order(draft.row.task_type, "{}", balanced=True, among=agent_ids)
        target = await creation.resolve_destination(draft.call, order)
        queue, agent = queues.build_queue_name(target.lane, draft.row.task_type), target.agent
    try:
        await reassign_task(draft, queue, agent, draft.row.assignee, "not taken in time", among=agent in agent_ids)
    # The price of the next agent does not fit the budget, and nobody is there to be told: the task ends with the
    # reason.
    except PaymentRequired as error:
        await end_task(draft, _S.FAILED, error=error.detail)


async def _is_worker_online(draft: TaskDraft) -> bool:
    """Whether the worker that a task is offered to is online and accepts tasks."""
    address = queues.parse_queue_address(draft.row.queue) or ""
    if not address.startswith("worker:"):
        return False
    worker = await draft.call.tx.one(workers.select_worker, ref=address.removeprefix("worker:"), owner="")
    if worker is None or worker.draining_at is not None:
        return False
    return draft.call.now - worker.last_seen <= states.ONLINE_SECONDS * SECOND


async def _list_workflow_agents(draft: TaskDraft) -> list[str]:
    """List the ids of the agents assigned to the task's workflow."""
    if draft.row.workflow_id is None:
        return []
    candidates = await draft.call.publish(STEP_CANDIDATES, StepCandidates(draft.row.workflow_id))
    return await resolve_registered_ids(draft.call.tx, candidates.agents)


async def assign_tasks_waiting_for_name(call: Call, agent_id: str, agent_name: str) -> int:
    """Assign the tasks that waited for a name to the agent that registered it; return their number."""
    return await assign_tasks_of_address(call, build_address_of_name(agent_name), agent_id)


async def requeue_tasks_of_agent(call: Call, agent_id: str, agent_name: str) -> None:
    """Requeue the running tasks of an agent that left. They stay assigned to its id until their creator or an operator moves them.

    A later agent of the same name is a different agent, so no task of the former one may remain under the name.
    """
    for row in await call.tx.all(tasks.select_held_tasks, agent_id=agent_id):
        await requeue_task(await lock_task(call, row), "its agent has left", refund=True)
    # refund above: leaving is not the task's failure, so it keeps its attempts.
    await call.tx.execute(workers.retire_workers_of_owner, owner=agent_id, now=call.now)
    # A task created concurrently with the registration may still be addressed to the name.
    for address in (build_address_of_name(agent_name), agent_id):
        await _readdress_tasks(call, address, agent_id)


async def move_tasks_of_worker_to_owner(call: Call, worker_id: str, owner: str) -> None:
    """Move the tasks that wait for an unregistered worker to the queue of its owner."""
    lanes = {"old_lane": f"worker:{worker_id}", "new_lane": f"agent:{owner}"}
    prefixes = {name: queues.build_queue_name(lane, "") for name, lane in lanes.items()}
    for row in await call.tx.returning(tasks.move_worker_tasks, owner=owner, **prefixes):
        if row.waiting:
            announce_available(TaskDraft(call, row))


async def assign_tasks_of_address(call: Call, address: str, agent_id: str) -> int:
    """Assign the unfinished tasks of an address (``name:NAME`` or id of a former agent) to an agent; return their number."""
    rows = await _readdress_tasks(call, address, agent_id)
    for row in rows:
        data = {
            "task_id": row.task_id,
            "task_type": row.task_type,
            "status": row.status,
            "assigned_agent": agent_id,
            "priority": views.PRIORITIES[row.priority].value,
            "required_capabilities": decode_json(row.requirements),
            "required_model": row.required_model,
            "queue": "own",
        }
        parties = tuple(dict.fromkeys((row.created_by, agent_id)))
        # Emitted from the returned columns instead of whole rows: a name may have a thousand tasks waiting for it.
        call.emit("agora.task.assigned", data | {"created_by": row.created_by}, subject=row.task_id, audience=parties)
        if row.waiting:
            call.emit("agora.task.available", data, subject=row.task_id, audience=(agent_id,))
    return len(rows)


async def _readdress_tasks(call: Call, address: str, agent_id: str) -> Sequence[ReaddressedTask]:
    """Move the unfinished tasks of an address to an agent's queues, releasing prices agreed with another agent."""
    prefix = queues.build_queue_name(f"agent:{agent_id}", "")
    rows = await call.tx.returning(tasks.readdress_tasks, old_address=address, new_address=agent_id, new_lane=prefix)
    for row in rows:
        if row.price_version is not None:  # agreed with the agent that left
            draft = await lock_task(call, row.task_id)
            await release_price_reservation(draft)
            await draft.save()
    return rows


async def extend_timers_after_halt(call: Call, since: int) -> None:
    """Extend leases and timers by the duration of a halt. since: its start, microseconds since 1970."""
    # max: the wall clock may have been set back during the halt, which must not shorten leases.
    await call.tx.execute(tasks.extend_leases, since=since, stood_still=max(0, call.now - since))
