"""Connections are bounded per caller, per address and in total; operators have reserved places."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

import grpc
import httpx
import pytest
from a2a.types import a2a_pb2, a2a_pb2_grpc

from tests.blackbox.non_reading_clients import DeafSocket, http_request
from tests.blackbox.server import Account, ServerProcess
from tests.harness import free_port

PATH = "/agora/agent/list?limit=1"


def _ask(server: ServerProcess, source: str, token: str) -> int:
    """Return the status of one request over a new connection."""
    deaf = DeafSocket(server.port, source)
    try:
        deaf.socket.sendall(http_request("GET", PATH, token))
        deaf.socket.settimeout(30)
        return int(deaf.socket.recv(12)[9:12])
    finally:
        deaf.close()


def test_connections_of_one_caller_are_bounded(start_server: Callable[..., ServerProcess]) -> None:
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
        clients[0].close()  # the freed place is available to another caller
        while clients[3].get(PATH, headers=headers).status_code == 429:
            pass
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("bound", ["max_connections", "max_connections_per_address"])
def test_operator_connects_when_strangers_hold_every_connection(
    start_server: Callable[..., ServerProcess], bound: str
) -> None:
    server = start_server(**{bound: "20"})
    agent = server.register("Agent")
    agent.http.close()
    strangers = [DeafSocket(server.port, "127.0.0.2") for _ in range(150)]  # more than are reserved for operators
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


MCP = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "many", "version": "1"}},
}
EVENTS = {"accept": "text/event-stream"}


def _headers(caller: Account, more: Mapping[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"authorization": f"Bearer {caller.token}", **named}


@contextlib.contextmanager
def _open_http(server: ServerProcess, caller: Account, path: str, **headers: str) -> Iterator[int]:
    """Open a separate connection that stays open. Returns its status."""
    with (
        httpx.Client(base_url=server.url, timeout=30) as client,
        client.stream("GET", path, headers=_headers(caller, headers)) as answer,
    ):
        yield answer.status_code


@contextlib.contextmanager
def _open_socket(server: ServerProcess, caller: Account) -> Iterator[int]:
    deaf = DeafSocket(server.port)
    try:
        deaf.upgrade("/ws", caller.token)
        deaf.socket.settimeout(30)
        yield 200 if (status := int(deaf.socket.recv(12)[9:12])) == 101 else status
    finally:
        deaf.close()


@contextlib.contextmanager
def _open_mcp_stream(server: ServerProcess, caller: Account) -> Iterator[int]:
    with _open_http(
        server, caller, "/mcp", mcp_session_id=SESSIONS[caller.name], mcp_protocol_version="2025-11-25", **EVENTS
    ) as status:
        yield status


@contextlib.contextmanager
def _open_grpc(server: ServerProcess, caller: Account) -> Iterator[int]:
    options = [("grpc.use_local_subchannel_pool", 1)]
    metadata = (("authorization", f"Bearer {caller.token}"), ("a2a-version", "1.0"))
    with grpc.insecure_channel(f"127.0.0.1:{server.settings['a2a_grpc_port']}", options=options) as channel:
        try:
            a2a_pb2_grpc.A2AServiceStub(channel).ListTasks(a2a_pb2.ListTasksRequest(), metadata=metadata, timeout=30)
            yield 200
        except grpc.RpcError as error:
            yield 429 if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED else 500


SESSIONS: dict[str, str] = {}
TRANSPORTS: Mapping[str, Callable[[ServerProcess, Account], contextlib.AbstractContextManager[int]]] = {
    "HTTP": lambda server, caller: _open_http(server, caller, PATH),
    "SSE": lambda server, caller: _open_http(server, caller, "/events", **EVENTS),
    "WebSocket": _open_socket,
    "MCP stream": _open_mcp_stream,
    "gRPC": _open_grpc,
}


def test_connections_of_all_transports_share_one_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_connections_each=str(len(TRANSPORTS)), a2a_grpc_port=str(free_port()))
    agent = server.register("Many")
    answer = agent.http.post("/mcp", json=MCP, headers={"accept": "application/json, text/event-stream"})
    SESSIONS[agent.name] = answer.headers["mcp-session-id"]
    agent.http.close()
    with contextlib.ExitStack() as stack:
        opened = {name: stack.enter_context(connect(server, agent)) for name, connect in TRANSPORTS.items()}
        assert opened == dict.fromkeys(TRANSPORTS, 200)
        refused = {}
        for name, connect in TRANSPORTS.items():
            with connect(server, agent) as status:
                refused[name] = status
        assert refused == dict.fromkeys(TRANSPORTS, 429)
        assert _ask(server, "127.0.0.1", server.admin_token) == 200


def test_operator_connects_under_a_low_open_file_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(files=1024)
    agent = server.register("Agent")
    strangers = [DeafSocket(server.port, f"127.0.0.{2 + number % 2}") for number in range(1_100)]
    try:
        assert _ask(server, "127.0.0.4", agent.token) == 503
        assert _ask(server, "127.0.0.4", server.admin_token) == 200
        server.operator.post("/agora/messaging/send", {"to_agent": "Agent", "content": "still here"})
        assert "Too many open files" not in server.log()
    finally:
        for stranger in strangers:
            stranger.close()
