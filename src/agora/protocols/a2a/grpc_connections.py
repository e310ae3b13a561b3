"""Connections of gRPC clients, relayed to the server of the gRPC library.

The library does not report how much of a response its client has read, and cannot end a call while a message is being
written. So clients connect to a listener here, where connections are counted, limited and aborted like those of HTTP
(:mod:`agora.net.backpressure`); the library listens on loopback. The relay reads only the headers of HTTP/2 frames (RFC
9113, section 4.1), to distinguish responses from PING frames, and to detect requests that never end.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Final, cast

from agora.net.backpressure import HIGH_WATER_BYTES, Backpressure, Connection, limit_kernel_send_queue

__all__ = ["GrpcListener", "bind_listener"]

LOOPBACK: Final = "127.0.0.1"
PREFACE_SIZE: Final = 24  #: bytes that a client sends before its first frame
FRAME_HEAD_SIZE: Final = 9
DATA_FRAME: Final = 0
HEADERS_FRAME: Final = 1
RST_STREAM_FRAME: Final = 3
END_STREAM_FLAG: Final = 1  #: flag of DATA and HEADERS_FRAME
PREFACE_STREAM_ID: Final = 0  #: stream id of the preface among the unfinished requests
REFUSED_SECONDS: Final = 1.0  #: seconds for a client to read why its connection was rejected


class FrameReader:
    """Reads the frame headers in one direction of a connection. skip: bytes before the first. data_size: bytes in
    DATA frames so far."""

    __slots__ = ("_head", "_is_data", "_remaining_size", "data_size")

    def __init__(self, skip: int = 0) -> None:
        self._remaining_size, self._is_data, self._head = skip, False, bytearray()
        self.data_size = 0

    def read_frame_headers(self, chunk: bytes) -> list[tuple[int, int, int]]:
        """Read the headers of the frames that begin in a chunk: type, flags, stream."""
        frames = []
        position = 0
        while position < len(chunk):
            if self._remaining_size:
                size = min(self._remaining_size, len(chunk) - position)
                self._remaining_size -= size
                self.data_size += size if self._is_data else 0
            else:
                size = min(FRAME_HEAD_SIZE - len(self._head), len(chunk) - position)
                self._head += chunk[position : position + size]
                if len(self._head) == FRAME_HEAD_SIZE:
                    head = bytes(self._head)
                    self._head.clear()
                    # The first bit of the stream's id is reserved (RFC 9113, section 4.1).
                    self._remaining_size, self._is_data = int.from_bytes(head[:3]), head[3] == DATA_FRAME
                    frames.append((head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF))
            position += size
        return frames


def bind_listener(host: str, port: int) -> socket.socket:
    """Create a listening socket. Raises OSError if the port is in use."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Inherited by the accepted sockets.
    limit_kernel_send_queue(listener)
    return listener


class GrpcListener:
    """Accepts clients, and relays each to the library's server. request_timeout: seconds within which a request must arrive."""

    def __init__(self, backpressure: Backpressure, request_timeout: float) -> None:
        self.backpressure, self.request_timeout = backpressure, request_timeout
        self.target = 0
        self.clients: dict[str, ClientSide] = {}  #: by the address under which the library knows them
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket, target: int) -> None:
        """Start accepting clients. target: port of the library's server."""
        self.target = target
        self._server = await asyncio.get_running_loop().create_server(lambda: ClientSide(self), sock=listener)

    def close(self) -> None:
        """Stop accepting connections."""
        if self._server is not None:
            self._server.close()

    def abort_connections(self) -> None:
        """Abort all connections."""
        for client in list(self.clients.values()):
            client.transport.abort()

    def find_connection(self, peer: str) -> Connection | None:
        """Find the connection of a client. peer: as named by the library."""
        client = self.clients.get(peer)
        return None if client is None else client.connection

    def find_client_address(self, peer: str) -> tuple[str, int] | None:
        """Find the remote address of a client. peer: as named by the library."""
        client = self.clients.get(peer)
        address = None if client is None else client.transport.get_extra_info("peername")
        return None if address is None else (address[0], address[1])


