"""Tools about tools: search unlisted tools, call them, and enable toolsets.

A search returns one line per tool, with its call and purpose, because a model reads every word. A search for a tool's
name returns its full description and input schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, field_error

from .results import ToolResult
from .schemas import convert_to_portable_schema
from .tool_ranking import rank_tools
from .tools import Tool, underscore_name
from .view import View

__all__ = [
    "CALL",
    "ENABLE",
    "SEARCH",
    "InnerCall",
    "ToolsetChange",
    "build_toolsets_result",
    "list_tools_about_tools",
    "read_toolset_change",
    "search_tools",
    "unwrap_call",
]

SEARCH: Final = "agora.tools.search"
CALL: Final = "agora.tools.call"
ENABLE: Final = "agora.toolsets.enable"
SHOWN_PARAMETERS: Final = 6  #: maximum number of optional parameters in a line
MAX_SUMMARY: Final = 160  #: maximum characters of a tool's purpose in a line


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", title="", defer_build=True)


class _Search(_Arguments):
    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="What the tool should do, in a few words; or a tool's name, for its full schema.",
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=50, description="Maximum number of results.")] = 5


class InnerCall(_Arguments):
    """A call within a call."""

    name: Annotated[str, Field(min_length=1, max_length=200, description="Name of a tool found by the search.")]
    arguments: Annotated[dict[str, JsonValue], Field(description="Arguments that match its input schema.")] = {}


class ToolsetChange(_Arguments):
    """Toolsets to enable or disable."""

    toolsets: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=50, description="Names such as billing or instances; empty to list all."),
    ] = []
    enabled: Annotated[bool, Field(description="False removes them from the list.")] = True


def _create_tool(name: str, title: str, description: str, arguments: type[BaseModel], **hints: bool) -> Tool:
    schema = convert_to_portable_schema(arguments.model_json_schema())
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
        "Find tools by what they do: the call and purpose of the best matches. With a tool's name as the query: all of its parameters.",
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
        "Call a tool that the tool search found and that is not listed.",
        InnerCall,
        readOnlyHint=False,
        destructiveHint=True,
        idempotentHint=False,
        openWorldHint=True,
    )


@cache
def _enable_tool() -> Tool:
    return _create_tool(
        ENABLE,
        "Toolsets: enable",
        "List the tools of further toolsets from now on, such as billing or instances; the client is notified that its list has changed.",
        ToolsetChange,
        readOnlyHint=True,
        destructiveHint=False,
        idempotentHint=True,
        openWorldHint=False,
    )


def list_tools_about_tools(view: View) -> list[Tool]:
    """List the tools of this module that a view contains; none if the view names single tools."""
    if view.server or (view.tools and not view.toolsets):
        return []
    if view.compact:
        return [_search_tool(), _call_tool(), _enable_tool()]
    return [_search_tool(), _call_tool()] if view.toolsets else [_search_tool()]


def search_tools(tools: Sequence[Tool], view: View, arguments: Mapping[str, Any]) -> ToolResult:
    """Search the tools that match a query, best first; returns text. Raises InvalidRequest."""
    search: _Search = _validate_arguments(_Search, arguments)
    name = underscore_name(search.query.strip())
    exact = next((tool for tool in tools if underscore_name(tool.name) == name), None)
    if exact is not None:
        return _build_text_result(_describe_tool(exact, view))
    ranked = rank_tools(tools, search.query)
    if not ranked:
        return _build_text_result(
            "No tool matches. Rephrase the query, or list the operations with agora_discovery_list."
        )
    lines = [_describe_briefly(tool, view) for tool in ranked[: search.limit]]
    return _build_text_result("\n".join(lines))


def unwrap_call(arguments: Mapping[str, Any]) -> InnerCall:
    """Parse the call within a call. Raises InvalidRequest."""
    called: InnerCall = _validate_arguments(InnerCall, arguments)
    if called.name.replace("_", ".") in (SEARCH, CALL, ENABLE):
        rule = "is a tool that must be called directly"
        raise InvalidRequest(f"name {rule}.", errors=[field_error("name", rule)])
    return called


def read_toolset_change(arguments: Mapping[str, Any]) -> ToolsetChange:
    """Parse a change of toolsets. Raises InvalidRequest."""
    change: ToolsetChange = _validate_arguments(ToolsetChange, arguments)
    return change


def _validate_arguments(model: type[Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)[:20]
        errors = [field_error(".".join(map(str, detail["loc"])), describe_error(detail)) for detail in details]
        raise InvalidRequest("{field}: {message}".format(**errors[0]), errors=errors) from None


def build_toolsets_result(enabled: Sequence[str], toolsets: Sequence[str], count: int) -> ToolResult:
    """Build the result of a change of toolsets. count: number of tools now listed."""
    lines = [f"Enabled: {', '.join(enabled) or 'none'}. The list has {count} tools now; read it again."]
    return _build_text_result("\n".join([*lines, f"There are: {', '.join(toolsets)}."]))


# -- results -------------------------------------------------------------------------------------


def _build_text_result(text: str) -> ToolResult:
    """Build a text result without structured content, which a host would show the model a second time."""
    return ToolResult(text.encode(), structured=False)


def _choose_listed_name(tool: Tool, view: View) -> str:
    return underscore_name(tool.name) if view.underscores else tool.name


def _describe_tool(tool: Tool, view: View) -> str:
    document = tool.call_document
    schema = to_json(document["inputSchema"]).decode()
    return f"{_choose_listed_name(tool, view)}\n{document['description']}\ninputSchema: {schema}"


def _describe_briefly(tool: Tool, view: View) -> str:
    """Describe a tool in one line, such as ``agora_task_get(task_id: string) Read a task.``"""
    schema = tool.call_document["inputSchema"]
    members, required = schema.get("properties", {}), schema.get("required", ())
    parts = [f"{name}: {_format_type_name(members.get(name, {}))}" for name in required]
    optional = [name for name in members if name not in required]
    parts += [f"{name}?" for name in optional[:SHOWN_PARAMETERS]]
    parts += ["..."] if len(optional) > SHOWN_PARAMETERS else []
    summary = tool.description.partition("\n")[0].replace("``", "`")
    if len(summary) > MAX_SUMMARY:
        summary = summary[: MAX_SUMMARY - 3] + "..."
    return f"{_choose_listed_name(tool, view)}({', '.join(parts)}) {summary}"


def _format_type_name(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    alternatives: Iterable[Mapping[str, Any]] = schema.get("anyOf", ())
    types = [schema["type"]] if isinstance(schema.get("type"), str) else [each.get("type") for each in alternatives]
    return "|".join(dict.fromkeys(str(each) for each in types if each)) if 0 < len(types) <= 3 else "any"
