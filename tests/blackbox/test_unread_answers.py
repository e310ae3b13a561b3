"""Callers that send requests and never read: unread data held by the server is bounded in bytes, and released.

Every outgoing path is used at once, by plain sockets with small receive buffers that nobody reads. The short variant
has smaller answers, bounds and times.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from a2a.types import a2a_pb2

from tests.blackbox.http2_frames import MOST_ROOM, grpc_request, preface, read_slowly
from tests.blackbox.non_reading_clients import DeafSocket, http_request, rpc_request, text_frame
from tests.blackbox.server import NO_TLS, Account, ServerProcess
from tests.harness import free_port
from tests.polling import poll_until
from tests.processes import process_cpu_seconds, process_rss_bytes

MEGABYTE = 1_000_000
MOST_RSS = 300 * MEGABYTE
FREED_SECONDS = 60.0
MODERN, LEGACY = "2026-07-28", "2025-11-25"
RECEIVE = "/agora/messaging/receive?limit=500"
ARGUMENTS = {"limit": 500}

LONG_FORM = [pytest.mark.long, pytest.mark.timeout(900)]
MEASURED_SECONDS = 0.5  # seconds between two readings of the unread bytes
CALLS = 20  # calls of an honest caller in one round of measurement
SLACK = 0.0002  # seconds of processor time by which calls may differ in any case

Ask = Callable[[ServerProcess, Account, DeafSocket], None]


def _http(path: str, *, repeat: int = 4, **headers: str) -> Ask:
    def ask(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
        deaf.send(http_request("GET", path, caller.token, **headers) * repeat)

    return ask


def _calls(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws", caller.token)
    for number in range(20):
        deaf.send(text_frame({"id": number, "operation": "agora.messaging.receive", "arguments": ARGUMENTS}))


def _streams(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws", caller.token)
    for number in range(16):
        deaf.send(text_frame({"id": number, "operation": "agora.event.stream", "arguments": {"last_event_id": "0"}}))


def _replay(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws?last_event_id=0", caller.token)


def _agent_socket(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/agent/ws", caller.token)


def _mcp_modern(server: ServerProcess, caller: Account, deaf: DeafSocket, path: str = "/mcp", **meta: Any) -> None:
    tool = "agora.messaging.receive"
    own = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "deaf", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": ARGUMENTS, "_meta": own | meta}
    headers = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call", "mcp_name": tool}
    deaf.send(rpc_request(path, caller.token, "tools/call", params, **headers) * 4)


def _virtual_server(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    _mcp_modern(server, caller, deaf, "/mcp/servers/deaf")


def _mcp_with_progress(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    _mcp_modern(server, caller, deaf, progressToken=1)


def _mcp_legacy(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    accept = {"accept": "application/json, text/event-stream"}
    info = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "deaf", "version": "1"}}
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": info}
    session = caller.http.post("/mcp", json=hello, headers=accept).headers["mcp-session-id"]
    headers = {"mcp_session_id": session, "mcp_protocol_version": LEGACY}
    params = {"name": "agora.messaging.receive", "arguments": ARGUMENTS}
    deaf.send(rpc_request("/mcp", caller.token, "tools/call", params, **headers) * 4)


def _a2a_rpc(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.send(rpc_request("/", caller.token, "ListTasks", {"pageSize": 100}, a2a_version="1.0") * 4)


def _grpc(room: int) -> Ask:
    """Request lists of tasks, with a given flow-control window."""

    def ask(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
        message = a2a_pb2.ListTasksRequest(page_size=100).SerializeToString()
        calls = [grpc_request(2 * number + 1, "ListTasks", caller.token, message) for number in range(20)]
        deaf.send(preface(room) + b"".join(calls))

    return ask


@functools.cache
def _task_ids(caller: Account) -> list[str]:
    listed = caller.get("/tasks?pageSize=100&includeArtifacts=false", headers={"a2a-version": "1.0"})
    return [task["id"] for task in listed["tasks"]]


def _a2a_stream(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    path = f"/tasks/{_task_ids(caller)[0]}:subscribe"
    deaf.send(http_request("GET", path, caller.token, a2a_version="1.0", accept="text/event-stream"))


def _fill_session(caller: Account, content: str, sent: int) -> str:
    """Create messages of a coding session in a codebase of the caller. Returns their path."""
    worker = caller.post("/v1/agent/workers/register", {"worker_name": "deaf"})["worker_id"]
    place = {"name": "deaf", "path": "/deaf", "worker_id": worker}
    path = f"/v1/agent/codebases/{caller.post('/v1/agent/codebases', place)['codebase_id']}/sessions/deaf"
    for number in range(sent):
        caller.post(f"{path}/ingest", {"messages": [{"message_id": f"m{number}", "content": content}]})
    return f"{path}/messages?limit=500"


_sessions: dict[Account, str] = {}  #: paths of filled sessions


def _session(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.send(http_request("GET", _sessions[caller], caller.token) * 4)


def _v4_rows(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    query = quote(f"SELECT * FROM agent_message WHERE to_agent = '{caller.name}'")
    deaf.send(http_request("GET", f"/v4/sql/agora-marketplace?query={query}", caller.token) * 4)


def _grpc_streams(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    calls = []
    for number, task in enumerate(_task_ids(caller) * 3):
        message = a2a_pb2.SubscribeToTaskRequest(id=task).SerializeToString()
        calls.append(grpc_request(2 * number + 1, "SubscribeToTask", caller.token, message))
    deaf.send(preface(0) + b"".join(calls))


def _grpc_unfinished(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.send(preface(MOST_ROOM) + grpc_request(1, "ListTasks", caller.token, b"x" * 10_000, unfinished=True))


def _monitor(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    with httpx.Client(base_url=server.url, timeout=60, verify=NO_TLS) as browser:
        page = browser.get("/v1/monitor/sign-in").text
        secret = re.search(r'name="csrf" value="([^"]+)"', page)
        assert secret is not None
        browser.post(
            "/v1/monitor/sign-in", data={"csrf": secret[1], "token": caller.token}, headers={"origin": server.url}
        )
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    deaf.send(http_request("GET", "/v1/monitor/agents", cookie=cookie, accept="text/html") * 60)


def _unfinished(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    request = http_request("POST", "/agora/messaging/send", caller.token, b"x" * 1_000_000)
    deaf.socket.settimeout(2)
    with contextlib.suppress(OSError):
        deaf.socket.sendall(request[:-1])


PATHS: Mapping[str, Ask] = {
    "REST": _http(RECEIVE),
    "page": _http("/openapi.json"),
    "SSE": _http("/events?last_event_id=0", repeat=1),
    "WebSocket calls": _calls,
    "WebSocket streams": _streams,
    "WebSocket replay": _replay,
    "agent WebSocket": _agent_socket,
    "MCP": _mcp_modern,
    "MCP with progress": _mcp_with_progress,
    "MCP session": _mcp_legacy,
    "virtual server": _virtual_server,
    "A2A stream": _a2a_stream,
    "coding session": _session,
    "v4 rows": _v4_rows,
    "monitor stream": _http("/v1/monitor/stream?last_event_id=0", repeat=1),
    "A2A JSON-RPC": _a2a_rpc,
    "A2A HTTP+JSON": _http("/tasks?pageSize=100", a2a_version="1.0"),
    "export": _http("/v1/monitor/export/json", repeat=1),
    "monitor page": _monitor,
    "unfinished body": _unfinished,
    "gRPC": _grpc(MOST_ROOM),
    "gRPC without room": _grpc(0),
    "gRPC streams": _grpc_streams,
    "gRPC unfinished": _grpc_unfinished,
}
OPERATORS = {"export", "monitor page", "monitor stream"}
GIVERS = ("A2A JSON-RPC", "A2A HTTP+JSON", "A2A stream", "gRPC", "gRPC without room", "gRPC streams")


def _values(server: ServerProcess) -> dict[str, float]:
    """Return the values of series without labels in /metrics."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(agora_\w+) (\S+)$", text, re.MULTILINE)}


