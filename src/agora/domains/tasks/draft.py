"""A locked task and its pending changes: columns, log entries and events of one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.core.call import Call, encode_json
from agora.store.port import Row
from agora_sdk.contract.fields import TaskStatus

from . import queries as tasks
from . import states

__all__ = ["REMARKS", "TaskDraft", "emit_task_event", "parties_of"]

REMARKS = frozenset({"progress", "milestone", "note"})  #: entry types whose content describes the task's state


def parties_of(row: Mapping[str, Any] | Row) -> tuple[str, ...]:
    """Audience of a task's events: its creator, its assignee and its holder."""
    subjects = (row["created_by"], row["assigned_agent"], row["holder"])
    return tuple(dict.fromkeys(subject for subject in subjects if subject))


def emit_task_event(
    call: Call,
    row: Mapping[str, Any] | Row,
    happening: str,
    data: Mapping[str, Any],
    audience: tuple[str, ...] | None,
    source: str | None = None,
) -> None:
    """Emit the event ``agora.task.HAPPENING``. audience: subjects, None for everyone."""
    payload = {
        "task_id": row["task_id"],
        "task_type": row["task_type"],
        "status": row["status"],
        "assigned_agent": row["assigned_agent"],
    }
    if row["workflow_id"] is not None:
        payload["workflow_id"], payload["step"] = row["workflow_id"], row["step"]
    payload.update(data)
    call.emit(f"agora.task.{happening}", payload, subject=row["task_id"], audience=audience, source=source)


class TaskDraft:
    """A locked row of ``tasks`` and its changes; :meth:`save` writes them with one statement."""

    __slots__ = ("_changed", "call", "row")

    def __init__(self, call: Call, row: Mapping[str, Any] | Row) -> None:
        self.call = call
        self.row: dict[str, Any] = {name: row[name] for name in tasks.TASKS.names}
        self._changed: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self.row[name]

    @property
    def task_id(self) -> str:
        return str(self.row["task_id"])

    def set(self, **values: Any) -> None:
        """Change columns."""
        for name, value in values.items():
            if self.row[name] != value:
                self.row[name] = value
                self._changed.add(name)

    def log(
        self,
        type: str,
        *,
        status: TaskStatus | None = None,
        progress: float | None = None,
        content: str | None = None,
        starts_at: int | None = None,
        data: Any = None,
    ) -> int:
        """Append an entry to the task's log; return its number. starts_at: offset of a piece of output."""
        number = self.row["entries"] + 1
        self.set(entries=number)
        if status is not None or (content is not None and type in REMARKS):
            self.set(status_entry=number)
        self.call.tx.append(
            tasks.ENTRIES,
            (
                self.row["tenant_id"],
                self.task_id,
                number,
                type,
                self.call.now,
                self.call.caller.subject,
                status and status.value,
                progress,
                content,
                starts_at,
                None if data is None else encode_json(data),
            ),
        )
        return int(number)

    def emit(self, happening: str, *, audience: tuple[str, ...] | None = (), **data: Any) -> None:
        """Emit the event ``agora.task.HAPPENING``. audience: None for everyone; the task's parties if left out."""
        emit_task_event(self.call, self.row, happening, data, parties_of(self.row) if audience == () else audience)

    async def save(self) -> None:
        """Update the changed columns, and compute ``due_at`` anew."""
        self.set(updated_at=self.call.now)
        if "status_entry" in self._changed:
            self.set(status_at=self.call.now)
        due = states.next_due(self.row, self.call.now)
        self.set(due_at=due)
        # Only the columns that changed: an update of an indexed column costs an index write on both engines.
        columns = frozenset(self._changed)
        self._changed = set()
        if columns:
            values = {name: self.row[name] for name in columns}
            await self.call.tx.execute(tasks.update_task(columns), task_id=self.task_id, **values)
