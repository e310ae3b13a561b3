"""Streamable HTTP with address checks, and HTTP+SSE for upstreams that support nothing else.

A failed request must not break the connection that other requests share. Therefore transport failures (no connection, a
truncated answer, an HTTP error without a JSON-RPC body) become a JSON-RPC error of that request, with a token under
which :class:`TransportErrors` stores the cause.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from pydantic_core import to_json

from agora.net.http_client import VIA_HEADER, HttpClient
from agora_sdk.errors import AgoraError

from ..oauth.authorization import AccessTokens
from ..oauth.challenge import read_challenge
from .addresses import AddressRefused, EgressPolicy
from .channel import Channel
from .direct_client import DirectClient
from .message_size import MAX_MESSAGE_BYTES, MAX_MESSAGE_NODES, count_opening_brackets
from .throttle import Throttle
from .transport_errors import (
    TRANSPORT_ERROR_CODE,
    TransportError,
    TransportErrors,
    find_content_type_error,
    find_status_error,
)

__all__ = ["GuardedTransport", "open_http_channel", "open_sse_channel"]

MAX_ERROR_BYTES = 65_536
CLOSE_TIMEOUT = 2.0  # seconds to close a session

for _talkative in ("mcp", "httpx2", "httpcore2"):  # they log URLs, headers and session ids
    logging.getLogger(_talkative).setLevel(logging.WARNING)
logging.getLogger("mcp.client").setLevel(
    logging.CRITICAL
)  # invalid messages of an upstream are reported to the caller instead


class _BrokenBody(httpx2.StreamError):
    """A body that ended early or was too large; the SDK fails the single request with it."""


class LimitedStream(httpx2.AsyncByteStream):
    """A body of a bounded size; an event stream is unbounded in size, but bounded in rate."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int | None) -> None:
        self._inner, self._limit = inner, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, parts, pace = 0, 0, Throttle()
        try:
            async for part in self._inner:
                if self._limit is None:
                    await pace.throttle_event_part(part)
                size += len(part)
                parts += count_opening_brackets(part)
                if self._limit is not None and (size > self._limit or parts > MAX_MESSAGE_NODES):
                    raise _BrokenBody(f"the answer is larger than {self._limit} bytes, or has too many parts")
                yield part
        except httpx2.TransportError as error:
            raise _BrokenBody(f"the answer was cut short: {error or type(error).__name__}") from error

    async def aclose(self) -> None:
        await self._inner.aclose()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends only to addresses allowed by its egress policy, and converts failures to JSON-RPC errors.

    tokens: None for an upstream without OAuth.
    """

    def __init__(
        self,
        transport_errors: TransportErrors,
        egress: EgressPolicy,
        inner: httpx2.AsyncBaseTransport,
        tokens: AccessTokens | None = None,
    ) -> None:
        self._transport_errors, self._egress, self._inner, self._tokens = transport_errors, egress, inner, tokens

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        post = request.method == "POST"
        try:
            # Closing a session is a courtesy: an upstream that does not answer must not hold up the end of a connection.
            async with asyncio.timeout(CLOSE_TIMEOUT if request.method == "DELETE" else None):
                response = await self._send_authorized(request)
        except (AddressRefused, OSError, httpx2.TransportError, AgoraError) as error:
            # The host may have another address by now: the next request resolves it again.
            self._egress.clear_cache()
            # Only a POST holds a request whose answer can carry the error.
            if not post:
                raise httpx2.ConnectError(str(error), request=request) from error
            return self._build_transport_error_response(request, _to_transport_error(error))
        if post and response.status_code >= 400:
            return await self._build_error_response(request, response)
        kind, packing = response.headers.get("content-type", ""), response.headers.get("content-encoding")
        fault = find_content_type_error(kind if post and response.status_code == 200 else "application/json", packing)
        if fault is not None:
            await response.aclose()
            return self._build_transport_error_response(request, fault)
        streamed = kind.lower().startswith("text/event-stream")
        response.stream = LimitedStream(_open_byte_stream(response), None if streamed else MAX_MESSAGE_BYTES)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _send_authorized(self, request: httpx2.Request) -> httpx2.Response:
        """Send with an access token; if it is rejected, retry once with a renewed one."""
        if self._tokens is None:
            return await self._inner.handle_async_request(await self._pin_address(request))
        token = await self._tokens.current_token()
        response = await self._send_with_token(request, token)
        try:
            challenge = read_challenge(response.status_code, response.headers)
            renewed = await self._tokens.renew_token(token, challenge) if challenge is not None else None
        except BaseException:
            # As in DirectClient: an open response holds one of the few connections of the pool.
            await response.aclose()
            raise
        if renewed is None or renewed == token:
            return response
        await response.aclose()
        return await self._send_with_token(request, renewed)

    async def _send_with_token(self, request: httpx2.Request, token: str | None) -> httpx2.Response:
        if token is not None:
            request.headers["authorization"] = f"Bearer {token}"
        return await self._inner.handle_async_request(await self._pin_address(request))

    async def _pin_address(self, request: httpx2.Request) -> httpx2.Request:
        """Redirect the request to a checked address of its host."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        address = await self._egress.resolve_allowed_address(host, port)
        if address == host:
            return request
        return httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # including the original Host
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )

    async def _build_error_response(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """Build the response for an HTTP error: its JSON-RPC error, or one built from it."""
        body = b""
        try:
            async for part in LimitedStream(_open_byte_stream(response), MAX_ERROR_BYTES):
                body += part
        except _BrokenBody:
            body = b""
        await response.aclose()
        status = response.status_code
        challenge = read_challenge(status, response.headers) if self._tokens is not None else None
        fault = find_status_error(status, body, challenge, in_session="mcp-session-id" in request.headers)
        if fault is not None:
            return self._build_transport_error_response(request, fault)
        return httpx2.Response(status, headers={"content-type": "application/json"}, content=body, request=request)

    def _build_transport_error_response(self, request: httpx2.Request, fault: TransportError) -> httpx2.Response:
        error = {"code": TRANSPORT_ERROR_CODE, "message": fault.detail, "data": self._transport_errors.add_error(fault)}
        body = to_json({"jsonrpc": "2.0", "id": None, "error": error})
        headers = {"content-type": "application/json"}
        return httpx2.Response(fault.status or 503, headers=headers, content=body, request=request)


def _open_byte_stream(response: httpx2.Response) -> httpx2.AsyncByteStream:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    return response.stream


def _to_transport_error(error: Exception) -> TransportError:
    words = str(error) or type(error).__name__
    if isinstance(error, AddressRefused):
        return TransportError("refused", f"{words}.")
    if isinstance(error, AgoraError):  # from the authorization server
        return TransportError("unreachable", words)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | OSError):
        return TransportError("unreachable", f"It cannot be reached: {words}.")
    return TransportError("lost", f"The connection broke: {words}.")


