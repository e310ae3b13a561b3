"""Tool search: find tools that the caller may call, and call a found one.

A client that lists a toolset alone reaches every other tool through these two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, field_error

from .results import ToolResult
from .schemas import strip_titles
from .tools import Tool
from .view import View

__all__ = ["CALL", "SEARCH", "Called", "find_tools", "search_tools", "unwrap_call"]

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


def _create_tool(name: str, title: str, description: str, arguments: type[BaseModel], **hints: bool) -> Tool:
    schema = strip_titles(arguments.model_json_schema())
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
    return _create_tool(
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
    return _create_tool(
        CALL,
        "Tools: call",
        "Call a tool that agora.tools.search found and this listing does not show.",
        Called,
        readOnlyHint=False,
        destructiveHint=True,
        idempotentHint=False,
        openWorldHint=True,
    )


def search_tools(view: View) -> list[Tool]:
    """The tools of this module that a view lists."""
    return [_search_tool(), _call_tool()] if view.toolsets else [_search_tool()]


def find_tools(tools: Iterable[Tool], view: View, arguments: Mapping[str, Any]) -> ToolResult:
    """The tools that fit a query best, best first; raises InvalidRequest."""
    query = _validate_arguments(_Search, arguments)
    words = re.findall(r"\w+", query.query.lower())
    scored = [(score, tool) for tool in tools if (score := _score_match(tool, words)) > 0]
    scored.sort(key=lambda pair: (-pair[0], pair[1].name))
    documents = [_brief_document(tool.render_for_view(view)) for _, tool in scored[: query.limit]]
    return ToolResult(to_json({"tools": documents, "count": len(documents), "total": len(scored)}))


def unwrap_call(arguments: Mapping[str, Any]) -> Called:
    """The call inside a call; raises InvalidRequest."""
    called: Called = _validate_arguments(Called, arguments)
    if called.name.replace("_", ".") in (SEARCH, CALL):
        rule = "is another tool's name"
        raise InvalidRequest(f"name {rule}.", errors=[field_error("name", rule)])
    return called


def _validate_arguments(model: type[Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:20]
        errors = [field_error(".".join(map(str, fault["loc"])), describe_error(fault)) for fault in faults]
        raise InvalidRequest("{field}: {message}".format(**errors[0]), errors=errors) from None


def _score_match(tool: Tool, words: Sequence[str]) -> int:
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


def _brief_document(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in ("name", "title", "description", "inputSchema", "annotations")}
