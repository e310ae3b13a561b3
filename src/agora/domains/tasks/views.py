"""Conversion of task rows to contract types and event data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from agora.clock import to_datetime
from agora.core.call import decode_json
from agora.core.record_models import build_from_record
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import Priority

from . import queues
from .queries import NO_DEADLINE
from .records import TaskData, TaskEntryRow, TaskRow

__all__ = [
    "PRIORITIES",
    "RANKS",
    "build_available_event_data",
    "build_claimed_task",
    "build_entry",
    "build_task",
    "build_update",
    "get_task_context_id",
]

T = TypeVar("T", bound=contract.Task)

PRIORITIES = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW)  #: by rank, most urgent first
RANKS = {priority: rank for rank, priority in enumerate(PRIORITIES)}


def _to_datetime(value: int | None) -> datetime | None:
    return None if value is None or value >= NO_DEADLINE else to_datetime(value)


def _build_task(model: type[T], row: TaskRow, data: TaskData, **details: Any) -> T:
    result = data.result
    return build_from_record(
        model,
        row,
        priority=PRIORITIES[row.priority],
        payload=decode_json(data.payload),
        metadata=decode_json(data.metadata),
        result=None if result is None else decode_json(result),
        available_at=_to_datetime(row.available_at),
        started_at=_to_datetime(row.started_at),
        completed_at=_to_datetime(row.completed_at),
        deadline=_to_datetime(row.deadline),
        required_capabilities=decode_json(row.requirements),
        blocked_by=row.blocked,
        lease_expires_at=_to_datetime(row.lease_until),
        context_id=get_task_context_id(row),
        **details,
    )


def get_task_context_id(row: TaskRow) -> str:
    """Return the conversation id of a task (A2A ``contextId``); a task without one is its own conversation."""
    return str(row.context_id or f"ctx_{row.task_id[5:]}")


def build_task(row: TaskRow, data: TaskData) -> contract.Task:
    """Build a task from its row and data."""
    return _build_task(contract.Task, row, data)


def build_claimed_task(row: TaskRow, data: TaskData) -> contract.ClaimedTask:
    """Build a task with its fencing token for the holder of its lease."""
    return _build_task(contract.ClaimedTask, row, data, fencing_token=row.fence)


def build_update(row: TaskRow) -> contract.TaskUpdate:
    """Build the result of an operation that changed a task."""
    return build_from_record(contract.TaskUpdate, row, success=True)


def build_entry(row: TaskEntryRow) -> contract.TaskEntry:
    """Build an entry of a task's log."""
    return build_from_record(contract.TaskEntry, row, offset=row.starts_at)


def build_available_event_data(row: TaskRow) -> dict[str, Any]:
    """Build the data of ``agora.task.available``, by which a worker decides whether to claim the task."""
    return {
        "priority": PRIORITIES[row.priority].value,
        "required_capabilities": decode_json(row.requirements),
        "required_model": row.required_model,
        "queue": "pool" if queues.parse_queue_address(row.queue) is None else "own",
    }
