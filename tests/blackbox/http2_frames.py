"""gRPC clients over plain sockets: requests as HTTP/2 frames (RFC 9113), with control over flow-control windows."""

from __future__ import annotations

import socket
import struct
from typing import Final

__all__ = ["MOST_ROOM", "grpc_request", "preface", "read_slowly"]

DATA, HEADERS, SETTINGS, WINDOW_UPDATE = 0, 1, 4, 8
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE: Final = 4
MOST_ROOM: Final = 2**31 - 1
DEFAULT_ROOM: Final = 65_535
SERVICE: Final = "/lf.a2a.v1.A2AService"


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _string(text: str) -> bytes:
    """Encode an uncompressed HPACK string literal (RFC 7541, section 5.2)."""
    raw = text.encode()
    size = bytes((len(raw),)) if len(raw) < 127 else bytes((127, (len(raw) - 127) & 0x7F | 0x80, (len(raw) - 127) >> 7))
    return size + raw


def preface(room: int) -> bytes:
    """Build a client's connection preface. room: flow-control window in bytes per response; with the maximum, also for
    the connection."""
    settings = _frame(SETTINGS, 0, 0, struct.pack("!HI", INITIAL_WINDOW_SIZE, room))
    more = _frame(WINDOW_UPDATE, 0, 0, (MOST_ROOM - DEFAULT_ROOM).to_bytes(4, "big")) if room == MOST_ROOM else b""
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + more


def grpc_request(stream: int, method: str, token: str, message: bytes, *, unfinished: bool = False) -> bytes:
    """Encode a call of A2A. unfinished: without its last byte."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"{SERVICE}/{method}",
        ":authority": "127.0.0.1",
        "content-type": "application/grpc",
        "te": "trailers",
        "a2a-version": "1.0",
        "authorization": f"Bearer {token}",
    }
    head = b"".join(b"\0" + _string(name) + _string(value) for name, value in fields.items())
    body = b"\0" + len(message).to_bytes(4, "big") + message
    return _frame(HEADERS, END_HEADERS, stream, head) + (
        _frame(DATA, 0, stream, body[:-1]) if unfinished else _frame(DATA, END_STREAM, stream, body)
    )


def read_slowly(connection: socket.socket, stream: int, size: int, pause: float) -> int:
    """Open the flow-control window by so many bytes at a time, each after a pause. Returns the number of bytes until
    the response or connection ended."""
    connection.settimeout(pause)
    pending, received = b"", 0
    while True:
        room = size.to_bytes(4, "big")
        connection.sendall(_frame(WINDOW_UPDATE, 0, 0, room) + _frame(WINDOW_UPDATE, 0, stream, room))
        try:
            while chunk := connection.recv(size):
                pending += chunk
            return received
        except TimeoutError:
            pass
        except ConnectionError:
            return received
        while len(pending) >= 9 + (length := int.from_bytes(pending[:3], "big")) and len(pending) >= 9:
            kind, flags = pending[3], pending[4]
            pending = pending[9 + length :]
            received += length if kind == DATA else 0
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return received
