"""Clients that send requests and never read: plain sockets with a small receive buffer."""

from __future__ import annotations

import base64
import contextlib
import json
import select
import socket
import struct
from collections.abc import Mapping
from typing import Any

__all__ = ["DeafSocket", "http_request", "rpc_request", "text_frame"]

RECEIVE_BUFFER = 4096  # bytes; the kernel rounds up to its minimum


def http_request(method: str, path: str, token: str = "", body: bytes = b"", **headers: str) -> bytes:
    """Encode an HTTP/1.1 request. headers: names with underscores for hyphens."""
    fields = {"host": "127.0.0.1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        fields["authorization"] = f"Bearer {token}"
    if body:
        fields |= {"content-type": "application/json", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def rpc_request(path: str, token: str, method: str, params: Mapping[str, Any], **headers: str) -> bytes:
    """Encode a JSON-RPC 2.0 request over HTTP."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return http_request("POST", path, token, body, accept="application/json, text/event-stream", **headers)


def text_frame(document: Mapping[str, Any]) -> bytes:
    """Encode a text frame of a WebSocket client, masked with zeros."""
    payload = json.dumps(document).encode()
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + bytes(4) + payload


class DeafSocket:
    """A connection that sends and never reads."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self._poll = select.poll()
        self._poll.register(self.socket, 0)  # reports only the end of the connection

    def send(self, data: bytes) -> None:
        """Send as much as the server accepts immediately."""
        self.socket.setblocking(False)
        # the server no longer reads, or has closed the connection
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.socket.send(data)

    def upgrade(self, path: str, token: str) -> None:
        """Open a WebSocket; no frames are read."""
        key = base64.b64encode(bytes(16)).decode()
        self.send(
            http_request(
                "GET",
                path,
                token,
                upgrade="websocket",
                connection="upgrade",
                sec_websocket_key=key,
                sec_websocket_version="13",
            )
        )
        self.socket.settimeout(60)
        with contextlib.suppress(OSError):
            self.socket.recv(1, socket.MSG_PEEK)

    def status(self) -> int:
        """Return the status of the first response; 0 if there is none yet, or the connection was closed. Reads its
        beginning."""
        self.socket.setblocking(False)
        try:
            head = self.socket.recv(12)
        except (BlockingIOError, ConnectionError):
            return 0
        return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0

    @property
    def is_cut(self) -> bool:
        """Whether the server has closed the connection."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        self.socket.close()
