"""The anchor of ``mcp``: the official SDK's low-level server with an empty tool, able to stream."""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"to_agent": {"type": "string"}, "content": {"type": "string"}},
}


async def _list(ctx: Any, params: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[types.Tool(name="nothing", description="Does nothing.", input_schema=SCHEMA)])


async def _call(ctx: Any, params: Any) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text="{}")], structured_content={})


app = Server(
    "anchor",
    version="1",
    get_tool_input_schema=lambda name: SCHEMA,
    on_list_tools=_list,
    on_call_tool=_call,
).streamable_http_app()
