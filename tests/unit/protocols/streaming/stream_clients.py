"""Clients of a real server for tests of the live protocols."""

from __future__ import annotations

import asyncio
import json
import socket as socketlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect

from agora.core.call import Caller
from agora.domains.admin import retention_queries as upkeep
from agora.protocols.http import Receive, Scope, Send
from agora.server.app import App
from agora.store.port import Tx
from tests.harness import Running
from tests.polling import wait_until

__all__ = [
    "WEBSOCKET",
    "Hidden",
    "call",
    "deaf",
    "event_source",
    "events_of",
    "flood",
    "prune",
    "publish",
    "receive",
    "socket",
]


class Hidden:
    """The application behind middleware, without access to the server's transport."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def forward(message: Any) -> None:
            await send(message)

        await self.app(scope, receive, forward)


class Socket(ClientConnection):
    """A connection, and the first message of the server."""

    greeting: Any


@asynccontextmanager
async def socket(server: Running, *, path: str = "/ws", **query: Any) -> AsyncIterator[Socket]:
    """Open a WebSocket and receive its greeting. Header and client options: ``token``, ``subprotocols``,
    ``max_queue``."""
    options: dict[str, Any] = {name: query.pop(name) for name in ("subprotocols", "max_queue") if name in query}
    token = query.pop("token", None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = server.url.replace("http", "ws") + path + "?" + urlencode(query, doseq=True)
    options |= {"additional_headers": headers, "max_size": None, "create_connection": Socket}
    async with connect(url, **options) as connection:
        assert isinstance(connection, Socket)
        connection.greeting = await receive(connection)
        assert connection.greeting["control"] == "connected"
        yield connection


async def receive(connection: ClientConnection) -> Any:
    async with asyncio.timeout(60):
        return json.loads(await connection.recv())


async def events_of(connection: ClientConnection, count: int) -> list[Any]:
    """Receive the next events, without heartbeats."""
    found: list[Any] = []
    while len(found) < count:
        frame = await receive(connection)
        if "control" not in frame:
            found.append(frame)
    return found


@asynccontextmanager
async def event_source(
    server: Running, headers: dict[str, str] | None = None, *, path: str = "/events", **query: Any
) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[dict[str, str]]]]:
    """Open an SSE stream. Yields the response, and its messages as fields; comments are the field ``''``."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
        client.stream("GET", path, params=query or None, headers=headers or {}) as response,
    ):
        yield response, _messages(response)


async def _messages(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            yield fields
            fields = {}


WEBSOCKET = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@asynccontextmanager
async def deaf(server: Running, path: str, headers: Mapping[str, str] = {}) -> AsyncIterator[None]:
    """Open a stream without reading it."""
    port = int(server.url.rsplit(":", 1)[1])
    with socketlib.create_connection(("127.0.0.1", port)) as connection:
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        await wait_until(lambda: server.app.feed.live["subscribers"] == 1)
        yield


async def flood(server: Running) -> int:
    """Publish large events until a reader is disconnected. Returns their number."""
    published = 0
    while server.app.feed.live["cut_off"] == 0:
        await publish(server, "large", data="x" * 500_000)
        published += 1
        assert published < 200
    return published


async def call(server: Running, name: str, caller: Caller | None = None, **arguments: Any) -> Any:
    """Call an operation as the operator or another caller."""
    app = server.app
    operation = app.registry.resolve(f"agora.{name}")
    outcome = await app.dispatcher.invoke(operation, caller or app.authenticator.operator, arguments)
    return outcome.result


async def publish(server: Running, *types: str, data: Any = None) -> list[str]:
    """Publish events as the operator. Returns their ids."""
    return [(await call(server, "event.publish", event_type=type, data=data)).event_id for type in types]


async def prune(server: Running) -> int:
    """Delete the whole log except its newest event. Returns the oldest event."""

    async def work(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=2**62, limit=1000)

    await server.app.store.write("default", work)
    return server.app.feed.head("default")
