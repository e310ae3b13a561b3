"""Views of tasks in MCP: experimental in 2025-11-25, and by the extension of 2026-07-28 (SEP-2663).

Nothing is stored for MCP beside the task: status, times and result are the task's, and questions are in its log.
Parameters of an older-era client are in the task's metadata.

============================  ===========  =========================
of the marketplace            2025-11-25   2026-07-28
============================  ===========  =========================
pending, in_progress          working      working
input_required, auth_required input_required
completed                     completed
failed                        failed       completed, with an error of the tool
rejected, expired, dead_lettered  failed   failed, with a JSON-RPC error
cancelled                     cancelled
============================  ===========  =========================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from agora.clock import SECOND, to_microseconds

from .questions import ELICIT_METHOD, INTERRUPTED_STATUSES, Question
from .request_context import INTERNAL_ERROR
from .tool_results import ToolResult

__all__ = [
    "PROGRESS_KEY",
    "RELATED_TASK_KEY",
    "TASK_ID_KEY",
    "TERMINAL_STATUSES",
    "TTL_KEY",
    "build_detailed_task",
    "build_legacy_task",
    "build_task_result",
    "is_expired",
]

RELATED_TASK_KEY: Final = (
    "io.modelcontextprotocol/related-task"  #: key of a message's task in ``_meta``, in the older era
)
TASK_ID_KEY: Final = "agora/task_id"  #: key of a call's task in the ``_meta`` of its result
TTL_KEY: Final = "mcp_ttl"  #: metadata key of a task: lifetime in milliseconds requested by a client of the older era
PROGRESS_KEY: Final = "mcp_progress_token"  #: metadata key of a task: the progress token of its call
MICROSECONDS_PER_MILLISECOND: Final = SECOND // 1000
FAST_POLL, SLOW_POLL, FAST_POLL_AGE = (
    1000,
    5000,
    60_000,
)  #: poll intervals in milliseconds, and the age in milliseconds up to which the fast one applies
MAX_STATUS_MESSAGE: Final = 1000  #: characters
TERMINAL_STATUSES: Final = frozenset({"completed", "failed", "cancelled", "rejected", "expired", "dead_lettered"})
PROTOCOL_FAILURES: Final = frozenset({"rejected", "expired", "dead_lettered"})  #: the agent did not run it to the end


def build_legacy_task(
    task: Mapping[str, Any], questions: Sequence[Question], now: int, retention: int
) -> dict[str, Any]:
    """Build a task in the form of 2025-11-25. now: microseconds since 1970. retention: of ended tasks, in seconds."""
    status = task["status"]
    # MCP has three final states: what Agora rejects, expires or gives up has failed.
    has_failed = status in TERMINAL_STATUSES and status not in ("completed", "cancelled")
    view_status = "failed" if has_failed else _choose_live_status(status)
    return _build_common_members(task, view_status, questions) | {
        "ttl": _compute_ttl(task, retention),
        "pollInterval": _choose_poll_interval(task, now),
    }


def build_detailed_task(
    task: Mapping[str, Any],
    questions: Sequence[Question],
    now: int,
    retention: int,
    *,
    elicits: bool,
    result: ToolResult | None,
) -> dict[str, Any]:
    """Build a task in the form of the extension, with its result, error or requests.

    elicits: whether the client supports elicitation. result: of the call, if the task has ended.
    """
    status = task["status"]
    view_status = (
        "failed" if status in PROTOCOL_FAILURES else "completed" if status == "failed" else _choose_live_status(status)
    )
    document = _build_common_members(task, view_status, questions) | {
        "ttlMs": _compute_ttl(task, retention),
        "pollIntervalMs": _choose_poll_interval(task, now),
    }
    if view_status == "input_required":
        requests = {
            part.key: {"method": ELICIT_METHOD, "params": part.build_elicitation_params()}
            for part in questions
            if elicits
        }
        return document | {"inputRequests": requests}
    if view_status == "completed" and result is not None:
        return document | {"result": {**result.to_document(), "resultType": "complete"}}
    if view_status == "failed":
        error = {"code": INTERNAL_ERROR, "message": _build_failure_text(task), "data": {TASK_ID_KEY: task["task_id"]}}
        return document | {"error": error}
    return document


def build_task_result(task: Mapping[str, Any]) -> ToolResult:
    """Build the result of the call of an ended task."""
    meta = {TASK_ID_KEY: task["task_id"]}
    if task["status"] != "completed":
        return ToolResult(_build_failure_text(task).encode(), is_error=True, meta=meta)
    value = task.get("result")
    # Structured content has to be an object; any other value is text only.
    if isinstance(value, dict):
        return ToolResult(to_json(value), meta=meta)
    body = value.encode() if isinstance(value, str) else to_json(value)
    return ToolResult(body, structured=False, meta=meta)


def is_expired(task: Mapping[str, Any], now: int, retention: int) -> bool:
    """Whether the lifetime requested by a client of the older era is over. now: microseconds since 1970."""
    requested = _read_requested_ttl(task, retention)
    return (
        requested is not None
        and _parse_microseconds(task["created_at"]) + requested * MICROSECONDS_PER_MILLISECOND <= now
    )


def _build_failure_text(task: Mapping[str, Any]) -> str:
    reason = task.get("error") or task.get("notes") or "no reason was given"
    return f"The task {task['task_id']} ended as {task['status']}: {reason}"


def _choose_live_status(status: str) -> str:
    if status in INTERRUPTED_STATUSES:
        return "input_required"
    return status if status in TERMINAL_STATUSES else "working"


def _build_common_members(task: Mapping[str, Any], status: str, questions: Sequence[Question]) -> dict[str, Any]:
    message = _build_status_message(task, status, questions)
    return {
        "taskId": task["task_id"],
        "status": status,
        **({"statusMessage": message[:MAX_STATUS_MESSAGE]} if message else {}),
        "createdAt": task["created_at"],
        "lastUpdatedAt": task["updated_at"],
    }


def _build_status_message(task: Mapping[str, Any], status: str, questions: Sequence[Question]) -> str:
    """Build the status message of a task for a person or a model."""
    if status == "input_required":
        return "\n".join(question.text for question in questions)
    if task["status"] in TERMINAL_STATUSES:
        return str(task.get("error") or task.get("notes") or "")
    notes = task.get("notes") or task.get("milestone") or ""
    progress = task.get("progress") or 0
    return f"{progress:g} %: {notes}" if notes and progress else notes or (f"{progress:g} %" if progress else "")


def _compute_ttl(task: Mapping[str, Any], retention: int) -> int | None:
    """Compute the lifetime of a task in milliseconds since its creation; None while it is unlimited."""
    requested = _read_requested_ttl(task, retention)
    if requested is not None or task.get("completed_at") is None:
        return requested
    duration = _parse_microseconds(task["completed_at"]) - _parse_microseconds(task["created_at"])
    return duration // MICROSECONDS_PER_MILLISECOND + retention * 1000


def _read_requested_ttl(task: Mapping[str, Any], retention: int) -> int | None:
    value = task["metadata"].get(TTL_KEY)
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    # Retention deletes the task then, whatever the client requested.
    return min(value, retention * 1000) if is_number else None


def _choose_poll_interval(task: Mapping[str, Any], now: int) -> int:
    age = (now - _parse_microseconds(task["created_at"])) // MICROSECONDS_PER_MILLISECOND
    return FAST_POLL if age < FAST_POLL_AGE else SLOW_POLL


def _parse_microseconds(time: str) -> int:
    return to_microseconds(datetime.fromisoformat(time))
