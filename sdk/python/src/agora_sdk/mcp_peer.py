"""A peer: one MCP server over streamable HTTP, with blocking or asynchronous I/O."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import httpx

from . import __version__, mcp_wire
from .errors import (
    AgoraError,
    DeadlineExceeded,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ServerUnreachable,
    UpstreamFailed,
)
from .transport import AsyncTransport, BlockingTransport, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OnProgress", "Peer", "Pooling"]

#: Called with the progress of a call, the total if known, and a message if given.
OnProgress: TypeAlias = Callable[[float, float | None, str | None], Any]
OnHeaders: TypeAlias = Callable[[Mapping[str, str]], None]
IO: TypeAlias = BlockingTransport | AsyncTransport
Message: TypeAlias = dict[str, Any]

# Unsupported protocol version (specification 2026-07-28).
UNSUPPORTED_VERSION = -32022
# A server that returns a cursor with every page must not make the client loop forever.
MAX_PAGES = 1000
CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pooling:
    """Settings of a connection pool. connection_timeout, pool_recycle: seconds; the latter for an idle connection."""

    max_connections: int = 10
    connection_timeout: float = 5.0
    # Below the 5 s after which common servers close idle connections (see ``transport.KEEPALIVE_SECONDS``).
    pool_recycle: float = 4.0


@dataclass(frozen=True, slots=True)
class _Endpoint(Endpoint):
    pooling: Pooling = field(default_factory=Pooling)

    def client_options(self) -> dict[str, Any]:
        max_connections = self.pooling.max_connections
        limits = httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=self.pooling.pool_recycle,
        )
        return Endpoint.client_options(self) | {"limits": limits}


class _SessionLost(Exception):
    """The server does not know the session."""


class _DeadlinePassed(Exception):
    """The client's own deadline has passed."""


