"""Fairness: one caller cannot take more than its share of the event loop, its rate limit, or the write queue."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from tests.blackbox.flooding_caller import IN_FLIGHT, Flood, frame
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until
from tests.processes import process_cpu_seconds, spawn_tethered

CALLS = 16  # calls of the honest caller, whose median wait is checked
SOCKETS = 8  # connections of the attacker, each with many calls in flight
UNDER_WAY = SOCKETS * IN_FLIGHT
MOST_BETWEEN = 120  # calls of the attacker for each call of the honest caller: well below its number of calls in flight


class Attacker:
    """Counts of a continuing flood."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def counts(self) -> tuple[int, int]:
        """Return the numbers of answered calls, and of refused ones."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answered, refused = map(int, self._process.stdout.readline().split())
        return answered, refused

    def wait_for(self, calls: int, timeout: float = 30) -> None:
        """Wait for that number of answered calls."""
        deadline = time.monotonic() + timeout
        while self.counts()[0] < calls:
            assert time.monotonic() < deadline, "the flood did not begin"


@contextmanager
def flooding(flood: Flood, begun: int = UNDER_WAY) -> Iterator[Attacker]:
    """Run a flood in another process; starts when that number of its calls were answered."""
    command = [sys.executable, "-m", "tests.blackbox.flooding_caller", json.dumps(asdict(flood))]
    child: Any = spawn_tethered(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        attacker = Attacker(child)
        try:
            if flood.repeat:
                attacker.wait_for(begun)
            yield attacker
        finally:
            child.kill()


def assert_others_are_not_starved(server: ServerProcess, name: str, flood: Callable[[Account], Flood]) -> None:
    """Flood a server as one agent: another agent's calls are answered in turn with them, not after all of them."""
    honest, flooder = server.register(f"Honest{name}"), server.register(f"Flood{name}")
    body = {"to_agent": honest.agent_id, "content": "hello"}
    with flooding(flood(flooder)) as attacker:
        calls_between = []
        for number in range(CALLS):
            before, _ = attacker.counts()
            if number % 2:
                honest.get("/agora/messaging/receive", params={"limit": 5})
            else:
                honest.post("/agora/messaging/send", body)
            calls_between.append(attacker.counts()[0] - before)
    # the median: while this process waits for a processor, the flood continues
    assert statistics.median(calls_between) < MOST_BETWEEN, calls_between


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("Queries", frame("agora.agent.list", limit=500)),
        ("Commands", frame("agora.memory.store", key="k", value="x")),
        ("Refused", frame("agora.nothing.there")),
    ],
)
def test_flood_of_one_agent_does_not_starve_others(shared_server: ServerProcess, name: str, call: str) -> None:
    assert_others_are_not_starved(
        shared_server, name, lambda flooder: Flood(shared_server.port, flooder.token, [call], SOCKETS)
    )


