"""The HTTP request of an A2A call: its caller, headers, and base URL."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

from agora.comma_lists import split_list
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.protocols.host_header import choose_server_url, list_own_host_names
from agora.protocols.http import Receive, RequestAuthenticator, Scope, read_body, read_header, run_while_connected
from agora.protocols.json_body import read_json_body
from agora.settings import Settings
from agora_sdk.errors import InvalidRequest, field_error

from .dialects import Dialect
from .methods import Method
from .operations import A2ARequest

__all__ = ["HttpRequest", "is_own_url", "read_extension_uris"]

T = TypeVar("T")
# As many as the largest 64-bit number has.
_MAX_DIGITS = 20


class HttpRequest:
    """An HTTP request at an agent's address; ``agent`` is None for the front agent."""

    def __init__(
        self, scope: Scope, request_authenticator: RequestAuthenticator, settings: Settings, agent: str | None
    ) -> None:
        self.scope, self.agent = scope, agent
        self._request_authenticator, self._settings = request_authenticator, settings

    async def authenticate_caller(self) -> Caller:
        """Authenticate the caller. Raises Unauthenticated."""
        return await self._request_authenticator.authenticate_request(self.scope)

    async def read_body(self, receive: Receive) -> bytes:
        """Read the whole body. Raises PayloadTooLarge."""
        return await read_body(self.scope, receive, self._settings.body_limit)

    async def read_json_body(self, receive: Receive, dispatcher: Dispatcher, caller: Caller) -> bytes:
        """Read the JSON of the body. Raises PayloadTooLarge, UnsupportedMediaType."""
        return await read_json_body(self.scope, receive, self._settings.body_limit, dispatcher, caller)

    @property
    def wants_events(self) -> bool:
        """Whether the client accepts only server-sent events."""
        accepted = read_header(self.scope, b"accept") or ""
        return "text/event-stream" in accepted and "json" not in accepted

    def build_request(self, method: Method, arguments: dict[str, Any], dialect: Dialect, caller: Caller) -> A2ARequest:
        """Build the request from its HTTP headers and parameters."""

        # A stream outlives its request: it ends when the credential is revoked or expires.
        async def reauthenticate_caller() -> None:
            await self.authenticate_caller()

        return A2ARequest(
            method,
            arguments,
            dialect,
            caller,
            agent=self.agent,
            base_url=choose_server_url(self.scope, self._settings),
            extensions=read_extension_uris(self.scope),
            resume=self._read_resume_position() if method.streams else None,
            key=read_header(self.scope, b"idempotency-key"),
            valid=reauthenticate_caller,
        )

    def _read_resume_position(self) -> str | None:
        """Read the Last-Event-ID; None without one. Raises InvalidRequest unless it is a number."""
        last_event_id = read_header(self.scope, b"last-event-id")
        if not last_event_id:
            return None
        if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > _MAX_DIGITS:
            raise InvalidRequest(
                "Last-Event-ID is not the id of a stream item.",
                fix="Send the id of the last received item, or omit the header.",
                errors=[field_error("Last-Event-ID", "not a number")],
            )
        return last_event_id

    async def run_while_connected(self, receive: Receive, work: Coroutine[Any, Any, T], request: A2ARequest) -> T:
        """Run work; if it may wait for an agent, only for as long as the client is connected."""
        # Other methods answer at once: watching for a disconnect costs a task for each request.
        if request.method.name != "SendMessage" or request.arguments.get("return_immediately"):
            return await work
        return await run_while_connected(receive, work)


def read_extension_uris(scope: Scope) -> tuple[str, ...]:
    """Read the URIs of the header ``A2A-Extensions`` (section 3.2.6), or of its older name."""
    value = read_header(scope, b"a2a-extensions") or read_header(scope, b"x-a2a-extensions")
    return tuple(split_list(value or ""))


def is_own_url(base_url: str, settings: Settings) -> bool:
    """Whether a URL is known to be this server's; the Host header is not trusted."""
    return base_url == settings.public_url.rstrip("/") or urlsplit(base_url).hostname in list_own_host_names(settings)
