"""llama-index-tools-mcp: the tools of an agent of LlamaIndex."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url


class _Session:
    def __init__(self, client: BasicMCPClient) -> None:
        self._client = client
        self._tools: dict[str, Any] = {}

    async def list_tools(self) -> list[str]:
        tools = await McpToolSpec(client=self._client).to_tool_list_async()
        self._tools = {tool.metadata.name: tool for tool in tools}
        return list(self._tools)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        output = (await self._tools[name].acall(**arguments)).raw_output
        return "".join(getattr(part, "text", "") for part in output.content)

    async def read_resource(self, uri: str) -> str:
        return (await self._client.read_resource(uri)).contents[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    yield _Session(BasicMCPClient(connection.url, headers=connection.headers))


async def authorize(url: str) -> str:
    try:
        await BasicMCPClient(url, auth=build_provider(url)).list_tools()
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize, lacks={"elicitation": "no callback", "progress": "no callback for its tools"})