class Peer:
    """A connection to one server: its address, its name, and the negotiated protocol.

    Errors are those of :mod:`agora_sdk.errors`: ServerUnreachable if nothing was sent, UpstreamFailed if the connection
    broke during a request (``outcome`` is ``unknown``), DeadlineExceeded, and the server's own errors.
    """

    def __init__(self, url: str, headers: Mapping[str, str], pooling: Pooling) -> None:
        self.url = url
        self.version = mcp_wire.HANDSHAKE_VERSION
        self.info: Message = {}
        self.tools: dict[str, Message] = {}
        self._client = {"name": "agora-sdk", "version": __version__}
        self._headers = {**mcp_wire.ACCEPT, "user-agent": f"agora-sdk/{__version__}", **headers}
        self._pooling = pooling
        self._session: str | None = None
        self._session_lock = threading.Lock()
        # Threads share a peer: unlike ``+= 1``, next() returns each number once.
        self._ids = itertools.count(1)

    @cached_property
    def blocking_transport(self) -> BlockingTransport:
        return BlockingTransport(_Endpoint(self.url, {}, self._pooling))

    @cached_property
    def async_transport(self) -> AsyncTransport:
        return AsyncTransport(_Endpoint(self.url, {}, self._pooling))

    @property
    def modern(self) -> bool:
        """Whether requests are self-contained, without a session."""
        # Versions are dates, so their order as texts is their order in time.
        return self.version >= mcp_wire.MODERN_VERSION

    async def initialize_and_list_tools(self, io: IO, seconds: float) -> None:
        """Initialize the connection and list the tools. An address without a path is tried with ``/mcp`` first."""
        original_url = self.url
        has_no_path = urlsplit(original_url).path in ("", "/")
        for address in [f"{original_url.rstrip('/')}/mcp", original_url] if has_no_path else [original_url]:
            self.url, self.version, self._session = address, mcp_wire.HANDSHAKE_VERSION, None
            try:
                await self._initialize_session(io, seconds)
                break
            except (NotFound, MethodNotAllowed, UpstreamFailed):
                # Only the given address decides about the error: the ``/mcp`` before it was a guess.
                if address == original_url:
                    raise
        await self.list_tools(io, seconds)

    async def list_tools(self, io: IO, seconds: float) -> dict[str, Message]:
        """List all tools by name, over all pages."""
        tools: dict[str, Message] = {}
        cursor: Message = {}
        for _ in range(MAX_PAGES):
            page = await self.request(io, "tools/list", cursor, seconds=seconds)
            tools |= {tool["name"]: tool for tool in page.get("tools", ())}
            if not page.get("nextCursor"):
                break
            cursor = {"cursor": page["nextCursor"]}
        self.tools = tools
        return tools

    async def request(
        self,
        io: IO,
        method: str,
        params: Message,
        *,
        seconds: float,
        on_progress: OnProgress | None = None,
    ) -> Message:
        """Send a request and return its result. A session that the server dropped is reopened."""
        session = self._session
        try:
            return await self._send_request(io, method, params, seconds, on_progress)
        except _SessionLost:
            # Another call may have reopened it since: then its session serves this call, too.
            if self._session == session:
                await self._initialize_session(io, seconds)
        try:
            return await self._send_request(io, method, params, seconds, on_progress)
        except _SessionLost:
            raise UpstreamFailed(f"{self.url} keeps losing its sessions.") from None

    async def close(self, io: IO) -> None:
        """End the session, as far as the server can be reached, and close the connections of this kind of I/O."""
        session, self._session = self._session, None
        if session is not None:
            await self._end_session(io, session)
        closing = io.close()
        if closing is not None:
            await closing

    async def _end_session(self, io: IO, session: str) -> None:
        """End a session, as far as the server can be reached."""
        with suppress(AgoraError, _SessionLost, _DeadlinePassed):
            headers = {mcp_wire.SESSION_HEADER: session}
            await (await self._send_http(io, "DELETE", None, headers, CLOSE_SECONDS)).close()

    async def _initialize_session(self, io: IO, seconds: float) -> None:
        previous_session = self._session
        header_sets: list[Mapping[str, str]] = []
        params = {"protocolVersion": mcp_wire.HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": self._client}
        try:
            result = await self._send_request(io, "initialize", params, seconds, None, header_sets.append)
        # A server of the stateless protocol refuses ``initialize`` and lists the versions that it supports.
        except AgoraError as error:
            supported = error.extra.get("data")
            versions = supported.get("supported") if isinstance(supported, dict) else None
            if error.extra.get("rpc_code") != UNSUPPORTED_VERSION or mcp_wire.MODERN_VERSION not in (versions or ()):
                raise
            self.version = mcp_wire.MODERN_VERSION
            result = await self._send_request(io, "server/discover", {}, seconds, None)
            meta = result.get("_meta") or {}
            self.info = meta.get("io.modelcontextprotocol/serverInfo") or result.get("serverInfo") or {}
            return
        version, session = str(result.get("protocolVersion")), header_sets[0].get(mcp_wire.SESSION_HEADER)
        method = "notifications/initialized"
        headers = {mcp_wire.VERSION_HEADER: version} | ({mcp_wire.SESSION_HEADER: session} if session else {})
        try:
            await self._send_and_discard_response(io, {"jsonrpc": "2.0", "method": method}, seconds, headers)
        except _DeadlinePassed:
            raise DeadlineExceeded(f"{self.url} did not answer {method} within {seconds:g} s.") from None
        except _SessionLost:
            raise UpstreamFailed(f"{self.url} lost the session that it has just opened.") from None
        # Only now: concurrent calls would be refused without a session, or before the notification (MCP, lifecycle).
        with self._session_lock:
            is_current = self._session == previous_session
            if is_current:
                self.info, self.version, self._session = result.get("serverInfo") or {}, version, session
        # Another call has reopened or closed the connection meanwhile: nobody else would end this session.
        if not is_current and session:
            await self._end_session(io, session)

    async def _send_request(
        self,
        io: IO,
        method: str,
        params: Message,
        seconds: float,
        on_progress: OnProgress | None,
        on_headers: OnHeaders | None = None,
    ) -> Message:
        """Try a request once. on_headers: called with the headers of the response."""
        # MCP requires ids that are unique within the session.
        request_id = next(self._ids)
        full_params = self._add_version_meta(params)
        if on_progress is not None:
            full_params["_meta"] = {**full_params.get("_meta", {}), "progressToken": request_id}
        request: Message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": full_params}
        try:
            if isinstance(io, AsyncTransport):
                # For the whole call: the timeouts of httpx are per chunk. Blocking I/O checks the deadline between chunks instead.
                async with asyncio.timeout(seconds):
                    return await self._await_response(io, request, seconds, on_progress, on_headers)
            return await self._await_response(io, request, seconds, on_progress, on_headers)
        except (TimeoutError, _DeadlinePassed):
            # MCP, lifecycle: a client must not cancel ``initialize``.
            if not self.modern and method != "initialize":
                cancelled = {"requestId": request_id, "reason": "the deadline has passed"}
                message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}
                with suppress(AgoraError, _SessionLost, _DeadlinePassed):
                    await self._send_and_discard_response(io, message, CLOSE_SECONDS)
            raise DeadlineExceeded(f"{self.url} did not answer {method} within {seconds:g} s.") from None

    def _add_version_meta(self, params: Message) -> Message:
        if not self.modern:
            return dict(params)
        meta = {
            mcp_wire.VERSION_KEY: self.version,
            mcp_wire.CLIENT_KEY: self._client,
            mcp_wire.CAPABILITIES_KEY: {},
        }
        return params | {"_meta": meta}

    async def _await_response(
        self,
        io: IO,
        request: Message,
        seconds: float,
        on_progress: OnProgress | None,
        on_headers: OnHeaders | None,
    ) -> Message:
        headers = (
            mcp_wire.build_routing_headers(request) | self._build_mirrored_headers(request)
            if self.modern
            else self._build_session_headers(request)
        )
        body = json.dumps(request).encode()
        async with aclosing(self._stream_messages(io, body, headers, seconds)) as messages:
            async for message, response_headers in messages:
                # JSON-RPC 2.0, section 5: the error about a request whose id could not be read has the id null.
                if mcp_wire.is_response(message) and message.get("id") in (request["id"], None):
                    if on_headers is not None:
                        on_headers(response_headers)
                    return _get_result_or_raise(message)
                if message.get("method") == "notifications/progress" and on_progress is not None:
                    await _report_progress(message.get("params") or {}, on_progress)
                elif "method" in message and "id" in message:
                    await self._send_and_discard_response(io, _build_answer_to_server_request(message), seconds)
        raise UpstreamFailed(f"{self.url} did not answer {request['method']}.", outcome="unknown")

    def _build_session_headers(self, request: Message) -> dict[str, str]:
        if request.get("method") == "initialize":
            return {}
        session = {mcp_wire.SESSION_HEADER: self._session} if self._session else {}
        return session | {mcp_wire.VERSION_HEADER: self.version}

    def _build_mirrored_headers(self, request: Message) -> dict[str, str]:
        """Build the headers that repeat some arguments of a tool (``x-mcp-header``)."""
        if request["method"] != "tools/call":
            return {}
        schema = self.tools.get(request["params"].get("name"), {}).get("inputSchema")
        return mcp_wire.build_mirrored_headers(
            dict(mcp_wire.list_mirrored_parameters(schema)), request["params"].get("arguments")
        )

    async def _send_and_discard_response(
        self, io: IO, message: Message, seconds: float, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a notification. headers: by default those of the session."""
        body, own_headers = json.dumps(message).encode(), headers or self._build_session_headers(message)
        async with aclosing(self._stream_messages(io, body, own_headers, seconds)) as messages:
            async for _ in messages:
                pass

    async def _stream_messages(
        self, io: IO, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> AsyncGenerator[tuple[Message, Mapping[str, str]], None]:
        """Yield each message of a response with the response's headers."""
        deadline = io.now() + seconds
        reply = await self._send_http(io, "POST", body, headers, seconds)
        try:
            if reply.status == 202:
                return
            if reply.status == 200 and reply.kind == "text/event-stream":
                events = mcp_wire.Events()
                while chunk := await self._read_chunk(reply, io, deadline):
                    for event in self._feed_events(events, chunk):
                        if event.data:
                            yield self._parse_message(event.data), reply.headers
                return
            body_so_far = bytearray()
            while chunk := await self._read_chunk(reply, io, deadline):
                body_so_far += chunk
                if len(body_so_far) > mcp_wire.MAX_EVENT_BYTES:
                    raise UpstreamFailed(f"{self.url} answered with more than {mcp_wire.MAX_EVENT_BYTES} bytes.")
            content = bytes(body_so_far)
            # MCP, session management: 404 to a request with a session id means that the session has ended.
            if reply.status == 404 and mcp_wire.SESSION_HEADER in headers:
                raise _SessionLost
            if reply.status != 200:
                raise mcp_wire.build_error_of_response(reply.status, content, self.url)
            yield self._parse_message(content), reply.headers
        finally:
            await reply.close()

    def _feed_events(self, events: mcp_wire.Events, chunk: bytes) -> Iterator[mcp_wire.Event]:
        try:
            yield from events.feed(chunk)
        except ValueError as error:
            raise UpstreamFailed(f"{self.url} sent {error}.", outcome="unknown") from None

    def _parse_message(self, text: bytes) -> Message:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise UpstreamFailed(f"{self.url} does not speak MCP.", fix="Check the address.")
        return message

    async def _send_http(
        self, io: IO, method: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> _Reply:
        timeout = httpx.Timeout(seconds, connect=min(seconds, self._pooling.connection_timeout))
        with self._translate_errors():
            client = io.client() if isinstance(io, BlockingTransport) else await io.client()
            request = client.build_request(
                method, self.url, content=body, headers={**self._headers, **headers}, timeout=timeout
            )
            if isinstance(client, httpx.Client):
                return _Reply(client.send(request, stream=True))
            return _Reply(await client.send(request, stream=True))

    async def _read_chunk(self, reply: _Reply, io: IO, deadline: float) -> bytes:
        # The read timeout of httpx begins anew with every chunk: a slowly dripping response would never reach it.
        if io.now() > deadline:
            raise _DeadlinePassed
        with self._translate_errors():
            return await reply.read()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Translate exceptions of httpx into errors of this SDK."""
        try:
            yield
        # Nothing has been sent in these cases, so the outcome is known and a caller may repeat the request.
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ServerUnreachable(f"No MCP server answers at {self.url}.", fix="Check the address.") from error
        except httpx.TimeoutException as error:
            raise _DeadlinePassed from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise InvalidRequest(f"{self.url!r} is not the address of a server.") from error
        # The request may have been executed: a caller must not repeat it blindly.
        except (httpx.TransportError, httpx.StreamError) as error:
            detail = f"The connection to {self.url} broke: {error or type(error).__name__}."
            raise UpstreamFailed(detail, outcome="unknown") from error


class _Reply:
    """A response being read, with either kind of I/O."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._response = response
        blocking = isinstance(response.stream, httpx.SyncByteStream) and not isinstance(
            response.stream, httpx.AsyncByteStream
        )
        self.read, self.close = self._blocking_reader() if blocking else self._looped_reader()

    def _blocking_reader(self) -> tuple[Callable[[], Awaitable[bytes]], Callable[[], Awaitable[None]]]:
        chunks = self._response.iter_bytes()

        async def read() -> bytes:
            return next(chunks, b"")

        async def close() -> None:
            self._response.close()

        return read, close

    def _looped_reader(self) -> tuple[Callable[[], Awaitable[bytes]], Callable[[], Awaitable[None]]]:
        chunks = self._response.aiter_bytes()

        async def read() -> bytes:
            return await anext(chunks, b"")

        return read, self._response.aclose


def _get_result_or_raise(message: Message) -> Message:
    """Return the result of a response. Raises the error that it contains."""
    if "error" in message:
        raise mcp_wire.build_error_of_jsonrpc(message["error"])
    result = message.get("result")
    if not isinstance(result, dict):
        raise UpstreamFailed("The answer holds no result.")
    if result.get("resultType", "complete") == "input_required":
        # 2026-07-28: instead of calling the client back, a server may end with a request for input.
        raise UpstreamFailed("The server asks for a person's input, which a program cannot give.")
    return result


async def _report_progress(params: Message, on_progress: OnProgress) -> None:
    outcome = on_progress(float(params.get("progress") or 0), params.get("total"), params.get("message"))
    if inspect.isawaitable(outcome):
        await outcome


def _build_answer_to_server_request(request: Message) -> Message:
    """Answer a request of the server: only pings are supported."""
    if request["method"] == "ping":
        return {"jsonrpc": "2.0", "id": request["id"], "result": {}}
    error = {"code": -32601, "message": f"{request['method']} is not offered"}
    return {"jsonrpc": "2.0", "id": request["id"], "error": error}
