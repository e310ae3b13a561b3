"""The pipe to an MCP client: newline-delimited JSON on standard input and output, and nothing else on either."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable

__all__ = ["Pipe", "claim_standard_streams"]

logger = logging.getLogger("agora.mcp")

READ_BYTES = 262_144
MAX_BUFFERED_INPUT_LINES = 64  # limit of buffered input lines
MAX_BUFFERED_OUTPUT_LINES = 256  # limit of buffered output lines
MAX_LINE_BYTES = 64 * 1024 * 1024
CLOSE_SECONDS = 1.0


def claim_standard_streams() -> tuple[int, int]:
    """Claim standard input and output for the protocol; other code reads nothing and writes to the log."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # A stray print() would otherwise be taken for a message of the protocol.
    os.dup2(2, 1)
    return reading, writing


class Pipe:
    """Line-based input and output.

    I/O runs in threads, because either end may be a pipe, a socket, a terminal or a file, and may block as long as the
    client likes. ``broken`` is set when the client no longer reads.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._loop = asyncio.get_running_loop()
        self.broken = asyncio.Event()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        # Of threading: it blocks the reading thread, and with it the client, when the bridge is slow.
        self._read_slots = threading.Semaphore(MAX_BUFFERED_INPUT_LINES)
        # Of asyncio: it suspends the sender, while the writing thread waits for the client.
        self._free_slots = asyncio.Semaphore(MAX_BUFFERED_OUTPUT_LINES)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Daemon threads: blocking I/O cannot be interrupted, and must not delay the end of the process.
        self._writer = threading.Thread(target=self._write_messages, name="stdout", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read_lines, name="stdin", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield non-empty lines, without their ends, until the client closes its side."""
        while (line := await self._lines.get()) is not None:
            self._read_slots.release()
            if line.strip():
                yield line

    async def send(self, message: bytes) -> None:
        """Write one message; waits while the client is slow to read. JSON has no line breaks outside of white space."""
        await self._free_slots.acquire()
        self._outbox.put(message.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")

    def close(self) -> None:
        """Write the queued messages, as far as the client reads them within a second."""
        self._outbox.put(None)
        self._writer.join(CLOSE_SECONDS)

    def _read_lines(self) -> None:
        incomplete_line = bytearray()
        try:
            while chunk := os.read(self._reading, READ_BYTES):
                # Joining and splitting all of a long line at each chunk would take quadratic time.
                if b"\n" not in chunk:
                    incomplete_line += chunk
                    if len(incomplete_line) > MAX_LINE_BYTES:
                        logger.error("The client sent a line of more than %d bytes.", MAX_LINE_BYTES)
                        break
                    continue
                *lines, last = (bytes(incomplete_line) + chunk).split(b"\n")
                incomplete_line = bytearray(last)
                for line in lines:
                    self._queue_line(line)
            if incomplete_line:
                self._queue_line(bytes(incomplete_line))
        except OSError:
            pass
        self._call_in_loop(self._lines.put_nowait, None)

    def _queue_line(self, line: bytes) -> None:
        self._read_slots.acquire()
        self._call_in_loop(self._lines.put_nowait, line)

    def _write_messages(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                while message:
                    message = message[os.write(self._writing, message) :]
            except OSError:
                self._call_in_loop(self.broken.set)
                return
            self._call_in_loop(self._free_slots.release)

    def _call_in_loop(self, call: Callable[..., object], *arguments: object) -> None:
        """Call a function in the event loop, if it is still running."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return
