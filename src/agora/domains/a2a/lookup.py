"""Reads of tasks for A2A: a single task, a page of tasks, and waiting for a task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agora.clock import to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, WaitForEvent, cast_encoded_to_result, decode_json, encode_json
from agora.domains.agents.references import find_agent
from agora.domains.tasks import access, states
from agora.domains.tasks import lookup as task_lookup
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.records import TaskData, TaskEntryRow, TaskRow
from agora.domains.tasks.views import get_task_context_id
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract.a2a import A2AState, A2ATask, A2ATaskList
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from . import queries as statements
from . import views as view
from .records import ArtifactPiece
from .states import to_task_statuses

__all__ = [
    "OUTPUT_EVENT_TYPES",
    "STATUS_EVENT_TYPES",
    "TaskListRequest",
    "build_task_document",
    "build_task_not_found_error",
    "find_direct_answer",
    "get_task",
    "has_visible_work",
    "is_settled",
    "list_tasks",
    "read_task_row",
    "require_visible_task",
]

MAX_HISTORY_MESSAGES = 100  #: maximum number of messages in a task's history
MAX_VIEW_BYTES = 1_048_576  #: maximum bytes of history, and maximum characters of artifacts, in one view of a task
AFTER_EVERY_POSITION = 1 << 62
LONG_LOG_MIN_ENTRIES = 500  #: a log with more entries counts as long
#: events that end the wait for a task
STATUS_EVENT_TYPES = frozenset(
    f"agora.task.{status.value}" for status in (*states.TERMINAL_STATUSES, *states.INTERRUPTED_STATUSES)
)

#: events that show work on a task, after which no message in place of the task is expected
OUTPUT_EVENT_TYPES = frozenset(f"agora.task.{name}" for name in ("progress", "message", "artifact", "output"))


def build_task_not_found_error(task_id: str) -> NotFound:
    """Build the error for a task that does not exist, or that is hidden from the caller or the agent."""
    return NotFound(
        f"There is no task {task_id}.",
        fix="Tasks are listed with GET /agora/a2a/list.",
        errors=[field_error("task_id", "unknown")],
        reason="TASK_NOT_FOUND",
    )


async def require_visible_task(call: Call, task_id: str, agent: str | None, *, lock: bool = False) -> TaskRow:
    """Load a task that the caller may see, of ``agent`` if specified. Raises NotFound."""
    row = await call.tx.one(tasks.lock_task if lock else tasks.select_task, task_id=task_id)
    if row is None or not access.can_see_task(call.caller, row):
        raise build_task_not_found_error(task_id)
    if agent is not None and agent != row.assigned_agent:
        agent_row = await find_agent(call.tx, agent)
        if agent_row is None or agent_row.agent_id != row.assigned_agent:
            raise build_task_not_found_error(task_id)
    return row


async def build_task_document(
    reader: Reader, row: TaskRow, history_length: int | None, *, artifacts: bool = True
) -> dict[str, Any]:
    """Build a task document from its row and its log."""
    task_id = row.task_id
    data = await reader.one(tasks.select_task_data, task_id=task_id)
    assert data is not None
    entry = None
    if row.status_entry and row.status != "pending":
        entry = await reader.one(statements.select_task_entry, task_id=task_id, number=row.status_entry)
    history = await _read_history(reader, row, data, history_length)
    task_artifacts = await _read_artifacts(reader, row, data.result) if artifacts else None
    return view.build_task(row, decode_json(data.metadata), view.build_status(row, entry), history, task_artifacts)


async def _read_history(
    reader: Reader, row: TaskRow, data: TaskData, length: int | None
) -> Sequence[dict[str, Any]] | None:
    """Read the newest messages, oldest first, without the message of the status."""
    limit = MAX_HISTORY_MESSAGES if length is None else min(length, MAX_HISTORY_MESSAGES)
    if limit == 0:
        return None
    entries: Sequence[TaskEntryRow] = ()
    budget = paging.PageBudget(MAX_VIEW_BYTES)
    # The count of messages: most tasks have none, and their log, which may be long, is not read.
    if row.said:

        async def read_entries(before: int, count: int) -> Sequence[TaskEntryRow]:
            return await reader.all(statements.select_history_entries, task_id=row.task_id, before=before, limit=count)

        # One more than the limit: the entry of the status may be among them, and is left out below.
        entries, _ = await paging.fill_page_with_rows(read_entries, AFTER_EVERY_POSITION, "number", limit + 1, budget)
    candidates = [
        view.convert_entry_to_message(get_task_context_id(row), entry)
        for entry in reversed(entries)
        if entry.number != row.status_entry
    ]
    messages = [message for message in candidates if message is not None]
    # The message that created the task is in no log entry: it is the task's payload.
    if len(messages) < limit and not budget.full and budget.take_if_fits((data.payload,)):
        messages.insert(0, view.build_first_message(row, decode_json(data.payload)))
    return messages[-limit:]


async def _read_artifacts(reader: Reader, row: TaskRow, result: str | None) -> list[dict[str, Any]] | None:
    """Read the task's artifacts from its first pieces: at least one piece, and at most as many as fit into one view."""
    entries: Sequence[ArtifactPiece] = ()
    truncated = False
    if row.said or row.output_size:
        task_id, many = row.task_id, row.entries > LONG_LOG_MIN_ENTRIES
        extent = await reader.one(statements.build_artifact_extent_query(many), task_id=task_id, most=MAX_VIEW_BYTES)
        if extent is not None and extent.first is not None and extent.last is not None:
            # Also if the first piece alone exceeds the limit: a view of a task with artifacts is never empty.
            until = extent.until or extent.first
            truncated = until < extent.last
            entries = await reader.all(statements.build_artifact_pieces_query(many), task_id=task_id, until=until)
    return view.build_artifacts(entries, result, truncated=truncated) or None


