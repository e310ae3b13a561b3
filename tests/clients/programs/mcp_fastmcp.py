"""FastMCP's client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url


class _Session:
    def __init__(self, client: Client[Any]) -> None:
        self._client = client

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in await self._client.list_tools()]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        result = await self._client.call_tool(name, arguments)
        return "".join(getattr(part, "text", "") for part in result.content)

    async def read_resource(self, uri: str) -> str:
        return (await self._client.read_resource(uri))[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(message: str, *_: object) -> dict[str, str]:
        return connection.answer(message)

    transport = StreamableHttpTransport(connection.url, headers=connection.headers)
    options: dict[str, Any] = {"elicitation_handler": elicit} if connection.asks else {}
    async with Client(transport, progress_handler=connection.report, **options) as client:
        yield _Session(client)


async def authorize(url: str) -> str:
    try:
        async with Client(StreamableHttpTransport(url, auth=build_provider(url))):
            pass
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize)
