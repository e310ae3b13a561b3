"""A proxy in front of an engine that can be interrupted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.stream_server import serve_streams

__all__ = ["Wire", "wire"]

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """Forwards bytes until it is cut: then no connection can be opened, and open ones hang or break."""

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self._connect = connect
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = asyncio.Event()
        self._whole.set()
        self.port = 0

    def cut(self, *, breaks: bool = True) -> None:
        """Cut the connections. breaks: close open ones; otherwise they hang, as behind a dead switch."""
        self._whole.clear()
        for writer in list(self._open) if breaks else ():
            writer.transport.abort()

    def mend(self) -> None:
        self._whole.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        ways: set[asyncio.Task[None]] = set()
        forth: asyncio.StreamWriter | None = None
        try:
            await self._whole.wait()
            back, forth = await self._connect()
            self._open.add(forth)
            ways = {asyncio.create_task(self._pass(reader, forth)), asyncio.create_task(self._pass(back, writer))}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            if forth is not None:
                forth.transport.abort()
                self._open.discard(forth)
            self._open.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def wire(connect: Callable[[], Awaitable[Streams]]) -> AsyncIterator[Wire]:
    """Run a proxy on a free port until the block ends."""
    found = Wire(connect)
    async with serve_streams(found.serve) as found.port:
        try:
            yield found
        finally:
            found.cut()
