"""Host and Origin headers that only resemble this machine's do not make a request local."""

from __future__ import annotations

import http.client
import socket

import pytest

from tests.blackbox.server import ServerProcess


def send_raw(server: ServerProcess, headers: list[str], path: str = "/v1/auth/userinfo", version: str = "1.1") -> bytes:
    """Return the whole response to a request with exactly these header lines."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = "\r\n".join([f"GET {path} HTTP/{version}", *headers, "Connection: close", "", ""])
        connection.sendall(head.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


MALFORMED = [
    "127.0.0.1:80@evil.example",
    "localhost@evil.example",
    "localhost:80:80",
    "localhost:port",
    "localhost:",
    "localhost:99999",
    "localhost/evil",
    "localhost#evil",
    "localhost?evil",
    "localhost, evil.example",
    "[::1]evil.example",
    "[::1]:80@evil.example",
    "[::1",
    "[localhost]",
    "::1",
    "local host",
    "local\\host",
    "localhos\u00ae",
    "%6cocalhost",
    "",
]


@pytest.mark.parametrize("host", MALFORMED)
def test_malformed_host_is_refused(shared_server: ServerProcess, host: str) -> None:
    answer = send_raw(shared_server, [f"Host: {host}"])
    assert status_of(answer) == 400, answer
    assert b"Host" in answer


def test_missing_host_is_refused(shared_server: ServerProcess) -> None:
    answer = send_raw(shared_server, [])
    assert status_of(answer) == 400, answer
    assert b"Host" in answer
    assert b"operator" not in answer
    # HTTP/1.0 does not have the header
    assert status_of(send_raw(shared_server, [], version="1.0")) == 200


@pytest.mark.parametrize(
    "headers",
    [
        ["Host: localhost", "Host: evil.example"],
        ["Host: evil.example", "Host: localhost"],
        ["Host: localhost", "Host: localhost"],
        ["Host: localhost", "Origin: http://evil.example", "Origin: null"],
    ],
)
def test_repeated_hosts_and_origins_are_refused(shared_server: ServerProcess, headers: list[str]) -> None:
    assert status_of(send_raw(shared_server, headers)) == 400


def test_every_protocol_checks_the_host(shared_server: ServerProcess) -> None:
    upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    upgrade.append("Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==")
    for path in ("/mcp", "/.well-known/agent-card.json", "/agentify/health", "/v1/monitor/", "/events", "/ready"):
        assert status_of(send_raw(shared_server, ["Host: localhost:80@evil.example"], path)) == 400, path
    for path in ("/ws", "/agent/ws"):
        with socket.create_connection(("127.0.0.1", shared_server.port), timeout=20) as connection:
            lines = [f"GET {path} HTTP/1.1", "Host: localhost:80@evil.example", *upgrade, "", ""]
            connection.sendall("\r\n".join(lines).encode())
            assert status_of(connection.recv(65536)) == 400, path


@pytest.mark.parametrize(
    ("headers", "operator"),
    [
        (["Host: localhost:{port}"], True),
        (["Host: LocalHost"], True),
        (["Host: 127.0.0.1:{port}"], True),
        (["Host: [::1]:{port}"], True),
        (["Host: evil.example"], False),
        (["Host: localhost.evil.example:{port}"], False),
        (["Host: localhost:{port}", "Origin: http://localhost:{port}"], True),
        (["Host: localhost:{port}", "Origin: http://localhost:{port}@evil.example"], False),
        (["Host: localhost:{port}", "Origin: http://evil@localhost:{port}"], False),
        (["Host: localhost:{port}", "Origin: http://localhost:{port}/"], False),
        (["Host: localhost:{port}", "Origin: http://localhost:{port}#"], False),
        (["Host: localhost:{port}", "Origin: https://localhost:{port}"], False),
        (["Host: localhost:{port}", "Origin: null"], False),
        (["Host: localhost:{port}", "Origin: http://localhost:1"], False),
    ],
)
def test_only_requests_from_this_machine_are_the_operator(
    shared_server: ServerProcess, headers: list[str], operator: bool
) -> None:
    answer = send_raw(shared_server, [line.format(port=shared_server.port) for line in headers])
    assert (b'"kind":"operator"' in answer) == operator, answer


def test_ordinary_clients_are_served(shared_server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("localhost", shared_server.port, timeout=20)
    try:
        connection.request("GET", "/v1/auth/userinfo")
        assert connection.getresponse().status == 200
    finally:
        connection.close()
