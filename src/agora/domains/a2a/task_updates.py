"""SubscribeToTask (A2A 1.0, section 3.1.6): a snapshot of the task, then one update per log entry.

The number of an item is twice the number of its entry plus one; the number before it is reserved for the artifact built
from a result, which precedes the end of the task. A stream can therefore resume after any item, from the log alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from agora.core import pagination as paging
from agora.core.call import Call, Entry, LogPage, LogStreamSpec, decode_json
from agora.core.events.filter import Viewer
from agora.domains.tasks import list_queries as task_lists
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import states
from agora.domains.tasks.messages import USER
from agora.domains.tasks.records import TaskEntryRow, TaskRow
from agora.domains.tasks.views import get_task_context_id
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import IllegalTransition, InvalidRequest, field_error

from . import lookup
from . import queries as statements
from . import views as view
from .states import to_a2a_state

__all__ = ["Until", "open_task_update_log", "read_updates"]

Until = Literal["ended", "interrupted"]
START_POSITION = -1  #: position of a stream that begins with the task itself
PAGE_SIZE = 8  #: maximum number of log entries read at once; an entry may have several megabytes
_S = TaskStatus


async def open_task_update_log(
    call: Call, task_id: str, agent: str | None, last_event_id: str | None, history_length: int | None, until: Until
) -> LogStreamSpec:
    """Open the log of a task's updates. Raises NotFound, IllegalTransition for an ended task."""
    row = await lookup.require_visible_task(call, task_id, agent)
    position = _parse_position(last_event_id, row.entries)
    # A resumed stream may still have items to deliver after the end.
    if position == START_POSITION and row.status in states.TERMINAL_STATUSES:
        raise IllegalTransition(
            f"{task_id} is {row.status}: nothing more happens to it.",
            fix="Read it with agora.a2a.get.",
            allowed=[],
            reason="UNSUPPORTED_OPERATION",
        )
    # The task's visibility was checked above, and covers all of its entries: no event is filtered again.
    log = _UpdateLog(task_id, get_task_context_id(row), history_length, until)
    return LogStreamSpec(log.read, task_id, Viewer(call.caller.subject, sees_all=True), position)


async def read_updates(reader: Reader, row: TaskRow, after: int) -> LogPage:
    """Read a bounded page of a task's stream after a position."""
    return await _UpdateLog(row.task_id, get_task_context_id(row), None, "ended").read(reader, after)


def _parse_position(last_event_id: str | None, entries: int) -> int:
    if last_event_id is None or last_event_id == str(START_POSITION):
        return START_POSITION
    if not (last_event_id.isascii() and last_event_id.isdecimal()) or int(last_event_id) > view.compute_stream_position(
        entries
    ):
        raise InvalidRequest(
            f"{last_event_id!r} is not the number of an item; the last one is {view.compute_stream_position(entries)}.",
            fix="Resume after the number of the last item seen, or leave it out.",
            errors=[field_error("last_event_id", "not an item")],
        )
    return int(last_event_id)


