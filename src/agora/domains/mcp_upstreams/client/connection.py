"""A persistent connection to one upstream, reopened when it breaks.

An asyncio task opens it, waits until it is lost, and reopens it: immediately if it had worked, else with growing
backoff. Calls share the connection. While it is being opened, a call waits for it; during the backoff, a call fails
immediately.
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

from agora.core.call import CallClient, ClientRefused
from agora.core.jobs import wait_until_set
from agora.net.backoff import Backoff
from agora_sdk.errors import AgoraError, DeadlineExceeded, UpstreamFailed, UpstreamUnavailable

from ..oauth.authorization import AccessTokens
from ..oauth.challenge import AuthorizationNeeded, Challenge
from ..port import ANSWER_SECONDS, Condition, Endpoint, Listing, Progress
from .addresses import EgressPolicy, Resolve, resolve_host
from .breaker import CircuitBreaker, ConnectionParameters
from .channel import Channel
from .client_relay import ClientGone, ClientRelay
from .concurrency_limiter import ConcurrencyLimiter
from .errors import (
    find_challenge_in_error,
    is_upstream_failure,
    lacks_streamable_http,
    pop_and_describe_error,
    translate_error,
)
from .resource_watch import ResourceWatch
from .session import Session, open_session
from .stdio import open_stdio_channel
from .transport import open_http_channel, open_sse_channel
from .transport_errors import TransportErrors

__all__ = ["Connection"]

T = TypeVar("T")
log = logging.getLogger(__name__)


class Connection:
    """Connection to one upstream. ``secrets``: its headers or environment, decrypted.

    current: whether the listing is up to date as far as the upstream has announced. capabilities: of the single client
    of the connection; None if it is shared. tokens: None for an upstream without OAuth. challenge: from the last
    handshake if it was refused, else None.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        secrets: Mapping[str, str],
        tuning: ConnectionParameters,
        resolver: Resolve = resolve_host,
        capabilities: Mapping[str, Any] | None = None,
        tokens: AccessTokens | None = None,
    ) -> None:
        self._tokens = tokens
        self.challenge: Challenge | None = None
        self.endpoint, self.current = endpoint, False
        self._secrets, self._tuning, self._resolver = secrets, tuning, resolver
        self._transport_errors = TransportErrors()
        self._client_relay, self.resources = ClientRelay(capabilities), ResourceWatch()
        self._breaker = CircuitBreaker(tuning)
        self._limiter = ConcurrencyLimiter(endpoint.name, endpoint.concurrency)
        self._session: Session | None = None
        self._sessions = 0  # number of sessions begun
        self._sse = False  # whether the upstream supports only HTTP+SSE
        self._state_changed = asyncio.Event()  # set and replaced when the state changes
        self._connection_lost = asyncio.Event()
        self._retry_at_once, self._unavailable_reason = False, ""
        self._error: str | None = None
        self._retry_at: float | None = None
        self._task = asyncio.create_task(self._maintain_connection(), name=f"upstream {endpoint.name}")

    # -- interface -------------------------------------------------------------------------------

    async def close(self) -> None:
        """Close the connection. Waiting calls fail."""
        while not self._task.done():  # the SDK may mistake a cancellation for that of its own scope
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=1)
        self._set_retry_time("it was removed", math.inf)

    def get_condition(self) -> Condition:
        """State of the connection."""
        if self._retry_at is not None:
            return Condition("unavailable", self._error, max(0.0, self._retry_at - _loop_time()), self._limiter.running)
        if (pause := self._breaker.seconds_open()) > 0:
            return Condition("unavailable", self._breaker.reason, pause, self._limiter.running)
        if self._session is None and self._error is not None:  # an attempt is in progress
            return Condition("unavailable", self._error, 0.0, self._limiter.running)
        return Condition("connected" if self._session else "connecting", None, None, self._limiter.running)

    def mark_outdated(self) -> None:
        """Mark the listing as possibly out of date."""
        self.current = False

    async def send_request(
        self,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        progress: Progress | None,
        caller: str = "",
        headers: Mapping[str, str] = {},
    ) -> dict[str, Any]:
        """Send a request, subject to the concurrency limit. The timeout includes the waits for slot and connection."""
        if (pause := self._breaker.seconds_open()) > 0:
            raise self._build_unavailable_error(self._breaker.reason, pause)
        until = _loop_time() + seconds

        async with self._limiter.acquire_slot(caller, seconds):
            return await self._call_with_session(
                lambda session: session.send_request(
                    method, params, _compute_remaining_seconds(until), progress, headers=headers
                ),
                until,
            )

    async def request_for_client(
        self,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        progress: Progress | None,
        client: CallClient,
        headers: Mapping[str, str] = {},
    ) -> dict[str, Any]:
        """Send a request over the client's exclusive connection; requests of the upstream are relayed to the client."""
        until = _loop_time() + seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                # The connection is exclusive, so every request of the upstream until the end belongs to this call.
                self._client_relay.begin_call(client, limit)

                answers: dict[str, Any] = {}

                async def send_request(session: Session) -> dict[str, Any]:
                    whole = {**params, **answers}
                    return await session.send_request(
                        method, whole, ANSWER_SECONDS, progress, client.log_level, headers
                    )

                while True:
                    result = await self._call_with_session(send_request, until)
                    if result.get("resultType") != "input_required":
                        return result
                    answers = await self._collect_client_answers(
                        result
                    )  # modern protocol: the same call again, with the answers
        except TimeoutError:
            raise self._count_failure_or_success(
                DeadlineExceeded(f"{self.endpoint.name} did not answer in time.", outcome="unknown")
            ) from None
        finally:
            self._client_relay.end_call()

    async def _collect_client_answers(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Collect the client's answers, with which the call is repeated."""
        requests = result.get("inputRequests")
        responses: dict[str, Any] = {}
        try:
            for name, request in (requests if isinstance(requests, dict) else {}).items():
                responses[name] = await self._client_relay.ask_client(request["method"], request.get("params") or {})
        except (ClientGone, ClientRefused, KeyError, TypeError) as error:
            raise UpstreamFailed(f"{self.endpoint.name} asks for input that the client did not give: {error}") from None
        state = result.get("requestState")
        return {"inputResponses": responses} | ({} if state is None else {"requestState": state})

    async def set_log_level(self, level: str) -> None:
        """Set the upstream's minimum log level; no error if it does not support logging."""

        with contextlib.suppress(AgoraError):
            await self._call_with_session(
                lambda session: session.set_log_level(level, self._tuning.connect), _loop_time() + self._tuning.connect
            )

    async def read_listing(self) -> Listing:
        """Read everything that the upstream offers."""
        name, seconds = self.endpoint.name, self.endpoint.timeout

        async def read_listing(session: Session) -> Listing:
            self.current = True  # unless a change is announced during the request
            return await session.read_listing(name, seconds)

        try:
            return await self._call_with_session(read_listing, _loop_time() + seconds)
        except BaseException:
            self.current = False
            raise

    # -- calls -----------------------------------------------------------------------------------

    async def _call_with_session(self, use: Callable[[Session], Awaitable[T]], until: float) -> T:
        """Use the session; if the upstream no longer knows it, retry once with a new one."""
        for again in (True, False):
            session = await self._wait_for_session(_compute_remaining_seconds(until))
            try:
                answer = await use(session)
            except MCPError as error:
                transport_error = self._transport_errors.pop_error(error)
                forgotten = transport_error is not None and transport_error.kind == "session"
                if transport_error is not None and transport_error.kind in ("session", "unreachable"):
                    # At once only the first time: an upstream that forgets each session would be connected to without a
                    # pause.
                    self._drop_session(session, transport_error.detail, at_once=forgotten and again)
                # With Streamable HTTP, only the connection of this request is closed.
                elif error.code == CONNECTION_CLOSED and (self._sse or self.endpoint.transport == "stdio"):
                    self._drop_session(session, "its stream ended" if self._sse else "the program ended", at_once=False)
                if forgotten and again:
                    continue
                raise self._count_failure_or_success(
                    translate_error(self.endpoint.name, error, transport_error)
                ) from None
            except ValidationError as error:
                detail = f"The answer of {self.endpoint.name} is not valid MCP: {error.errors()[0]['msg']}"
                raise self._count_failure_or_success(UpstreamFailed(detail, outcome="unknown")) from None
            except TimeoutError:
                raise self._count_failure_or_success(
                    DeadlineExceeded(f"{self.endpoint.name} did not answer in time.")
                ) from None
            self._breaker.record_success()
            return answer
        raise AssertionError("the last try answers or raises")

    def _count_failure_or_success(self, error: AgoraError) -> AgoraError:
        """Record an error as a failure of the upstream or as a proper answer."""
        if is_upstream_failure(error):
            self._breaker.record_failure(error.detail)
        else:
            self._breaker.record_success()
        return error

    async def _wait_for_session(self, seconds: float) -> Session:
        """Wait for a session. Raises UpstreamUnavailable, AuthorizationNeeded."""
        try:
            async with asyncio.timeout(seconds):
                while self._session is None:
                    if self.challenge is not None:
                        raise self._build_authorization_error(self.challenge)
                    if self._retry_at is not None and self._retry_at - _loop_time() > self._tuning.max_retry_wait:
                        raise self._build_unavailable_error(self._error, self._retry_at - _loop_time())
                    await self._state_changed.wait()
                return self._session
        except TimeoutError:
            raise self._build_unavailable_error(self._error or "there is no connection yet", 1) from None

    def _build_unavailable_error(self, reason: str | None, pause: float) -> UpstreamUnavailable:
        seconds = {} if pause == math.inf else {"retry_after": max(1, math.ceil(pause))}
        return UpstreamUnavailable(
            f"{self.endpoint.name} is not available: {reason}.",
            fix="Check that it is running and reachable.",
            **seconds,
        )

    def _build_authorization_error(self, challenge: Challenge) -> AuthorizationNeeded:
        return AuthorizationNeeded(f"{self.endpoint.name} has to be authorized first.", challenge)

    def _drop_session(self, session: Session | None, reason: str, *, at_once: bool) -> None:
        """Drop an unusable session; repeated calls have no effect."""
        if session is not None and self._session is session:
            # Only if it is still the current one: a late failure of an old session must not end its successor.
            self._session, self._unavailable_reason, self._retry_at_once = None, reason.rstrip("."), at_once
            self._connection_lost.set()
            self._notify_state_change()

    def _notify_state_change(self) -> None:
        """Wake the calls that wait for a state change."""
        self._state_changed.set()
        # A new event instead of clear(): every waiter of the old one wakes, also if the state changes again before it runs.
        self._state_changed = asyncio.Event()

    # -- connection task -------------------------------------------------------------------------

    async def _maintain_connection(self) -> None:
        """Open the connection repeatedly, with backoff."""
        backoff = Backoff(self._tuning.first, self._tuning.longest)
        while True:
            self._connection_lost, self._retry_at, self._retry_at_once, initial_sessions = (
                asyncio.Event(),
                None,
                False,
                _loop_time(),
            )
            why = "the connection broke"
            try:
                await self._run_session(self._connection_lost)
            except Exception as error:
                if await self._run_sse_session_if_needed(error):
                    continue
                self.challenge = find_challenge_in_error(error, self._transport_errors)
                self._unavailable_reason = why = pop_and_describe_error(error, self._transport_errors)
            self._drop_session(self._session, why, at_once=False)
            log.info("upstream %s: %s", self.endpoint.name, self._unavailable_reason)
            if _loop_time() - initial_sessions > self._tuning.longest:  # the connection had worked
                backoff.reset_failures()
            if not self._retry_at_once:
                pause = backoff.next_delay()
                self._set_retry_time(self._unavailable_reason, pause)
                await asyncio.sleep(pause)

    async def _run_sse_session_if_needed(self, error: Exception) -> bool:
        """Run a session of HTTP+SSE if the upstream supports only that. Returns whether it did, at the end of it."""
        refused = self.endpoint.transport == "http" and lacks_streamable_http(error, self._transport_errors)
        if self._sse or not refused:
            return False
        self._sse, self._connection_lost = True, asyncio.Event()
        initial_sessions = self._sessions
        try:
            await self._run_session(self._connection_lost)
        except Exception as failure:
            log.debug("upstream %s does not support HTTP+SSE either: %s", self.endpoint.name, failure)
        # Kept only if a session began: the same upstream may answer with Streamable HTTP next time.
        self._sse = self._sessions > initial_sessions
        return self._sse

    def _set_retry_time(self, reason: str, pause: float) -> None:
        self._error, self._retry_at = reason, _loop_time() + pause
        self._notify_state_change()

    async def _run_session(self, lost: asyncio.Event) -> None:
        """Connect, and return when the connection is lost. Raises errors of the transport, alone or in a group."""
        async with (
            self._open_channel(lost) as line,
            open_session(
                line,
                self._transport_errors,
                self.mark_outdated,
                self._tuning.connect,
                self._client_relay,
                self.resources,
                older=self._sse,
            ) as session,
        ):
            self.current, self._error, self.challenge = False, None, None
            self._session = session
            self._sessions += 1
            self._notify_state_change()
            following = (
                asyncio.create_task(session.watch_listing_changes(self.mark_outdated)),
                asyncio.create_task(session.maintain_resource_subscriptions(self.resources)),
            )
            try:
                await self._monitor_session(session, lost)
            finally:
                for task in following:
                    task.cancel()
                await asyncio.gather(*following, return_exceptions=True)

    async def _monitor_session(self, session: Session, lost: asyncio.Event) -> None:
        """Wait until the connection is lost. Ping the server at every keepalive interval."""
        tuning, listed = self._tuning, _loop_time()
        while not await wait_until_set(lost, tuning.keepalive):
            try:
                await session.check_alive(tuning.keepalive)
            except MCPError as error:
                transport_error = self._transport_errors.pop_error(error)
                if is_upstream_failure(failure := translate_error(self.endpoint.name, error, transport_error)):
                    self._drop_session(
                        session,
                        failure.detail,
                        at_once=transport_error is not None and transport_error.kind == "session",
                    )
            # Upstreams may change without announcing it, and not all support announcements.
            if _loop_time() - listed > tuning.relist:
                listed = _loop_time()
                self.mark_outdated()

    def _open_channel(self, lost: asyncio.Event) -> contextlib.AbstractAsyncContextManager[Channel]:
        endpoint = self.endpoint
        if endpoint.transport == "stdio":
            return open_stdio_channel(endpoint.name, endpoint.command, endpoint.directory, self._secrets, lost)
        assert endpoint.url is not None
        open_channel = open_sse_channel if self._sse else open_http_channel
        return open_channel(
            endpoint.url,
            self._secrets,
            self._transport_errors,
            EgressPolicy(private=endpoint.private, resolver=self._resolver),
            self._tokens,
            # Beyond the calls: the event stream, the ping, the listing and the closing of a session.
            connections=endpoint.concurrency + 4,
            seconds=self._tuning.connect,
        )


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _compute_remaining_seconds(until: float) -> float:
    return max(0.001, until - _loop_time())
