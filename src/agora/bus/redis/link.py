"""The link: a connection that is made again whenever it is lost.

While there is none, what callers ask waits, in order, up to a number and for a time; then each is told. A command that
was sent and has no answer is sent again on the next connection: it may be carried out twice, never silently not at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from agora_sdk.errors import InternalError, Overloaded, UpstreamUnavailable

from .address import Address
from .connection import Argument, Connection, Disconnected, Refused

__all__ = ["BUFFER", "PATIENCE", "Link", "broken"]

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0  # seconds between tries to connect
BUFFER = 10_000  # commands without an answer
PATIENCE = 5.0  # seconds a command waits for a connection
LOOK = 0.5  # seconds between looks whether the server answers; a server that is asked nothing is asked that
SILENT = 4  # looks without an answer, after which it is said to be gone


class Link:
    """Commands to one server.

    buffer: commands that may be without an answer; beyond it they are refused. patience: seconds a command waits for a
    connection.
    """

    def __init__(
        self, address: Address, *, buffer: int = BUFFER, patience: float = PATIENCE, name: str = "agora"
    ) -> None:
        self.address, self._name, self._loop = address, name, asyncio.get_running_loop()
        self._buffer, self._patience = buffer, patience
        self._connection: Connection | None = None
        self._connected = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._patient = 0  # commands that wait for a connection
        self._unanswered = 0  # looks since the last answer, while one is due
        self.error: str | None = None
        self.epoch = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection, and answers come over it."""
        return self._connection is not None and self._unanswered < SILENT

    async def start(self) -> None:
        """Begin to connect; returns when connected, or when the first try has failed."""
        first = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep(first))
        await first.wait()

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _keep(self, first: asyncio.Event) -> None:
        """Hold a connection open."""
        pause = FIRST_PAUSE
        while True:
            try:
                connection = await Connection.open(self.address, self._name)
            except (OSError, TimeoutError, Refused) as error:
                self._note(f"{error}" or type(error).__name__)
                first.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause, self.error = FIRST_PAUSE, None
            self._connection = connection
            self.epoch += 1
            self._connected.set()
            first.set()
            await self._watch(connection)
            self._connection = None
            self._connected.clear()
            self._note("the connection was lost")

    async def _watch(self, connection: Connection) -> None:
        """Return when the connection is lost; hang up on a server that has stopped answering."""
        answered, since = connection.answered, self._loop.time()
        self._unanswered = 0
        while not connection.lost.is_set():
            try:
                async with asyncio.timeout(min(self._patience / 4, LOOK)):
                    await connection.lost.wait()
            except TimeoutError:
                if not connection.waiting or connection.answered != answered:
                    self.error = None
                    answered, since, self._unanswered = connection.answered, self._loop.time(), 0
                else:
                    self._unanswered += 1
                if self._loop.time() - since >= self._patience:
                    connection.close()
                    return
                if self._unanswered == SILENT:
                    self._note("it does not answer")
                if not connection.waiting:
                    self._ask_whether(connection)
        self._unanswered = 0

    def _ask_whether(self, connection: Connection) -> None:
        """Let an answer be due; what it says does not matter."""
        asking = asyncio.ensure_future(connection.ask("PING"))
        asking.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _note(self, error: str) -> None:
        if self.error != error:
            log.warning("Redis at %s: %s", self.address, error)
        self.error = error

    # -- commands --------------------------------------------------------------------------------

    async def ask(self, *command: Argument) -> Any:
        """The answer of the server.

        Raises Refused, Overloaded where too many commands wait, UpstreamUnavailable after ``patience`` seconds without a
        connection, with ``outcome="unknown"`` if it was sent and has no answer.
        """
        connection = self._connection
        if connection is None:
            return await self._wait(lambda found: found.ask(*command), sent=False)
        self._check(connection.waiting)
        try:
            return await connection.ask(*command)
        except Disconnected:
            return await self._wait(lambda found: found.ask(*command), sent=True)

    async def together(self, *commands: tuple[Argument, ...]) -> list[Any]:
        """Commands that are carried out all or not at all, with nobody else's between them. Raises as :meth:`ask`."""

        def send(connection: Connection) -> Awaitable[Any]:
            return asyncio.gather(*[connection.ask(*command) for command in (("MULTI",), *commands, ("EXEC",))])

        connection = self._connection
        if connection is None:
            answers = await self._wait(send, sent=False)
        else:
            self._check(connection.waiting)
            try:
                answers = await send(connection)
            except Disconnected:
                answers = await self._wait(send, sent=True)
        found: list[Any] = answers[-1]
        return found

    def _check(self, waiting: int) -> None:
        if waiting >= self._buffer:
            raise Overloaded(
                f"{waiting} commands wait for Redis; no more are taken.", fix="Try again later.", retry_after=1
            )

    async def _wait(self, send: Callable[[Connection], Awaitable[Any]], *, sent: bool) -> Any:
        """Send on the next connection, and again on the one after that, until the patience is over."""
        self._check(self._patient)
        self._patient += 1
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    await self._connected.wait()
                    if (connection := self._connection) is None:
                        continue
                    sent = True
                    try:
                        return await send(connection)
                    except Disconnected:
                        continue
        except TimeoutError:
            raise self._unreachable(sent=sent) from None
        finally:
            self._patient -= 1

    def _unreachable(self, *, sent: bool) -> UpstreamUnavailable:
        extra = {"outcome": "unknown"} if sent else {}
        return UpstreamUnavailable(
            f"Redis at {self.address} cannot be reached: {self.error or 'no connection'}.",
            fix="Start it, or correct the setting 'bus'.",
            retry_after=5,
            **extra,
        )


def broken(error: Refused) -> InternalError:
    """A refusal that no caller can do anything about."""
    return InternalError(f"Redis refused a command of the bus: {error}", fix="Look at its log and its settings.")
