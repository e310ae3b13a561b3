"""Finding tools: a search over what a caller may call, and a call of whatever it found.

A client that lists a toolset alone reaches every other tool through these two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from agora_sdk.contract.faults import wording
from agora_sdk.errors import InvalidRequest

from .results import ToolResult
from .schemas import slim
from .tools import Tool
from .view import View

__all__ = ["CALL", "SEARCH", "Called", "finders", "search", "unwrap"]

SEARCH: Final = "agora.tools.search"
CALL: Final = "agora.tools.call"


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", title="", defer_build=True)


class _Search(_Arguments):
    query: Annotated[str, Field(min_length=1, max_length=200, description="What the tool shall do, in a few words.")]
    limit: Annotated[int, Field(ge=1, le=50, description="Most tools of the answer.")] = 8


class Called(_Arguments):
    """A call inside a call."""

    name: Annotated[str, Field(min_length=1, max_length=200, description="Name of a tool that was found.")]
    arguments: Annotated[dict[str, JsonValue], Field(description="As its input schema says.")] = {}


def _tool(name: str, title: str, description: str, arguments: type[BaseModel], **hints: bool) -> Tool:
    schema = slim(arguments.model_json_schema())
    schema.pop("description", None)
    return Tool(
        {
            "name": name,
            "title": title,
            "description": description,
            "inputSchema": schema,
            "annotations": {"title": title, **hints},
        }
    )


@cache
def _search_tool() -> Tool:
    return _tool(
        SEARCH,
        "Tools: search",
        "Find tools by what they do: names, descriptions and input schemas of the best matches.",
        _Search,
        readOnlyHint=True,
        destructiveHint=False,
        idempotentHint=True,
        openWorldHint=False,
    )


@cache
def _call_tool() -> Tool:
    return _tool(
        CALL,
        "Tools: call",
        "Call a tool that agora.tools.search found and this listing does not show.",
        Called,
        readOnlyHint=False,
        destructiveHint=True,
        idempotentHint=False,
        openWorldHint=True,
    )


def finders(view: View) -> list[Tool]:
    """The tools of this module that a view lists."""
    return [_search_tool(), _call_tool()] if view.toolsets else [_search_tool()]


def search(tools: Iterable[Tool], view: View, arguments: Mapping[str, Any]) -> ToolResult:
    """The tools that fit a query best, best first; raises InvalidRequest."""
    wanted = _validated(_Search, arguments)
    words = re.findall(r"\w+", wanted.query.lower())
    scored = [(score, tool) for tool in tools if (score := _score(tool, words)) > 0]
    scored.sort(key=lambda pair: (-pair[0], pair[1].name))
    shown = [_brief(tool.shown(view)) for _, tool in scored[: wanted.limit]]
    return ToolResult(to_json({"tools": shown, "count": len(shown), "total": len(scored)}))


def unwrap(arguments: Mapping[str, Any]) -> Called:
    """The call inside a call; raises InvalidRequest."""
    called: Called = _validated(Called, arguments)
    if called.name.replace("_", ".") in (SEARCH, CALL):
        rule = "is another tool's name"
        raise InvalidRequest(f"name {rule}.", errors=[{"field": "name", "message": rule}])
    return called


def _validated(model: type[Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:20]
        errors = [{"field": ".".join(map(str, fault["loc"])), "message": wording(fault)} for fault in faults]
        raise InvalidRequest("{field}: {message}".format(**errors[0]), errors=errors) from None


def _score(tool: Tool, words: Sequence[str]) -> int:
    """How well a tool fits: its name counts most, then what it says, then its parameters."""
    document = tool.document
    name = set(re.split(r"[._\W]+", tool.name.lower()))
    text = document["description"].lower()
    fields = " ".join(document["inputSchema"].get("properties", ())).lower()
    first = text.split("\n", 1)[0]
    return sum(
        6 * any(part.startswith(word) or word.startswith(part) for part in name if len(part) > 2)
        + 3 * (word in first)
        + (word in text)
        + (word in fields)
        for word in words
    )


def _brief(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in ("name", "title", "description", "inputSchema", "annotations")}
