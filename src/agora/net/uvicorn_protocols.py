"""uvicorn's protocols with additional limits.

* Time for a request to arrive: anonymous clients that send a byte per minute could hold every socket.
* Size of its head, and of other data without content (trailers, chunk extensions): the parser collects it
  piece by piece, so an endless header would cost more with every byte, and block all others.
* Size of the pieces in which data are parsed: a request, chunk or frame of a few bytes takes as long as one of many, and
  one read holds tens of thousands of them. Reading pauses until all is parsed, and no more is parsed while a pipelined
  request waits for its turn.
* Number of a WebSocket message's fragments.
* Unread bytes and number of connections: :mod:`.backpressure`. No request is started while earlier responses wait.

Fields after a body are not headers: a field that a proxy removes from the head must not be accepted after the body.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from .backpressure import Backpressure, Connection

__all__ = ["create_http_protocol", "create_websocket_protocol"]

MAX_HEAD_BYTES: Final = 65_536  # bytes
CLOSE_NOT_UTF8: Final = 1007  # close code
CLOSE_TOO_BIG: Final = 1009  # close code
MAX_PIECE_BYTES: Final = 4096  #: bytes parsed at once
MAX_BODY_PARTS: Final = 64  #: parts of a body, such as chunks, parsed in one turn of the event loop
MAX_FRAGMENTS: Final = 10_000  #: frames of one message; empty ones are not limited by its size

TIMEOUT_RESPONSE: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\ncontent-length: 36\r\nconnection: close\r\n\r\n"
    b"The request did not arrive in time.\n"
)
HEAD_TOO_LARGE_RESPONSE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 47\r\n"
    b"connection: close\r\n\r\nThe head of a request has at most 65536 bytes.\n"
)
CONNECTION_LIMIT_RESPONSE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 46\r\nretry-after: 5\r\n"
    b"connection: close\r\n\r\nThe server has no room for more connections.\r\n"
)


class HeadTooLarge(ValueError):
    """Raised within the parser, which then aborts the request."""


class InputFlow(FlowControl):
    """Flow control that can hold reading, regardless of uvicorn, until the data received so far are parsed."""

    _is_held = False
    _is_pause_requested = False  # by uvicorn

    def pause_reading(self) -> None:
        self._is_pause_requested = True
        super().pause_reading()

    def resume_reading(self) -> None:
        self._is_pause_requested = False
        if not self._is_held:
            super().resume_reading()

    def hold_reading(self) -> None:
        self._is_held = True
        super().pause_reading()

    def release_reading(self) -> None:
        self._is_held = False
        if not self._is_pause_requested:
            super().resume_reading()


class HttpProtocol(HttpToolsProtocol):
    """The HTTP protocol. seconds: timeout for receiving a request."""

    seconds: float
    backpressure: Backpressure
    connection: Connection | None = None
    flow: InputFlow
    _unparsed = b""
    _next_parse: asyncio.Handle | None = None
    _body_parts = 0
    _timer: asyncio.TimerHandle | None = None
    _is_arriving = False  # a request has begun and is incomplete
    _unread = 0  # bytes since the parser's last event
    #: until earlier responses have been read
    _deferred_request: tuple[RequestResponseCycle, ASGI3Application] | None = None
    _running: RequestResponseCycle | None = None  # uvicorn's own ``cycle`` is the last request received

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = InputFlow(transport)
        self.connection = self.backpressure.register_connection(transport)
        if self.connection is None:
            transport.write(CONNECTION_LIMIT_RESPONSE)
            transport.close()
            return
        self.connection.refuse = self._disable_keep_alive
        self.connection.on_abort = self._mark_running_request_disconnected
        self._timer = self.loop.call_later(self.seconds, self._time_out)

    def data_received(self, data: bytes) -> None:
        self._unparsed += data
        if self._next_parse is None:
            self._parse_received_data()

    def _parse_received_data(self) -> None:
        """Parse the received data until a pipelined request has to wait, or it is another's turn."""
        self._next_parse = None
        data, start, self._body_parts = self._unparsed, 0, 0
        while start < len(data) and not self.pipeline and self._body_parts < MAX_BODY_PARTS:
            self._parse_piece(data[start : start + MAX_PIECE_BYTES])
            start += MAX_PIECE_BYTES
            # Closed, or taken over by WebSocket.
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                start = len(data)
        self._unparsed = data[start:]
        if self.pipeline and self._unparsed:
            self.flow.hold_reading()
            self._cancel_timer()  # the rest of a request waits here, not for its client
        elif self._unparsed or self._body_parts >= MAX_BODY_PARTS:
            self.flow.hold_reading()
            self._next_parse = self.loop.call_soon(self._parse_received_data)
        else:
            self.flow.release_reading()
            # Most requests are complete after one read; only the others need a timer.
            if self._is_arriving and self._timer is None and not self.transport.is_closing():
                self._timer = self.loop.call_later(self.seconds, self._time_out)

    def _parse_piece(self, piece: bytes) -> None:
        # Counted here because httptools buffers an incomplete head without a limit, and reports it only when complete.
        self._unread += len(piece)
        super().data_received(piece)
        if self._unread > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse_large_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unparsed and self._next_parse is None and not self.pipeline and not self.transport.is_closing():
            self._next_parse = self.loop.call_soon(self._parse_received_data)

    def send_400_response(self, msg: str) -> None:
        if self._unread > MAX_HEAD_BYTES:
            self._refuse_large_head()
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["agora.connection"] = self.connection  # type: ignore[typeddict-unknown-key]
        self._is_arriving = True

    def on_headers_complete(self) -> None:
        # One read can contain a whole head and more.
        if (
            self._unread > MAX_HEAD_BYTES
            and sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES
        ):
            raise HeadTooLarge
        self._unread = 0
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []  # httptools appends trailers to the same list; they must not become headers of the request
            if self.connection is not None and self.connection.provisional:
                self._disable_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        self._body_parts += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        self._is_arriving = False
        self._cancel_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.connection is not None:
            self.connection.record_pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.connection is not None:
            self.connection.record_resume()
        self._start_deferred_request()

    def _start_deferred_request(self) -> None:
        """Start the request that waited until the client had read the earlier responses."""
        if self._deferred_request is not None and not self.transport.is_closing():
            cycle, app = self._deferred_request
            self._deferred_request, self._running = None, cycle
            super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        if self._next_parse is not None:
            self._next_parse.cancel()
        self.pipeline.clear()
        self._deferred_request = None
        self._mark_running_request_disconnected()
        if self.connection is not None:
            self.backpressure.unregister_connection(self.connection)
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start a response once the client has read the earlier ones: pipelined requests buffer at most one response."""
        if self.flow.write_paused:
            self._deferred_request = (cycle, app)
            # Further pipelined requests stay in the kernel's buffer, where TCP holds the sender back.
            self.flow.pause_reading()
        else:
            self._running = cycle
            super()._start_asgi_task(cycle, app)

    def _mark_running_request_disconnected(self) -> None:
        """Disconnect the request being answered: uvicorn only disconnects the last one received, and uvloop raises on
        writing."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _disable_keep_alive(self) -> None:
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        self._respond_and_close(TIMEOUT_RESPONSE)

    def _refuse_large_head(self) -> None:
        self._cancel_timer()
        self._respond_and_close(HEAD_TOO_LARGE_RESPONSE)

    def _respond_and_close(self, response: bytes) -> None:
        """Close the connection, with an error response unless a response has been started."""
        # An error inside a started response would be read as a part of its body.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(response)
        self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """The WebSocket protocol, on connections that began as HTTP."""

    backpressure: Backpressure
    connection: Connection
    _unparsed = b""
    _next_parse: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.connection = self.transport.get_protocol().connection  # type: ignore[attr-defined]
        self.connection.refuse = _ignore_refusal

    def data_received(self, data: bytes) -> None:
        self._unparsed += data
        if self._next_parse is None:
            self._parse_piece()

    def _parse_piece(self) -> None:
        """Parse the first bytes; the others in later turns of the event loop, and read no more until then."""
        is_paused, self._next_parse = self._next_parse is not None, None
        piece, self._unparsed = self._unparsed[:MAX_PIECE_BYTES], self._unparsed[MAX_PIECE_BYTES:]
        super().data_received(piece)
        if self.transport.is_closing():
            self._unparsed = b""
        elif self._unparsed:
            self.transport.pause_reading()
            self._next_parse = self.loop.call_soon(self._parse_piece)
        elif is_paused and not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        message = await super().receive()
        if self._unparsed and not self.transport.is_closing():  # it has resumed reading
            self.transport.pause_reading()
        return message

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if len(self.frames) > MAX_FRAGMENTS and not self.close_sent:
            self._refuse_message(CLOSE_TOO_BIG, f"a message has at most {MAX_FRAGMENTS} frames")

    def _refuse_message(self, code: int, reason: str = "") -> None:
        """Close the connection because of a message."""
        self.frames = []
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
            self.handle_parser_exception()
        else:  # the client has closed it in the same read: a close frame of ours would be an error
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["agora.connection"] = self.connection  # type: ignore[typeddict-unknown-key]

    async def send(self, message: Any) -> None:
        """Write a message when the transport has room; concurrent senders write one at a time."""
        # A loop, because the first sender that resumes may fill the buffer again.
        while not self.writable.is_set():
            await self.writable.wait()
        await super().send(message)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # a peer that does not read must not fill the buffer with pongs
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Pass a message to the application; text that is not UTF-8 closes the connection without logging a traceback."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._refuse_message(CLOSE_NOT_UTF8)
                return
        super().send_receive_event_to_app()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.connection.record_pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.connection.record_resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.backpressure.unregister_connection(self.connection)
        if self._next_parse is not None:
            self._next_parse.cancel()
        self.read_paused = False  # uvloop raises "the handler is closed" when resuming a closed transport
        super().connection_lost(exc)


def _ignore_refusal() -> None:
    """Do nothing: a rejected handshake closes its connection anyway."""


def create_http_protocol(seconds: float, backpressure: Backpressure) -> type[HttpToolsProtocol]:
    """Create a protocol for uvicorn. seconds: timeout for receiving a request."""
    return type("HttpProtocol", (HttpProtocol,), {"seconds": seconds, "backpressure": backpressure})


def create_websocket_protocol(backpressure: Backpressure) -> type[WebSocketsSansIOProtocol]:
    """Create a WebSocket protocol for uvicorn."""
    return type("WebSocketProtocol", (WebSocketProtocol,), {"backpressure": backpressure})
