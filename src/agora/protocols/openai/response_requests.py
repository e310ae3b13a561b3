"""Parser of ``POST /v1/responses`` (Open Responses): a string, or items, the newest message of which is sent to the
agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .compaction import COMPACTION_TYPE, unpack_compactions
from .content import MAX_TEXT_CHARACTERS, join_content_text, read_content
from .errors import invalid_field
from .identifiers import TurnId, parse_call_id_or_none, parse_response_id
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
    read_text,
    read_tools,
)

__all__ = ["ECHOED_FIELDS", "parse_compact_request", "parse_response_request"]

INSTRUCTION_ROLES: Final = ("system", "developer")
ROLES: Final = (*INSTRUCTION_ROLES, "user", "assistant")
MAX_METADATA: Final = 16  #: maximum pairs, as in OpenAI's API
MAX_ID_CHARACTERS: Final = 200
#: members that refer to objects stored on a model's server
FIX_BY_REFUSED_FIELD: Final = {
    "conversation": "Continue a conversation with previous_response_id.",
    "prompt": "Send the text of the prompt as input.",
}
#: members of a request that are repeated in its response
ECHOED_FIELDS: Final = (
    "background",
    "frequency_penalty",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
)

Fields = Mapping[str, Any]


def parse_response_request(body: Fields) -> AgentRequest:
    """Parse a request. Raises InvalidRequest, NotFound."""
    model = read_model(body)
    for name, fix in FIX_BY_REFUSED_FIELD.items():
        if body.get(name) is not None:
            raise invalid_field(name, "is not supported", fix=fix)
    previous_id = read_text(body, "previous_response_id", MAX_ID_CHARACTERS)
    previous: TurnId | None = parse_response_id(previous_id, "previous_response_id") if previous_id else None
    tools = read_tools(body)
    request = AgentRequest(
        model,
        [],
        {},
        list_tool_names(tools, body.get("tool_choice")),
        previous=previous,
        streams=read_flag(body, "stream"),
        background=read_flag(body, "background"),
        content_field="input",
        call_field="call_id",
    )
    instructions = [text] if (text := read_text(body, "instructions", MAX_TEXT_CHARACTERS)) else []
    history = _move_new_items_into_request(request, body, instructions)
    metadata = read_object(body.get("metadata") or {}, "metadata")
    if len(metadata) > MAX_METADATA or any(not isinstance(value, str) for value in metadata.values()):
        raise invalid_field("metadata", f"should be at most {MAX_METADATA} texts by name")
    request.echo = {name: body[name] for name in ECHOED_FIELDS if body.get(name) is not None} | {"tools": tools}
    members = {
        "instructions": "\n".join(instructions),
        "history": history,
        "tools": [tool for tool in tools if tool["name"] in request.tools],
        "tool_choice": body.get("tool_choice") if tools else None,
        "options": collect_options(body),
    }
    request.context = {"model": model, "response": request.echo}
    request.context |= {name: value for name, value in members.items() if value}
    return request


def parse_compact_request(body: Fields) -> tuple[str, list[dict[str, Any]], str | None]:
    """Parse a request to compact: its model, items and previous response. Raises InvalidRequest, NotFound."""
    model = read_model(body)
    previous_id = read_text(body, "previous_response_id", MAX_ID_CHARACTERS)
    if previous_id is not None:
        parse_response_id(previous_id, "previous_response_id")
    text = body.get("input")
    values = [{"role": "user", "content": text}] if isinstance(text, str) else read_list(body, "input", MAX_MESSAGES)
    items, earlier_id = _read_items(values)
    if not items and not (previous_id or earlier_id):
        raise invalid_field(
            "input", "there is nothing to compact", fix="Send the conversation, or previous_response_id."
        )
    return model, items, previous_id or earlier_id


def _read_items(values: list[Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Read the items of a conversation, with compactions unpacked; returns also the response before the last
    compaction."""
    items: list[dict[str, Any]] = []
    previous_id: str | None = None
    is_packed = [isinstance(value, dict) and value.get("type") == COMPACTION_TYPE for value in values]
    unpacked = iter(unpack_compactions({f"input.{n}": values[n] for n, packed in enumerate(is_packed) if packed}))
    for number, value in enumerate(values):
        if is_packed[number]:
            packed_items, previous_id = next(unpacked)
            items += [_read_item(each, number) for each in packed_items]
        else:
            items.append(_read_item(value, number))
    if len(items) > MAX_MESSAGES:
        raise invalid_field("input", f"more than {MAX_MESSAGES:,} items", fix="Leave the oldest out.")
    return items, previous_id


