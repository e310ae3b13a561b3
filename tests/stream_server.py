"""A TCP or Unix server in a test's event loop, whose connections all end with it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.polling import run_loop_turns

__all__ = ["serve_streams"]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


@asynccontextmanager
async def serve_streams(
    handler: Handler, *, path: Path | None = None, limit: int = 2**16, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a free loopback port, or on a Unix socket, until the block ends. Yields the port (0 for a Unix socket).

    A server of asyncio leaves its connections open when it is closed (before Python 3.12 it does not even track them).
    A connection that outlives the test's loop is reported at its garbage collection, as the failure of a later test.
    """
    connections: list[tuple[asyncio.Task[Any], asyncio.StreamWriter]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append((asyncio.ensure_future(handler(reader, writer)), writer))

    if path is not None:
        server = await asyncio.start_unix_server(accept, path, limit=limit, ssl=tls)
    else:
        server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=limit, ssl=tls)
    try:
        yield 0 if path is not None else int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await run_loop_turns(4)  # accepted connections take some loop iterations to reach ``accept``
        for task, _ in connections:
            task.cancel()
        await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)
        for _, writer in connections:
            writer.transport.abort()
        await asyncio.sleep(0)  # the iteration in which the sockets are closed
