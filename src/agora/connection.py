"""A connection with patience, and no more of it than is good: what uvicorn does not bound is bounded here.

* The time a request may take to arrive: strangers who send a byte a minute could hold every socket.
* The size of its head, and of whatever else says nothing (trailers, extensions of chunks): the parser gathers it
  piece by piece, so one endless header would cost more with every byte, and stop everybody else.
* The time an answer may lie there untaken: whoever asks, and never reads, could hold every socket, too.

Fields after a body are not taken for headers: what a proxy in front removes from the head must not come in behind it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["patient", "patient_socket"]

HEAD_LIMIT: Final = 65_536  # bytes
NOT_UTF8: Final = 1007  # close code

TIMEOUT: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\ncontent-length: 36\r\nconnection: close\r\n\r\n"
    b"The request did not arrive in time.\n"
)
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 47\r\n"
    b"connection: close\r\n\r\nThe head of a request has at most 65536 bytes.\n"
)
AT_ONCE: Final = struct.pack("ii", 1, 0)  # of SO_LINGER: what was not taken is thrown away


class HeadTooLarge(ValueError):
    """Raised inside the parser, which then gives the request up."""


class Untaken:
    """What was written to a peer, who takes nothing of it: after so many seconds the connection is cut off."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._alarm: asyncio.TimerHandle | None = None

    def watch(self, transport: asyncio.WriteTransport, spared: Callable[[], bool] = lambda: False) -> None:
        """Look again in a while. ``spared`` is asked if more was written meanwhile: streams have a bound of their own."""
        self.end()
        left, loop = transport.get_write_buffer_size(), asyncio.get_running_loop()
        self._alarm = loop.call_later(self._seconds, self._look, transport, spared, left)

    def end(self) -> None:
        """It was taken, or there is nobody any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _look(self, transport: asyncio.WriteTransport, spared: Callable[[], bool], left: int) -> None:
        now = transport.get_write_buffer_size()
        if now < left or (now > left and spared()):
            self.watch(transport, spared)
        else:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            transport.abort()


class Patient(HttpToolsProtocol):
    """HTTP: a request has so many seconds to arrive, and its answer to be taken further."""

    seconds: float
    _alarm: asyncio.TimerHandle | None = None
    _unread = 0  # bytes since the parser last had something to tell

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._untaken = Untaken(self.seconds)
        self._alarm = self.loop.call_later(self.seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_LIMIT and not self.transport.is_closing():
            self._refuse()

    def send_400_response(self, msg: str) -> None:
        if self._unread > HEAD_LIMIT:
            self._refuse()
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._alarm is None:
            self._alarm = self.loop.call_later(self.seconds, self._give_up)

    def on_headers_complete(self) -> None:
        # One read may bring a whole head, and more.
        if self._unread > HEAD_LIMIT and sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
            raise HeadTooLarge
        self._unread = 0
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []  # of trailers, from here on

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        self._relax()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken.watch(self.transport, self._streams)

    def resume_writing(self) -> None:
        self._untaken.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        self._untaken.end()
        super().connection_lost(exc)

    def _streams(self) -> bool:
        return self.cycle is not None and bool(self.cycle.chunked_encoding)

    def _relax(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _give_up(self) -> None:
        self._alarm = None
        self._close(TIMEOUT)

    def _refuse(self) -> None:
        self._relax()
        self._close(TOO_LARGE)

    def _close(self, word: bytes) -> None:
        """Close, with a word to whoever has not been answered yet."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(word)
        self.transport.close()


class PatientSocket(WebSocketsSansIOProtocol):
    """WebSockets: frames have so many seconds to be taken further."""

    seconds: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._untaken = Untaken(self.seconds)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # who takes nothing is not owed more of it
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is no UTF-8 ends the connection, without a traceback for each in the log."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(NOT_UTF8)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken.watch(self.transport)

    def resume_writing(self) -> None:
        self._untaken.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._untaken.end()
        super().connection_lost(exc)


def patient(seconds: float) -> type[HttpToolsProtocol]:
    """A protocol for uvicorn whose requests have so many seconds to arrive, and whose answers to be taken further."""
    return type("Patient", (Patient,), {"seconds": seconds})


def patient_socket(seconds: float) -> type[WebSocketsSansIOProtocol]:
    """A protocol for WebSockets whose frames have so many seconds to be taken further."""
    return type("PatientSocket", (PatientSocket,), {"seconds": seconds})
