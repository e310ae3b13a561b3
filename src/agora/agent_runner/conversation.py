"""Conversation of a task: earlier requests of the requester in the same context, and their answers.

Clients of OpenAI's API keep the conversation themselves, and send it with each message (``metadata.openai``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

from agora_sdk.client import AgoraClient
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks import INTERRUPTED_BY_NEWER, Task
from agora_sdk.message import Message
from agora_sdk.taskrun import TaskRun, opening_message

from .prompts import describe_request, mark_as_data, truncate_text

__all__ = ["read_client_conversation", "read_earlier_tasks"]

MAX_CONTEXT_TASKS = 20  #: limit of tasks of a context
MAX_TEXT = 8_000  #: limit of each text in characters
CLIENT = "openai"  #: key in a message's metadata


async def read_earlier_tasks(client: AgoraClient, task: TaskRun) -> list[ModelMessage]:
    """Read earlier tasks of the context from the same requester to this agent, oldest first.

    Those of other requesters are left out, because they are confidential.
    """
    # The newest ones, which are then read in the order in which they were asked.
    page = await client.task.list(context_id=task.context_id, limit=MAX_CONTEXT_TASKS, descending=True)
    messages: list[ModelMessage] = []
    for summary in reversed(page.tasks):
        if summary.task_id == task.task_id or summary.created_by != task.created_by:
            continue
        earlier = await client.task.get(summary.task_id)
        if earlier.assigned_agent != task.assigned_agent:
            continue
        answer = await _read_answer_or_none(client, earlier)
        if answer is None:
            continue
        messages.append(
            ModelRequest(parts=[UserPromptPart(content=truncate_text(_describe_request_of_task(earlier), MAX_TEXT))])
        )
        messages.append(ModelResponse(parts=[TextPart(content=truncate_text(answer, MAX_TEXT))]))
    return messages


def read_client_conversation(message: Message) -> list[ModelMessage]:
    """Read the conversation that a client of OpenAI's API sent with its newest message: instructions and earlier
    messages. Empty for any other client."""
    context = message.metadata.get(CLIENT)
    if not isinstance(context, dict):
        return []
    instructions, history = context.get("instructions"), context.get("history")
    messages: list[ModelMessage] = []
    if isinstance(instructions, str):
        messages.append(ModelRequest(parts=[UserPromptPart(content=truncate_text(instructions, MAX_TEXT))]))
    items = history[-2 * MAX_CONTEXT_TASKS :] if isinstance(history, list) else []
    for item in filter(lambda item: isinstance(item, dict), items):
        role, text = _read_role_and_text(item)
        text = truncate_text(text, MAX_TEXT)
        if text and role == "user":
            messages.append(ModelRequest(parts=[UserPromptPart(content=text)]))
        elif text and role == "assistant":
            messages.append(ModelResponse(parts=[TextPart(content=text)]))
    return messages


def _read_role_and_text(item: Mapping[str, Any]) -> tuple[str, str]:
    """Read role and text of an item in the format of either API of OpenAI. Tool calls and their outputs are converted
    to text."""
    role, kind = str(item.get("role")), item.get("type")
    if kind == "function_call":
        return "assistant", _format_tool_call(item)
    if kind == "function_call_output" or role == "tool":
        output = item.get("output") if kind == "function_call_output" else item.get("content")
        return "user", mark_as_data("tool", _join_texts(output))
    calls = item.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    described = [_format_tool_call(function) for function in functions if isinstance(function, dict)]
    return role, "\n".join(filter(None, [_join_texts(item.get("content")), *described]))


def _format_tool_call(function: Mapping[str, Any]) -> str:
    return f"[I called {function.get('name')} with {function.get('arguments')}]"


def _join_texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


def _describe_request_of_task(task: Task) -> str:
    return describe_request(Message.of(opening_message(task.payload)), task.task_type)


async def _read_answer_or_none(client: AgoraClient, task: Task) -> str | None:
    """Return the answer of a task: its result, or the text so far if a newer task interrupted it. None for any
    other."""
    if task.status == TaskStatus.COMPLETED:
        return task.result if isinstance(task.result, str) else json.dumps(task.result, ensure_ascii=False)
    if task.status == TaskStatus.CANCELLED and task.error == INTERRUPTED_BY_NEWER:
        output = await client.task.output(task.task_id, limit=MAX_TEXT)
        return f"{output.content}\n[interrupted]".strip()
    return None
