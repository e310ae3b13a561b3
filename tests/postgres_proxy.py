"""A proxy in front of PostgreSQL that cuts connections, or holds data back, at chosen messages."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

from tests.stream_server import serve_streams

__all__ = ["BEGIN", "COMMIT", "Proxy"]

# Wire format: Q is a query without parameters, with its length in four bytes.
BEGIN, COMMIT = rb"Q.{4}begin", rb"Q.{4}commit"

FIELDS = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
STARTING_UP = b"E" + (len(FIELDS) + 4).to_bytes(4, "big") + FIELDS


class Proxy:
    """Forwards bytes until a client sends certain bytes: then that connection is cut.

    before: the bytes do not reach the server. Otherwise they do, and the answer does not reach the client.
    """

    def __init__(self, server: Path, here: Path) -> None:
        self._server, self._here = server, here
        self._words, self._times, self._before = b"", 0, True
        self.cuts = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._held_words = b""
        self._refusals = 0
        self.held = asyncio.Event()
        self._passing = asyncio.Event()

    def cut(self, words: bytes, *, times: int = 1, before: bool = True) -> None:
        self._words, self._times, self._before = words, times, before

    def refuse(self, times: int) -> None:
        """Answer the next connections as a server that is still starting up."""
        self._refusals = times

    def hold(self, words: bytes) -> None:
        """Hold back the first occurrence of these bytes and all later data of the client; then ``held`` is set."""
        self._held_words = words

    def pass_on(self) -> None:
        """Send the held data."""
        self._passing.set()

    def serve(self) -> contextlib.AbstractAsyncContextManager[int]:
        return serve_streams(self._connected, path=self._here)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusals:
            self._refusals -= 1
            await reader.read(65536)
            writer.write(STARTING_UP)
            writer.close()
            return
        to_read, to_write = await asyncio.open_unix_connection(self._server)
        answering = asyncio.create_task(_pass(to_read, writer))
        self._tasks.add(answering)
        answering.add_done_callback(self._tasks.discard)
        try:
            while data := await reader.read(65536):
                if self._times and re.search(self._words, data, re.DOTALL):
                    await self._cut(data, to_read, to_write, answering)
                    break
                if self._held_words and re.search(self._held_words, data, re.DOTALL):
                    self._held_words = b""
                    self.held.set()
                    await self._passing.wait()
                to_write.write(data)
        except ConnectionError:
            pass
        finally:
            answering.cancel()
            for end in (writer, to_write):
                end.transport.abort()

    async def _cut(
        self, data: bytes, answers: asyncio.StreamReader, server: asyncio.StreamWriter, answering: asyncio.Task[None]
    ) -> None:
        self._times -= 1
        self.cuts += 1
        if not self._before:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
            server.write(data)
            await answers.read(1)  # the server has executed it


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()