@cache
def _create_tls_context() -> ssl.SSLContext:
    """Create the TLS context shared by all upstreams; loading the certificates takes a while."""
    return httpx2.create_ssl_context()


@asynccontextmanager
async def open_http_channel(
    url: str,
    headers: Mapping[str, str],
    transport_errors: TransportErrors,
    egress: EgressPolicy,
    tokens: AccessTokens | None,
    *,
    connections: int,
    seconds: float,
) -> AsyncIterator[Channel]:
    """Open a channel to a URL. seconds: for connecting and writing; each request has its own timeout for the answer."""
    context = await asyncio.to_thread(_create_tls_context)
    sent_headers = {name.lower(): value for name, value in headers.items()} | {"accept-encoding": "identity"}
    http = HttpClient(url, egress, seconds, context)
    client = _create_guarded_client(sent_headers, context, transport_errors, egress, tokens, connections, seconds)
    async with client, streamable_http_client(url, http_client=client, max_sse_event_size=MAX_MESSAGE_BYTES) as streams:
        try:
            yield Channel(*streams, DirectClient(http, sent_headers, transport_errors, tokens))
        finally:
            http.close()


@asynccontextmanager
async def open_sse_channel(
    url: str,
    headers: Mapping[str, str],
    transport_errors: TransportErrors,
    egress: EgressPolicy,
    tokens: AccessTokens | None,
    *,
    connections: int,
    seconds: float,
) -> AsyncIterator[Channel]:
    """Open a channel of the transport of 2024-11-05: one event stream for all answers, and requests posted apart."""
    context = await asyncio.to_thread(_create_tls_context)
    sent_headers = {name.lower(): value for name, value in headers.items()} | {"accept-encoding": "identity"}

    def create_client(
        headers: dict[str, str] | None = None, timeout: httpx2.Timeout | None = None, auth: httpx2.Auth | None = None
    ) -> httpx2.AsyncClient:
        return _create_guarded_client(sent_headers, context, transport_errors, egress, tokens, connections, seconds)

    async with sse_client(url, httpx_client_factory=create_client) as streams:
        yield Channel(*streams)


def _create_guarded_client(
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    transport_errors: TransportErrors,
    egress: EgressPolicy,
    tokens: AccessTokens | None,
    connections: int,
    seconds: float,
) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    # No proxy of the environment: it would be connected to in place of the checked address.
    inner = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
    return httpx2.AsyncClient(
        headers={**headers, **VIA_HEADER},
        timeout=httpx2.Timeout(seconds, read=None, pool=None),
        transport=GuardedTransport(transport_errors, egress, inner, tokens),
        trust_env=False,
    )
