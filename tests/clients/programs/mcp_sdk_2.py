"""The Python SDK of MCP, 2.x. Its fourth argument is the mode of the client, one for each protocol generation."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url

MODE: Any = sys.argv[4] if len(sys.argv) > 4 else "auto"


class _Session:
    def __init__(self, client: Client, connection: Connection) -> None:
        self._client, self._connection = client, connection

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        result = await self._client.call_tool(name, arguments, progress_callback=self._connection.report)
        text = "".join(getattr(part, "text", "") for part in result.content)
        if result.is_error:
            raise RuntimeError(text)
        return text

    async def read_resource(self, uri: str) -> str:
        return (await self._client.read_resource(uri)).contents[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content=connection.answer(params.message))

    async with (
        create_mcp_http_client(headers=connection.headers) as http,
        Client(
            streamable_http_client(connection.url, http_client=http),
            mode=MODE,
            elicitation_callback=elicit if connection.asks else None,
        ) as client,
    ):
        yield _Session(client, connection)


async def authorize(url: str) -> str:
    try:
        async with (
            create_mcp_http_client(auth=build_provider(url)) as http,
            Client(streamable_http_client(url, http_client=http), mode=MODE),
        ):
            pass
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize)
