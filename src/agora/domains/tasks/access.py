"""Access checks of tasks: who may see a task, and who may change it."""

from __future__ import annotations

from agora.clock import to_datetime
from agora.core.call import Call, Caller
from agora.core.errors import not_found
from agora.domains.agents.references import build_address_of_name
from agora_sdk.errors import Conflict, NotFound, PermissionDenied, StaleLease

from . import list_queries as task_lists
from . import queries as tasks
from . import queues, states
from .draft import TaskDraft
from .records import TaskRow

__all__ = [
    "can_see_task",
    "is_assignee",
    "load_visible_task",
    "lock_assigned_task",
    "lock_held_task",
    "lock_own_task",
    "lock_task",
    "lock_task_for_message",
    "lock_visible_task",
]


def can_see_task(caller: Caller, row: TaskRow) -> bool:
    """Whether a caller may see a task: as its creator, assignee or holder; anyone while it is unassigned.

    A task that waits for an agent name is visible to the agent of that name, but only until it has ended: the name may
    have belonged to another agent then.
    """
    if caller.reads_all:
        return True
    if caller.subject in (row.created_by, row.assigned_agent, row.holder):
        return True
    if row.completed_at is not None:
        return False
    held_for_name = caller.kind == "agent" and row.assigned_agent == build_address_of_name(caller.name)
    return held_for_name or row.assigned_agent is None


def _require_visible(call: Call, task_id: str, row: TaskRow | None) -> TaskRow:
    if row is None or not can_see_task(call.caller, row):
        raise _build_unknown_task_error(task_id)
    return row


def _build_unknown_task_error(task_id: str) -> NotFound:
    return not_found("task_id", f"There is no task {task_id}.", fix="Tasks are found with GET /agora/task/list.")


async def load_visible_task(call: Call, task_id: str) -> TaskRow:
    """Load a task that the caller may see. Raises NotFound if it does not exist or is hidden; the error is the same."""
    return _require_visible(call, task_id, await call.tx.one(tasks.select_task, task_id=task_id))


async def lock_visible_task(call: Call, task_id: str) -> TaskDraft:
    """Load a task that the caller may see, and lock its row for update."""
    call.target = task_id
    return TaskDraft(call, _require_visible(call, task_id, await call.tx.one(tasks.lock_task, task_id=task_id)))


async def lock_task(call: Call, task_id: str) -> TaskDraft:
    """Lock a task without an access check, for changes made by the server itself. Raises NotFound after its deletion."""
    row = await call.tx.one(tasks.lock_task, task_id=task_id)
    if row is None:
        raise _build_unknown_task_error(task_id)
    return TaskDraft(call, row)


async def lock_own_task(call: Call, task_id: str) -> TaskDraft:
    """Lock a task for its creator or an operator. Raises NotFound, PermissionDenied."""
    draft = await lock_visible_task(call, task_id)
    caller = call.caller
    if not caller.acts_for(draft.row.created_by):
        raise PermissionDenied(
            f"{task_id} was created by {draft.row.created_by}; only its creator may do this.",
            fix="Its assignee can reject, release or fail it instead.",
            required="act:any",
        )
    return draft


async def lock_held_task(call: Call, task_id: str, token: int, *, may_have_ended: bool = False) -> TaskDraft:
    """Lock a task for the holder of its lease. Raises StaleLease if the fencing token is not the newest.

    may_have_ended: also if it ended otherwise than by its holder's report, such as by a cancellation.
    """
    call.target = task_id
    row = await call.tx.one(tasks.lock_task, task_id=task_id)
    # A task that went on to another worker is hidden from its former holder; StaleLease tells that program to stop.
    if row is None or not (can_see_task(call.caller, row) or await _has_worked_on_task(call, task_id)):
        raise _build_unknown_task_error(task_id)
    draft = TaskDraft(call, row)
    _check_fencing_token(call.caller, draft, token, may_have_ended=may_have_ended)
    return draft


