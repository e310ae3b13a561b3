"""The work of a declared agent on a task: its conversation with the model, and the usage of each model call.

The conversation is the task's checkpoint (``agora.agent_runner.run_state``), which the holder of the task can write, so
its form is not trusted.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import from_json

from agora.value_classes import value_class
from agora_sdk.contract.billing.models import ModelCall
from agora_sdk.contract.codebases import SessionMessage
from agora_sdk.contract.fields import JsonObject
from agora_sdk.contract.tasks import Task

from ..view import View
from .list_parameters import query_if_allowed
from .session_messages import ReadableMessage, read_messages

__all__ = ["ModelWork", "load_model_work", "remove_data_marks"]

CHECKPOINT_VERSION: Final = 1  #: version of the checkpoint
MAX_CONVERSATION_BYTES: Final = 4 * 1024 * 1024  #: maximum bytes of an unpacked conversation
MAX_MESSAGES: Final = 100  #: maximum shown, last ones
MAX_CALLS: Final = 200  #: maximum listed, newest ones
DATA_START: Final = re.compile(r"<data source=[^<>\n]*>\n")  #: no "<" within, so that a search is linear
DATA_END: Final = "\n</data>"
CALL_STATUSES: Final = ("failed", "refused", "unknown", "pending")


@value_class
class ModelWork:
    """The work of a model on a task.

    messages: of the conversation, oldest first. left_out: number of earlier ones. calls: newest first. are_all_listed:
    whether there are no more calls. costs: of the listed calls, by currency.
    """

    messages: list[ReadableMessage]
    left_out: int
    calls: list[ModelCall]
    are_all_listed: bool
    costs: Mapping[str, float]
    input_tokens: int
    output_tokens: int


async def load_model_work(view: View, task: Task) -> ModelWork | None:
    """Load the work of models on a task; None if there is none."""
    # In a thread: an agent may store an unpacked conversation of MAX_CONVERSATION_BYTES bytes.
    messages = await asyncio.to_thread(_build_messages_of_checkpoint, task.checkpoint, task.created_at)
    page = await query_if_allowed(view, "agora.token_billing.recent", {"task_id": task.task_id, "limit": MAX_CALLS})
    calls = [] if page is None else list(page.calls)
    if not messages and not calls:
        return None
    costs: dict[str, float] = {}
    for call in calls:
        costs[call.currency] = costs.get(call.currency, 0.0) + call.cost
    return ModelWork(
        messages=await read_messages(messages[-MAX_MESSAGES:]),
        left_out=max(0, len(messages) - MAX_MESSAGES),
        calls=calls,
        are_all_listed=page is None or not page.has_more,
        costs=costs,
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
    )


def _build_messages_of_checkpoint(checkpoint: Any, begun_at: datetime) -> list[SessionMessage]:
    return [*_build_messages(_read_conversation(checkpoint), begun_at)]


def _read_conversation(checkpoint: Any) -> Sequence[Mapping[str, Any]]:
    """Read the messages of a checkpoint; empty for that of another program."""
    if not isinstance(checkpoint, Mapping) or checkpoint.get("format") != CHECKPOINT_VERSION:
        return []
    messages, packed = checkpoint.get("messages"), checkpoint.get("packed")
    if isinstance(packed, str):
        try:
            messages = from_json(zlib.decompressobj().decompress(base64.b64decode(packed), MAX_CONVERSATION_BYTES))
        except (ValueError, binascii.Error, zlib.error):
            return []
    return [message for message in messages if isinstance(message, Mapping)] if isinstance(messages, list) else []


def _build_messages(conversation: Sequence[Mapping[str, Any]], begun_at: datetime) -> Iterator[SessionMessage]:
    """Build the messages with the tool calls and their results.

    The marks are removed once per result: many calls may claim the id of one large result.
    """
    results = {
        str(part.get("tool_call_id")): remove_data_marks(part.get("content"))
        for message in conversation
        for part in _list_message_parts(message)
        if part.get("part_kind") == "tool-return"
    }
    for number, message in enumerate(conversation):
        readable = (_read_part(part, results) for part in _list_message_parts(message))
        parts: list[JsonValue] = [part for part in readable if part is not None]
        if parts:
            yield SessionMessage.model_construct(
                message_id="",
                number=number,
                role="assistant" if message.get("kind") == "response" else "user",
                parts=parts,
                created_at=_read_message_time(message) or begun_at,
            )


def _list_message_parts(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    parts = message.get("parts")
    return [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []


def _read_part(part: Mapping[str, Any], results: Mapping[str, Any]) -> JsonObject | None:
    """Convert a part to the form of session messages; None if it is shown elsewhere."""
    content = part.get("content")
    match part.get("part_kind"):
        case "user-prompt" | "text" | "retry-prompt" if content:
            return {"type": "text", "text": content}
        case "thinking" if content:
            return {"type": "thought", "text": content}
        case "tool-call":
            call_id = str(part.get("tool_call_id"))
            text = results.get(call_id)
            return {
                "type": "tool",
                "title": part.get("tool_name"),
                "kind": "tool",
                "status": "in_progress" if call_id not in results else _read_call_status(text),
                "input": _parse_json_or_text(part.get("args")),
                "result": text,
            }
        case _:
            return None


def _parse_json_or_text(arguments: Any) -> Any:
    try:
        return from_json(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def remove_data_marks(content: Any) -> Any:
    """Remove the marks around the data of a tool's result, in linear time."""
    if not isinstance(content, str):
        return content
    start = DATA_START.search(content)
    end = -1 if start is None else content.rfind(DATA_END, start.end())
    return (
        content
        if start is None or end < 0
        else content[: start.start()] + content[start.end() : end] + content[end + len(DATA_END) :]
    )


def _read_call_status(content: Any) -> str:
    """Read the outcome of a tool call: the text of a missing result begins with it."""
    outcome = content.partition(":")[0] if isinstance(content, str) else ""
    return "failed" if outcome in CALL_STATUSES else "completed"


def _read_message_time(message: Mapping[str, Any]) -> datetime | None:
    """Read the time of a message from itself or one of its parts."""
    times = [message.get("timestamp"), *(part.get("timestamp") for part in _list_message_parts(message))]
    for value in times:
        if isinstance(value, str):
            try:
                time = datetime.fromisoformat(value)
            except ValueError:
                continue
            if time.tzinfo is not None:
                return time
    return None
