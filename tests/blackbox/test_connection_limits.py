"""Connections are bounded per caller, per address and in all, and an operator gets in when strangers hold them."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.blackbox.non_reading_clients import DeafSocket, http_request
from tests.blackbox.server import ServerProcess

PATH = "/agora/agent/list?limit=1"


def _ask(server: ServerProcess, source: str, token: str) -> int:
    """Status of one request over a new connection."""
    deaf = DeafSocket(server.port, source)
    try:
        deaf.socket.sendall(http_request("GET", PATH, token))
        deaf.socket.settimeout(30)
        return int(deaf.socket.recv(12)[9:12])
    finally:
        deaf.close()


def test_one_caller_has_a_share_of_the_connections(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_connections_each="3")
    agent, other = server.register("Busy"), server.register("Other")
    clients = [httpx.Client(base_url=server.url, timeout=30) for _ in range(4)]
    try:
        headers = {"authorization": f"Bearer {agent.token}"}
        answers = [client.get(PATH, headers=headers) for client in clients]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["connection"] == "close"
        assert int(answers[3].headers["retry-after"]) > 0
        assert other.http.get(PATH).status_code == 200
        clients[0].close()  # its place is free for another
        while clients[3].get(PATH, headers=headers).status_code == 429:
            pass
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("bound", ["max_connections", "max_connections_per_address"])
def test_an_operator_gets_in_when_strangers_hold_every_connection(
    start_server: Callable[..., ServerProcess], bound: str
) -> None:
    server = start_server(**{bound: "20"})
    agent = server.register("Agent")
    agent.http.close()
    strangers = [DeafSocket(server.port, "127.0.0.2") for _ in range(150)]  # more than there is room for operators, too
    try:
        assert _ask(server, "127.0.0.2", agent.token) == 503
        assert _ask(server, "127.0.0.2", server.admin_token) == 200
        assert _ask(server, "127.0.0.1", server.admin_token) == 200
        assert _ask(server, "127.0.0.1", "") == 200  # the local operator
        assert _ask(server, "127.0.0.3", agent.token) == (503 if bound == "max_connections" else 200)
        assert sum(stranger.is_cut for stranger in strangers) > 0
    finally:
        for stranger in strangers:
            stranger.close()
    while _ask(server, "127.0.0.2", agent.token) == 503:
        pass
