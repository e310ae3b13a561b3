"""A task's log: its entries, and its output."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ..fields import JsonData, TaskStatus, Timestamp
from ..results import Page, Result

__all__ = ["EntryType", "TaskEntry", "TaskEntryPage", "TaskOutput"]

EntryType = Literal[
    "status", "progress", "milestone", "note", "comment", "checkpoint", "output", "message", "artifact", "done"
]


class TaskEntry(Result):
    """One entry of a task's log; ``number`` orders them without gaps."""

    type: EntryType
    task_id: str
    number: int
    time: Timestamp
    actor: str
    status: TaskStatus | None = None
    progress: float | None = None
    content: str | None = Field(default=None, description="Output, note, comment or reason.")
    offset: int | None = Field(default=None, description="Start offset of output, in characters.")
    data: JsonData = None


class TaskEntryPage(Page[TaskEntry]):
    items_field: ClassVar[str] = "entries"

    entries: list[TaskEntry]


class TaskOutput(Result):
    """A page of a task's output."""

    task_id: str
    content: str
    offset: int
    next_offset: int = Field(description="Offset at which to continue reading.")
    size: int = Field(description="Size of the output so far, in characters.")
    has_more: bool = False
    done: bool = Field(default=False, description="Whether the task has ended and no more output follows.")
