"""A session: the state that a client and its copies share, and the execution of calls."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from . import __version__
from .errors import InvalidRequest, NameTaken, PermissionDenied, Unauthenticated
from .expected_replies import ExpectedReplies
from .pending import Pending

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .contract import Operation
    from .contract.fields import ServiceTier
    from .identity import Identity
    from .retry import IO
    from .transport import AsyncTransport, BlockingTransport, Endpoint
    from .wire import Answer

__all__ = ["Mode", "Options", "Server", "Session"]

T = TypeVar("T")
Mode = Literal["auto", "sync", "async"]

DEFAULT_URL = "http://127.0.0.1:8080"
#: Seconds between checks for a credential that another process may be storing. 0.75 s together: that process has its
#: token and only has to write the file.
STORED_CREDENTIAL_PAUSES = (0.05, 0.1, 0.2, 0.4)

logger = logging.getLogger("agora_sdk")


@dataclass(frozen=True, slots=True)
class Options:
    """Call options. timeout: seconds for a call with its retries; retries: attempts after the first."""

    mode: Mode = "auto"
    timeout: float = 30.0
    retries: int = 3
    idempotency_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "sync", "async"):
            raise InvalidRequest(f"mode is {self.mode!r}.", fix="Use 'auto', 'sync' or 'async'.")
        if self.timeout <= 0 or self.retries < 0:
            raise InvalidRequest("timeout must be above 0, and retries at least 0.")

    @property
    def blocking(self) -> bool:
        """Whether a call blocks: always, never, or unless an event loop is running."""
        return self.mode == "sync" or (self.mode == "auto" and not _in_event_loop())


def _in_event_loop() -> bool:
    asyncio = sys.modules.get("asyncio")  # not imported: not running
    # Unlike get_running_loop(), it returns None outside of a loop instead of raising: every call asks.
    return asyncio is not None and asyncio._get_running_loop() is not None


class Server:
    """A server and its connections, which are opened at first use."""

    def __init__(self, url: str | None = None) -> None:
        self.url = _normalize_server_url(url or os.environ.get("AGORA_URL") or DEFAULT_URL)

    @cached_property
    def endpoint(self) -> Endpoint:
        from .transport import Endpoint

        python = ".".join(map(str, sys.version_info[:2]))
        return Endpoint(self.url, {"user-agent": f"agora-sdk/{__version__} python/{python}"})

    @cached_property
    def blocking_transport(self) -> BlockingTransport:
        from .transport import BlockingTransport

        return BlockingTransport(self.endpoint)

    @cached_property
    def async_transport(self) -> AsyncTransport:
        from .transport import AsyncTransport

        return AsyncTransport(self.endpoint)


def _normalize_server_url(url: str) -> str:
    url = url if "://" in url else f"http://{url}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidRequest(f"{url!r} is not the address of a server.", fix="Use one like http://127.0.0.1:8080.")
    return url.rstrip("/")


class Subscription(Protocol):
    """A subscription to the events of an agent, as the session keeps it."""

    agent_name: str
    event_type: str
    handler: Callable[[str, Any], Any]

    def close(self) -> None: ...


class Session:
    """Makes calls to one server with one identity."""

    def __init__(self, server: Server, identity: Identity, options: Options) -> None:
        self.server, self.identity, self.options = server, identity, options
        self.expected = ExpectedReplies()
        self.listeners: list[Subscription] = []
        self._warned_keys: set[str] = set()

    def stop_listening(self) -> None:
        """End the listeners."""
        # A copy, since close() removes the listener from the list.
        for listener in tuple(self.listeners):
            listener.close()

    def run_or_return_pending(
        self, name: str, work: Callable[[BlockingTransport | AsyncTransport], Coroutine[Any, Any, T]]
    ) -> T:
        """Run a coroutine in the caller's mode: return its result, or an awaitable."""
        if self.options.blocking:
            from .transport import run_blocking

            return run_blocking(work(self.server.blocking_transport))
        return cast("T", Pending(name, work(self.server.async_transport)))

    async def bind_and_call(self, io: IO, operation: Operation, *args: Any, **kwargs: Any) -> Any:
        """Call an operation with the arguments of its method."""
        from .wire import bind_arguments

        return await self.call_with_bound_arguments(io, operation, bind_arguments(operation, args, kwargs))

    async def call_with_bound_arguments(self, io: IO, operation: Operation, arguments: BaseModel) -> Any:
        """Call an operation with validated arguments; credentials in the answer are stored."""
        # Before the token is read: a renewal replaces it.
        await self.identity.renew_login(io)
        # Registration chooses among credentials, and its answer changes the identity of this client.
        if operation.name == "agora.agent.register":
            return await self._register_agent(io, operation, arguments)
        result = await self._call_operation(io, operation, arguments, self.identity.token())
        if operation.name == "agora.agent.deregister":
            self.identity.forget_agent(result.agent_id)
        return result

    async def _register_agent(self, io: IO, operation: Operation, arguments: BaseModel) -> Any:
        name: str = arguments.agent_name  # type: ignore[attr-defined]
        # The agent's own token first: it updates the registration. The server refuses a token of an earlier database
        # (401), so each further credential is tried only after the previous one was refused.
        *earlier, last = self.identity.list_registration_tokens(name)
        for token in earlier:
            try:
                registration = await self._call_operation(io, operation, arguments, token)
            except Unauthenticated:
                logger.info("The stored credential of %s is no longer valid; registering again.", name)
            else:
                break
        else:
            token = last
            try:
                registration = await self._call_operation(io, operation, arguments, token)
            except NameTaken:
                token = await self._wait_for_stored_credential(io, name, (*earlier, last))
                if token is None:
                    raise
                registration = await self._call_operation(io, operation, arguments, token)
        requested = arguments.service_tier  # type: ignore[attr-defined]
        # An agent keeps its tier when its own token updates it; the caller's own credential (last) may grant another.
        if registration.service_tier != requested and token != last:
            await self._grant_requested_tier(io, registration, requested, last)
        self.identity.store_and_adopt_registration(registration, token)
        return registration

    async def _grant_requested_tier(self, io: IO, registration: Any, tier: ServiceTier, token: str | None) -> None:
        """Grant the requested tier as the operator, if the client is one without the agent's own token."""
        from . import wire
        from .contract import declared

        # Without a token, only a server on this machine may trust the caller as an operator.
        if token is None and not self.server.endpoint.is_local:
            return
        operation = declared("admin", "manage")
        values = {"resource": "agent", "target": registration.agent_id, "action": "set_tier", "value": tier.value}
        try:
            await self._call_operation(io, operation, wire.bind_arguments(operation, (), values), token)
        # The agent is registered, with a lower tier: the refusal is logged and does not fail the registration.
        except (PermissionDenied, Unauthenticated) as error:
            logger.info("%s has the tier %s: %s", registration.agent_name, registration.service_tier, error)
        else:
            registration.service_tier = tier

    async def _wait_for_stored_credential(self, io: IO, name: str, tried: Sequence[str | None]) -> str | None:
        """Wait for the credential that another process stores while it registers the same agent."""
        for pause in (0.0, *STORED_CREDENTIAL_PAUSES):
            await io.pause(pause)
            untried_tokens = [token for token in self.identity.list_registration_tokens(name) if token not in tried]
            if untried_tokens:
                return untried_tokens[0]
        return None

    async def _call_operation(self, io: IO, operation: Operation, arguments: BaseModel, token: str | None) -> Any:
        from . import retry, wire

        request = wire.build_request(operation, arguments)
        request.headers.update(self.identity.headers(token))
        # One key for all retries of this call, so that a command whose answer was lost takes effect once.
        key = self.options.idempotency_key or (os.urandom(16).hex() if wire.needs_idempotency_key(operation) else None)
        # A client with a fixed key also makes queries, for which a key has no meaning.
        if key and request.method != "GET":
            request.headers["idempotency-key"] = key
        answer = await retry.exchange_with_retries(
            io,
            request,
            url=self.server.url,
            seconds=_compute_total_timeout(self.options.timeout, operation, arguments),
            backoff=retry.Backoff(self.options.retries),
        )
        self._warn_deprecated(operation, answer)
        result = wire.parse_result(operation, answer)
        self._attach_next_page(operation, arguments, result)
        return result

    def _warn_deprecated(self, operation: Operation, answer: Answer) -> None:
        """Warn once that an operation is deprecated."""
        if "deprecation" not in answer.headers or operation.name in self._warned_keys:
            return
        self._warned_keys.add(operation.name)
        sunset = answer.headers.get("sunset")
        logger.warning("%s is deprecated%s.", operation.name, f" and ends on {sunset}" if sunset else "")

    def _attach_next_page(self, operation: Operation, arguments: BaseModel, result: Any) -> None:
        """Attach the fetching of further pages to a page: blocking for ``for``, awaited for ``async for``."""
        from .contract import Page
        from .paging import next_page_arguments
        from .transport import run_blocking

        if not isinstance(result, Page) or (after := next_page_arguments(operation, arguments, result)) is None:
            return
        # Both kinds, whatever the mode of the call: a page may be iterated in other code than that which fetched it.
        result._following = lambda: run_blocking(
            self.call_with_bound_arguments(self.server.blocking_transport, operation, after)
        )
        result._following_async = lambda: self.call_with_bound_arguments(self.server.async_transport, operation, after)


def _compute_total_timeout(seconds: float, operation: Operation, arguments: BaseModel) -> float:
    """Compute the total timeout of a call: its own wait, or that of an upstream, is added."""
    from .contract import Kind

    remote_seconds = getattr(arguments, "timeout", None) if operation.kind is Kind.RELAY else None
    return seconds + getattr(arguments, "wait", 0.0) + (remote_seconds or 0.0)
