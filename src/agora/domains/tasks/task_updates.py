"""Operations of a task's assignee or lease holder: status, progress, checkpoints, output, completion."""

from __future__ import annotations

import json
from typing import Any

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.value_classes import value_class
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import JsonObject, TaskStatus
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, PayloadTooLarge, PermissionDenied, field_error

from . import access, states
from . import list_queries as task_lists
from . import queries as tasks
from .draft import TaskDraft
from .transitions import (
    end_task,
    release_context_successors,
    requeue_or_end_failed_attempt,
    requeue_task,
    start_without_claim,
)

__all__ = [
    "RenewalRequest",
    "UpdateRequest",
    "append_output",
    "apply_update",
    "complete_task",
    "fail_task",
    "release_task",
    "renew_lease",
    "start_if_work_reported",
]

_S = TaskStatus
TIMED_ENDS = frozenset({_S.EXPIRED, _S.DEAD_LETTERED})
MAX_CHECKPOINT_CHARACTERS = 65_536  #: characters of JSON


@value_class(kw_only=True)
class UpdateRequest:
    """Parameters of ``agora.task.update``; None: unchanged. token: fencing token of the lease."""

    task_id: str
    status: TaskStatus | None
    progress: float | None
    notes: str | None
    milestone: str | None
    result: Any
    token: int | None


async def apply_update(call: Call, update: UpdateRequest) -> TaskDraft:
    """Apply ``agora.task.update``. Raises InvalidRequest, IllegalTransition, Conflict, StaleLease, PermissionDenied."""
    status, progress, notes, milestone = update.status, update.progress, update.notes, update.milestone
    if status in TIMED_ENDS:
        raise InvalidRequest(
            f"The status {status} is set by the server only.",
            errors=[field_error("status", "set by the server only")],
        )
    draft = await _lock_reported_task(call, update.task_id, status, update.token)
    # A worker repeats a report whose response was lost: an equal one succeeds, without a second event or charge.
    if status is not None and status.value == draft.row.status and status in states.TERMINAL_STATUSES:
        await _check_repeated_update(draft, progress, notes, milestone, update.result)
        return draft
    has_text = notes is not None or milestone is not None
    if (
        status is None
        and draft.row.status in states.TERMINAL_STATUSES
        and (progress is not None or milestone is not None)
    ):
        states.check_transition(update.task_id, draft.row.status, _S.IN_PROGRESS)
    await start_if_work_reported(draft, status, progress if progress is not None else (0.0 if milestone else None))
    ends = status in states.TERMINAL_STATUSES
    # An ending report of 100 is implied by completion, so it needs no entry of its own.
    has_progressed = progress is not None and progress != draft.row.progress and not (ends and progress >= 100)
    if progress is not None and has_progressed:
        _set_nondecreasing_progress(draft, progress)
    if has_text or has_progressed:
        is_question = status in states.INTERRUPTED_STATUSES and status.value != draft.row.status
        _append_and_emit_progress(
            draft, progress if has_progressed else None, notes, milestone, alone=not (ends or is_question)
        )
    if status is None or status.value == draft.row.status:
        await draft.save()
    else:
        await _change_status(draft, status, update.result, notes)
    return draft


async def _lock_reported_task(call: Call, task_id: str, status: TaskStatus | None, token: int | None) -> TaskDraft:
    """Lock the task for its assignee, or for its creator to cancel it or answer its question."""
    # Both states are set by either side: the creator cancels or answers, the assignee gives back.
    if status in (_S.CANCELLED, _S.PENDING):
        draft = await access.lock_visible_task(call, task_id)
        if call.caller.acts_for(draft.row.created_by):
            if status is _S.PENDING and draft.row.status not in states.INTERRUPTED_STATUSES:
                states.check_transition(task_id, draft.row.status, _S.PENDING)
                if draft.row.lease_until is not None and call.caller.subject != draft.row.holder:
                    raise Conflict(f"{task_id} is leased to {draft.row.holder}.", fix="Use agora.task.reassign.")
            return draft
        if status is _S.CANCELLED:
            raise PermissionDenied(
                f"{task_id} was created by {draft.row.created_by}; only its creator may cancel it.",
                fix="Set it to rejected, or release it.",
                required="act:any",
            )
    return await access.lock_assigned_task(call, task_id, token)


