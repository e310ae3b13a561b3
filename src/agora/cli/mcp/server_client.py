"""The HTTP client of the bridge: single exchanges with the server, and their errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from agora_sdk import mcp_wire
from agora_sdk.errors import UpstreamFailed
from agora_sdk.identity import Identity
from agora_sdk.session import Server

__all__ = ["Answer", "ConnectionBroken", "ServerClient", "ServerLocation", "ServerUnavailable", "SessionLost"]

PATH = "/mcp"
#: A server sends something on an open stream every 15 s; after four times that the connection is dead.
SILENCE_SECONDS = 60.0
#: Timeout of a request without a stream; the server's own limits are far below.
ANSWER_SECONDS = 600.0
CONNECT_SECONDS = 5.0
MAX_CONNECTIONS = 1000


class ServerUnavailable(Exception):
    """No server accepted the request. retry_after: seconds requested by the server."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ConnectionBroken(Exception):
    """The connection ended before the response: the request may have been executed."""


class SessionLost(Exception):
    """The server does not know the session: it was restarted, or dropped it."""


class ServerLocation(Protocol):
    """Location of the server."""

    async def resolve_address(self) -> str:
        """Return the server's address. Raises ServerUnavailable if none answers."""
        ...

    def mark_lost(self) -> None:
        """Note that the server no longer answers there."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of the server, parsed and as text. event_id: its position in the SSE stream."""

    message: Any
    text: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None


Deliver = Callable[[Answer], Awaitable[None]]


class ServerClient:
    """Exchanges with the server's MCP endpoint, with one identity."""

    def __init__(self, location: ServerLocation, identity: Identity, *, path: str = PATH, version: str = "") -> None:
        self._location, self._identity = location, identity
        self._target = path
        self._agent = f"agora-mcp/{version}"
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._server = Server(identity.url)  # used to renew a login
        self._base_url = ""

    async def exchange_messages(self, body: bytes, headers: Mapping[str, str], deliver: Deliver) -> None:
        """Send a message and deliver each message of the response, in order.

        Raises ServerUnavailable, ConnectionBroken, SessionLost, or the server's AgoraError.
        """
        await self._exchange_over_http("POST", body, headers, deliver, ANSWER_SECONDS)

    async def read_standing_stream(self, headers: Mapping[str, str], deliver: Deliver) -> None:
        """Read the standing stream of a session until it ends. Raises the same as :meth:`exchange_messages`."""
        await self._exchange_over_http("GET", None, headers, deliver, SILENCE_SECONDS)

    async def end_session(self, headers: Mapping[str, str]) -> None:
        """Notify the server of the end of a session."""
        client, url = await self._resolve_client_and_url()
        request = client.build_request(
            "DELETE", url, headers={**await self._renew_login_and_build_headers(), **headers}, timeout=0.5
        )
        await client.send(request)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def _exchange_over_http(
        self, method: str, body: bytes | None, headers: Mapping[str, str], deliver: Deliver, silence: float
    ) -> None:
        client, url = await self._resolve_client_and_url()
        # The pool has no limit of time: the bridge runs fewer requests than there are connections (MAX_REQUESTS).
        timeout = httpx.Timeout(silence, connect=CONNECT_SECONDS, pool=None)
        request = client.build_request(
            method,
            url,
            content=body,
            headers={**await self._renew_login_and_build_headers(), **headers},
            timeout=timeout,
        )
        try:
            response = await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._location.mark_lost()
            raise ServerUnavailable(f"No server answers at {self._base_url}") from error
        except httpx.TransportError as error:
            raise ConnectionBroken(str(error) or type(error).__name__) from error
        try:
            await self._read_response(response, deliver)
        except httpx.TransportError as error:
            raise ConnectionBroken(str(error) or type(error).__name__) from error
        finally:
            await response.aclose()

    async def _read_response(self, response: httpx.Response, deliver: Deliver) -> None:
        if response.status_code == 202:
            return
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code == 200 and media_type == "text/event-stream":
            await self._read_events(response, deliver)
            return
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > mcp_wire.MAX_EVENT_BYTES:
                raise UpstreamFailed(
                    f"The answer of {self._base_url} is larger than {mcp_wire.MAX_EVENT_BYTES:,} bytes."
                )
        body = bytes(content)
        if response.status_code == 503:
            raise ServerUnavailable(
                "The server is busy or about to stop", _parse_seconds_or_none(response.headers.get("retry-after"))
            )
        # MCP, session management: 404 to a request with a session id means that the session has ended.
        if response.status_code == 404 and mcp_wire.SESSION_HEADER in response.request.headers:
            raise SessionLost
        document = _parse_json_or_none(body) if media_type == "application/json" else None
        if isinstance(document, (dict, list)) and (response.is_success or mcp_wire.is_response(document)):
            await deliver(Answer(document, body, response.headers))
            return
        if response.status_code >= 500 and not isinstance(document, dict) and "problem" not in media_type:
            raise ConnectionBroken(
                f"HTTP {response.status_code}"
            )  # from an intermediary, or a server that is being stopped
        raise mcp_wire.build_error_of_response(response.status_code, body, self._base_url + PATH)

    async def _read_events(self, response: httpx.Response, deliver: Deliver) -> None:
        events, chunks = mcp_wire.Events(), response.aiter_bytes()
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    chunk = await anext(chunks, b"")
            except TimeoutError:
                raise ConnectionBroken("the stream sent nothing for too long") from None
            if not chunk:
                return
            for event in events.feed(chunk):
                message = _parse_json_or_none(event.data) if event.data else None
                if message is not None:
                    await deliver(Answer(message, event.data, response.headers, event.id))

    async def _resolve_client_and_url(self) -> tuple[httpx.AsyncClient, str]:
        self._base_url = base = await self._location.resolve_address()
        if base not in self._clients:
            self._clients[base] = httpx.AsyncClient(**_build_client_options(base))
        return self._clients[base], base + self._target

    async def _renew_login_and_build_headers(self) -> dict[str, str]:
        if self._identity.is_login_due:
            await self._identity.renew_login(self._server.async_transport)
        token = self._identity.token()
        credential = {"authorization": f"Bearer {token}"} if token else {}
        return {**mcp_wire.ACCEPT, "user-agent": self._agent, **credential}


def _build_client_options(base: str) -> dict[str, Any]:
    """Build the options of an httpx client. No proxy or TLS for a server on this machine."""
    url = httpx.URL(base)
    local = url.scheme == "http" and (url.host in ("localhost", "::1") or url.host.startswith("127."))
    # Idle connections are closed before common servers do so after 5 s (see ``agora_sdk.transport``).
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=20, keepalive_expiry=4.0)
    return {"limits": limits, "trust_env": not local, "verify": not local}


def _parse_json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _parse_seconds_or_none(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
