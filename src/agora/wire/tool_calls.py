"""Tool calls in the messages of a task, as data parts, for display in any protocol and for execution by a client.

    the agent calls a tool:         {"data": {"tool_call": {"id": "1", "name": "search", "arguments": {...}}}}
    and has its result:             {"data": {"tool_result": {"id": "1", "content": ...}}}
    the agent asks for an approval: {"data": {"approval": {"call_id": "1", "tool": "search", "arguments": {...}}}}

A ``tool_call`` in a question (``input_required``) is executed by the requester, who answers with a ``tool_result``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from agora.value_classes import value_class

__all__ = [
    "APPROVAL_KEY",
    "TOOL_CALL_KEY",
    "TOOL_RESULT_KEY",
    "ToolCall",
    "ToolResult",
    "find_approval_request",
    "list_tool_calls",
    "list_tool_results",
]

TOOL_CALL_KEY: Final = "tool_call"
TOOL_RESULT_KEY: Final = "tool_result"
APPROVAL_KEY: Final = "approval"
MAX_CALLS: Final = 20  #: maximum of each kind in one message
MAX_ID_CHARACTERS: Final = 100
MAX_NAME_CHARACTERS: Final = 200


@value_class
class ToolCall:
    """A tool call. id: unique within its task."""

    id: str
    name: str
    arguments: Any


@value_class
class ToolResult:
    """The result of a tool call. id: of the call."""

    id: str
    content: Any


def list_tool_calls(message: Mapping[str, Any]) -> list[ToolCall]:
    """List the tool calls of a message."""
    calls = [
        ToolCall(value["id"], value["name"], value.get("arguments", {}))
        for value in _iterate_data_members(message, TOOL_CALL_KEY)
        if _is_text(value.get("id"), MAX_ID_CHARACTERS) and _is_text(value.get("name"), MAX_NAME_CHARACTERS)
    ]
    return calls[:MAX_CALLS]


def list_tool_results(message: Mapping[str, Any]) -> list[ToolResult]:
    """List the tool results of a message."""
    results = [
        ToolResult(value["id"], value.get("content"))
        for value in _iterate_data_members(message, TOOL_RESULT_KEY)
        if _is_text(value.get("id"), MAX_ID_CHARACTERS)
    ]
    return results[:MAX_CALLS]


def find_approval_request(message: Mapping[str, Any]) -> ToolCall | None:
    """Find the tool call for which a message requests a user's approval."""
    for value in _iterate_data_members(message, APPROVAL_KEY):
        if _is_text(value.get("call_id"), MAX_ID_CHARACTERS) and _is_text(value.get("tool"), MAX_NAME_CHARACTERS):
            return ToolCall(value["call_id"], value["tool"], value.get("arguments", {}))
    return None


def _iterate_data_members(message: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    # Messages come from any agent: a part of another form is ordinary data and no error.
    for part in message.get("parts", ()):
        data = part.get("data")
        value = data.get(name) if isinstance(data, Mapping) else None
        if isinstance(value, Mapping):
            yield value


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limit
