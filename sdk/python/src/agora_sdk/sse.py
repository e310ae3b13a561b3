"""Channels over Server-Sent Events, in both kinds of I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from .channels import MAX_FRAME_BYTES, Channel, Disconnected, Frame, Refused, decode_frame
from .errors import UpstreamFailed
from .mcp_wire import Event, Events, EventTooLong
from .retry import TRANSIENT_STATUSES, ConnectionLost
from .transport import CONNECT_SECONDS, BlockingTransport, read_answer, translate_errors
from .wire import parse_error

if TYPE_CHECKING:
    from .transport import AsyncTransport

__all__ = ["EventSource", "open_channel"]

#: There is no ping: a server sends something at least this often, or the connection is dead.
SILENCE_SECONDS = 60.0
_TIMEOUT = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
# Uncompressed: a compressing proxy would hold events back, and iter_raw() does not decompress.
_ACCEPT = {"accept": "text/event-stream", "accept-encoding": "identity"}


async def open_channel(io: BlockingTransport | AsyncTransport, target: str, headers: dict[str, str]) -> Channel:
    """Connect. Raises Refused, ConnectionLost, or the server's error."""
    if isinstance(io, BlockingTransport):
        return await _open_blocking_stream(io, target, headers)
    return await _open_async_stream(io, target, headers)


async def _open_blocking_stream(io: BlockingTransport, target: str, headers: dict[str, str]) -> Channel:
    client = io.client()
    with translate_errors():
        request = client.build_request("GET", target, headers=headers | _ACCEPT, timeout=_TIMEOUT)
        response = client.send(request, stream=True)
        if not _is_events(response):
            # The body of a streamed response is read only on request, and it has the error document.
            response.read()
            raise _build_error_of_response(response, io.endpoint.url)
    chunks = response.iter_raw()

    async def read() -> bytes:
        with _translate_read_errors():
            return next(chunks, b"")

    async def close() -> None:
        response.close()

    return _EventChannel(read, close)


async def _open_async_stream(io: AsyncTransport, target: str, headers: dict[str, str]) -> Channel:
    client = await io.client()
    with translate_errors():
        request = client.build_request("GET", target, headers=headers | _ACCEPT, timeout=_TIMEOUT)
        response = await client.send(request, stream=True)
        if not _is_events(response):
            await response.aread()
            raise _build_error_of_response(response, io.endpoint.url)
    chunks = response.aiter_raw()

    async def read() -> bytes:
        with _translate_read_errors():
            return await anext(chunks, b"")

    return _EventChannel(read, response.aclose)


def _is_events(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.headers.get("content-type", "").startswith("text/event-stream")


def _build_error_of_response(response: httpx.Response, url: str) -> Exception:
    """Build the error of a response that is not an event stream; its body has been read."""
    if response.is_success:
        return Refused(f"{url} does not answer with events")
    # An intermediary's; the server's own document says more, such as how long to wait.
    if response.status_code in TRANSIENT_STATUSES and "application/problem+json" not in response.headers.get(
        "content-type", ""
    ):
        return ConnectionLost(f"HTTP {response.status_code}")
    return parse_error(read_answer(response), url)


@contextmanager
def _translate_read_errors() -> Iterator[None]:
    """Translate the exceptions of reading a connection into those of this package."""
    try:
        yield
    except (httpx.TransportError, httpx.StreamError, OSError) as error:
        raise Disconnected(None, str(error) or type(error).__name__) from error


class EventSource:
    """An incremental parser of Server-Sent Events.

    A message without data is a heartbeat that advances the position. A frame without a ``sequence`` gets it from the
    message's id.
    """

    def __init__(self) -> None:
        self._events = Events(MAX_FRAME_BYTES)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames completed by this chunk. Lines end with LF only. Raises UpstreamFailed for an event that is
        too long."""
        try:
            for event in self._events.feed(chunk):
                yield from _build_frames(event)
        except EventTooLong as error:
            raise UpstreamFailed(f"The server sent {error}.") from None


def _build_frames(event: Event) -> Iterator[Frame]:
    # An id counts only for its own message here: the position must not be taken for a later, unnumbered frame.
    position = event.id or ""
    numbered = {"sequence": int(position)} if position.isascii() and position.isdigit() else {}
    if event.data:
        yield numbered | decode_frame(event.data)
    elif numbered:
        yield {"control": "heartbeat", **numbered}


class _EventChannel:
    """Frames of a response being read. ``read`` returns bytes, empty at the end."""

    def __init__(self, read: Callable[[], Awaitable[bytes]], close: Callable[[], Awaitable[None]]) -> None:
        self._read, self._close = read, close
        self._source = EventSource()
        self._frames: list[Frame] = []

    async def receive(self) -> Frame:
        while not self._frames:
            chunk = await self._read()
            if not chunk:
                raise Disconnected
            self._frames = list(self._source.feed(chunk))
        return self._frames.pop(0)

    async def acknowledge(self, sequence: int) -> None:
        """Do nothing: the position is sent when the stream is resumed."""

    async def close(self) -> None:
        await self._close()
