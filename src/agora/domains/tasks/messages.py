"""Messages and artifacts of a task.

Both are log entries that hold the JSON of A2A unchanged: a message (A2A 1.0, section 4.1.4), and an artifact (4.1.7) with ``append`` and
``lastChunk`` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.wire.questions import MAX_QUESTIONS, find_answered_question_name, list_unanswered_question_names
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.parts import Part
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, PayloadTooLarge, field_error

from . import access, states, views
from . import list_queries as task_lists
from .context_queue import join_context_queue
from .draft import TaskDraft
from .records import TaskEntryRow
from .task_updates import start_if_work_reported
from .transitions import end_task, release_context_successors, requeue_task

__all__ = [
    "AGENT",
    "USER",
    "add_artifact",
    "add_assignee_message",
    "add_requester_message_and_resume",
    "build_parts",
    "join_text",
    "post_message",
    "require_unfinished_task",
]

USER, AGENT = "ROLE_USER", "ROLE_AGENT"
ENTRY_OVERHEAD = 200  #: characters counted per entry in addition to its JSON
EVENT_TEXT_LIMIT = 2000  #: most characters of a message in an event
_S = TaskStatus


def build_parts(text: str | None, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Build the stored parts of a message. Raises InvalidRequest unless exactly one of text and parts is given."""
    if (text is None) == (not parts):
        raise InvalidRequest(
            "Give either text or parts.",
            errors=[field_error("text" if text is None else "parts", "give exactly one of text and parts")],
        )
    if text is not None:
        return [{"text": text}]
    return [part.model_dump(by_alias=True, exclude_unset=True) for part in parts]


def join_text(parts: Sequence[Mapping[str, Any]]) -> str:
    """Join the text parts, separated by line feeds."""
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


async def post_message(
    call: Call,
    task_id: str,
    message: dict[str, Any],
    status: TaskStatus | None,
    token: int | None,
    *,
    answers: str | None = None,
    keep_lease: bool = False,
) -> contract.TaskEntry:
    """Add a message to a task, as its assignee or as its requester.

    answers: id of the question that the message answers. keep_lease: see :func:`add_assignee_message`.
    Raises InvalidRequest, IllegalTransition, PayloadTooLarge, and Conflict if the question is no longer open.
    """
    draft, role = await access.lock_task_for_message(call, task_id, token)
    # Before the check whether the task has ended, so that a late answer gets the error that the question was answered.
    if answers is not None:
        await _require_open_question(draft, answers)
    require_unfinished_task(draft)
    # Empty members are left out: A2A's proto JSON has no empty metadata or extensions.
    content = {"role": role} | {name: value for name, value in message.items() if value}
    if role == USER:
        if status is not None:
            raise InvalidRequest(
                "Only the assignee of a task may set a status with a message.",
                errors=[field_error("status", "only for the assignee")],
            )
        number = await add_requester_message_and_resume(draft, content)
    else:
        number = await add_assignee_message(draft, content, status, keep_lease=keep_lease)
    return _build_entry(draft, "message", number, content)


def require_unfinished_task(draft: TaskDraft) -> None:
    """Raise IllegalTransition if the task has ended."""
    if draft.row.status in states.TERMINAL_STATUSES:
        raise IllegalTransition(
            f"{draft.task_id} is {draft.row.status}; it takes no more messages.",
            fix="Begin a new task; in A2A, send the message without its task id.",
            allowed=[],
            reason="UNSUPPORTED_OPERATION",
        )


async def _require_open_question(draft: TaskDraft, message_id: str) -> None:
    """Raise Conflict unless the task waits for the answer to this message of its assignee.

    The task's row is locked, so the second of two concurrent answers to one question is refused.
    """
    row = draft.row
    if row.status in states.INTERRUPTED_STATUSES:
        data = await draft.call.tx.one(task_lists.select_entry_data, task_id=draft.task_id, number=row.status_entry)
        content = decode_json(data) if data else {}
        if message_id in (content.get("messageId"), f"{draft.task_id}.{row.status_entry}"):
            return
    raise Conflict(
        f"The question {message_id} of {draft.task_id} is not open any more: it has been answered, or the task went on.",
        fix="Read the task: it may have another question.",
    )


async def add_requester_message_and_resume(draft: TaskDraft, message: dict[str, Any]) -> int:
    """Store a message of the requester; an answer to a question requeues the task. Returns the entry's number.

    With several questions, each answered by name, the last answer requeues it. If the holder waits for the answer, the task
    continues under the same lease.
    """
    answers = draft.row.status in states.INTERRUPTED_STATUSES and not await _has_open_questions(draft, message)
    waits = draft.row.lease_until is not None
    number = _append_entry_within_limit(draft, "message", message)
    draft.emit("message", **_build_message_event(draft, message, number))
    if answers and waits:
        draft.set_columns(status=_S.IN_PROGRESS.value, lease_until=draft.call.now + draft.row.lease_seconds * SECOND)
        draft.append_entry("status", status=_S.IN_PROGRESS, content="answered")
        draft.emit("started", attempt=draft.row.attempts)
        await draft.save()
    elif answers:
        # refund: the attempt before the question and the one after the answer are one attempt.
        await join_context_queue(draft)
        await requeue_task(draft, "answered", refund=True, to_holder=True)
    else:
        await draft.save()
    return number


