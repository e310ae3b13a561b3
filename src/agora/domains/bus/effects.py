"""Effects of entries: updates of the named task and of the sender's status."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.core.call import Call
from agora.domains.agents.service import AgentService
from agora.domains.tasks.service import TaskService
from agora_sdk.contract.bus import BusType
from agora_sdk.contract.fields import AgentStatus
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

__all__ = ["LEASE_SECONDS", "apply_entry_effects"]

LEASE_SECONDS = 3600  #: lease of a task claimed for the bus, in seconds
TASK_ID = re.compile(r"task_[0-9a-f]{32}")
FAILURE_STATUSES = frozenset({"failed", "error", "failure"})
AGENT_STATUSES = ("active", "busy", "error", "inactive", "offline")
MAX_ERROR_CHARACTERS = 4000
_PROGRESS = TypeAdapter(float)


async def apply_entry_effects(call: Call, type: BusType, content: dict[str, Any]) -> str | None:
    """Apply an entry's effects; return the id of the changed task, None if there is none.

    Task ids that are not in the marketplace's format are ignored.
    """
    task_id = content.get("task_id")
    if isinstance(task_id, str) and TASK_ID.fullmatch(task_id):
        return await _update_task_from_entry(call, type, task_id, content)
    status = content.get("status")
    if type is BusType.STATE_UPDATE and status is not None and "task_id" not in content:
        if status not in AGENT_STATUSES:
            raise _build_invalid_field_error("status", f"must be one of {', '.join(AGENT_STATUSES)}")
        # A key or a person has no status of its own.
        if call.caller.kind == "agent":
            await AgentService(call).heartbeat(status=AgentStatus(status))
    return None


async def _update_task_from_entry(call: Call, type: BusType, task_id: str, content: dict[str, Any]) -> str | None:
    if type not in (BusType.TASK_COMPLETION, BusType.ERROR_REPORT, BusType.STATE_UPDATE):
        return None
    if not call.caller.may("write:tasks"):
        raise PermissionDenied(
            f"An entry that changes {task_id} needs the scope 'write:tasks'.",
            fix="Ask an operator for a key that has it, or leave task_id out.",
            required="write:tasks",
        )
    tasks, token = TaskService(call), _parse_fencing_token(content)
    if type is BusType.STATE_UPDATE:
        await _renew_or_update_progress(tasks, task_id, token, content)
    elif type is BusType.ERROR_REPORT or content.get("status") in FAILURE_STATUSES:
        retry = content.get("retry", True) is not False
        await tasks.fail(task_id, _read_failure_reason(content), retry=retry, fencing_token=token)
    else:
        await tasks.complete(task_id, content.get("result"), fencing_token=token)
    return task_id


async def _renew_or_update_progress(
    tasks: TaskService, task_id: str, token: int | None, content: dict[str, Any]
) -> None:
    """Store progress; with the fencing token, also renew the lease."""
    progress = _parse_progress(content)
    if token is not None:
        await tasks.renew(task_id, token, lease_seconds=LEASE_SECONDS, progress=progress)
    elif progress is not None:
        await tasks.update(task_id, progress=progress)


def _parse_fencing_token(content: dict[str, Any]) -> int | None:
    token = content.get("fencing_token")
    if token is not None and (not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < 2**53):
        raise _build_invalid_field_error("fencing_token", "must be the integer that came with the task")
    return token


def _parse_progress(content: dict[str, Any]) -> float | None:
    if content.get("progress") is None:
        return None
    try:
        progress = _PROGRESS.validate_python(content["progress"])
    except ValidationError:
        progress = -1.0
    if not 0 <= progress <= 100:
        raise _build_invalid_field_error("progress", "must be a number from 0 to 100")
    return progress


def _read_failure_reason(content: dict[str, Any]) -> str:
    for name in ("error", "reason", "message", "text"):
        if isinstance(content.get(name), str) and content[name]:
            # PostgreSQL has no NUL in a text.
            return str(content[name])[:MAX_ERROR_CHARACTERS].replace("\0", "")
    return "failed"


def _build_invalid_field_error(name: str, rule: str) -> InvalidRequest:
    return InvalidRequest(f"content.{name} {rule}.", errors=[field_error(f"content.{name}", rule)])
