"""One socket to Redis on which the commands of all callers are pipelined.

A command is packed when it is sent. The commands of one turn of the event loop leave in one write, and the replies, which
come in the order of the commands, settle the callers' futures: so a thousand callers cost a few system calls, where a pool
of connections costs each caller its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast

import hiredis

from .address import Address

__all__ = ["Connection", "Disconnected", "Refused"]

Argument = str | bytes | int
CONNECT_TIMEOUT = 5.0  # seconds


class Disconnected(ConnectionError):
    """The connection is gone: whether the server has carried out the command is not known."""


class Refused(Exception):
    """The server refused a command: its own words."""


def _encode_argument(argument: Argument) -> bytes:
    if isinstance(argument, bytes):
        return argument
    return str(argument).encode("utf-8", "surrogateescape")


class Connection(asyncio.Protocol):
    """Opened with :meth:`open`. ``lost`` is set when it is gone; ``replies`` counts the replies so far."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._pending: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.Event()
        self.replies = 0

    @classmethod
    async def open(cls, address: Address, name: str = "agora") -> Connection:
        """Connect and log in. Raises OSError, TimeoutError, Disconnected, Refused."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            if address.path is not None:
                _, connection = await loop.create_unix_connection(cls, address.path)
            else:
                _, connection = await loop.create_connection(
                    cls, address.host, address.port, ssl=address.create_ssl_context()
                )
            try:
                await connection._log_in(address, name)
            except BaseException:
                connection.close()
                raise
            return connection

    async def _log_in(self, address: Address, name: str) -> None:
        if address.password is not None:
            await self.send("AUTH", *([address.username] if address.username else []), address.password)
        if address.database:
            await self.send("SELECT", address.database)
        await self.send("CLIENT", "SETNAME", name)

    # -- commands --------------------------------------------------------------------------------

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command; the future is its reply. It fails with Refused or Disconnected."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.lost.is_set():
            future.set_exception(Disconnected("the connection to Redis is closed"))
            return future
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(tuple(map(_encode_argument, command))))  # type: ignore[arg-type]
        self._pending.append(future)
        return future

    def _flush(self) -> None:
        """Write the commands of one turn of the event loop; what a closing transport would not take fails when it is lost."""
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))

    @property
    def pending(self) -> int:
        """Commands that have no reply yet."""
        return len(self._pending)

    # -- the transport's calls -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of its kin

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._resolve_next_reply(reply)
        except (hiredis.ProtocolError, IndexError):
            self.close()

    def _resolve_next_reply(self, reply: Any) -> None:
        future = self._pending.popleft()
        self.replies += 1
        if future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(Refused(str(reply)))
        else:
            future.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        pending, self._pending = self._pending, deque()
        for future in pending:
            if not future.done():
                future.set_exception(Disconnected("the connection to Redis was lost"))
                future.exception()  # retrieved: a caller that gave up waiting must cause no log entry

    def close(self) -> None:
        """Close the connection immediately."""
        if self._transport is not None:
            self._transport.abort()
