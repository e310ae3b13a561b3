"""A locked task and its pending changes: columns, log entries and events of one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.core.call import Call, encode_json
from agora_sdk.contract.fields import TaskStatus

from . import queries as tasks
from . import states
from .records import ENTRIES, TaskEntryRow, TaskRow

__all__ = ["REMARK_TYPES", "TaskDraft", "append_start_entry", "emit_task_event", "list_parties"]

CODEBASE_PREFIX = '"codebase:'  #: prefix of a codebase's id or name in a job's requirements
REMARK_TYPES = frozenset({"progress", "milestone", "note"})  #: entry types whose content describes the task's state


def list_parties(row: TaskRow) -> tuple[str, ...]:
    """List the audience of a task's events: its creator, assignee and holder."""
    subjects = (row.created_by, row.assigned_agent, row.holder)
    return tuple(dict.fromkeys(subject for subject in subjects if subject))


def emit_task_event(
    call: Call,
    row: TaskRow,
    change: str,
    data: Mapping[str, Any],
    audience: tuple[str, ...] | None,
    source: str | None = None,
) -> None:
    """Emit the event ``agora.task.CHANGE``. audience: subjects, None for everyone."""
    payload = {
        "task_id": row.task_id,
        "task_type": row.task_type,
        "status": row.status,
        "assigned_agent": row.assigned_agent,
    }
    if row.workflow_id is not None:
        payload["workflow_id"], payload["step"] = row.workflow_id, row.step
    # Found by text instead of parsing: this runs for each event of each task, and requirements are a JSON array of names.
    if CODEBASE_PREFIX in row.requirements:
        payload["codebase"] = row.requirements.split(CODEBASE_PREFIX, 1)[1].partition('"')[0]
    payload.update(data)
    call.emit(f"agora.task.{change}", payload, subject=row.task_id, audience=audience, source=source)


def append_start_entry(call: Call, row: TaskRow, actor: str, details: Mapping[str, Any]) -> None:
    """Append the log entry of a started attempt. The row's entry count includes it already."""
    # Not through TaskDraft: a claim's UPDATE has set these columns already, and loading a draft would cost a statement.
    call.tx.append(
        ENTRIES,
        TaskEntryRow(
            tenant_id=row.tenant_id,
            task_id=row.task_id,
            number=row.entries,
            type="status",
            time=call.now,
            actor=actor,
            status=TaskStatus.IN_PROGRESS.value,
            progress=0.0,
            content=None,
            starts_at=None,
            data=encode_json(details),
        ),
    )


class TaskDraft:
    """A locked row of ``tasks``, changed in place; :meth:`save` writes the changes with one statement."""

    __slots__ = ("_changed", "call", "row")

    def __init__(self, call: Call, row: TaskRow) -> None:
        self.call = call
        self.row = row
        self._changed: set[str] = set()

    @property
    def task_id(self) -> str:
        return self.row.task_id

    def set_columns(self, **values: Any) -> None:
        """Change columns."""
        for name, value in values.items():
            # Unchanged values are left out, so that a repeated report writes no index.
            if getattr(self.row, name) != value:
                setattr(self.row, name, value)
                self._changed.add(name)

    def append_entry(
        self,
        type: str,
        *,
        status: TaskStatus | None = None,
        progress: float | None = None,
        content: str | None = None,
        starts_at: int | None = None,
        data: Any = None,
    ) -> TaskEntryRow:
        """Append an entry to the task's log, and return it. starts_at: offset of a piece of output."""
        # The row is locked, so numbers have no gaps and no duplicates: streams resume by them.
        number = self.row.entries + 1
        self.set_columns(entries=number)
        if status is not None or (content is not None and type in REMARK_TYPES):
            self.set_columns(status_entry=number)
        entry = TaskEntryRow(
            tenant_id=self.row.tenant_id,
            task_id=self.task_id,
            number=number,
            type=type,
            time=self.call.now,
            actor=self.call.caller.subject,
            status=status and status.value,
            progress=progress,
            content=content,
            starts_at=starts_at,
            data=None if data is None else encode_json(data),
        )
        self.call.tx.append(ENTRIES, entry)
        return entry

    def emit(self, change: str, *, audience: tuple[str, ...] | None = (), **data: Any) -> None:
        """Emit the event ``agora.task.CHANGE``. audience: None for everyone; the task's parties by default."""
        emit_task_event(self.call, self.row, change, data, list_parties(self.row) if audience == () else audience)

    async def save(self) -> None:
        """Update the changed columns, and recompute ``due_at``."""
        self.set_columns(updated_at=self.call.now)
        if "status_entry" in self._changed:
            self.set_columns(status_at=self.call.now)
        due = states.compute_next_due_time(self.row, self.call.now)
        self.set_columns(due_at=due)
        # Only changed columns: updating an indexed column costs an index write on both engines.
        columns = frozenset(self._changed)
        self._changed = set()
        if columns:
            values = {name: getattr(self.row, name) for name in columns}
            await self.call.tx.execute(tasks.build_task_row_update(columns), task_id=self.task_id, **values)
