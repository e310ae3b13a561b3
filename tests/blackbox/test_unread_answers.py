"""Callers who ask and never read: what the server holds for them is bounded in bytes, and ends.

Every path out of the server is asked at once, by plain sockets with small receive buffers that nobody reads.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.blackbox.deaf import DeafSocket, http_request, rpc_request, text_frame
from tests.blackbox.server import Account, ServerProcess
from tests.processes import process_cpu_seconds, process_rss_bytes

MEGABYTE = 1_000_000
MOST_RSS = 300 * MEGABYTE
FREED_SECONDS = 60.0
MODERN, LEGACY = "2026-07-28", "2025-11-25"
RECEIVE = "/agora/messaging/receive?limit=500"
ARGUMENTS = {"limit": 500}
SENT = 10  #: messages that wait for each caller
CONTENT = "x" * 800_000

Ask = Callable[[ServerProcess, Account, DeafSocket], None]


def _http(path: str, *, repeat: int = 4, **headers: str) -> Ask:
    def ask(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
        deaf.send(http_request("GET", path, caller.token, **headers) * repeat)

    return ask


def _calls(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws", caller.token)
    for number in range(40):
        deaf.send(text_frame({"id": number, "operation": "agora.messaging.receive", "arguments": ARGUMENTS}))


def _streams(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws", caller.token)
    for number in range(16):
        deaf.send(text_frame({"id": number, "operation": "agora.event.stream", "arguments": {"last_event_id": "0"}}))


def _replay(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/ws?last_event_id=0", caller.token)


def _agent_socket(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    deaf.upgrade("/agent/ws", caller.token)


def _mcp_modern(server: ServerProcess, caller: Account, deaf: DeafSocket, **meta: Any) -> None:
    tool = "agora.messaging.receive"
    own = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "deaf", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": ARGUMENTS, "_meta": own | meta}
    headers = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call", "mcp_name": tool}
    deaf.send(rpc_request("/mcp", caller.token, "tools/call", params, **headers) * 4)


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


def _monitor(server: ServerProcess, caller: Account, deaf: DeafSocket) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as browser:
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
    "A2A JSON-RPC": _a2a_rpc,
    "A2A HTTP+JSON": _http("/tasks?pageSize=100", a2a_version="1.0"),
    "export": _http("/v1/monitor/export/json", repeat=1),
    "monitor page": _monitor,
    "unfinished body": _unfinished,
}
OPERATORS = {"export", "monitor page"}


def _values(server: ServerProcess) -> dict[str, float]:
    """What /metrics shows, of series without labels."""
    text = httpx.get(f"{server.url}/metrics", timeout=60).text
    return {name: float(value) for name, value in re.findall(r"^(agora_\w+) (\S+)$", text, re.MULTILINE)}


def _until(condition: Callable[[], bool], seconds: float = FREED_SECONDS) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _cpu_per_call(server: ServerProcess, caller: Account) -> float:
    """Processor time of the server for one call, in seconds: the least of several measurements."""
    spent = []
    for _ in range(4):
        before = process_cpu_seconds(server.pid)
        for _ in range(75):
            caller.get("/agora/messaging/receive?limit=1")
        spent.append((process_cpu_seconds(server.pid) - before) / 75)
    return min(spent)


@dataclass
class Attack:
    """Everything that was measured while nobody read. statuses: of the first answers, by path."""

    server: ServerProcess
    honest: Account
    alone: float
    rss_before: int
    rss_most: int = 0
    beside: float = 0.0
    waiting: float = 0.0
    sockets: dict[str, list[DeafSocket]] = field(default_factory=dict)

    def watch(self) -> None:
        """Look at the memory; the server is ended at once where it has too much of it: the machine is not ours alone."""
        self.rss_most = max(self.rss_most, process_rss_bytes(self.server.pid))
        if self.rss_most > MOST_RSS:
            self.server.kill()
            pytest.fail(f"the server takes {self.rss_most / MEGABYTE:.0f} MB")

    def settle(self) -> None:
        """Wait until the server has done what it was asked."""
        quiet = 0
        while quiet < 5:
            before = process_cpu_seconds(self.server.pid)
            time.sleep(0.1)
            self.watch()
            quiet = quiet + 1 if process_cpu_seconds(self.server.pid) - before <= 0.01 else 0


def _prepare(server: ServerProcess) -> dict[str, Account]:
    """A caller for each path, with messages that wait for it and tasks that it gave."""
    callers = {
        path: server.operator if path in OPERATORS else server.register(f"Deaf {number}")
        for number, path in enumerate(PATHS)
    }
    agents = [caller.agent_id for caller in callers.values() if caller.agent_id]
    server.register("Giver")
    for _ in range(SENT):
        server.operator.post("/agora/messaging/send", {"to_agent": agents, "content": CONTENT})
    for path in ("A2A JSON-RPC", "A2A HTTP+JSON"):
        for number in range(SENT):
            message = {"messageId": f"{path} {number}", "role": "ROLE_USER", "parts": [{"text": CONTENT}]}
            body = {"message": message, "configuration": {"returnImmediately": True}}
            callers[path].http.post(
                "/a2a/Giver/message:send", json=body, headers={"a2a-version": "1.0"}
            ).raise_for_status()
    return callers


@contextlib.contextmanager
def _attacked(server: ServerProcess, each: int) -> Iterator[Attack]:
    """Ask over so many connections on every path, and measure."""
    callers = _prepare(server)
    honest = server.register("Honest")
    with contextlib.closing(DeafSocket(server.port)) as deaf:
        _mcp_legacy(server, honest, deaf)  # loads what MCP's sessions need
    _cpu_per_call(server, honest)
    attack = Attack(server, honest, _cpu_per_call(server, honest), process_rss_bytes(server.pid))
    try:
        for _ in range(each):
            for path, ask in PATHS.items():
                deaf = DeafSocket(server.port)
                attack.sockets.setdefault(path, []).append(deaf)
                ask(server, callers[path], deaf)
            attack.watch()
        attack.settle()
        attack.waiting = _values(server)["agora_unread_bytes"]
        attack.beside = _cpu_per_call(server, honest)
        yield attack
    finally:
        for sockets in attack.sockets.values():
            for deaf in sockets:
                deaf.close()


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    server = ServerProcess(tmp_path_factory.mktemp("unread") / "data", unread_timeout="8", a2a_wait="1").start()
    try:
        with _attacked(server, 8) as attack:
            yield attack
    finally:
        server.close()


def test_what_waits_is_bounded(attack: Attack) -> None:
    assert attack.rss_most < MOST_RSS
    assert 0 < attack.waiting < 150 * MEGABYTE


def test_honest_callers_pay_no_more(attack: Attack) -> None:
    assert attack.beside < 2 * attack.alone + 0.0005


@pytest.mark.parametrize("path", [path for path in PATHS if path != "unfinished body"])
def test_who_takes_nothing_is_cut_off(attack: Attack, path: str) -> None:
    assert _until(lambda: any(deaf.is_cut for deaf in attack.sockets[path]))


def test_everything_is_freed(attack: Attack) -> None:
    assert _until(lambda: _values(attack.server)["agora_unread_bytes"] == 0)
    assert _until(lambda: process_rss_bytes(attack.server.pid) < attack.rss_before + 60 * MEGABYTE)
    attack.honest.get("/agora/messaging/receive?limit=1")