async def _check_repeated_update(
    draft: TaskDraft, progress: float | None, notes: str | None, milestone: str | None, result: Any
) -> None:
    """Accept a repeated update to a terminal status; raise Conflict if it differs from the record."""
    if result is not None:
        await _check_repeated_result(draft, result)
    recorded_notes = draft.row.error if draft.row.status == _S.FAILED else draft.row.notes
    # The reason of a cancellation is only in the log and not compared.
    if draft.row.status != _S.CANCELLED and notes not in (None, recorded_notes):
        raise _build_ended_differently_error(draft, "notes")
    if milestone not in (None, draft.row.milestone):
        raise _build_ended_differently_error(draft, "milestone")
    if progress is not None and progress > draft.row.progress:
        raise _build_ended_differently_error(draft, "progress")


async def _check_repeated_result(draft: TaskDraft, result: Any) -> None:
    data = await draft.call.tx.one(tasks.select_task_data, task_id=draft.task_id)
    recorded = None if data is None or data.result is None else decode_json(data.result)
    if _encode_canonical_json(recorded) != _encode_canonical_json(result):
        raise _build_ended_differently_error(draft, "result")


def _encode_canonical_json(value: Any) -> str:
    """Encode as JSON with sorted keys, so that comparison ignores key order and distinguishes 1 from true."""
    return json.dumps(value, sort_keys=True)


def _build_ended_differently_error(draft: TaskDraft, field: str) -> Conflict:
    return Conflict(
        f"{draft.task_id} is {draft.row.status} already, with another {field}.",
        fix="Repeat a call unchanged, or not at all; agora.task.get shows how the task ended.",
        errors=[field_error(field, "differs from the recorded value")],
        task_status=draft.row.status,
    )


async def start_if_work_reported(draft: TaskDraft, status: TaskStatus | None, progress: float | None) -> None:
    """Start a pending task when work is reported, so that it passes through in_progress.

    Raises IllegalTransition if it is blocked, or if only progress or output implies the start and the caller is not the
    assignee: an operator acts for an assignee by setting the status.
    """
    # Neither giving back, cancelling nor rejecting implies that work began.
    if draft.row.status != _S.PENDING or status in (_S.PENDING, _S.CANCELLED, _S.REJECTED):
        return
    if status is None and progress is None:
        return
    if status is None and not access.is_assignee(draft.call.caller, draft):
        raise IllegalTransition(
            f"{draft.task_id} is pending; it has not been claimed.",
            fix="Wait until it is claimed, or set its status to in_progress on behalf of its assignee.",
            allowed=states.list_allowed_transitions(draft.row.status),
        )
    if status is not None and status is not _S.IN_PROGRESS:
        states.check_transition(draft.task_id, draft.row.status, status)
    _check_not_blocked(draft)
    await start_without_claim(draft)


def _check_not_blocked(draft: TaskDraft) -> None:
    if draft.row.blocked:
        paused = draft.row.workflow_id is not None
        raise IllegalTransition(
            f"{draft.task_id} is blocked: its workflow is paused."
            if paused
            else f"{draft.task_id} is blocked by {draft.row.blocked} unfinished tasks.",
            fix="Resume the workflow first." if paused else "See 'depends_on'.",
            allowed=[_S.CANCELLED.value, _S.REJECTED.value],
        )


def _set_nondecreasing_progress(draft: TaskDraft, progress: float) -> None:
    if progress < draft.row.progress:
        raise Conflict(
            f"The progress of {draft.task_id} is {draft.row.progress:g}; it cannot decrease to {progress:g}.",
            fix="Report the current progress, or release the task to restart it.",
            progress=draft.row.progress,
        )
    draft.set_columns(progress=progress)


def _append_and_emit_progress(
    draft: TaskDraft, progress: float | None, notes: str | None, milestone: str | None, *, alone: bool
) -> None:
    if notes is not None:
        draft.set_columns(notes=notes)
    if milestone is not None:
        draft.set_columns(milestone=milestone)
    kind = "milestone" if milestone is not None else "progress" if progress is not None else "note"
    if kind == "note" and not alone:
        return  # the entry of the status change holds the notes
    draft.append_entry(
        kind, progress=draft.row.progress, content=notes, data={"milestone": milestone} if milestone else None
    )
    draft.emit("progress", progress=draft.row.progress, notes=notes, milestone=milestone)