async def _has_open_questions(draft: TaskDraft, answer: Mapping[str, Any]) -> bool:
    """Whether questions of the agent remain open after this answer, which is not stored yet."""
    if find_answered_question_name(answer) is None:
        return False
    # Each name may be answered twice; any other message counts as an answer to all questions.
    # Read backwards to the agent's last message, which holds the open questions.
    rows = await draft.call.tx.all(
        task_lists.select_recent_messages, task_id=draft.task_id, limit=2 * MAX_QUESTIONS + 1
    )
    answers = [answer]
    for row in rows:
        message = decode_json(row.data) if row.data is not None else {}
        if message.get("role") == AGENT:
            return bool(list_unanswered_question_names(message, answers))
        answers.append(message)
    return False


async def add_assignee_message(
    draft: TaskDraft, message: dict[str, Any], status: TaskStatus | None, *, keep_lease: bool = False
) -> int:
    """Store a message of the assignee, and set the status if one is given. Returns the entry's number.

    status ``completed``: the content of the message is the result. keep_lease: the holder waits for the answer to its
    question and renews its lease meanwhile. Raises InvalidRequest, Conflict if there is no lease.
    """
    if keep_lease and status not in states.INTERRUPTED_STATUSES:
        problem = "Only a question, which sets input_required or auth_required, is waited for."
        raise InvalidRequest(problem, errors=[field_error("keep_lease", problem)])
    await start_if_work_reported(draft, status, 0.0)
    if keep_lease and draft.row.lease_until is None:
        raise Conflict(f"There is no lease on {draft.task_id} to keep.", fix="Claim the task first.")
    if status is _S.COMPLETED:
        return await _complete_with_message(draft, message)
    if status is not None and status.value != draft.row.status:
        states.check_transition(draft.task_id, draft.row.status, status)
        seconds = draft.row.lease_seconds
        lease_until = draft.call.now + seconds * SECOND if keep_lease else None
        draft.set_columns(status=status.value, lease_until=lease_until)
    number = _append_entry_within_limit(draft, "message", message, _S(draft.row.status))
    if status is not None:
        draft.emit(status.value, notes=join_text(message["parts"])[:EVENT_TEXT_LIMIT] or None)
    draft.emit("message", **_build_message_event(draft, message, number))
    await draft.save()
    if status in states.INTERRUPTED_STATUSES:
        # After the save: releasing reads rows of this context, and this one must be interrupted in them.
        await release_context_successors(draft)
    return number


async def _complete_with_message(draft: TaskDraft, message: dict[str, Any]) -> int:
    states.check_transition(draft.task_id, draft.row.status, _S.COMPLETED)
    # The entry's status distinguishes the answer from other messages of the assignee.
    number = _append_entry_within_limit(draft, "message", message, _S.COMPLETED)
    draft.emit("message", **_build_message_event(draft, message, number))
    await end_task(draft, _S.COMPLETED, result=_build_task_result(message["parts"]))
    return number


def _build_task_result(parts: Sequence[Mapping[str, Any]]) -> Any:
    """Build the task's result: the text of the parts, the data of a single data part, or the parts."""
    if text := join_text(parts):
        return text
    return parts[0]["data"] if len(parts) == 1 and "data" in parts[0] else [dict(part) for part in parts]


def _build_message_event(draft: TaskDraft, message: Mapping[str, Any], number: int) -> dict[str, Any]:
    by = {"by": draft.call.caller.subject, "role": message["role"]}
    return by | {"number": number, "text": join_text(message["parts"])[:EVENT_TEXT_LIMIT]}


async def add_artifact(
    call: Call, task_id: str, artifact: dict[str, Any], *, append: bool, last: bool, token: int | None
) -> contract.TaskEntry:
    """Add an artifact or a chunk of one. Raises InvalidRequest, IllegalTransition, PayloadTooLarge."""
    if append and artifact["artifactId"] is None:
        raise InvalidRequest(
            "artifact_id is required to append.", errors=[field_error("artifact_id", "required with append")]
        )
    draft = await access.lock_assigned_task(call, task_id, token)
    await start_if_work_reported(draft, None, 0.0)
    if draft.row.status != _S.IN_PROGRESS:
        states.check_transition(task_id, draft.row.status, _S.IN_PROGRESS)
    content = {name: value for name, value in artifact.items() if value}
    # The number of its log entry, so it is unique within the task.
    content.setdefault("artifactId", f"artifact-{draft.row.entries + 1}")
    piece = {"artifact": content, "append": append, "lastChunk": last}
    number = _append_entry_within_limit(draft, "artifact", piece)
    names = {"artifact_id": content["artifactId"], "name": content.get("name")}
    draft.emit("artifact", number=number, append=append, last=last, **names)
    await draft.save()
    return _build_entry(draft, "artifact", number, piece)


def _append_entry_within_limit(
    draft: TaskDraft, type: str, data: Mapping[str, Any], status: TaskStatus | None = None
) -> int:
    """Append a log entry and count its size towards the task's message limit. Raises PayloadTooLarge."""
    size, limit = len(encode_json(data)) + ENTRY_OVERHEAD, draft.call.context.settings.task_output_limit
    if draft.row.said + size > limit:
        raise PayloadTooLarge(
            f"The messages of {draft.task_id} would take {draft.row.said + size} characters; the limit is {limit}.",
            fix="Complete the task, or store large data outside and send a reference.",
            errors=[field_error("parts", "limit reached")],
            size=draft.row.said,
        )
    draft.set_columns(said=draft.row.said + size)
    return draft.append_entry(type, status=status, data=data).number


def _build_entry(draft: TaskDraft, type: str, number: int, data: Any) -> contract.TaskEntry:
    entry = TaskEntryRow(
        tenant_id=draft.row.tenant_id,
        task_id=draft.task_id,
        number=number,
        type=type,
        time=draft.call.now,
        actor=draft.call.caller.subject,
        status=None,
        progress=None,
        content=None,
        starts_at=None,
        data=encode_json(data),
    )
    return views.build_entry(entry)
