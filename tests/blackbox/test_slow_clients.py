"""Clients that send a request byte by byte lose their connections; other callers are served meanwhile."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest

from tests.blackbox.server import ServerProcess

CLIENTS = 200
HEAD = b"POST /agora/messaging/send HTTP/1.1\r\nhost: 127.0.0.1\r\n"
BEGINNINGS = {
    "head": HEAD + b"x-slow: ",
    "body": HEAD + b'content-type: application/json\r\ncontent-length: 1000000\r\n\r\n{"content": "',
    "chunk": HEAD + b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n",
}


def connect(port: int, number: int) -> socket.socket:
    """Open a connection from one of several addresses, so that none reaches its share."""
    client = socket.socket()
    client.bind((f"127.0.0.{2 + number % 10}", 0))
    client.connect(("127.0.0.1", port))
    return client


def send_byte(client: socket.socket) -> bool:
    """Send one byte. Returns whether the server has neither answered nor closed the connection."""
    client.setblocking(False)
    try:
        client.send(b"a")
        return client.recv(1, socket.MSG_PEEK) == b"never"
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("part", BEGINNINGS)
def test_request_sent_byte_by_byte_times_out(start_server: Callable[..., ServerProcess], part: str) -> None:
    server = start_server(request_timeout="2")
    other = server.register("Other")
    clients = [connect(server.port, number) for number in range(CLIENTS)]
    with contextlib.ExitStack() as stack:
        for client in clients:
            stack.enter_context(client)
            client.sendall(BEGINNINGS[part])
        calls = 0
        waiting = clients
        while waiting:  # the server closes them; an inactivity timeout would be extended by each byte
            waiting = [client for client in waiting if send_byte(client)]
            assert other.http.get("/agora/agent/list?limit=1").status_code == 200
            calls += 1
        assert calls > 1, "other calls were answered while the clients were sending"
        answers = []
        for client in clients:
            client.settimeout(30)
            with contextlib.suppress(ConnectionError):
                answers.append(client.recv(1000)[:12])
        assert set(answers) <= {b"HTTP/1.1 408", b"HTTP/1.1 401", b""}
