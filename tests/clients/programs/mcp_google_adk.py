"""google-adk's ``McpToolset``, with tools run as by its agents."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.agents.invocation_context import InvocationContext
from google.adk.sessions import InMemorySessionService
from google.adk.tools.mcp_tool.mcp_session_manager import StreamableHTTPConnectionParams
from google.adk.tools.mcp_tool.mcp_toolset import McpToolset
from google.adk.tools.tool_context import ToolContext
from mcp.types import ElicitResult
from mcp_scenarios import Connection, run


class _Session:
    def __init__(self, toolset: McpToolset, context: ToolContext) -> None:
        self._toolset, self._context = toolset, context
        self._tools: dict[str, Any] = {}

    async def list_tools(self) -> list[str]:
        self._tools = {tool.name: tool for tool in await self._toolset.get_tools()}
        assert all(tool._get_declaration() for tool in self._tools.values()), "a tool has no declaration for a model"
        return list(self._tools)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        result = await self._tools[name].run_async(args=arguments, tool_context=self._context)
        parts = result.get("content")
        return "".join(part.get("text", "") for part in parts) if parts else json.dumps(result)

    async def read_resource(self, uri: str) -> str:
        """Read the resource by its name: it identifies resources by name, which is an id here, and exposes neither
        titles nor URIs."""
        names = [name for name in await self._toolset.list_resources() if name.startswith("agent_")]
        texts = [(await self._toolset.read_resource(name))[0].text for name in names]
        return "\n".join(texts)


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=connection.answer(params.message))

    service = InMemorySessionService()
    session = await service.create_session(app_name="test", user_id="ada")
    invocation = InvocationContext(
        invocation_id="inv_1", agent=LlmAgent(name="test"), session=session, session_service=service
    )
    toolset = McpToolset(
        connection_params=StreamableHTTPConnectionParams(url=connection.url, headers=connection.headers),
        progress_callback=connection.report,
        elicitation_callback=elicit if connection.asks else None,
    )
    try:
        yield _Session(toolset, ToolContext(invocation, function_call_id="call_1"))
    finally:
        await toolset.close()


if __name__ == "__main__":
    run(connect, lacks={"sign in": "a credential is handed to it"})
