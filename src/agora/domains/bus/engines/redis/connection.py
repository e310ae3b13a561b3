"""One socket to Redis on which the commands of all callers are pipelined.

The commands of one event loop iteration are sent in one write; the replies arrive in the order of the commands and
resolve the callers' futures. A thousand callers therefore cost a few system calls, whereas a connection pool costs each
caller its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, cast

import hiredis

from .address import Address

__all__ = ["Connection", "Disconnected", "Refused"]

Argument = str | bytes | int
CONNECT_TIMEOUT = 5.0  # seconds


class Disconnected(ConnectionError):
    """The connection is lost: it is unknown whether the server has executed the command."""


class Refused(Exception):
    """The server refused a command, with its own message."""


def _encode_argument(argument: Argument) -> bytes:
    if isinstance(argument, bytes):
        return argument
    return str(argument).encode("utf-8", "surrogateescape")


class Connection(asyncio.Protocol):
    """Created with :meth:`open`. ``lost`` is set when the connection is lost; ``replies`` counts the replies."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._pending: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self.transport: asyncio.Transport | None = None
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
        # While it loads its data, Redis accepts logins; a server that refuses PING otherwise is used.
        with contextlib.suppress(Refused):
            await self.send("PING")

    # -- commands --------------------------------------------------------------------------------

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command; the future resolves to its reply, or fails with Refused or Disconnected."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.lost.is_set():
            future.set_exception(Disconnected("the connection to Redis is closed"))
            return future
        # One flush for all commands of this iteration of the loop.
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(tuple(map(_encode_argument, command))))  # type: ignore[arg-type]
        self._pending.append(future)
        return future

    def _flush(self) -> None:
        """Write the commands of one event loop iteration; on a closing transport, they fail when it is lost."""
        unsent, self._unsent = self._unsent, []
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(unsent))

    @property
    def pending(self) -> int:
        """Number of commands without a reply."""
        return len(self._pending)

    # -- callbacks of the transport --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's class does not derive from it

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._resolve_next_reply(reply)
        # A reply that belongs to no command: every later one would be given to the wrong caller.
        except (hiredis.ProtocolError, IndexError):
            self.close()

    def _resolve_next_reply(self, reply: Any) -> None:
        future = self._pending.popleft()
        self.replies += 1
        # The caller was cancelled; its reply is still consumed, or all later ones would be off by one.
        if future.done():
            return
        if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("LOADING"):
            # After its start, or as a replica that is synchronized again, it refuses all commands until it has loaded its data.
            # As on a lost connection, the commands are sent again on the next one.
            future.set_exception(Disconnected(f"Redis is not ready: {reply}"))
            self.close()
        elif isinstance(reply, hiredis.ReplyError):
            future.set_exception(Refused(str(reply)))
        else:
            future.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        pending, self._pending = self._pending, deque()
        for future in pending:
            if not future.done():
                future.set_exception(Disconnected("the connection to Redis was lost"))
                future.exception()  # mark as retrieved: a cancelled caller must not cause a log entry

    def close(self) -> None:
        """Close the connection immediately."""
        if self.transport is not None:
            # Not close(), which would wait until the write buffer is empty: a peer that does not read would never get there.
            self.transport.abort()
