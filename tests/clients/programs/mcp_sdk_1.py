"""The Python SDK of MCP, 1.x: sessions, as in most hosts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url
from pydantic import AnyUrl


class _Session:
    def __init__(self, session: ClientSession, connection: Connection) -> None:
        self._session, self._connection = session, connection

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in (await self._session.list_tools()).tools]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        result = await self._session.call_tool(name, arguments, progress_callback=self._connection.report)
        text = "".join(getattr(part, "text", "") for part in result.content)
        if result.isError:
            raise RuntimeError(text)
        return text

    async def read_resource(self, uri: str) -> str:
        return (await self._session.read_resource(AnyUrl(uri))).contents[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content=connection.answer(params.message))

    async with (
        httpx.AsyncClient(headers=connection.headers, timeout=60) as http,
        streamable_http_client(connection.url, http_client=http) as (read, write, _),
        ClientSession(read, write, elicitation_callback=elicit if connection.asks else None) as session,
    ):
        await session.initialize()
        yield _Session(session, connection)


async def authorize(url: str) -> str:
    try:
        async with (
            httpx.AsyncClient(auth=build_provider(url), timeout=60) as http,
            streamable_http_client(url, http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize)
