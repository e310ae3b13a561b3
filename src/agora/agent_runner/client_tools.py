"""Tools of the requester's client: called by the model, executed by the client.

A client of OpenAI's API (``metadata.openai``) or a page over AG-UI (``metadata.ag_ui``) sends its functions with the
message. A call is a question with ``tool_call`` as data, in the format of the SDK's agents; the answer has
``tool_result`` for each call. The agent's own tools take precedence: a function with the same name is not offered to
the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agora_sdk.contract.fields import JsonObject
from agora_sdk.message import Message

from .prompts import mark_as_data

__all__ = ["MAX_CLIENT_CALLS", "ClientTool", "read_client_results", "read_client_tools", "requires_tool_call"]

MAX_CLIENT_CALLS = 20  #: limit of one question
MAX_DESCRIPTION = 4_000  #: characters
OPENAI, AG_UI = "openai", "ag_ui"  # members of a message's metadata
CALLABLE = re.compile(r"[a-zA-Z0-9_-]{1,64}")  #: valid tool names for models
ANY_OBJECT: JsonObject = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A function offered by the requester's client."""

    name: str
    description: str
    input_schema: JsonObject


def read_client_tools(messages: Sequence[Message], own_names: Collection[str]) -> list[ClientTool]:
    """Read the functions of the requester's newest message that has any. own_names: names of the agent's own tools."""
    tools: dict[str, ClientTool] = {}
    for function in _select_newest_functions(messages):
        name, schema = function.get("name"), function.get("parameters")
        if isinstance(name, str) and CALLABLE.fullmatch(name) and name not in own_names:
            description = str(function.get("description") or "")[:MAX_DESCRIPTION]
            is_object = isinstance(schema, dict) and schema.get("type") == "object"
            tools[name] = ClientTool(name, description, schema if is_object else ANY_OBJECT)  # type: ignore[arg-type]
    return list(tools.values())


def _select_newest_functions(messages: Sequence[Message]) -> list[Mapping[str, Any]]:
    """Find the offered functions. Clients of OpenAI's API send them with each message, or none; pages may omit them."""
    for message in reversed(messages):
        openai, page = message.metadata.get(OPENAI), message.metadata.get(AG_UI)
        functions = openai.get("tools", []) if isinstance(openai, dict) else None
        if functions is None and isinstance(page, dict):
            functions = page.get("tools")
        if isinstance(functions, list):
            return [function for function in functions if isinstance(function, dict)]
    return []


def requires_tool_call(message: Message) -> bool:
    """Whether the client requires a tool call before an answer."""
    context = message.metadata.get(OPENAI)
    choice = context.get("tool_choice") if isinstance(context, dict) else None
    if isinstance(choice, dict):
        return choice.get("type") == "function" or choice.get("mode") == "required"
    return choice == "required"


def read_client_results(message: Message, names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Read status and text of each call for the model. names: names of the called tools by call id.

    A requester that answers with text has not executed the calls; text beside results is added to the last result.
    """
    results: dict[str, tuple[str, str]] = {}
    for part in message.parts:
        result = part.content.get("tool_result") if isinstance(part.content, dict) else None
        if isinstance(result, dict) and result.get("id") in names:
            call_id, content = result["id"], result.get("content")
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            results[call_id] = ("done", mark_as_data(names[call_id], text))
    words = mark_as_data("requester", message.text) if message.text else ""
    for call_id in names.keys() - results.keys():
        results[call_id] = ("failed", f"The requester's client did not answer this call. {words}".strip())
    if words and all(status == "done" for status, _ in results.values()):
        last = list(names)[-1]
        results[last] = ("done", f"{results[last][1]}\nThe requester added: {message.text}")
    return results
