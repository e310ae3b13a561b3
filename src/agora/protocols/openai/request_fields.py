"""Request members common to both APIs, parsed with limits, and the request passed to an agent.

The newest message is the agent's message. The rest of the request is added as metadata under the name ``openai``:
``instructions``, ``history`` (the messages before it, as the client wrote them), ``tools``, ``tool_choice`` and
``options`` (such as ``temperature``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agora.value_classes import value_class

from .errors import invalid_field
from .identifiers import TurnId

__all__ = [
    "MAX_MESSAGES",
    "METADATA_KEY",
    "AgentRequest",
    "ToolOutput",
    "collect_options",
    "list_tool_names",
    "read_flag",
    "read_limited_text",
    "read_list",
    "read_model",
    "read_object",
    "read_text",
    "read_tools",
]

METADATA_KEY: Final = "openai"  #: key in a message's metadata
MAX_MESSAGES: Final = 1000
MAX_TOOLS: Final = 128
MAX_MODEL_CHARACTERS: Final = 200
MAX_NAME_CHARACTERS: Final = 200

#: members passed to the agent unchanged
MODEL_OPTIONS: Final = (
    "frequency_penalty",
    "logit_bias",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "text",
    "top_p",
    "truncation",
    "user",
    "verbosity",
)

Fields = Mapping[str, Any]


@value_class
class ToolOutput:
    """The output of a client's tool. call_id: as sent by the client."""

    call_id: str
    text: str


@dataclass(slots=True)
class AgentRequest:
    """A request to an agent. model: its name or id.

    parts: the newest message, as A2A parts. context: further data for the agent. tools: names of the client's tools.
    outputs: of the calls requested by the agent. content_field: member with the message. call_field: member with the id
    of an output's call. previous: the preceding turn. last_answer: the last answer in the client's history.
    """

    model: str
    parts: list[dict[str, Any]]
    context: dict[str, Any]
    tools: frozenset[str] = frozenset()
    outputs: Sequence[ToolOutput] = ()
    previous: TurnId | None = None
    last_answer: str | None = None
    streams: bool = False
    background: bool = False
    usage: bool = False
    echo: dict[str, Any] = field(default_factory=dict)
    content_field: str = "messages"
    call_field: str = "tool_call_id"


def read_text(body: Fields, name: str, limit: int, *, required: bool = False) -> str | None:
    """Read a string. Raises InvalidRequest."""
    value = body.get(name)
    return None if value is None and not required else read_limited_text(value, name, limit)


def read_limited_text(value: Any, path: str, limit: int) -> str:
    """Check that a value is a text of at most so many characters. path: of its field. Raises InvalidRequest."""
    if not isinstance(value, str) or not value:
        raise invalid_field(path, "should be a text that is not empty")
    if len(value) > limit:
        raise invalid_field(path, f"longer than {limit:,} characters")
    return value


def read_model(body: Fields) -> str:
    """Read the model, the name of an agent. Raises InvalidRequest."""
    model = read_text(body, "model", MAX_MODEL_CHARACTERS, required=True)
    assert model is not None
    return model


def read_flag(body: Fields, name: str) -> bool:
    """Read a boolean; the default is false. Raises InvalidRequest."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid_field(name, "should be true or false")
    return value


def read_list(body: Fields, name: str, limit: int, *, required: bool = False) -> list[Any]:
    """Read a list; the default is an empty list. Raises InvalidRequest."""
    value = body.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or (required and not value):
        raise invalid_field(name, "should be a list that is not empty" if required else "should be a list")
    if len(value) > limit:
        raise invalid_field(name, f"more than {limit:,} items", fix="Leave the oldest out.")
    return value


def read_object(value: Any, name: str) -> dict[str, Any]:
    """Read an object. Raises InvalidRequest."""
    if not isinstance(value, dict):
        raise invalid_field(name, "should be an object")
    return value


def read_tools(body: Fields) -> list[dict[str, Any]]:
    """Read the functions of the client, in the format of either API; returns them in that of Responses. Raises
    InvalidRequest.

    Tools executed by the server of a model are rejected: agents have their own tools.
    """
    tools: list[dict[str, Any]] = []
    for number, value in enumerate(read_list(body, "tools", MAX_TOOLS)):
        path = f"tools.{number}"
        tool = read_object(value, path)
        if tool.get("type") != "function":
            raise invalid_field(
                f"{path}.type",
                f"{str(tool.get('type'))[:100]!r} is not a function",
                fix="Send only functions; an agent has its own tools.",
            )
        function = read_object(tool.get("function", tool), f"{path}.function")
        name = function.get("name")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise invalid_field(f"{path}.name", f"should be a text of 1 to {MAX_NAME_CHARACTERS} characters")
        members = {key: function.get(key) for key in ("name", "description", "parameters", "strict")}
        tools.append({"type": "function", **members})
    return tools


def list_tool_names(tools: Sequence[Fields], tool_choice: Any) -> frozenset[str]:
    """List the names of the callable tools: all, none, or those of the choice. Raises InvalidRequest."""
    names = frozenset(str(tool.get("name")) for tool in tools)
    if tool_choice == "none":
        return frozenset()
    if isinstance(tool_choice, Mapping):
        # Responses has the list beside the type, chat completions below it.
        nested = read_object(tool_choice.get("allowed_tools") or {}, "tool_choice")
        allowed = tool_choice.get("tools") or nested.get("tools")
        callable_tools = allowed if isinstance(allowed, list) else [tool_choice]
        # Only declared tools: a choice of another one cannot be called by anybody.
        return names & frozenset(_read_tool_name(tool) for tool in callable_tools)
    return names


def _read_tool_name(tool: Any) -> str:
    if not isinstance(tool, Mapping):
        return ""
    function = tool.get("function")
    return str((function if isinstance(function, Mapping) else tool).get("name"))


def collect_options(body: Fields) -> dict[str, Any]:
    """Collect the generation options, for agents that support them."""
    return {name: body[name] for name in MODEL_OPTIONS if body.get(name) is not None}
