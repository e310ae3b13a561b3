"""Recorded results of marketplace tools in a task: log entries written by the server, which a model cannot forge."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, decode_json, encode_json
from agora.domains.tasks.access import lock_task
from agora.domains.tasks.list_queries import list_history_of_types
from agora.domains.tasks.records import TaskRow
from agora.value_classes import value_class
from agora_sdk.contract import Operation

__all__ = ["ToolUse", "is_use_recorded", "list_tool_uses", "record_tool_use"]

ENTRY_TYPE = "comment"
TOOL_USE_KEY = "tool_use"
MAX_USES = 50  #: entries read per task
MAX_CHARACTERS = 65_536  #: a longer result is not recorded


@value_class
class ToolUse:
    """A tool by its short name, such as ``search_agents``, and its result without secrets."""

    tool: str
    content: dict[str, Any]


def is_use_recorded(operation: Operation) -> bool:
    """Whether uses of a tool are recorded: those whose results the chat shows."""
    return operation.category == "orchestrator"


async def record_tool_use(call: Call, task_id: str, call_id: str, operation: Operation, content: Any) -> None:
    """Record the result of a tool, in the transaction that completes its call."""
    data = {TOOL_USE_KEY: {"tool": operation.action, "call_id": call_id, "content": content}}
    # The record is only for display: the model has the whole result.
    if len(encode_json(data)) > MAX_CHARACTERS:
        return
    draft = await lock_task(call, task_id)
    draft.append_entry(ENTRY_TYPE, content=f"Used {operation.name}", data=data)
    await draft.save()


async def list_tool_uses(call: Call, task: TaskRow) -> list[ToolUse]:
    """List the recorded tool uses of a task in order; a call repeated after a crash appears once."""
    rows = await call.tx.all(
        list_history_of_types, task_id=task.task_id, after=0, types=encode_json([ENTRY_TYPE]), limit=MAX_USES
    )
    uses: dict[str, ToolUse] = {}
    for row in rows:
        # Anybody who sees the task may comment; a forged entry has another actor.
        data = decode_json(row.data) if row.data and row.actor == task.assigned_agent else None
        use = data.get(TOOL_USE_KEY) if isinstance(data, dict) else None
        if use is not None:
            uses[use["call_id"]] = ToolUse(use["tool"], use["content"])
    return list(uses.values())
