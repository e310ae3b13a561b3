"""A client of one Redis server: one pipelined connection that is opened again whenever it is lost.

While there is no connection, commands wait for the next one, in order: at most ``max_pending`` of them, each for at most
``timeout`` seconds. A command that was sent and has no answer is sent again on the next connection: it may be carried out
twice, never silently not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from agora.net.backoff import Backoff
from agora_sdk.errors import InternalError, Overloaded, UpstreamUnavailable

from .address import Address
from .connection import Argument, Connection, Disconnected, Refused

__all__ = ["MAX_PENDING", "TIMEOUT", "Link", "build_command_error"]

log = logging.getLogger(__name__)

INITIAL_BACKOFF, MAX_BACKOFF = 0.05, 5.0  # seconds between attempts to connect
MAX_PENDING = 10_000  # commands without a reply
TIMEOUT = 5.0  # seconds a command waits for a connection
PROBE_INTERVAL = 0.5  # seconds between looks whether replies come, while commands wait for them
IDLE_PROBE_INTERVAL = 2.0  # the same while none does: then a PING is sent, unless replies came meanwhile
UNRESPONSIVE_AFTER = 4  # probes in a row without a reply, after which the server counts as unresponsive


class Link:
    """Commands to one server.

    max_pending: commands that may be without a reply; beyond it they are refused. timeout: seconds a command waits for a
    connection. ``epoch`` counts the connections so far; ``error`` says why there is none. ``on_change`` is called on the
    loop when ``connected``, ``epoch`` or ``error`` has changed.
    """

    def __init__(
        self, address: Address, *, max_pending: int = MAX_PENDING, timeout: float = TIMEOUT, name: str = "agora"
    ) -> None:
        self.address, self._name, self._loop = address, name, asyncio.get_running_loop()
        self._max_pending, self._timeout = max_pending, timeout
        self._connection: Connection | None = None
        self._connected = asyncio.Event()
        self._maintenance: asyncio.Task[None] | None = None
        self._queued = 0  # commands that wait for a connection
        self._missed_probes = 0  # in a row
        self.error: str | None = None
        self.epoch = 0
        self.on_change: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, and replies come over it."""
        return self._live_connection() is not None and self._missed_probes < UNRESPONSIVE_AFTER

    async def start(self) -> None:
        """Begin to connect; returns when connected, or when the first attempt has failed."""
        attempted = asyncio.Event()
        self._maintenance = asyncio.create_task(self._maintain_connection(attempted))
        await attempted.wait()

    async def close(self) -> None:
        if self._maintenance is not None:
            self._maintenance.cancel()
            await asyncio.gather(self._maintenance, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _maintain_connection(self, attempted: asyncio.Event) -> None:
        """Connect, and connect again when the connection is lost, with exponential backoff."""
        backoff = Backoff(INITIAL_BACKOFF, MAX_BACKOFF)
        while True:
            try:
                connection = await Connection.open(self.address, self._name)
            except (OSError, TimeoutError, Refused) as error:
                self._set_error(f"{error}" or type(error).__name__)
                attempted.set()
            else:
                self._connection, self.error, login_replies = connection, None, connection.replies
                self.epoch += 1
                self._connected.set()
                self.on_change()
                attempted.set()
                await self._monitor_connection(connection)
                self._connection = None
                self._connected.clear()
                self._set_error("the connection was lost")
                if connection.replies > login_replies:
                    backoff.reset_failures()
            # Also after a connection that was of no use: a server that lets clients log in and hangs up is not hammered.
            await asyncio.sleep(backoff.next_delay())

    async def _monitor_connection(self, connection: Connection) -> None:
        """Return when the connection is lost; close it when the server has stopped answering for ``timeout`` seconds."""
        interval = min(self._timeout / 4, PROBE_INTERVAL)
        replies, last_reply = connection.replies, self._loop.time()
        self._missed_probes = 0
        while not connection.lost.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval if connection.pending else IDLE_PROBE_INTERVAL):
                    await connection.lost.wait()
                break
            quiet = connection.replies == replies
            if not (quiet and connection.pending):
                replies, last_reply, self._missed_probes = connection.replies, self._loop.time(), 0
                self._set_error(None)
            else:
                if not self._missed_probes:  # the command that waits may be younger than the last reply
                    last_reply = self._loop.time() - interval
                self._missed_probes += 1
            if self._loop.time() - last_reply >= self._timeout:
                connection.close()
                return
            if self._missed_probes == UNRESPONSIVE_AFTER:
                self._set_error("it does not answer")
            if quiet and not connection.pending:
                self._send_ping(connection)
        self._missed_probes = 0

    def _send_ping(self, connection: Connection) -> None:
        """Make a reply due, so that the next probe can tell whether the server answers."""
        ping = connection.send("PING")
        ping.add_done_callback(lambda future: future.cancelled() or future.exception())

    def _set_error(self, error: str | None) -> None:
        if self.error == error:
            return
        self.error = error
        if error is not None:
            log.warning("Redis at %s: %s", self.address, error)
        self.on_change()

    def _live_connection(self) -> Connection | None:
        """The connection, unless it is lost: the task that replaces it may not have run since."""
        connection = self._connection
        return None if connection is None or connection.lost.is_set() else connection

    async def _wait_for_connection(self) -> Connection:
        """The next live connection.

        The event is cleared before each wait: between the loss of a connection and the task that notices it, the event
        is still set, and a wait that returns at once would never let that task run.
        """
        while (connection := self._live_connection()) is None:
            self._connected.clear()
            await self._connected.wait()
        return connection

    # -- commands --------------------------------------------------------------------------------

    async def execute(self, *command: Argument) -> Any:
        """The server's reply.

        Raises Refused, Overloaded where too many commands wait, UpstreamUnavailable after ``timeout`` seconds without a
        connection, with ``outcome="unknown"`` if the command was sent and has no reply.
        """
        return await self._execute_within_timeout(lambda connection: connection.send(*command))

    async def execute_transaction(self, *commands: tuple[Argument, ...]) -> list[Any]:
        """Replies to commands between MULTI and EXEC: all are carried out, or none. Raises as :meth:`execute`."""

        def send_commands(connection: Connection) -> Awaitable[list[Any]]:
            return asyncio.gather(*[connection.send(*command) for command in (("MULTI",), *commands, ("EXEC",))])

        replies: list[Any] = (await self._execute_within_timeout(send_commands))[-1]
        return replies

    async def _execute_within_timeout(self, send: Callable[[Connection], Awaitable[Any]]) -> Any:
        connection = self._live_connection()
        if connection is None:
            return await self._execute_when_connected(send, is_sent=False)
        self._check_capacity(connection.pending)
        try:
            return await send(connection)
        except Disconnected:
            return await self._execute_when_connected(send, is_sent=True)

    async def _execute_when_connected(self, send: Callable[[Connection], Awaitable[Any]], *, is_sent: bool) -> Any:
        """Send on the next connection, and again on the one after that, until the timeout.

        is_sent: whether it was sent before. A command is only ever sent on a live connection, whose reply is a pending
        future: each turn of the loop lets the event loop run.
        """
        self._check_capacity(self._queued)
        self._queued += 1
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    connection = await self._wait_for_connection()
                    is_sent = True  # from now on a timeout leaves the outcome unknown
                    with contextlib.suppress(Disconnected):
                        return await send(connection)
        except TimeoutError:
            raise self._build_unavailable_error(sent=is_sent) from None
        finally:
            self._queued -= 1

    def _check_capacity(self, pending: int) -> None:
        if pending >= self._max_pending:
            raise Overloaded(
                f"{pending} commands wait for Redis; no more are accepted.", fix="Try again later.", retry_after=1
            )

    def _build_unavailable_error(self, *, sent: bool) -> UpstreamUnavailable:
        extra = {"outcome": "unknown"} if sent else {}
        return UpstreamUnavailable(
            f"Redis at {self.address} cannot be reached: {self.error or 'no connection'}.",
            fix="Start it, or correct the setting 'bus'.",
            retry_after=5,
            **extra,
        )


def build_command_error(error: Refused) -> InternalError:
    """The error for a refusal that no caller can do anything about."""
    return InternalError(f"Redis refused a command of the bus: {error}", fix="Look at its log and its settings.")