async def _has_worked_on_task(call: Call, task_id: str) -> bool:
    """Whether the caller held the task before. It then gets StaleLease, where other callers get NotFound."""
    return (
        await call.tx.one(task_lists.select_any_entry_of_actor, task_id=task_id, actor=call.caller.subject) is not None
    )


async def lock_assigned_task(call: Call, task_id: str, token: int | None) -> TaskDraft:
    """Lock a task for its worker, identified by the fencing token of its claim, or without a token as its assignee.

    Raises NotFound, StaleLease, Conflict while another subject holds the lease, PermissionDenied.
    """
    if token is not None:
        return await lock_held_task(call, task_id, token)
    draft = await lock_visible_task(call, task_id)
    caller = call.caller
    if draft.row.holder == caller.subject:
        return draft
    # Checked before the operator's rights: even an operator must not write beside a running lease, only revoke it.
    if draft.row.lease_until is not None:
        raise Conflict(
            f"{task_id} is leased to {draft.row.holder} until {to_datetime(draft.row.lease_until):%H:%M:%S}.",
            fix="Wait until it is given back, or let its creator reassign it.",
            holder=draft.row.holder,
        )
    if caller.acts_for_others or is_assignee(caller, draft):
        return draft
    if draft.row.assigned_agent is None and draft.row.status in states.UNFINISHED_STATUSES:
        raise PermissionDenied(
            f"{task_id} is in the pool, and you have not claimed it.", fix="Claim it with agora.task.claim."
        )
    raise PermissionDenied(
        f"{task_id} is assigned to {draft.row.assigned_agent}.",
        fix="Only its assignee may work on it.",
        required="act:any",
    )


async def lock_task_for_message(call: Call, task_id: str, token: int | None) -> tuple[TaskDraft, str]:
    """Lock a task to add a message, and choose its role: ``ROLE_USER`` for the requester, ``ROLE_AGENT`` for the worker.

    A caller that is both is the requester while the task waits for input, and the worker otherwise.
    """
    if token is not None:
        return await lock_held_task(call, task_id, token), "ROLE_AGENT"
    draft = await lock_visible_task(call, task_id)
    caller = call.caller
    is_requester = caller.subject == draft.row.created_by
    is_worker = caller.subject == draft.row.holder or is_assignee(caller, draft)
    if is_worker and not (is_requester and draft.row.status in states.INTERRUPTED_STATUSES):
        return await lock_assigned_task(call, task_id, None), "ROLE_AGENT"
    if is_requester or caller.acts_for_others:
        return draft, "ROLE_USER"
    raise PermissionDenied(
        f"{task_id} takes messages only from {draft.row.created_by} and its assignee.",
        fix="Add a comment with agora.task.comment.",
        required="act:any",
    )


def is_assignee(caller: Caller, draft: TaskDraft) -> bool:
    """Whether a task is assigned to the caller's id or waits for its name."""
    assigned = draft.row.assigned_agent
    return assigned == caller.subject or (caller.kind == "agent" and assigned == build_address_of_name(caller.name))


def _check_fencing_token(caller: Caller, draft: TaskDraft, token: int, *, may_have_ended: bool) -> None:
    # The fence grows whenever the task changes hands. The status is checked as well, because the end of a task keeps the fence.
    if token == draft.row.fence and caller.acts_for(draft.row.holder):
        if may_have_ended or draft.row.status in states.UNFINISHED_STATUSES:
            return
        if draft.row.status in ("completed", "failed"):
            return  # a repeated call is idempotent: the operation compares it with what was recorded
    raise StaleLease(
        f"{draft.task_id} is {draft.row.status}; the fencing token {token} is not the newest."
        if token != draft.row.fence
        else f"{draft.task_id} is {draft.row.status} and no longer yours.",
        fix="Stop working on it; its next holder continues from the last checkpoint.",
        task_status=draft.row.status,
        # The holder of a pool task is another worker of the marketplace, which is not the former holder's business.
        holder=draft.row.holder if queues.parse_queue_address(draft.row.queue) else None,
    )
