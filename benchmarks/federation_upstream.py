"""The upstream of ``federation``: the official SDK's low-level server with an echo tool and 199 others."""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

TOOLS = 200
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "What is said again."},
        "times": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
    },
    "required": ["text"],
}
NAMES = ["echo", *(f"tool_{number}" for number in range(1, TOOLS))]


async def _list(ctx: Any, params: Any) -> types.ListToolsResult:
    return types.ListToolsResult(
        tools=[
            types.Tool(name=name, description="Says it again, as the others do.", input_schema=SCHEMA) for name in NAMES
        ]
    )


async def _call(ctx: Any, params: Any) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=(params.arguments or {})["text"])])


app = Server(
    "upstream",
    version="1.0.0",
    get_tool_input_schema=lambda name: SCHEMA,
    on_list_tools=_list,
    on_call_tool=_call,
).streamable_http_app()
