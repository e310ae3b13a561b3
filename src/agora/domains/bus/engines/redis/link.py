"""A client of one Redis server: a pipelined connection that is reopened whenever it is lost.

While there is no connection, at most ``max_pending`` commands wait for the next one, in order, each for at most
``timeout`` seconds. A command without a reply is sent again on the next connection: it may be executed
twice, but is never lost silently.
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

__all__ = ["CONNECTION_TIMEOUT", "MAX_PENDING", "Link", "build_command_error"]

log = logging.getLogger(__name__)

INITIAL_BACKOFF, MAX_BACKOFF = 0.05, 5.0  # seconds between attempts to connect
MAX_PENDING = 10_000  # maximum commands without a reply
CONNECTION_TIMEOUT = 5.0  # seconds a command waits for a connection
PROBE_INTERVAL = 0.5  # seconds between checks for replies while commands wait for them
IDLE_PROBE_INTERVAL = 2.0  # the same without waiting commands; a PING is sent unless replies have arrived
UNRESPONSIVE_AFTER = 4  # consecutive probes without a reply after which the server counts as unresponsive


class Link:
    """Commands to one server.

    max_pending: maximum commands without a reply; beyond it they are refused. timeout: seconds a command waits for a
    connection. ``epoch`` counts the connections; ``error`` is the reason for a missing one. ``on_change`` is called on
    the loop after a change of ``connected``, ``epoch`` or ``error``.
    """

    def __init__(
        self,
        address: Address,
        *,
        max_pending: int = MAX_PENDING,
        timeout: float = CONNECTION_TIMEOUT,
        name: str = "agora",
    ) -> None:
        self.address, self._name, self._loop = address, name, asyncio.get_running_loop()
        self._max_pending, self._timeout = max_pending, timeout
        self.connection: Connection | None = None
        self._connected = asyncio.Event()
        self._maintenance: asyncio.Task[None] | None = None
        self._waiting_count = 0  # commands waiting for a connection
        self._missed_probes = 0  # consecutive
        self.error: str | None = None
        self.epoch = 0
        self.on_change: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """Whether there is a connection that receives replies."""
        return self._get_live_connection() is not None and self._missed_probes < UNRESPONSIVE_AFTER

    async def start(self) -> None:
        """Start connecting; returns after the first attempt."""
        attempted = asyncio.Event()
        self._maintenance = asyncio.create_task(self._maintain_connection(attempted))
        await attempted.wait()

    async def close(self) -> None:
        if self._maintenance is not None:
            self._maintenance.cancel()
            await asyncio.gather(self._maintenance, return_exceptions=True)
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    async def _maintain_connection(self, attempted: asyncio.Event) -> None:
        """Connect, and reconnect when the connection is lost, with exponential backoff."""
        backoff = Backoff(INITIAL_BACKOFF, MAX_BACKOFF)
        while True:
            try:
                connection = await Connection.open(self.address, self._name)
            except (OSError, TimeoutError, Refused) as error:
                self._change_and_report_error(f"{error}" or type(error).__name__)
                attempted.set()
            else:
                self.connection, self.error, login_replies = connection, None, connection.replies
                self.epoch += 1
                self._connected.set()
                self.on_change()
                attempted.set()
                await self._monitor_until_lost(connection)
                self.connection = None
                self._connected.clear()
                self._change_and_report_error("the connection was lost")
                # The login alone proves nothing: a proxy may accept it without a server behind.
                if connection.replies > login_replies:
                    backoff.reset_failures()
            # Also after an unusable connection: a server that accepts the login and then disconnects must not be
            # flooded.
            await asyncio.sleep(backoff.next_delay())

    async def _monitor_until_lost(self, connection: Connection) -> None:
        """Return when the connection is lost; close it if the server has not answered for ``timeout`` seconds."""
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
                self._change_and_report_error(None)
            else:
                if not self._missed_probes:  # the waiting command may be younger than the last reply
                    last_reply = self._loop.time() - interval
                self._missed_probes += 1
            if self._loop.time() - last_reply >= self._timeout:
                connection.close()
                return
            if self._missed_probes == UNRESPONSIVE_AFTER:
                self._change_and_report_error("it does not answer")
            if quiet and not connection.pending:
                self._send_ping(connection)
        self._missed_probes = 0

    def _send_ping(self, connection: Connection) -> None:
        """Send a PING, so that the next probe can check for its reply."""
        ping = connection.send("PING")
        # Nobody awaits it; asyncio would log the error of a lost connection as never retrieved.
        ping.add_done_callback(lambda future: future.cancelled() or future.exception())

    def _change_and_report_error(self, error: str | None) -> None:
        if self.error == error:
            return
        self.error = error
        if error is not None:
            log.warning("Redis at %s: %s", self.address, error)
        self.on_change()

    def _get_live_connection(self) -> Connection | None:
        """Return the connection unless it is lost: the task that replaces it may not have run yet."""
        connection = self.connection
        return None if connection is None or connection.lost.is_set() else connection

    async def _wait_for_connection(self) -> Connection:
        """Wait for the next live connection.

        The event is cleared before each wait: between the loss of a connection and the run of the task that handles it,
        the event is still set, and a wait that returns immediately would never let that task run.
        """
        while (connection := self._get_live_connection()) is None:
            self._connected.clear()
            await self._connected.wait()
        return connection

    # -- commands --------------------------------------------------------------------------------

    async def execute(self, *command: Argument) -> Any:
        """Execute a command and return the server's reply.

        Raises Refused, Overloaded if too many commands wait, UpstreamUnavailable after ``timeout`` seconds without a
        connection, with ``outcome="unknown"`` if the command was sent and has no reply.
        """
        return await self._execute_within_timeout(lambda connection: connection.send(*command))

    async def execute_transaction(self, *commands: tuple[Argument, ...]) -> list[Any]:
        """Execute commands atomically between MULTI and EXEC; return their replies. Raises as :meth:`execute`."""

        def send_commands(connection: Connection) -> Awaitable[list[Any]]:
            return asyncio.gather(*[connection.send(*command) for command in (("MULTI",), *commands, ("EXEC",))])

        replies: list[Any] = (await self._execute_within_timeout(send_commands))[-1]
        return replies

    async def _execute_within_timeout(self, send: Callable[[Connection], Awaitable[Any]]) -> Any:
        connection = self._get_live_connection()
        if connection is None:
            return await self._execute_when_connected(send, is_sent=False)
        self._check_capacity(connection.pending)
        try:
            return await send(connection)
        except Disconnected:
            return await self._execute_when_connected(send, is_sent=True)

    async def _execute_when_connected(self, send: Callable[[Connection], Awaitable[Any]], *, is_sent: bool) -> Any:
        """Send on the next connection, and again on later ones, until the timeout.

        is_sent: whether it was sent before. A command is sent only on a live connection, whose reply is a pending
        future, so each iteration yields to the event loop.
        """
        self._check_capacity(self._waiting_count)
        self._waiting_count += 1
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    connection = await self._wait_for_connection()
                    is_sent = True  # from now on, a timeout leaves the outcome unknown
                    with contextlib.suppress(Disconnected):
                        return await send(connection)
        except TimeoutError:
            raise self._build_unavailable_error(sent=is_sent) from None
        finally:
            self._waiting_count -= 1

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
    """Build the error for a refusal that is no fault of the caller."""
    return InternalError(f"Redis refused a command of the bus: {error}", fix="Look at its log and its settings.")
