"""A minimal HTTP/1.1 client with a pool of idle connections, for requests to other servers.

Each request is one write; the response is read as it arrives, and closing a reply early closes the connection. The
client does not follow redirects, decompress or retry. :mod:`agora.net.egress_policy` determines the permitted
addresses.

Every request has the header ``Via`` (RFC 9110, section 7.6.3): callers choose the URL of many requests, and a local
Agora server must not treat them as local programs, which it serves as its operator.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import httptools
from pydantic_core import from_json

from .egress_policy import EgressPolicy

__all__ = [
    "VIA_HEADER",
    "ConnectionLost",
    "HttpClient",
    "Reply",
    "build_request_target",
    "create_default_ssl_context",
    "parse_json_or_none",
    "send_single_request",
]

MAX_HEAD_BYTES: Final = 65_536
MAX_BUFFERED_BYTES: Final = 262_144  # bytes of a response buffered before reading pauses
KEEPALIVE_SECONDS: Final = 4.0  # seconds that an idle connection is kept; servers close it after five or more
VIA_HEADER: Final = {"via": "1.1 agora"}
SAFE_CHARACTERS: Final = "/%:@!$&'()*+,;=?~"
REQUEST_TARGET: Final = re.compile(r"/[!-~]*")
HEADER_LINE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*")


class ConnectionLost(Exception):
    """The connection broke after the request was sent, or the response is not HTTP: the outcome is unknown."""


def build_request_target(url: str) -> str:
    """Build the request target of a URL: path and query, in ASCII."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe=SAFE_CHARACTERS)
    return f"{path}?{quote(parts.query, safe=SAFE_CHARACTERS)}" if parts.query else path


def parse_json_or_none(body: bytes) -> Any:
    """Parse a response body as JSON; None if it is invalid."""
    try:
        return from_json(body)
    except ValueError:
        return None


