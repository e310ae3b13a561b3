"""The OpenAI Agents SDK: ``MCPServerStreamableHttp``, with tools called as by its runner."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, FunctionTool, RunContextWrapper
from agents.mcp import MCPServerStreamableHttp
from agents.tool_context import ToolContext
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url


class _Session:
    def __init__(self, server: MCPServerStreamableHttp) -> None:
        self._server = server
        self._tools: dict[str, FunctionTool] = {}

    async def list_tools(self) -> list[str]:
        agent = Agent(name="test", mcp_servers=[self._server])
        tools = await agent.get_mcp_tools(RunContextWrapper(None))
        self._tools = {tool.name: tool for tool in tools if isinstance(tool, FunctionTool)}
        return list(self._tools)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        text = json.dumps(arguments)
        context = ToolContext(None, tool_name=name, tool_call_id="call_1", tool_arguments=text)
        output = await self._tools[name].on_invoke_tool(context, text)
        parts = output if isinstance(output, list) else [output]
        return "".join(part if isinstance(part, str) else part["text"] for part in parts)

    async def read_resource(self, uri: str) -> str:
        return (await self._server.read_resource(uri)).contents[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async with MCPServerStreamableHttp({"url": connection.url, "headers": connection.headers}) as server:
        yield _Session(server)


async def authorize(url: str) -> str:
    try:
        async with MCPServerStreamableHttp({"url": url, "auth": build_provider(url)}):
            pass
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize, lacks={"elicitation": "no callback", "progress": "no callback"})