async def get_task(
    call: Call, task_id: str, agent: str | None, history_length: int | None, wait: float, *, artifacts: bool = True
) -> A2ATask:
    """Read one task. Raises WaitForEvent while it is in progress, if ``wait`` seconds are given."""
    row = await require_visible_task(call, task_id, agent)
    document = await build_task_document(call.tx, row, history_length, artifacts=artifacts)
    result = cast_encoded_to_result(view.encode_document(document), A2ATask)
    # The document is built before the wait: it is the answer if nothing happens in time.
    if wait and not is_settled(row):
        raise WaitForEvent(STATUS_EVENT_TYPES, wait, result, subject=task_id)
    return result


async def read_task_row(reader: Reader, task_id: str) -> TaskRow:
    """Read a task whose visibility has already been checked. Raises NotFound."""
    row = await reader.one(tasks.select_task, task_id=task_id)
    if row is None:
        raise build_task_not_found_error(task_id)
    return row


def is_settled(row: TaskRow) -> bool:
    """Whether a task has ended or needs input."""
    return row.status not in ("pending", "in_progress")


def has_visible_work(row: TaskRow) -> bool:
    """Whether a task has ended, needs input, or shows any work of its agent."""
    if is_settled(row) or row.said or row.output_size or row.progress or row.notes:
        return True
    # A proxy stores the id of the remote agent's task in the checkpoint as soon as that task exists.
    return row.checkpoint is not None and "task" in decode_json(row.checkpoint)


async def find_direct_answer(reader: Reader, row: TaskRow) -> dict[str, Any] | None:
    """Find the message with which a task's agent answered directly; None if the task has other messages or results.

    A2A calls such an answer a Message in place of a task (section 3.1.1). The task remains and is named in the
    metadata.
    """
    if row.status != TaskStatus.COMPLETED or not row.said:
        return None
    entries = await reader.all(statements.select_spoken_entries, task_id=row.task_id)
    if len(entries) != 1 or entries[0].type != "message" or entries[0].status != TaskStatus.COMPLETED:
        return None
    return view.build_direct_answer(row, entries[0])


@value_class(kw_only=True)
class TaskListRequest:
    """A request for a page of the caller's tasks. since: minimum time of the status. token: page token."""

    agent: str | None
    context_id: str | None
    state: A2AState | None
    since: datetime | None
    size: int
    token: str | None
    history_length: int | None
    artifacts: bool


async def list_tasks(call: Call, request: TaskListRequest) -> A2ATaskList:
    """Read a page of the tasks that the caller created."""
    parameters: dict[str, Any] = {}
    if request.agent is not None:
        row = await find_agent(call.tx, request.agent)
        # An unknown agent has no tasks: the empty id matches none, and does not disclose whether the agent exists.
        parameters["agent"] = row.agent_id if row is not None else ""
    if request.context_id is not None:
        parameters |= task_lookup.build_context_filter(request.context_id)
    if request.state is not None:
        parameters["statuses"] = encode_json(to_task_statuses(request.state))
    if request.since is not None:
        parameters["since"] = to_microseconds(request.since)
    filters = frozenset(parameters) - {"context_task"}
    parameters["viewer"] = call.caller.subject
    position = _decode_position(request.token) if request.token else {}
    rows = await call.tx.all(
        statements.build_listing_query(filters, after=bool(position)), **parameters, **position, limit=request.size + 1
    )
    documents = await _encode_documents(call, rows[: request.size], request.history_length, request.artifacts)
    # Also if the page ended by its size in bytes before its number of tasks.
    more = len(rows) > len(documents)
    total = len(documents)
    if more or position:
        documents = []  # free the page during the count, because many calls may count concurrently
        total, _ = await paging.count_rows_up_to_limit(
            call.tx, statements.build_listing_count_query(filters), parameters
        )
        documents = await _encode_documents(call, rows[: request.size], request.history_length, request.artifacts)
    last = rows[len(documents) - 1] if more else None
    other_fields = {
        "nextPageToken": paging.encode_cursor(last.status_at, last.task_id) if last is not None else "",
        "pageSize": request.size,
        "totalSize": total,
    }
    return cast_encoded_to_result(
        b'{"tasks":[%b],%b' % (b",".join(documents), view.encode_document(other_fields)[1:]), A2ATaskList
    )


def _decode_position(token: str) -> dict[str, Any]:
    try:
        time, task_id = paging.decode_cursor(token, int, str)
    except InvalidRequest:
        raise InvalidRequest(
            "The page token is invalid.",
            fix="Use 'nextPageToken' of the previous page, unchanged.",
            errors=[field_error("page_token", "malformed")],
        ) from None
    return {"after_time": time, "after_id": task_id}


async def _encode_documents(
    call: Call, rows: Sequence[TaskRow], history_length: int | None, artifacts: bool
) -> list[bytes]:
    """Encode the tasks of the rows, stopping before the page exceeds ``page_bytes``."""
    documents: list[bytes] = []
    size = 0
    for row in rows:
        task_document = await build_task_document(call.tx, row, history_length, artifacts=artifacts)
        if artifacts:
            task_document.setdefault("artifacts", [])
        encoded = view.encode_document(task_document)
        size += len(encoded)
        if documents and size > call.context.settings.page_bytes:
            break
        documents.append(encoded)
    return documents
