"""Misbehaving upstreams: servers that send hand-written bytes.

:func:`listening` serves a handler of requests; :class:`Rogue` is an MCP server of the newer protocol generation whose
answers a test replaces by method.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.stream_server import serve_streams

__all__ = ["Heard", "Rogue", "events", "listening", "message", "whole"]

META = {"io.modelcontextprotocol/serverInfo": {"name": "rogue", "version": "1.0"}}


@dataclass
class Heard:
    """A request. writer: for its response; if a handler returns, the connection stays open."""

    head: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def say(self, *parts: bytes) -> None:
        """Write parts separately."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()


Handler = Callable[[Heard], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve on the loopback until the block ends. Yields the URL for MCP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
                fields = (line.split(": ", 1) for line in lines)
                headers = {name.lower(): value for name, value in fields}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                await handler(Heard(head, headers, body, writer))

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    async with serve_streams(accept, limit=2**24, tls=tls) as port:
        yield f"http://127.0.0.1:{port}/mcp"


def whole(body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """Encode a response with its length. headers: names with underscores."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def events(*messages: Any, begin: bool = True, end: bool = True) -> bytes:
    """Encode a response with a stream of events in one chunk, with or without its beginning and end."""
    body = b"".join(b"event: message\ndata: " + json.dumps(found).encode() + b"\n\n" for found in messages)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return (head if begin else b"") + chunk + (b"0\r\n\r\n" if end else b"")


def message(heard: Heard, result: Any) -> dict[str, Any]:
    """Build the message of a request's result."""
    return {"jsonrpc": "2.0", "id": heard.json["id"], "result": {"resultType": "complete", **result}}


@dataclass
class Rogue:
    """answers: replacements by method. tools: its list of tools."""

    answers: dict[str, Handler] = field(default_factory=dict)
    tools: list[Any] = field(default_factory=lambda: [{"name": "do", "inputSchema": {"type": "object"}}])
    heard: list[Heard] = field(default_factory=list)

    def listening(self) -> contextlib.AbstractAsyncContextManager[str]:
        return listening(self)

    def called(self, method: str) -> list[Heard]:
        """Return the requests of a method."""
        return [found for found in self.heard if found.body and found.json.get("method") == method]

    async def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)
        method = heard.json["method"] if heard.body else heard.head.split(" ")[0]
        instead = self.answers.get(method)
        if instead is not None:
            await instead(heard)
        elif method in ("server/discover", "tools/list", "tools/call"):
            await heard.say(whole(json.dumps(message(heard, self._result(method))).encode()))
        else:
            error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32601, "message": "not here"}}
            await heard.say(whole(json.dumps(error).encode(), "404 Not Found"))

    def _result(self, method: str) -> dict[str, Any]:
        cache = {"ttlMs": 0, "cacheScope": "private"}
        if method == "server/discover":
            return {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, **cache, "_meta": META}
        if method == "tools/list":
            return {"tools": self.tools, **cache}
        return {"content": [{"type": "text", "text": "done"}]}