async def _change_status(draft: TaskDraft, status: TaskStatus, result: Any, notes: str | None) -> None:
    states.check_transition(draft.task_id, draft.row.status, status)
    if status is _S.PENDING:
        await requeue_task(draft, notes or "given back")
    elif status in states.INTERRUPTED_STATUSES:
        # No lease while waiting for an answer: a person may take days, and the worker must not be treated as crashed.
        draft.set_columns(status=status.value, lease_until=None, said=draft.row.said + len(notes or ""))
        draft.append_entry("status", status=status, content=notes)
        draft.emit(status.value, notes=notes)
        await draft.save()
        await release_context_successors(draft)
    elif status is _S.IN_PROGRESS:
        # An answered question that its own worker resumes; the holder stays, so that its token remains valid.
        draft.set_columns(status=status.value, holder=draft.row.holder or draft.call.caller.subject)
        draft.append_entry("status", status=status, content=notes)
        draft.emit("started", attempt=draft.row.attempts)
        await draft.save()
    else:
        error = (notes or "failed") if status is _S.FAILED else None
        await end_task(draft, status, result=result, error=error, content=notes)


@value_class(kw_only=True)
class RenewalRequest:
    """Parameters of a lease renewal and values to store with it; None: unchanged. token: fencing token of the lease."""

    task_id: str
    token: int
    lease_seconds: int | None
    progress: float | None
    checkpoint: JsonObject | None
    checkpoint_number: int | None


async def renew_lease(call: Call, request: RenewalRequest) -> contract.Renewal:
    """Extend a lease, and store progress and a checkpoint. Raises StaleLease, IllegalTransition, Conflict, PayloadTooLarge."""
    task_id, progress = request.task_id, request.progress
    # The token is checked under the row lock, so a former holder cannot extend the lease of the next one.
    draft = await access.lock_held_task(call, task_id, request.token)
    if draft.row.status in states.TERMINAL_STATUSES or draft.row.status == _S.PENDING:
        states.check_transition(task_id, draft.row.status, _S.IN_PROGRESS)
    seconds = request.lease_seconds or draft.row.lease_seconds
    # A task waiting for an answer has a lease only if its holder waits too; without one, renewal stores a checkpoint.
    if draft.row.status == _S.IN_PROGRESS or draft.row.lease_until is not None:
        draft.set_columns(lease_seconds=seconds, lease_until=call.now + seconds * SECOND)
    if progress is not None and progress != draft.row.progress:
        _set_nondecreasing_progress(draft, progress)
        _append_and_emit_progress(draft, progress, None, None, alone=True)
    if request.checkpoint is not None:
        if draft.row.checkpoint is None:  # the first sign of work that continues elsewhere
            draft.emit("progress", progress=draft.row.progress, notes=None, milestone=None)
        _set_newer_checkpoint(draft, request.checkpoint, request.checkpoint_number)
        draft.append_entry("checkpoint", progress=draft.row.progress, data={"number": draft.row.checkpoint_number})
    await draft.save()
    return contract.Renewal.model_construct(
        task_id=task_id,
        status=_S(draft.row.status),
        fencing_token=draft.row.fence,
        lease_seconds=seconds,
        lease_expires_at=to_datetime(draft.row.lease_until or call.now + seconds * SECOND),
        progress=draft.row.progress,
        checkpoint_number=draft.row.checkpoint_number,
    )


def _set_newer_checkpoint(draft: TaskDraft, checkpoint: JsonObject, number: int | None) -> None:
    text, last = encode_json(checkpoint), draft.row.checkpoint_number
    # Measured in characters of the stored text, not of the request.
    if len(text) > MAX_CHECKPOINT_CHARACTERS:
        raise PayloadTooLarge(
            f"The checkpoint takes {len(text)} characters; the limit is {MAX_CHECKPOINT_CHARACTERS}.",
            fix="Store large data outside, and a reference to it in the checkpoint.",
            errors=[field_error("checkpoint", "too large")],
        )
    if number is None:
        number = (last or 0) + 1
    # A delayed request must not replace a newer checkpoint; an equal number is a repeated renewal.
    elif last is not None and number < last:
        raise Conflict(
            f"The checkpoint {number} is older than the stored checkpoint {last}.",
            fix="Send checkpoints in their order.",
            checkpoint_number=last,
        )
    draft.set_columns(checkpoint=text, checkpoint_number=number)