def _cpu_per_call(server: ServerProcess, caller: Account, rounds: int) -> float:
    """Return the server's CPU time per call in seconds: the minimum of several rounds, which is least disturbed by a
    busy machine."""
    spent = []
    for _ in range(rounds):
        before = process_cpu_seconds(server.pid)
        for _ in range(CALLS):
            caller.get("/agora/messaging/receive?limit=1")
        spent.append((process_cpu_seconds(server.pid) - before) / CALLS)
    return min(spent)


@dataclass(frozen=True)
class Size:
    """Size of an attack.

    each: connections on a path. sent: messages, and tasks, that wait for each caller. content: bytes of one of them.
    most_waiting: bytes. rounds: of measurements of processor time. postgres: whether the store is PostgreSQL.
    """

    each: int
    sent: int
    content: int
    most_waiting: int
    settings: Mapping[str, str]
    rounds: int
    postgres: bool = False


SHORT = Size(
    each=2,
    sent=5,
    content=200_000,
    most_waiting=60 * MEGABYTE,
    settings={
        "unread_limit_each": "1048576",
        "unread_limit": "33554432",
        "unread_timeout": "1",
        "request_timeout": "5",
    },
    rounds=20,
)
LONG = Size(each=8, sent=10, content=800_000, most_waiting=150 * MEGABYTE, settings={"unread_timeout": "8"}, rounds=10)