@value_class
class _UpdateLog:
    """A task's log as a stream of updates."""

    task_id: str
    context_id: str
    history_length: int | None
    until: Until

    async def read(self, reader: Reader, after: int) -> LogPage:
        """Read a bounded page of items after a position."""
        if after == START_POSITION:
            return await self._read_first_page(reader)
        items: list[Entry] = []
        last_number = (after - 1) // 2
        while not items:
            rows = await reader.all(task_lists.list_entries, task_id=self.task_id, after=last_number, limit=PAGE_SIZE)
            for row in rows:
                items += [item for item in await self._build_entry_items(reader, row) if item.number > after]
                if self._is_last(row):
                    return LogPage(items, done=True)
                last_number = row.number  # entries without items advance the position too
                if sum(len(item.json) for item in items) > paging.MAX_PAGE_BYTES:
                    return LogPage(items)
            if len(rows) < PAGE_SIZE:
                break
        if items:
            return LogPage(items)
        # Only after all entries were read: a task may end between both reads, and its last entry must follow.
        task = await reader.one(tasks.select_task, task_id=self.task_id)
        return LogPage(
            (), done=task is None or (task.status in states.TERMINAL_STATUSES and task.entries <= last_number)
        )

    def _is_last(self, row: TaskEntryRow) -> bool:
        return row.type == "done" or (self.until == "interrupted" and row.status in states.INTERRUPTED_STATUSES)

    async def _read_first_page(self, reader: Reader) -> LogPage:
        row = await reader.one(tasks.select_task, task_id=self.task_id)
        if row is None:
            return LogPage((), done=True)
        document = await lookup.build_task_document(reader, row, self.history_length)
        item = Entry(view.compute_stream_position(row.entries), "task", view.encode_document({"task": document}))
        return LogPage([item], done=row.status in states.TERMINAL_STATUSES)

    async def _build_entry_items(self, reader: Reader, row: TaskEntryRow) -> list[Entry]:
        """Convert a log entry to stream items; comments, checkpoints and messages of the requester have none."""
        number, kind = view.compute_stream_position(row.number), row.type
        if kind == "output":
            artifact = {"artifactId": view.OUTPUT, "name": view.OUTPUT, "parts": [{"text": row.content}]}
            return [self._build_artifact_item(number, artifact, append=bool(row.starts_at))]
        if kind == "artifact":
            piece = decode_json(row.data or "{}")
            return [
                self._build_artifact_item(number, piece["artifact"], append=piece["append"], last=piece["lastChunk"])
            ]
        if kind in ("comment", "checkpoint"):
            return []
        if kind == "done" and row.status == _S.COMPLETED:
            return [*await self._build_result_items(reader, number - 1), self._build_status_item(number, row)]
        message = view.convert_entry_to_message(self.context_id, row)
        if kind == "message" and message is not None and message["role"] == USER:
            return []
        return [self._build_status_item(number, row)]

    async def _build_result_items(self, reader: Reader, number: int) -> list[Entry]:
        """Convert the result to an artifact, unless the agent wrote artifacts itself."""
        data = await reader.one(tasks.select_task_data, task_id=self.task_id)
        if data is None or data.result is None:
            return []
        # An agent that wrote artifacts has shown its result there; it would be sent twice.
        if await reader.one(statements.select_any_artifact, task_id=self.task_id) is not None:
            return []
        return [self._build_artifact_item(number, view.build_result_artifact(decode_json(data.result)), last=True)]

    def _build_artifact_item(
        self, number: int, artifact: Mapping[str, Any], *, append: bool = False, last: bool = False
    ) -> Entry:
        update: dict[str, Any] = {"taskId": self.task_id, "contextId": self.context_id, "artifact": artifact}
        if append:
            update["append"] = True
        if last:
            update["lastChunk"] = True
        return Entry(number, "artifactUpdate", view.encode_document({"artifactUpdate": update}))

    def _build_status_item(self, number: int, row: TaskEntryRow) -> Entry:
        # The final status follows a message in a separate entry, even if the message is the answer.
        state = (
            row.status
            if row.status and not (row.type == "message" and row.status in states.TERMINAL_STATUSES)
            else None
        )
        status: dict[str, Any] = {"state": to_a2a_state(state or _S.IN_PROGRESS)}
        message = view.convert_entry_to_message(self.context_id, row)
        if message is not None:
            status["message"] = message
        status["timestamp"] = view.format_timestamp(row.time)
        update: dict[str, Any] = {"taskId": self.task_id, "contextId": self.context_id, "status": status}
        own: dict[str, Any] = {"progress": row.progress} if row.progress else {}
        if message is not None and row.type != "message" and row.status not in states.TERMINAL_STATUSES:
            own["note"] = True  # about the work, not addressed to the requester
        if own:
            update["metadata"] = {"agora": own}
        return Entry(number, "statusUpdate", view.encode_document({"statusUpdate": update}))
