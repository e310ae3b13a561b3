"""The pipe to an MCP client: newline-delimited JSON on standard input and output, and nothing else on either."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
from collections.abc import AsyncIterator

__all__ = ["Pipe", "claim_standard_streams"]

logger = logging.getLogger("agora.mcp")

CHUNK = 262_144
READ_AHEAD = 64  # lines read before they are asked for
WRITE_AHEAD = 256  # lines taken before they are written
LONGEST_LINE = 64 * 1024 * 1024
FAREWELL_SECONDS = 1.0


def claim_standard_streams() -> tuple[int, int]:
    """Take standard input and output for the protocol; whatever else would use them gets nothing, and the log."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reading, writing


class Pipe:
    """Lines in and lines out.

    Threads of their own do the I/O, since either end may be a pipe, a socket, a terminal or a file, and may
    block for as long as the client likes. ``broken`` is set once the client no longer reads.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._loop = asyncio.get_running_loop()
        self.broken = asyncio.Event()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._ahead = threading.Semaphore(READ_AHEAD)
        self._room = asyncio.Semaphore(WRITE_AHEAD)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="stdout", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The lines that are not empty, without their ends, until the client closes its side."""
        while (line := await self._lines.get()) is not None:
            self._ahead.release()
            if line.strip():
                yield line

    async def send(self, message: bytes) -> None:
        """Write one message; waits while the client is slow to read. JSON has no line break outside of white space."""
        await self._room.acquire()
        self._outbox.put(message.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")

    def close(self) -> None:
        """Write what waits, as far as the client takes it within a second."""
        self._outbox.put(None)
        self._writer.join(FAREWELL_SECONDS)

    def _read(self) -> None:
        rest = bytearray()
        try:
            while chunk := os.read(self._reading, CHUNK):
                if b"\n" not in chunk:
                    rest += chunk
                    if len(rest) > LONGEST_LINE:
                        logger.error("The client sent a line of more than %d bytes.", LONGEST_LINE)
                        break
                    continue
                *lines, last = (bytes(rest) + chunk).split(b"\n")
                rest = bytearray(last)
                for line in lines:
                    self._pass_on(line)
            if rest:
                self._pass_on(bytes(rest))
        except OSError:
            pass
        self._tell(self._lines.put_nowait, None)

    def _pass_on(self, line: bytes) -> None:
        self._ahead.acquire()
        self._tell(self._lines.put_nowait, line)

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                while message:
                    message = message[os.write(self._writing, message) :]
            except OSError:
                self._tell(self.broken.set)
                return
            self._tell(self._room.release)

    def _tell(self, call: object, *arguments: object) -> None:
        """Call something in the event loop, if it still runs."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)  # type: ignore[arg-type]
        except RuntimeError:
            return