async def release_task(
    call: Call, task_id: str, token: int, reason: str | None, checkpoint: JsonObject | None, delay: float
) -> TaskDraft:
    """Return a task to its queue; the attempt does not count. delay: seconds. Raises StaleLease, IllegalTransition.

    A delayed coding job stays with its worker, which has its worktree and session.
    """
    draft = await access.lock_held_task(call, task_id, token)
    if checkpoint is not None:
        _set_newer_checkpoint(draft, checkpoint, None)
    available_at = call.now + int(delay * SECOND) if delay else None
    to_holder = draft.row.task_type == JOB_TYPE and available_at is not None
    await requeue_task(draft, reason or "released", available_at=available_at, refund=True, to_holder=to_holder)
    return draft


async def complete_task(call: Call, task_id: str, result: Any, notes: str | None, token: int | None) -> TaskDraft:
    """Complete a task. Idempotent; raises Conflict if it was completed with a different result or notes."""
    draft = await access.lock_assigned_task(call, task_id, token)
    # The worker may have lost the response to its first call: equal repetitions succeed without a second event or charge.
    if draft.row.status == _S.COMPLETED:
        await _check_repeated_result(draft, result)
        await _check_repeated_update(draft, None, notes, None, None)
        return draft
    await start_if_work_reported(draft, _S.COMPLETED, None)
    if notes is not None:
        draft.set_columns(notes=notes)
    await end_task(draft, _S.COMPLETED, result=result, content=notes)
    return draft


async def fail_task(call: Call, task_id: str, error: str, retry: bool, token: int | None) -> TaskDraft:
    """Record a failed attempt. Idempotent once the task has failed; raises Conflict if the error differs."""
    draft = await access.lock_assigned_task(call, task_id, token)
    if draft.row.status == _S.FAILED:
        if error != draft.row.error:
            raise _build_ended_differently_error(draft, "error")
        return draft
    await start_if_work_reported(draft, _S.FAILED, None)
    states.check_transition(task_id, draft.row.status, _S.FAILED)
    await requeue_or_end_failed_attempt(draft, error, retry=retry)
    return draft


async def append_output(
    call: Call, task_id: str, content: str, offset: int | None, token: int | None
) -> contract.TaskOutput:
    """Append to a task's output. offset: in characters; repeats of the same chunk are ignored. Raises Conflict, PayloadTooLarge."""
    draft = await access.lock_assigned_task(call, task_id, token)
    size = draft.row.output_size
    # The offset identifies a chunk: a worker that repeats an append after a lost response does not duplicate the output.
    if offset is not None and offset != size:
        await _check_repeated_output(call, task_id, content, offset, size)
        return _build_output(draft, content, offset)
    await start_if_work_reported(draft, None, 0.0)
    if draft.row.status != _S.IN_PROGRESS:
        states.check_transition(task_id, draft.row.status, _S.IN_PROGRESS)
    limit = call.context.settings.task_output_limit
    # Checked under the row lock, where the size is stable, so concurrent appends cannot exceed the limit together.
    if size + len(content) > limit:
        raise PayloadTooLarge(
            f"The output of {task_id} would take {size + len(content)} characters; the limit is {limit}.",
            fix="Complete the task, or store large data outside.",
            errors=[field_error("content", "output limit reached")],
            size=size,
        )
    # The event carries offset and size only: output may be megabytes, and readers fetch what they show.
    draft.append_entry("output", content=content, starts_at=size)
    draft.set_columns(output_size=size + len(content))
    draft.emit("output", offset=size, size=len(content))
    await draft.save()
    return _build_output(draft, content, size)


async def _check_repeated_output(call: Call, task_id: str, content: str, offset: int, size: int) -> None:
    """Accept a repeated chunk; raise Conflict for any other offset except the end."""
    if offset + len(content) <= size:
        for row in await call.tx.all(task_lists.select_output, task_id=task_id, offset=offset, limit=1):
            if row.starts_at == offset and row.content == content:
                return
    raise Conflict(
        f"The output of {task_id} ends at {size}, not at {offset}.",
        fix=f"Continue at offset {size}.",
        size=size,
    )


def _build_output(draft: TaskDraft, content: str, offset: int) -> contract.TaskOutput:
    return contract.TaskOutput.model_construct(
        task_id=draft.task_id,
        content="",
        offset=offset,
        next_offset=offset + len(content),
        size=draft.row.output_size,
        has_more=False,
        done=draft.row.status in states.TERMINAL_STATUSES,
    )
