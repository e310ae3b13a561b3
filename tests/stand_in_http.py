"""A small HTTP stub server: replaces an external service, and answers each request with a function."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.stream_server import serve_streams

__all__ = ["Answerer", "serve_http"]

#: arguments: method, path with query, lower-case headers, body; returns a status and a document
Answerer = Callable[[str, str, dict[str, str], bytes], tuple[int, Any]]


@asynccontextmanager
async def serve_http(answer: Answerer) -> AsyncIterator[str]:
    """Run the server until the block ends. Yields its URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            status, document = answer(method, path, headers, body)
            content = json.dumps(document).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, len(content), content)
            )
            await writer.drain()
        finally:
            writer.close()

    async with serve_streams(handle) as port:
        yield f"http://127.0.0.1:{port}"