@dataclass
class Attack:
    """Measurements while nobody read. waiting: maximum of unread bytes."""

    server: ServerProcess
    size: Size
    honest: Account
    alone: float
    rss_before: int
    rss_most: int = 0
    beside: float = 0.0
    waiting: float = 0.0
    sockets: dict[str, list[DeafSocket]] = field(default_factory=dict)

    def watch(self) -> None:
        """Watch the memory; the server is ended immediately if it uses too much: the machine is shared."""
        self.rss_most = max(self.rss_most, process_rss_bytes(self.server.pid))
        if self.rss_most > MOST_RSS:
            self.server.kill()
            pytest.fail(f"the server takes {self.rss_most / MEGABYTE:.0f} MB")

    def figures(self) -> str:
        """Return the figures of the attack for a report."""
        megabytes = {
            "before": self.rss_before,
            "most": self.rss_most,
            "now": process_rss_bytes(self.server.pid),
            "unread": self.waiting,
        }
        sizes = ", ".join(f"{name} {value / MEGABYTE:.0f} MB" for name, value in megabytes.items())
        return f"{sizes}, processor time per call {self.beside / self.alone:.2f} of what it is alone"

    def measure(self) -> None:
        """Read the number of unread bytes from the server."""
        self.waiting = max(self.waiting, _values(self.server)["agora_unread_bytes"])

    def settle(self) -> None:
        """Wait until the server has executed the calls."""
        quiet = 0
        while quiet < 5:
            before = process_cpu_seconds(self.server.pid)
            time.sleep(0.1)  # the window that is measured
            self.watch()
            quiet = quiet + 1 if process_cpu_seconds(self.server.pid) - before <= 0.01 else 0


def _prepare(
    server: ServerProcess, paths: Sequence[str], content: str, sent: int, *, name: str = "Deaf"
) -> dict[str, Account]:
    """Create a caller for each path, with messages for it and tasks of it."""
    callers = {
        path: server.operator if path in OPERATORS else server.register(f"{name} {number}")
        for number, path in enumerate(paths)
    }
    agents = [caller.agent_id for caller in callers.values() if caller.agent_id]
    giver, operator = f"{name} giver", server.operator
    server.register(giver)
    for _ in range(sent):
        operator.post("/agora/messaging/send", {"to_agent": agents, "content": content})
    for path in (path for path in GIVERS if path in callers):
        for number in range(sent):
            message = {"messageId": f"{path} {number}", "role": "ROLE_USER", "parts": [{"text": content}]}
            body = {"message": message, "configuration": {"returnImmediately": True}}
            callers[path].http.post(
                f"/a2a/{giver}/message:send", json=body, headers={"a2a-version": "1.0"}
            ).raise_for_status()
        _task_ids(callers[path])  # a flooded server cannot be asked for them later
    if (session := callers.get("coding session")) is not None:
        _sessions[session] = _fill_session(session, content, sent)
    if "virtual server" in callers:
        operator.post("/virtual-servers", {"name": "deaf", "tools": ["agora.messaging.receive"]})
    return callers


