"""A connection to one upstream, held for as long as it is wanted, and made again when it breaks.

A task of its own opens it, waits until it is lost, and opens it again: at once if it had worked, else after a pause
that grows. Calls share it. Who calls while it is being opened waits for that; who calls in a pause is told at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from mcp.shared.exceptions import MCPError
from mcp_types.jsonrpc import CONNECTION_CLOSED
from pydantic import ValidationError

from agora_sdk.errors import AgoraError, DeadlineExceeded, UpstreamFailed, UpstreamUnavailable

from ..port import Condition, Endpoint, Listing, Progress
from .addresses import EgressPolicy, Resolve, resolve_host
from .breaker import Backoff, Breaker, Tuning
from .concurrency_limiter import Turns
from .errors import in_words, is_breakdown, translated
from .route import Line
from .session import Session, open_session
from .stdio import command_line
from .transport import http_line
from .transport_errors import Faults

__all__ = ["Connection"]

T = TypeVar("T")
log = logging.getLogger(__name__)


class Connection:
    """One upstream. ``secrets`` are its headers or its environment, in the clear.

    current: whether what it offers is known since it last said that it changed.
    """

    def __init__(
        self, endpoint: Endpoint, secrets: Mapping[str, str], tuning: Tuning, resolver: Resolve = resolve_host
    ) -> None:
        self.endpoint, self.current = endpoint, False
        self._secrets, self._tuning, self._resolver = secrets, tuning, resolver
        self._faults = Faults()
        self._breaker = Breaker(tuning)
        self._turns = Turns(endpoint.name, endpoint.concurrency)
        self._session: Session | None = None
        self._turned = asyncio.Event()  # set, and replaced, when the state changes
        self._lost = asyncio.Event()
        self._at_once, self._why = False, ""
        self._error: str | None = None
        self._retry_at: float | None = None
        self._task = asyncio.create_task(self._keep(), name=f"upstream {endpoint.name}")

    # -- from outside ----------------------------------------------------------------------------

    async def close(self) -> None:
        """Hang up. Calls that wait for an answer fail."""
        while not self._task.done():  # a cancellation may be taken for that of a scope of the SDK's
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=1)
        self._rest("it was removed", math.inf)

    def condition(self) -> Condition:
        """How it stands."""
        if self._retry_at is not None:
            return Condition("unavailable", self._error, max(0.0, self._retry_at - _now()), self._turns.running)
        if (pause := self._breaker.closed_for()) > 0:
            return Condition("unavailable", self._breaker.reason, pause, self._turns.running)
        if self._session is None and self._error is not None:  # being tried again
            return Condition("unavailable", self._error, 0.0, self._turns.running)
        return Condition("connected" if self._session else "connecting", None, None, self._turns.running)

    def changed(self) -> None:
        """What it offers is not known to be current any more."""
        self.current = False

    async def request(
        self, method: str, params: Mapping[str, Any], seconds: float, progress: Progress | None, caller: str = ""
    ) -> dict[str, Any]:
        """One request, within its turn; waiting for its turn and for a connection is part of its time."""
        if (pause := self._breaker.closed_for()) > 0:
            raise self._unavailable(self._breaker.reason, pause)
        until = _now() + seconds

        async def send(session: Session) -> dict[str, Any]:
            return await session.request(method, params, _left(until), progress)

        async with self._turns.turn(caller, seconds):
            return await self._used(send, until)

    async def listing(self) -> Listing:
        """All that it offers."""
        name, seconds = self.endpoint.name, self.endpoint.timeout

        async def ask(session: Session) -> Listing:
            self.current = True  # unless it says otherwise while it is asked
            return await session.listing(name, seconds)

        try:
            return await self._used(ask, _now() + seconds)
        except BaseException:
            self.current = False
            raise

    # -- calls -----------------------------------------------------------------------------------

    async def _used(self, use: Callable[[Session], Awaitable[T]], until: float) -> T:
        """Use the session; if the upstream has forgotten it, once more with a new one."""
        for again in (True, False):
            session = await self._connected(_left(until))
            try:
                answer = await use(session)
            except MCPError as error:
                fault = self._faults.take(error)
                forgotten = fault is not None and fault.kind == "session"
                if fault is not None and fault.kind in ("session", "unreachable"):
                    self._lose(session, fault.detail, at_once=forgotten and again)
                elif error.code == CONNECTION_CLOSED and self.endpoint.transport == "stdio":
                    self._lose(session, "the program ended", at_once=False)
                if forgotten and again:
                    continue
                raise self._judged(translated(self.endpoint.name, error, fault)) from None
            except ValidationError as error:
                detail = f"The answer of {self.endpoint.name} is not valid MCP: {error.errors()[0]['msg']}"
                raise self._judged(UpstreamFailed(detail, outcome="unknown")) from None
            except TimeoutError:
                raise self._judged(DeadlineExceeded(f"{self.endpoint.name} did not answer in time.")) from None
            self._breaker.succeeded()
            return answer
        raise AssertionError("the last try answers or raises")

    def _judged(self, error: AgoraError) -> AgoraError:
        """Count a failure against the upstream, if it is one of the upstream."""
        if is_breakdown(error):
            self._breaker.failed(error.detail)
        else:
            self._breaker.succeeded()
        return error

    async def _connected(self, seconds: float) -> Session:
        """The session, once there is one. Raises UpstreamUnavailable."""
        try:
            async with asyncio.timeout(seconds):
                while self._session is None:
                    if self._retry_at is not None and self._retry_at - _now() > self._tuning.patience:
                        raise self._unavailable(self._error, self._retry_at - _now())
                    await self._turned.wait()
                return self._session
        except TimeoutError:
            raise self._unavailable(self._error or "there is no connection yet", 1) from None

    def _unavailable(self, why: str | None, pause: float) -> UpstreamUnavailable:
        seconds = {} if pause == math.inf else {"retry_after": max(1, math.ceil(pause))}
        return UpstreamUnavailable(
            f"{self.endpoint.name} is not available: {why}.", fix="Look whether it runs, and where.", **seconds
        )

    def _lose(self, session: Session | None, why: str, *, at_once: bool) -> None:
        """This session is of no use any more; whoever notices first says so."""
        if session is not None and self._session is session:
            self._session, self._why, self._at_once = None, why.rstrip("."), at_once
            self._lost.set()
            self._turn_over()

    def _turn_over(self) -> None:
        """Wake whoever waits for another state."""
        self._turned.set()
        self._turned = asyncio.Event()

    # -- the task --------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Open it, again and again."""
        backoff = Backoff(self._tuning)
        while True:
            self._lost, self._retry_at, self._at_once, began = asyncio.Event(), None, False, _now()
            why = "the connection broke"
            try:
                await self._open(self._lost)
            except Exception as error:
                self._why = why = in_words(error, self._faults)
            self._lose(self._session, why, at_once=False)
            log.info("upstream %s: %s", self.endpoint.name, self._why)
            if _now() - began > self._tuning.longest:  # it had worked
                backoff.reset()
            if not self._at_once:
                pause = backoff.next()
                self._rest(self._why, pause)
                await asyncio.sleep(pause)

    def _rest(self, why: str, pause: float) -> None:
        self._error, self._retry_at = why, _now() + pause
        self._turn_over()

    async def _open(self, lost: asyncio.Event) -> None:
        """Connect, and stay until it is lost. Raises what a transport raises, alone or in a group."""
        async with (
            self._line(lost) as line,
            open_session(line, self._faults, self.changed, self._tuning.connect) as session,
        ):
            self.current, self._error = False, None
            self._session = session
            self._turn_over()
            following = asyncio.create_task(session.follow(self.changed))
            try:
                await self._watch(session, lost)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _watch(self, session: Session, lost: asyncio.Event) -> None:
        """Wait until it is lost; ask for a sign of life now and then, and in the end what there is."""
        tuning, listed = self._tuning, _now()
        while not await _happened(lost, tuning.keepalive):
            try:
                await session.alive(tuning.keepalive)
            except MCPError as error:
                fault = self._faults.take(error)
                if is_breakdown(found := translated(self.endpoint.name, error, fault)):
                    self._lose(session, found.detail, at_once=fault is not None and fault.kind == "session")
            if _now() - listed > tuning.relist:
                listed = _now()
                self.changed()

    def _line(self, lost: asyncio.Event) -> contextlib.AbstractAsyncContextManager[Line]:
        endpoint = self.endpoint
        if endpoint.transport == "stdio":
            return command_line(endpoint.name, endpoint.command, endpoint.directory, self._secrets, lost)
        assert endpoint.url is not None
        return http_line(
            endpoint.url,
            self._secrets,
            self._faults,
            EgressPolicy(private=endpoint.private, resolver=self._resolver),
            connections=endpoint.concurrency + 4,
            seconds=self._tuning.connect,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _left(until: float) -> float:
    return max(0.001, until - _now())


async def _happened(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for so long; whether it came."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