@cache
def create_default_ssl_context() -> ssl.SSLContext:
    """Create the TLS context with the system's certificate authorities, or certifi's. Slow: call it outside the event
    loop."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    return context


class HttpClient:
    """An HTTP client for the host of one URL. egress: its policy. seconds: timeout for connecting. context: for TLS, if
    the URL requires it. keepalive: seconds that an idle connection is kept.

    host: value of the Host header. Raises ValueError for a URL without a host.
    """

    def __init__(
        self,
        url: str,
        egress: EgressPolicy,
        seconds: float,
        context: ssl.SSLContext | None,
        keepalive: float = KEEPALIVE_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        tls, default_port = parts.scheme == "https", 443 if parts.scheme == "https" else 80
        if not parts.hostname:
            raise ValueError("the URL has no host")
        # In ASCII, as DNS, TLS and the Host header take names; Python's codec implements IDNA 2003.
        self._host, self._port = parts.hostname.encode("idna").decode(), parts.port or default_port
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.host = host if self._port == default_port else f"{host}:{self._port}"
        self._egress, self._seconds, self._keepalive = egress, seconds, keepalive
        self._context = (context or create_default_ssl_context()) if tls else None
        self._target = build_request_target(url)
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, busy or idle."""
        return bool(self._open)

    async def post_body(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a POST request to the client's URL, see :meth:`request`."""
        return await self.request("POST", self._target, headers, body)

    async def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Send a request, and wait for the head of its response.

        target: see :func:`build_request_target`. Raises OSError (including AddressRefused) if nothing was sent,
        otherwise ConnectionLost; ValueError for invalid headers.
        """
        lines = [f"{name}: {value}" for name, value in (*headers.items(), *VIA_HEADER.items())]
        # A line break in a value would begin another header.
        if not all(map(HEADER_LINE.fullmatch, lines)) or not REQUEST_TARGET.fullmatch(target):
            raise ValueError("a header has invalid characters")
        # Also for an empty body, where the method would allow one (RFC 9110, section 8.6).
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join((f"{method} {target} HTTP/1.1", *lines, "\r\n"))
        connection = self._pop_idle_connection() or await self._open_connection()
        try:
            connection.send_request(head.encode("latin-1") + body)
            await connection.wait_for_head()
        except BaseException:
            # Also if cancelled: a late response must not be taken for that of the next request.
            connection.close()
            raise
        return Reply(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close()

    def _pop_idle_connection(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            # Its server may have closed it since, unless the timer came first.
            if not connection.closing:
                return connection
        return None

    async def _open_connection(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                # The address is connected to, while TLS checks the host's name: rebinding the name cannot lead elsewhere.
                address = await self._egress.resolve_allowed_address(self._host, self._port)
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._idle, self._open, self._keepalive),
                    address,
                    self._port,
                    ssl=self._context,
                    server_hostname=self._host if self._context is not None else None,
                )
        except TimeoutError:
            raise OSError(f"no connection within {self._seconds:g} s") from None
        return connection


async def send_single_request(
    method: str,
    url: str,
    egress: EgressPolicy,
    headers: Mapping[str, str] = {},
    body: bytes = b"",
    *,
    seconds: float,
    max_bytes: int,
) -> tuple[int, bytes]:
    """Send one request over a connection of its own. Returns the status and the body of the response.

    headers: added to the client's own. seconds: for everything. max_bytes: limit of the response's body. Raises OSError
    (including AddressRefused and TimeoutError), ConnectionLost, and ValueError for an invalid request or a larger body.
    """
    context = await asyncio.to_thread(create_default_ssl_context) if url.startswith("https:") else None
    client = HttpClient(url, egress, seconds, context)
    # Without content coding: the client does not decompress, and a small body cannot become a huge one.
    own_headers = {"host": client.host, "user-agent": "agora", "accept-encoding": "identity"}
    try:
        async with asyncio.timeout(seconds):
            reply = await client.request(method, build_request_target(url), {**own_headers, **headers}, body)
            answer = bytearray()
            async for part in reply:
                answer += part
                if len(answer) > max_bytes:
                    raise ValueError(f"the answer is over {max_bytes} bytes")
            return reply.status, bytes(answer)
    finally:
        client.close()


class Reply:
    """A response whose head was received; iterate to read its body. headers: by lower-case name."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self.status, self.headers = connection.status, connection.headers
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the parts of the body. Raises ConnectionLost."""
        while part := await self._connection.read_part():
            yield part

    async def read_part(self) -> bytes:
        """Read the next part of the body; empty at its end. Raises ConnectionLost."""
        return await self._connection.read_part()

    def close(self) -> None:
        """Return the connection to the pool if the body was read to its end, else close it. Idempotent."""
        if not self._closed:
            self._closed = True
            self._connection.release()


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time. idle: list of connections available for the next request."""

    _transport: asyncio.Transport

    def __init__(self, idle: list[_Connection], open_connections: set[_Connection], keepalive: float) -> None:
        self._idle, self._open, self._keepalive = idle, open_connections, keepalive
        self._loop = asyncio.get_running_loop()
        self._expiry: asyncio.TimerHandle | None = None
        self._response_change: asyncio.Future[None] | None = None
        self._reset_reply()
        self._complete = True

    def _reset_reply(self) -> None:
        """Reset the state of the previous response."""
        self._parser = httptools.HttpResponseParser(self)
        self.status, self.headers = 0, dict[str, str]()
        self._buffered_size = 0
        self._bytes_without_content = 0  # since the last part of the body
        self._parts: deque[bytes] = deque()
        self._complete = self._reusable = self._paused = self._has_surplus = False
        self._error: ConnectionLost | None = None

    # -- requests --------------------------------------------------------------------------------

    @property
    def closing(self) -> bool:
        """Whether the connection cannot be used again."""
        return self._transport.is_closing()

    def send_request(self, data: bytes) -> None:
        """Forget the previous response, and write a request."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self._reset_reply()
        self._transport.write(data)

    async def wait_for_head(self) -> None:
        """Wait for the head of the response."""
        while not self.status or self._error is not None:
            await self._wait_for_data()

    async def read_part(self) -> bytes:
        """Read the next part of the body; empty at its end."""
        while not self._parts:
            if self._complete:
                return b""
            await self._wait_for_data()
        part = self._parts.popleft()
        self._buffered_size -= len(part)
        # At half the limit, so that reading is not paused and resumed for each part.
        if self._paused and self._buffered_size < MAX_BUFFERED_BYTES // 2:
            self._paused = False
            self._transport.resume_reading()
        return part

    def release(self) -> None:
        """Make the connection idle if its response is complete and the server keeps it open; otherwise close it."""
        # Bytes beyond the response would be taken for that of the next request (response splitting).
        is_reusable = self._complete and self._reusable and not self._has_surplus and self._error is None
        # An unread rest would have to be received first, at the server's pace.
        if not is_reusable or self.closing:
            self.close()
            return
        # Taken from the end: the connection used last is the least likely to have been closed by its server.
        self._idle.append(self)
        self._expiry = self._loop.call_later(self._keepalive, self.close)

    def close(self) -> None:
        """Close the connection."""
        if self in self._idle:
            self._idle.remove(self)
        self._transport.abort()

    async def _wait_for_data(self) -> None:
        if self._error is not None:
            raise self._error
        self._response_change = self._loop.create_future()
        await self._response_change

    def _notify_reader(self) -> None:
        if self._response_change is not None and not self._response_change.done():
            self._response_change.set_result(None)

    def _fail_connection(self, reason: str) -> None:
        self._error = self._error or ConnectionLost(reason)
        self._transport.abort()
        self._notify_reader()

    # -- transport callbacks ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._open.add(self)

    def data_received(self, data: bytes) -> None:
        if self._complete:  # data without a request
            self.close()
            return
        # Counted here because httptools buffers an incomplete header without a limit, and reports it only when complete.
        # Over interim responses, trailers and chunk extensions, too: a server could send these without end.
        self._bytes_without_content += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The parser stops after the head of a 101, at which on_headers_complete has failed the connection.
            self._fail_connection("the response switches the protocol")
        except httptools.HttpParserError as error:
            self._fail_connection(f"the response is not HTTP: {error}")
        if self._bytes_without_content > MAX_HEAD_BYTES and not self._complete:
            self._fail_connection(f"its headers are larger than {MAX_HEAD_BYTES} bytes")
        if self._buffered_size > MAX_BUFFERED_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._notify_reader()

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)
        if self in self._idle:
            self._idle.remove(self)
        # A response without either header ends with its connection (RFC 9112, section 6.3).
        framed = self.headers.keys() & {"content-length", "transfer-encoding"}
        if self.status and not framed and error is None and self._error is None:
            self._complete = True
        if not self._complete:
            self._error = self._error or ConnectionLost(str(error) if error is not None else "it hung up")
        self._notify_reader()

    # -- parser callbacks ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:  # a second response
            self._has_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_surplus and self._error is None:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._has_surplus or self._error is not None:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self.status = status
        elif status == 101:
            self._fail_connection("the response switches the protocol")
        else:
            # An interim response (1xx); the final one follows.
            self.headers.clear()

    def on_body(self, body: bytes) -> None:
        if self._has_surplus:
            return
        self._bytes_without_content = 0
        self._parts.append(body)
        self._buffered_size += len(body)

    def on_message_complete(self) -> None:
        # Not after an interim response (1xx), whose end is not that of the message.
        if self.status:
            self._complete, self._reusable = True, self._parser.should_keep_alive()