@contextlib.contextmanager
def _attacked(server: ServerProcess, size: Size, paths: Sequence[str]) -> Iterator[Attack]:
    """Send requests over that many connections on every path, and measure."""
    callers = _prepare(server, paths, "x" * size.content, size.sent)
    honest = server.register("Honest")
    with contextlib.closing(DeafSocket(server.port)) as deaf:
        _mcp_legacy(server, honest, deaf)  # loads the modules of MCP sessions
    _cpu_per_call(server, honest, 1)
    alone = _cpu_per_call(server, honest, size.rounds)
    attack = Attack(server, size, honest, alone, process_rss_bytes(server.pid))
    measured = 0.0
    try:
        for _ in range(size.each):
            for path in paths:
                deaf = DeafSocket(_port(server, path))
                attack.sockets.setdefault(path, []).append(deaf)
                PATHS[path](server, callers[path], deaf)
            attack.watch()
            if time.monotonic() > measured + MEASURED_SECONDS:
                attack.measure()
                measured = time.monotonic()
        attack.measure()
        attack.settle()
        attack.beside = _cpu_per_call(server, honest, size.rounds)
        yield attack
    finally:
        for sockets in attack.sockets.values():
            for deaf in sockets:
                deaf.close()


def _port(server: ServerProcess, path: str) -> int:
    return int(server.settings["a2a_grpc_port"]) if path.startswith("gRPC") else server.port


