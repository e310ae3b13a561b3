"""Conversion of tasks to A2A messages, and of handler answers to parts and results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agora.core import pagination as paging
from agora_sdk.contract.tasks import ClaimedTask

from .calls import AgentCalls
from .port import Part, Reply, join_text_parts

__all__ = [
    "build_task_message",
    "convert_answer_to_result",
    "convert_content_to_parts",
    "find_newest_requester_message",
    "is_single_text_or_object",
    "list_requester_messages_after",
]

TEXT_KEYS = ("text", "content", "message", "prompt", "query")  #: fields of a payload that may contain the text
MAX_ENTRIES = 500


def build_task_message(task: ClaimedTask) -> Mapping[str, Any]:
    """Return the message of a task; the payload of a task from another protocol is wrapped in one."""
    payload = task.payload
    message = payload.get("message")
    if isinstance(message, dict) and isinstance(message_parts := message.get("parts"), list):
        return message | {"parts": [part for part in message_parts if isinstance(part, dict)]}
    if payload.keys() == {"capability", "arguments"} and isinstance(payload["arguments"], dict):
        payload = payload["arguments"]  # a tool call over MCP
    texts = [text for text in (payload.get(name) for name in TEXT_KEYS) if isinstance(text, str) and text]
    parts: list[Part] = [{"text": text} for text in texts[:1]]
    if not parts or len(payload) > 1:
        parts.append({"data": payload})
    return {"messageId": task.task_id, "role": "ROLE_USER", "parts": parts}


async def find_newest_requester_message(calls: AgentCalls, task_id: str) -> tuple[Mapping[str, Any], int] | None:
    """Return the requester's last message and its entry number. None if the log has no message."""
    messages = await list_requester_messages_after(calls, task_id, 0)
    return (messages[-1][1], messages[-1][0]) if messages else None


async def list_requester_messages_after(
    calls: AgentCalls, task_id: str, after: int
) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """Return the requester's messages after a log entry, as pairs of number and message."""
    messages: list[tuple[int, Mapping[str, Any]]] = []
    # The log's cursor is the number of an entry, so reading begins right after it.
    cursor: str | None = paging.encode_cursor(after) if after else None
    while True:
        page = await calls("agora.task.history", task_id=task_id, limit=MAX_ENTRIES, cursor=cursor)
        for entry in page.entries:
            data = entry.data
            if entry.type == "message" and isinstance(data, dict) and data.get("role") == "ROLE_USER":
                messages.append((entry.number, data))
        cursor = page.next_cursor
        if cursor is None:
            return messages


def convert_content_to_parts(content: Any) -> list[Part]:
    """Convert content to parts: text to a text part, a list of parts as it is, other JSON to a text part."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}]
    if isinstance(content, Sequence) and all(isinstance(part, dict) for part in content):
        return list(content)
    return [{"text": json.dumps(content, ensure_ascii=False)}]


def convert_answer_to_result(answer: Any) -> Any:
    """Convert a handler's answer to a task's result, for readers of tasks."""
    if not isinstance(answer, Reply):
        return answer
    if answer.result is not None:
        return answer.result
    if text := join_text_parts(answer.parts):
        return text
    return answer.parts[0]["data"] if len(answer.parts) == 1 and "data" in answer.parts[0] else None


def is_single_text_or_object(parts: Sequence[Part]) -> bool:
    """Whether parts are a single text or object: then the result is complete."""
    return len(parts) == 1 and set(parts[0]) in ({"text"}, {"data"})
