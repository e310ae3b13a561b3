"""Tools about tools: search unlisted tools, call them, and enable toolsets.

A search returns one line per tool, with its call and purpose, because a model reads every word. A search for a tool's
name returns its description and an outline of its input schema. If the best match is a tool of the catalogue that the
caller may not call, the answer names it and the missing scope instead of weaker matches.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from agora_sdk.contract import Exposure
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, field_error

from .schemas import convert_to_portable_schema, outline_schema
from .tool_ranking import Match, rank_tools
from .tool_results import ToolResult
from .tool_view import ToolView
from .tools import Tool, underscore_name

__all__ = [
    "CALL_TOOL",
    "ENABLE_TOOL",
    "SEARCH_TOOL",
    "InnerCall",
    "ToolsetChange",
    "build_toolsets_result",
    "list_tools_about_tools",
    "parse_inner_call",
    "parse_toolset_change",
    "search_tools",
]

SEARCH_TOOL: Final = "agora.tools.search"
CALL_TOOL: Final = "agora.tools.call"
ENABLE_TOOL: Final = "agora.toolsets.enable"
MAX_OPTIONAL_PARAMETERS: Final = 6  #: maximum number of optional parameters in a line
MAX_SUMMARY_CHARACTERS: Final = 160  #: maximum characters of a tool's purpose in a line
MAX_SCHEMA_BYTES: Final = 3_600  #: maximum size of the schema of a tool searched by name
MAX_RESTRICTED_MATCHES: Final = 2  #: maximum number of results that the caller may not call
MIN_SCORE_SHARE: Final = 0.6  #: minimum score of other results, relative to a best match that the caller may not call


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


def _create_tool(
    name: str, title: str, description: str, arguments: type[BaseModel], hints: Mapping[str, bool]
) -> Tool:
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
def _create_tools() -> tuple[Tool, Tool, Tool]:
    """Create the tools that search, call and enable others."""
    reads = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
    calls = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
    return (
        _create_tool(
            SEARCH_TOOL,
            "Tools: search",
            "Find tools by what they do: the call and purpose of the best matches. With a tool's name as the query: all of its parameters.",
            _Search,
            reads,
        ),
        _create_tool(
            CALL_TOOL,
            "Tools: call",
            "Call a tool that the tool search found and that is not listed.",
            InnerCall,
            calls,
        ),
        _create_tool(
            ENABLE_TOOL,
            "Toolsets: enable",
            "List the tools of further toolsets from now on, such as billing or instances; the client is notified that its list has changed.",
            ToolsetChange,
            reads,
        ),
    )


def list_tools_about_tools(view: ToolView) -> list[Tool]:
    """List the tools of this module that a view contains; none if the view names single tools."""
    if view.server or (view.tools and not view.toolsets):
        return []
    search, call, enable = _create_tools()
    if view.compact:
        return [search, call, enable]
    return [search, call] if view.toolsets else [search]


def search_tools(
    tools: Sequence[Tool], view: ToolView, arguments: Mapping[str, Any], restricted: Sequence[Tool] = ()
) -> ToolResult:
    """Search the tools that match a query, best first; returns text. Raises InvalidRequest.

    restricted: tools that the caller may not call.
    """
    search: _Search = _validate_arguments(_Search, arguments)
    name = underscore_name(search.query.strip())
    exact = next((tool for tool in (*tools, *restricted) if underscore_name(tool.name) == name), None)
    if exact is not None:
        text = _describe_restricted(exact, view) if exact in restricted else _describe_tool(exact, view)
        return _build_text_result(text)
    ranking = rank_tools([*tools, *restricted], search.query)
    refused, callable_matches = _split_restricted(ranking.matches, frozenset(restricted))
    lines = [_describe_restricted(match.tool, view) for match in refused[: min(MAX_RESTRICTED_MATCHES, search.limit)]]
    lines += [_describe_briefly(match.tool, view) for match in callable_matches[: search.limit - len(lines)]]
    if not lines:
        return _build_text_result(
            "No tool matches. Rephrase the query, or list the operations with agora_discovery_list."
        )
    if ranking.unknown:
        lines = [f"No tool mentions {' or '.join(ranking.unknown)}. The nearest:", *lines]
    return _build_text_result("\n".join(lines))


def _split_restricted(matches: Sequence[Match], restricted: Collection[Tool]) -> tuple[list[Match], list[Match]]:
    """Split off the restricted tools that match better than every other tool, and drop weaker matches than theirs."""
    first = next((index for index, match in enumerate(matches) if match.tool not in restricted), len(matches))
    least = MIN_SCORE_SHARE * matches[0].score if first else 0.0
    permitted = [match for match in matches[first:] if match.tool not in restricted and match.score >= least]
    return list(matches[:first]), permitted


def parse_inner_call(arguments: Mapping[str, Any]) -> InnerCall:
    """Parse the call within a call. Raises InvalidRequest."""
    inner_call: InnerCall = _validate_arguments(InnerCall, arguments)
    # A call within a call within a call would nest without end.
    if inner_call.name.replace("_", ".") in (SEARCH_TOOL, CALL_TOOL, ENABLE_TOOL):
        rule = "is a tool that must be called directly"
        raise InvalidRequest(f"name {rule}.", errors=[field_error("name", rule)])
    return inner_call


def parse_toolset_change(arguments: Mapping[str, Any]) -> ToolsetChange:
    """Parse a change of toolsets. Raises InvalidRequest."""
    change: ToolsetChange = _validate_arguments(ToolsetChange, arguments)
    return change


def _validate_arguments(model: type[Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        # The first 20: a hostile argument can have an error per element.
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


def _choose_listed_name(tool: Tool, view: ToolView) -> str:
    return underscore_name(tool.name) if view.underscores else tool.name


def _describe_tool(tool: Tool, view: ToolView) -> str:
    document = tool.call_document
    schema = to_json(outline_schema(document["inputSchema"], MAX_SCHEMA_BYTES)).decode()
    return f"{_choose_listed_name(tool, view)}\n{document['description']}\ninputSchema: {schema}"


def _describe_restricted(tool: Tool, view: ToolView) -> str:
    """Describe a tool that the caller may not call in one line, with the scope that it needs."""
    operation = tool.operation
    assert operation is not None
    refusal = f"needs the scope {operation.scope}, which this credential does not have"
    if operation.exposure is Exposure.OPERATOR:
        refusal += "; an operator can call it"
    return f"{_choose_listed_name(tool, view)} {refusal}. {_shorten_summary(tool)}"


def _describe_briefly(tool: Tool, view: ToolView) -> str:
    """Describe a tool in one line, such as ``agora_task_get(task_id: string) Read a task.``"""
    schema = tool.call_document["inputSchema"]
    members, required = schema.get("properties", {}), schema.get("required", ())
    # An agent's or an upstream's schema may require a parameter that it does not describe.
    parts = [f"{name}: {_format_type_name(members.get(name))}" for name in required]
    optional = [name for name in members if name not in required]
    parts += [f"{name}?" for name in optional[:MAX_OPTIONAL_PARAMETERS]]
    parts += ["..."] if len(optional) > MAX_OPTIONAL_PARAMETERS else []
    return f"{_choose_listed_name(tool, view)}({', '.join(parts)}) {_shorten_summary(tool)}"


def _shorten_summary(tool: Tool) -> str:
    summary = tool.description.partition("\n")[0].replace("``", "`")
    return summary if len(summary) <= MAX_SUMMARY_CHARACTERS else summary[: MAX_SUMMARY_CHARACTERS - 3] + "..."


def _format_type_name(schema: Any) -> str:
    # Not a mapping: no schema, or a boolean, which is one for any value.
    if not isinstance(schema, Mapping):
        return "any"
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    alternatives = [each for each in schema.get("anyOf", ()) if isinstance(each, Mapping)]
    types = [schema["type"]] if isinstance(schema.get("type"), str) else [each.get("type") for each in alternatives]
    return "|".join(dict.fromkeys(str(each) for each in types if each)) if 0 < len(types) <= 3 else "any"