def _start(directory: Path, settings: Mapping[str, str]) -> ServerProcess:
    return ServerProcess(directory / "data", a2a_wait="1", a2a_grpc_port=str(free_port()), **settings).start()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server of the short variants."""
    server = _start(tmp_path_factory.mktemp("unread"), SHORT.settings)
    yield server
    server.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SHORT, id="short"),
        pytest.param(replace(SHORT, postgres=True), id="postgres", marks=LONG_FORM),
        pytest.param(LONG, id="long", marks=LONG_FORM),
    ],
)
def attack(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Attack]:
    if request.param is SHORT:
        with _attacked(request.getfixturevalue("server"), SHORT, list(PATHS)) as attack:
            yield attack
        return
    with contextlib.ExitStack() as stack:
        settings = dict(request.param.settings)
        if request.param.postgres:
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = _start(tmp_path_factory.mktemp("unread"), settings)
        stack.callback(server.close)
        yield stack.enter_context(_attacked(server, request.param, list(PATHS)))


def test_unread_bytes_are_bounded(attack: Attack) -> None:
    assert attack.rss_most < MOST_RSS
    assert 0 < attack.waiting < attack.size.most_waiting


def test_calls_of_honest_callers_take_no_more_processor_time(attack: Attack) -> None:
    assert attack.beside < 2 * attack.alone + SLACK


@pytest.mark.parametrize("path", [path for path in PATHS if path != "unfinished body"])
def test_clients_that_read_nothing_are_disconnected(attack: Attack, path: str) -> None:
    poll_until(lambda: any(deaf.is_cut for deaf in attack.sockets[path]), "a connection is cut off", FREED_SECONDS)


def test_memory_of_unread_answers_is_freed(attack: Attack) -> None:
    poll_until(lambda: _values(attack.server)["agora_unread_bytes"] == 0, "nothing waits to be read", FREED_SECONDS)
    poll_until(
        lambda: process_rss_bytes(attack.server.pid) < attack.rss_before + 60 * MEGABYTE,
        "the memory is given back",
        FREED_SECONDS,
    )
    print(attack.figures())
    attack.honest.get("/agora/messaging/receive?limit=1")
    assert "Traceback" not in attack.server.log()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_three_thousand_unread_connections_are_bounded(tmp_path: Path) -> None:
    paths = ["REST", "WebSocket calls"]
    server = _start(tmp_path, LONG.settings | {"max_connections_each": "2000"})
    try:
        with _attacked(server, replace(LONG, each=1500), paths) as attack:
            assert attack.rss_most < MOST_RSS
            assert attack.beside < 2 * attack.alone + SLACK
        poll_until(lambda: _values(server)["agora_unread_bytes"] == 0, "nothing waits to be read", FREED_SECONDS)
        poll_until(
            lambda: process_rss_bytes(server.pid) < attack.rss_before + 60 * MEGABYTE,
            "the memory is given back",
            FREED_SECONDS,
        )
        print(attack.figures())
    finally:
        server.close()


SLOW_PIECE, SLOW_PAUSE = 4096, 0.05  #: bytes, seconds
SLOW_CONTENT = "x" * 200_000
LAST = "the last of it"


def _read_slowly(deaf: DeafSocket) -> int:
    """Return the number of bytes until the end of the last response, or of the connection."""
    deaf.socket.settimeout(30)
    received, tail = 0, b""
    with contextlib.suppress(OSError):
        while LAST.encode() not in tail and (piece := deaf.socket.recv(SLOW_PIECE)):
            received += len(piece)
            tail = tail[-len(LAST) :] + piece
            time.sleep(SLOW_PAUSE)  # a reader this slow is what this test is about
    return received


def _call(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws", caller.token)
    deaf.send(text_frame({"id": 1, "operation": "agora.messaging.receive", "arguments": ARGUMENTS}))


SLOW: Mapping[str, Ask] = {
    "REST": _http(RECEIVE, repeat=1),
    "WebSocket": _call,
    "MCP": _mcp_modern,
    "agent WebSocket": _agent_socket,
}


def test_slow_reader_receives_everything(server: ServerProcess) -> None:
    poll_until(lambda: _values(server)["agora_unread_bytes"] == 0, "what was asked before is over")
    cut_off = _values(server)["agora_connections_cut_off_total"]
    received: dict[str, int] = {}

    def read(path: str, caller: Account) -> None:
        with contextlib.closing(DeafSocket(_port(server, path))) as deaf:
            if path == "gRPC":
                message = a2a_pb2.ListTasksRequest(page_size=100).SerializeToString()
                deaf.send(preface(0) + grpc_request(1, "ListTasks", caller.token, message))
                received[path] = read_slowly(deaf.socket, 1, SLOW_PIECE, SLOW_PAUSE)
            else:
                SLOW[path](server, caller, deaf)
                received[path] = _read_slowly(deaf)

    callers = _prepare(server, [*SLOW, "gRPC"], SLOW_CONTENT + LAST, 1, name="Slow")
    threads = [threading.Thread(target=read, args=each) for each in callers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path: size for path, size in received.items() if size < len(SLOW_CONTENT)} == {}
    assert _values(server)["agora_connections_cut_off_total"] == cut_off


def test_request_of_a_disconnected_caller_is_abandoned(server: ServerProcess) -> None:
    """Two pipelined requests: the first is abandoned."""
    waiting, other = server.register("Waiting"), server.register("Other")
    with contextlib.closing(DeafSocket(server.port)) as deaf:
        path = "/agora/messaging/receive?wait=60"
        deaf.send(http_request("GET", path, waiting.token) + http_request("GET", path, waiting.token))
        other.get("/agora/agent/list?limit=1")  # the server has read them by then
        connections = _values(server)["agora_connections_open"]
    poll_until(lambda: _values(server)["agora_connections_open"] < connections, "the connection is closed")
    other.post("/agora/messaging/send", {"to_agent": "Waiting", "content": "too late"})
    for _ in range(20):
        other.get("/agora/agent/list?limit=1")
    assert "Traceback" not in server.log()
