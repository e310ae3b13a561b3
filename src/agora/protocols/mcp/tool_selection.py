"""Selection of the tools that a view lists, and of the calls that a read-only view permits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agora_sdk.contract import Operation
from agora_sdk.errors import PermissionDenied

from .model_view import MODEL_TOOLS
from .request_context import INVALID_PARAMS, JsonRpcError
from .tool_view import ToolView
from .tools import Tool, underscore_name
from .toolsets import AGENTS, ALL, covers_operation

__all__ = ["includes_agent_offers", "refuse_changes_if_read_only", "require_tool_of_virtual_server", "select_tools"]


def includes_agent_offers(view: ToolView, toolsets: Collection[str]) -> bool:
    """Whether a view may list tools offered by agents. toolsets: those in effect, resolved."""
    is_everything = not view.server and not view.compact and not view.toolsets and not view.tools
    return is_everything or bool(view.tools) or not {ALL, AGENTS}.isdisjoint(toolsets)


def select_tools(tools: Iterable[Tool], view: ToolView, toolsets: Collection[str]) -> list[Tool]:
    """Select the tools listed by a view. toolsets: those in effect, resolved: the view's, and those enabled since."""
    names = frozenset(underscore_name(name) for name in view.tools)
    everything = not view.compact and not view.toolsets and not view.tools and not view.server
    return [
        tool
        for tool in tools
        if (tool.reads or not view.readonly)
        and (
            everything
            or underscore_name(tool.name) in names
            or (view.is_model_choice and tool.name in MODEL_TOOLS)
            or _is_in_toolsets(tool, toolsets)
        )
    ]


def _is_in_toolsets(tool: Tool, toolsets: Collection[str]) -> bool:
    if tool.operation is None:
        return not {ALL, AGENTS}.isdisjoint(toolsets)
    return covers_operation(toolsets, tool.operation)


def require_tool_of_virtual_server(view: ToolView, name: str) -> None:
    """Raise JsonRpcError for a tool that is not part of the view's virtual server."""
    if view.server and underscore_name(name) not in map(underscore_name, view.tools):
        raise JsonRpcError(
            INVALID_PARAMS, f"Unknown tool: {name[:200]!r} is not part of the virtual server {view.server!r}."
        )


def refuse_changes_if_read_only(
    view: ToolView, name: str, operation: Operation | None, arguments: Mapping[str, Any]
) -> None:
    """Raise PermissionDenied if a read-only view calls a tool that changes something. operation: None for an agent's
    tool."""
    if not view.readonly or (operation is not None and operation.reads_with(arguments)):
        return

    raise PermissionDenied(
        f"{name} changes data, and this connection is read-only.",
        fix="Connect without X-MCP-Readonly: true (or ?readonly=true) to call it.",
    )
