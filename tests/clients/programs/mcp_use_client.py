"""mcp-use's ``MCPClient``."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp.types import ElicitResult
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url
from mcp_use import MCPClient
from pydantic import AnyUrl


class _Session:
    def __init__(self, session: Any) -> None:
        self._session = session

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in await self._session.list_tools()]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        result = await self._session.call_tool(name, arguments)
        return "".join(getattr(part, "text", "") for part in result.content)

    async def read_resource(self, uri: str) -> str:
        return (await self._session.read_resource(AnyUrl(uri))).contents[0].text


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=connection.answer(params.message))

    servers = {"agora": {"url": connection.url, "headers": connection.headers}}
    client = MCPClient({"mcpServers": servers}, elicitation_callback=elicit if connection.asks else None)
    try:
        yield _Session(await client.create_session("agora"))
    finally:
        await client.close_all_sessions()


async def authorize(url: str) -> str:
    try:
        await MCPClient({"mcpServers": {"agora": {"url": url, "auth": build_provider(url)}}}).create_session("agora")
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize, lacks={"progress": "no callback"})
