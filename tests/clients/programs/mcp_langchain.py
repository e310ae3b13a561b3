"""langchain-mcp-adapters: LangChain tools, called as by its agents."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp.types import ElicitResult
from mcp_scenarios import Connection, run
from mcp_sign_in import build_provider, find_sign_in_url


def _read_text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class _Session:
    def __init__(self, client: MultiServerMCPClient) -> None:
        self._client = client
        self._tools: dict[str, Any] = {}

    async def list_tools(self) -> list[str]:
        self._tools = {tool.name: tool for tool in await self._client.get_tools()}
        return list(self._tools)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        return _read_text(await self._tools[name].ainvoke(arguments))

    async def read_resource(self, uri: str) -> str:
        return (await self._client.get_resources("agora", uris=uri))[0].as_string()


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    async def elicit(context: Any, params: Any, callback_context: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=connection.answer(params.message))

    server: Any = {"transport": "streamable_http", "url": connection.url, "headers": connection.headers}
    callbacks = Callbacks(on_progress=connection.report, on_elicitation=elicit if connection.asks else None)
    yield _Session(MultiServerMCPClient({"agora": server}, callbacks=callbacks))


async def authorize(url: str) -> str:
    server: Any = {"transport": "streamable_http", "url": url, "auth": build_provider(url)}
    try:
        await MultiServerMCPClient({"agora": server}).get_tools()
    except BaseException as error:
        return find_sign_in_url(error)
    raise AssertionError("it was let in")


if __name__ == "__main__":
    run(connect, authorize)