class ClientSide(asyncio.Protocol):
    """The connection from a client."""

    transport: asyncio.Transport
    connection: Connection | None = None

    def __init__(self, listener: GrpcListener) -> None:
        self._listener, self._loop = listener, asyncio.get_running_loop()
        self._server: ServerSide | None = None
        self._early_bytes = b""  # received before the library's server was connected
        self._request_frames, self._answer_frames = FrameReader(PREFACE_SIZE), FrameReader()
        # The preface counts as a request: a client that connects and sends nothing is disconnected, too.
        self._unfinished_requests: dict[int, float] = {
            PREFACE_STREAM_ID: self._loop.time()
        }  # start time by stream, oldest first
        self._alarm: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[None] | None = None

    # -- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.connection = self._listener.backpressure.register_connection(transport)
        if self.connection is None:
            self.transport.abort()
            return
        self.connection.refuse = self._schedule_close_after_refusal
        self.connection.count_relayed_bytes = lambda: self._answer_frames.data_size
        # Until the library's side is connected, TCP holds the client back instead of a buffer here.
        self.transport.pause_reading()
        self._alarm = self._loop.call_later(self._listener.request_timeout, self._abort_if_request_is_late)
        self._connecting = self._loop.create_task(self._connect_to_library())

    def data_received(self, data: bytes) -> None:
        for kind, flags, stream in self._request_frames.read_frame_headers(data):
            self._unfinished_requests.pop(PREFACE_STREAM_ID, None)
            if kind == RST_STREAM_FRAME or (kind in (DATA_FRAME, HEADERS_FRAME) and flags & END_STREAM_FLAG):
                self._unfinished_requests.pop(stream, None)
            elif kind == HEADERS_FRAME:
                # Not overwritten: a client could extend its time with each further HEADERS frame, such as trailers.
                self._unfinished_requests.setdefault(stream, self._loop.time())
        if self._unfinished_requests and self._alarm is None:
            self._alarm = self._loop.call_later(self._listener.request_timeout, self._abort_if_request_is_late)
        if self._server is None:
            self._early_bytes += data
        elif not self._server.transport.is_closing():
            self._server.transport.write(data)

    def pause_writing(self) -> None:
        if self._server is not None:
            with suppress(RuntimeError):  # it is closing
                self._server.transport.pause_reading()
        if self.connection is not None:
            self.connection.record_pause()

    def resume_writing(self) -> None:
        if self._server is not None:
            with suppress(RuntimeError):
                self._server.transport.resume_reading()
        if self.connection is not None:
            self.connection.record_resume()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._server is not None:
            self._server.transport.abort()
        if self.connection is not None:
            self._listener.backpressure.unregister_connection(self.connection)

    # -- relay -----------------------------------------------------------------------------------

    async def _connect_to_library(self) -> None:
        """Connect to the library's server, then start reading."""
        try:
            await self._loop.create_connection(lambda: ServerSide(self), LOOPBACK, self._listener.target)
        except OSError:
            self.transport.abort()

    def server_connected(self, server: ServerSide, address: str) -> None:
        """Register the connection to the library's server. address: under which the library knows the client."""
        self._server = server
        # Before its first bytes are passed on: a call whose client is not yet known is refused.
        self._listener.clients[address] = self
        server.transport.write(self._early_bytes)
        self._early_bytes = b""
        self.transport.resume_reading()

    def server_lost(self, address: str) -> None:
        """Close the connection to the client after the library's has ended; buffered bytes are still sent."""
        self._listener.clients.pop(address, None)
        self._server = None
        self.transport.close()

    def relay_answer(self, data: bytes) -> None:
        """Write a response to the client."""
        for kind, flags, stream in self._answer_frames.read_frame_headers(data):
            if kind == RST_STREAM_FRAME or (kind in (DATA_FRAME, HEADERS_FRAME) and flags & END_STREAM_FLAG):
                self._unfinished_requests.pop(stream, None)  # the response ended before the request
        if not self.transport.is_closing():
            self.transport.write(data)

    # -- end -------------------------------------------------------------------------------------

    def _schedule_close_after_refusal(self) -> None:
        """Close the connection once the client has had the time to read why it was refused."""
        self._loop.call_later(REFUSED_SECONDS, self.transport.close)

    def _abort_if_request_is_late(self) -> None:
        """Abort the connection if a request takes too long to arrive."""
        self._alarm = None
        if not self._unfinished_requests:
            return
        # The oldest request decides; a later one cannot be due before it.
        due = next(iter(self._unfinished_requests.values())) + self._listener.request_timeout
        if due <= self._loop.time() and self.connection is not None:
            self.connection.abort_connection()
        else:
            self._alarm = self._loop.call_at(due, self._abort_if_request_is_late)


class ServerSide(asyncio.Protocol):
    """The connection to the library's server, for one client."""

    transport: asyncio.Transport

    def __init__(self, client: ClientSide) -> None:
        self._client = client
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        host, port = transport.get_extra_info("sockname")[:2]
        # The library's form of a peer's address, which is all that it tells about the origin of a call.
        self._address = f"ipv4:{host}:{port}"
        # The client has gone while this side was connecting.
        if self._client.transport.is_closing():
            self.transport.abort()
        else:
            self._client.server_connected(self, self._address)

    def data_received(self, data: bytes) -> None:
        self._client.relay_answer(data)

    def pause_writing(self) -> None:
        with suppress(RuntimeError):  # it is closing
            self._client.transport.pause_reading()

    def resume_writing(self) -> None:
        with suppress(RuntimeError):
            self._client.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.server_lost(self._address)