def _rpc(method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


MCP = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
A2A_MESSAGE = {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hello"}]}}


@pytest.mark.parametrize(
    ("name", "path", "call", "headers"),
    [
        ("McpCalls", "/mcp", _rpc("tools/call", name="agora_agent_list", arguments={"limit": 500}), MCP),
        pytest.param(
            "McpWrites",
            "/mcp",
            _rpc("tools/call", name="agora_memory_store", arguments={"key": "k", "value": 1}),
            MCP,
            marks=pytest.mark.long,
        ),
        pytest.param("McpTools", "/mcp", _rpc("tools/list"), MCP, marks=pytest.mark.long),
        pytest.param("McpResources", "/mcp", _rpc("resources/list"), MCP, marks=pytest.mark.long),
        ("McpNothing", "/mcp", _rpc("tools/call", name="nothing", arguments={}), MCP),
        pytest.param("A2aRpc", "/", _rpc("ListTasks", pageSize=100), {"A2A-Version": "1.0"}, marks=pytest.mark.long),
        ("A2aRest", "/message:send", json.dumps(A2A_MESSAGE), {"A2A-Version": "1.0"}),
        ("AgentProtocolNothing", "/agent/message", f"[{','.join('0' * 50_000)}]", {}),
        pytest.param("A2aNothing", "/", _rpc("NoSuchMethod"), {"A2A-Version": "1.0"}, marks=pytest.mark.long),
    ],
)
def test_flood_over_another_protocol_does_not_starve_others(
    shared_server: ServerProcess, name: str, path: str, call: str, headers: dict[str, str]
) -> None:
    assert_others_are_not_starved(
        shared_server,
        name,
        lambda flooder: Flood(shared_server.port, flooder.token, [call], UNDER_WAY, path=path, headers=headers),
    )


STEPS = [f"s{number}" for number in range(500)]
NESTED = "input.items.all(a, input.items.all(b, a + b >= 0))"
HEAVY = {
    "NestedCel": {"input": {"items": list(range(400))}, "steps": [{"name": "s", "agent": "Nobody", "when": NESTED}]},
    "ManySteps": {
        "steps": [
            {"name": name, "agent": "Nobody", "depends_on": STEPS[max(0, number - 20) : number]}
            for number, name in enumerate(STEPS)
        ]
    },
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_workflows_do_not_starve_others(shared_server: ServerProcess, name: str) -> None:
    """Eight concurrent callers create heavy workflows: half of another caller's calls wait less than 0.3 s of processor
    time (0.1 and 0.05 when this was written; 0.7 without shares)."""
    honest, flooder = shared_server.register(f"Honest{name}"), shared_server.register(f"Flood{name}")
    call = json.dumps({"workflow_name": "w"} | HEAVY[name])
    flood = Flood(shared_server.port, flooder.token, [call], 8, path="/agora/workflow/create", repeat=True)
    waits = []
    with flooding(flood, begun=8) as attacker:
        for _ in range(21):
            used = process_cpu_seconds(shared_server.pid)
            honest.post("/agora/messaging/send", {"to_agent": honest.agent_id, "content": "hello"})
            waits.append(process_cpu_seconds(shared_server.pid) - used)
        assert attacker.counts()[1] == 0, "the workflows were refused"
    assert sorted(waits)[10] < 0.3, f"seconds of processor time: {waits}"


def test_woken_long_polls_do_not_starve_others(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_streams_each="2000", max_streams="4000")
    assert_woken_calls_do_not_starve_others(server, claims=200, receives=1_000)


@pytest.mark.long
def test_thousands_of_woken_long_polls_do_not_starve_others(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(max_streams_each="5000", max_streams="20000")
    assert_woken_calls_do_not_starve_others(server, claims=1_000, receives=3_000)


def assert_woken_calls_do_not_starve_others(server: ServerProcess, claims: int, receives: int) -> None:
    """Wake all waiting calls of one agent at once: another agent's calls wait only for a small part of that work."""
    honest, waiter = server.register("Honest"), server.register("Waiter")
    claim = frame("agora.task.claim", wait=60)
    receive = frame("agora.messaging.receive", wait=60, unread=True)
    calls = [claim] + [receive] * (receives // claims)
    each = 5 * len(calls)  # of one socket
    flood = Flood(server.port, waiter.token, calls, (claims + receives) // each, in_flight=each, repeat=False)
    with flooding(flood) as attacker:
        _wait_for_metric(server, "agora_calls_waiting", claims + receives)
        answered, began = attacker.counts()[0], process_cpu_seconds(server.pid)
        server.operator.post("/agora/messaging/send", {"to_agent": waiter.agent_id, "content": "wake up"})
        server.operator.post("/agora/task/assign", {"task_type": "t", "assignee": waiter.agent_id})
        waits = []
        while attacker.counts()[0] - answered < receives:
            used = process_cpu_seconds(server.pid)
            honest.get("/agora/messaging/receive", params={"limit": 5})
            waits.append(process_cpu_seconds(server.pid) - used)
        work = process_cpu_seconds(server.pid) - began
    assert len(waits) >= 5, "the calls that were woken went before all others"
    assert max(waits) < work / 3, f"{max(waits)} of {work} s of processor time"


def _wait_for_metric(server: ServerProcess, name: str, value: float, timeout: float = 60) -> None:
    operator = server.operator

    def lines() -> list[str]:
        return [line for line in operator.http.get("/metrics").text.splitlines() if line.startswith(name)]

    poll_until(lambda: f"{name} {value:.1f}" in lines(), lambda: f"{name} is {value:g}, not {lines()}", timeout)


def test_rate_limit_is_charged_by_processing_time(start_server: Callable[..., ServerProcess]) -> None:
    """Heavy calls exhaust a rate limit sooner than light ones; the refusal tells when to retry, and which limit
    applies."""
    server = start_server(rate_basic="10")  # and therefore bursts of 20
    light, heavy = server.register("Light"), server.register("Heavy")
    # The first call imports modules, and that time counts.
    server.register("First").get("/agora/messaging/receive", params={"limit": 1})

    def call_until_refused(call: Callable[[], httpx.Response]) -> tuple[int, httpx.Response]:
        """Make at most 20 calls, the burst. Returns the number of served ones, and the last response."""
        for served in range(20):
            if not (answer := call()).is_success:
                return served, answer
        return 20, answer

    light_calls, _ = call_until_refused(lambda: light.http.get("/agora/messaging/receive", params={"limit": 1}))
    body = {"to_agent": "Heavy", "content": "x", "metadata": {"numbers": list(range(50_000))}}
    heavy_calls, answer = call_until_refused(lambda: heavy.http.post("/agora/messaging/send", json=body))
    # by their ratio: on a slow machine each call takes longer
    assert heavy_calls < light_calls / 2, f"{heavy_calls} heavy calls, {light_calls} light ones"
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert "rate_basic" in answer.json()["detail"]
    assert "processor time" in answer.json()["detail"]
