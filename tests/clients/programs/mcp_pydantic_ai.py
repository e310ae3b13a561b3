"""Pydantic AI's ``MCPToolset``, with tools called as by its agents."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url
from pydantic_ai import RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage


class _Session:
    def __init__(self, toolset: MCPToolset[None]) -> None:
        self._toolset = toolset
        self._context = RunContext[None](deps=None, model=TestModel(), usage=RunUsage())
        self._tools: dict[str, Any] = {}

    async def list_tools(self) -> list[str]:
        self._tools = await self._toolset.get_tools(self._context)
        return list(self._tools)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        output = await self._toolset.call_tool(name, arguments, self._context, self._tools[name])
        return output if isinstance(output, str) else json.dumps(output, default=str)

    async def read_resource(self, uri: str) -> str:
        return str(await self._toolset.read_resource(uri))


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(message: str, *_: object) -> dict[str, str]:
        return connection.answer(message)

    options: dict[str, Any] = {"elicitation_handler": elicit} if connection.asks else {}
    toolset = MCPToolset[None](
        connection.url, headers=connection.headers, progress_handler=connection.report, **options
    )
    async with toolset:
        yield _Session(toolset)


async def authorize(url: str) -> str:
    try:
        async with MCPToolset[None](url, auth=build_provider(url)) as toolset:
            await toolset.list_tools()
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize)
