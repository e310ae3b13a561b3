"""Parser of ``POST /v1/chat/completions``: the newest message is sent to the agent, the earlier ones are its
history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .content import join_content_text, read_content
from .errors import invalid_field
from .identifiers import parse_call_id_or_none
from .request_fields import (
    MAX_MESSAGES,
    AgentRequest,
    ToolOutput,
    collect_options,
    list_tool_names,
    read_flag,
    read_list,
    read_model,
    read_object,
    read_tools,
)

__all__ = ["parse_chat_request"]

INSTRUCTION_ROLES: Final = ("system", "developer")
ROLES: Final = (*INSTRUCTION_ROLES, "user", "assistant", "tool", "function")

MAX_MODALITIES: Final = 10

Fields = Mapping[str, Any]


def parse_chat_request(body: Fields) -> AgentRequest:
    """Parse a request. Raises InvalidRequest."""
    model = read_model(body)
    messages = [
        _read_message(value, number)
        for number, value in enumerate(read_list(body, "messages", MAX_MESSAGES, required=True))
    ]
    if body.get("n") not in (None, 1):
        raise invalid_field("n", "only one answer is supported", fix="Leave it out, and ask again for another answer.")
    if "audio" in read_list(body, "modalities", MAX_MODALITIES):
        raise invalid_field("modalities", "only text is supported", fix="Leave audio out.")
    tools = read_tools(body)
    options = body.get("stream_options")
    request = AgentRequest(
        model,
        [],
        {},
        list_tool_names(tools, body.get("tool_choice")),
        streams=read_flag(body, "stream"),
        usage=read_flag(read_object(options, "stream_options"), "include_usage") if options is not None else False,
    )
    instructions = [join_content_text(each["content"]) for each in messages if each["role"] in INSTRUCTION_ROLES]
    conversation = [each for each in messages if each["role"] not in INSTRUCTION_ROLES]
    history = _move_new_messages_into_request(request, conversation)
    members = {
        "instructions": "\n".join(filter(None, instructions)),
        "history": history,
        "tools": [tool for tool in tools if tool["name"] in request.tools],
        "tool_choice": body.get("tool_choice") if tools else None,
        "options": collect_options(body),
    }
    request.context = {"model": model} | {name: value for name, value in members.items() if value}
    return request


def _read_message(value: Any, number: int) -> dict[str, Any]:
    path = f"messages.{number}"
    message = read_object(value, path)
    role = message.get("role")
    if role not in ROLES:
        raise invalid_field(f"{path}.role", f"should be one of {', '.join(ROLES)}")
    content = message.get("content")
    if role == "assistant" and content in (None, "", []):
        return message | {"content": None}
    # A tool may have no output: only its content may be empty, or missing.
    if role in ("tool", "function") and not content:
        return message | {"content": ""}
    read_content(content, f"{path}.content")
    return message


def _move_new_messages_into_request(request: AgentRequest, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Move the new messages into the request; returns the messages before them.

    New are those after the assistant's last message. Outputs of unknown calls belong to the history: another model
    requested them.
    """
    last = max((number for number, each in enumerate(messages) if each["role"] == "assistant"), default=-1)
    new_messages = messages[last + 1 :]
    request.outputs = [
        ToolOutput(str(each.get("tool_call_id")), join_content_text(each["content"]))
        for each in new_messages
        if each["role"] == "tool" and parse_call_id_or_none(str(each.get("tool_call_id"))) is not None
    ]
    prompts = [number for number, each in enumerate(messages) if each["role"] == "user"]
    if request.outputs:
        user_messages = [each for each in new_messages if each["role"] == "user"]
        request.parts = [part for each in user_messages for part in read_content(each["content"], "messages")]
        return messages[: last + 1]
    if not prompts:
        raise invalid_field("messages", "there is no user message", fix="Send a message with the role user.")
    newest = prompts[-1]
    request.parts = read_content(messages[newest]["content"], f"messages.{newest}.content")
    # The answer right before may be the question of a task, which this message then answers.
    if 0 <= last == newest - 1 and not messages[last].get("tool_calls"):
        request.last_answer = join_content_text(messages[last]["content"])
    return messages[:newest] + messages[newest + 1 :]