def _move_new_items_into_request(request: AgentRequest, body: Fields, instructions: list[str]) -> list[Any]:
    """Move the new items into the request; returns the items before them."""
    if isinstance(body.get("input"), str):
        request.parts = read_content(body["input"], "input")
        return []
    items, previous_id = _read_items(read_list(body, "input", MAX_MESSAGES, required=True))
    if previous_id is not None and request.previous is None:
        request.previous = parse_response_id(previous_id, "input")
    instructions += [join_content_text(each.get("content")) for each in items if each.get("role") in INSTRUCTION_ROLES]
    items = [each for each in items if each.get("role") not in INSTRUCTION_ROLES]
    own_outputs = [
        (number, each)
        for number, each in enumerate(items)
        if each["type"] == "function_call_output" and parse_call_id_or_none(str(each.get("call_id"))) is not None
    ]
    # Outputs before a later answer belong to the history: their question was answered.
    if own_outputs and not any(each.get("role") == "assistant" for each in items[own_outputs[-1][0] :]):
        return _move_tool_outputs_into_request(request, items, own_outputs)
    prompts = [number for number, each in enumerate(items) if each.get("role") == "user"]
    if not prompts:
        raise invalid_field("input", "there is no user message", fix="Send a message with the role user.")
    newest = prompts[-1]
    request.parts = read_content(items[newest]["content"], f"input.{newest}.content")
    return items[:newest] + items[newest + 1 :]


def _move_tool_outputs_into_request(
    request: AgentRequest, items: list[Any], outputs: list[tuple[int, Any]]
) -> list[Any]:
    """Move what follows the agent's last item into the request: outputs of its tool calls, and messages of the user.

    outputs: those of the agent's own calls, numbered. Returns the items before.
    """
    calls = [n for n, each in enumerate(items) if each["type"] == "function_call" or each.get("role") == "assistant"]
    # Without the call itself, as with previous_response_id, all items are new.
    begin = calls[-1] + 1 if calls else 0
    request.outputs = [
        ToolOutput(str(each["call_id"]), join_content_text(each.get("output")))
        for number, each in outputs
        if number >= begin
    ]
    prompts = [each for each in items[begin:] if each.get("role") == "user"]
    request.parts = [part for each in prompts for part in read_content(each["content"], "input")]
    return items[:begin]


def _read_item(value: Any, number: int) -> dict[str, Any]:
    path = f"input.{number}"
    item = read_object(value, path)
    kind = item.get("type") or ("message" if "role" in item else None)
    if not isinstance(kind, str):
        raise invalid_field(
            f"{path}.type", "should name the item's kind", fix="Send messages, or function_call_output."
        )
    if kind == "item_reference":
        raise invalid_field(f"{path}.type", "item references are not supported", fix="Use previous_response_id.")
    if kind != "message":
        # Only a message has a role: by it, the messages of the user and their content are found.
        return {name: member for name, member in item.items() if name != "role"} | {"type": kind}
    if item.get("role") not in ROLES:
        raise invalid_field(f"{path}.role", f"should be one of {', '.join(ROLES)}")
    read_content(item.get("content"), f"{path}.content")
    return {**item, "type": kind}
