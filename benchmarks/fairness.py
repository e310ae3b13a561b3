"""Latency of an honest caller while another agent loads the server as heavily as its limits allow.

Attacker, honest caller and server are three processes. For each attack it prints the honest caller's p50 and p99 in
milliseconds, alone and under attack; the same in milliseconds of the server's CPU time between request and response,
which would remain if every process had its own processor; and the number of served calls of each.

    python -m benchmarks.fairness              all attacks, on SQLite
    python -m benchmarks.fairness keys cel     only these
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import load, process

SECONDS = 6.0
PAUSE = 0.01  # seconds between calls of the honest caller
SOCKETS, IN_FLIGHT = 20, 32
KEYS, STEPS, DEPENDENCIES, ITEMS = 60_000, 500, 20, 400
INBOX = 6_000  # messages in the attacker's inbox, before it pages through them
WAITS = {"claims": 1_000, "receives": 3_000}


@dataclass(frozen=True)
class Caller:
    """A registered agent."""

    agent_id: str
    token: str


def main(names: list[str]) -> None:
    print(
        f"{'attack':10} {'p50 ms':>8} {'p99 ms':>8} {'cpu p50':>8} {'cpu p99':>8} {'honest':>8} {'served':>8} {'refused':>8}"
    )
    for name in ["none", *(names or ATTACKS)]:
        with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as server:
            honest, attacker = _register(server, "Honest"), _register(server, "Attacker")
            _call(server, honest, "POST", "/agora/messaging/send", {"to_agent": "Honest", "content": "warm"})
            with _attack(server, attacker, name) as attack:
                calls = list(_measure(server, honest, SECONDS))
                served, refused = attack()
        waits, costs = (_percentiles([call[part] * 1000 for call in calls]) for part in (0, 1))
        print(
            f"{name:10} {waits[0]:8.1f} {waits[1]:8.1f} {costs[0]:8.1f} {costs[1]:8.1f} {len(calls):8} {served:8} {refused:8}",
            flush=True,
        )


def _percentiles(values: list[float]) -> tuple[float, float]:
    values.sort()
    return values[len(values) // 2], values[int(len(values) * 0.99)]


def _measure(server: process.Server, caller: Caller, seconds: float) -> Iterator[tuple[float, float]]:
    """Yield the seconds until the response, and the server's CPU time in them, of sends and receives alternately."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": "application/json"}
    body = json.dumps({"to_agent": "Honest", "content": "x" * 200})
    time.sleep(1.0)  # until the attack has started
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for method, path, data in (
            ("POST", "/agora/messaging/send", body),
            ("GET", "/agora/messaging/receive?limit=5", None),
        ):
            used, began = server.cpu(), time.perf_counter()
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            answer.read()
            # The body is read: the time includes the whole response.
            yield time.perf_counter() - began, server.cpu() - used
            assert answer.status < 300, answer.status
            time.sleep(PAUSE)


# -- attacks -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _attack(server: process.Server, caller: Caller, name: str) -> Iterator[Callable[[], tuple[int, int]]]:
    """Run an attack in a separate process; the yielded function returns the numbers of served and refused calls."""
    if name == "none":
        yield lambda: (0, 0)
        return
    if name == "offset":
        _fill(server, caller)
    job = {"port": server.port, "caller": asdict(caller), "attack": name}
    command = [sys.executable, "-m", "benchmarks.fairness", "--attack"]
    # In its own process, so that it does not compete with the measuring for one interpreter.
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(job))
    child.stdin.close()
    assert child.stdout.readline() == "ready\n"

    def end() -> tuple[int, int]:
        assert child.stdout is not None
        served, refused = map(int, child.stdout.readline().split())
        return served, refused

    try:
        yield end
    finally:
        child.terminate()
        child.wait()


def _fill(server: process.Server, caller: Caller) -> None:
    """Fill the inbox of a caller; sends of the operator are not limited."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({"to_agent": caller.agent_id, "content": "x" * 100})
    for _ in range(INBOX):
        connection.request("POST", "/agora/messaging/send", body, {"Content-Type": "application/json"})
        connection.getresponse().read()


def _spec(port: int, caller: Caller, method: str, path: str, body: Any = None, connections: int = 8) -> load.Spec:
    headers = {"Authorization": f"Bearer {caller.token}"}
    text = "" if body is None else json.dumps(body)
    return load.Spec("127.0.0.1", port, method, path, [text], headers, connections, SECONDS + 1.5)


def _keys(port: int, caller: Caller) -> load.Spec:
    body = {"to_agent": caller.agent_id, "content": "x"} | {f"k{n}": 0 for n in range(KEYS)}
    return _spec(port, caller, "POST", "/agora/messaging/send", body)


def _steps(port: int, caller: Caller) -> load.Spec:
    names = [f"s{n}" for n in range(STEPS)]
    steps = [
        {"name": name, "agent": caller.agent_id, "depends_on": names[max(0, n - DEPENDENCIES) : n]}
        for n, name in enumerate(names)
    ]
    return _spec(port, caller, "POST", "/agora/workflow/create", {"workflow_name": "wide", "steps": steps})


def _cel(port: int, caller: Caller) -> load.Spec:
    items = list(range(ITEMS))
    expression = "input.items.all(a, input.items.all(b, a + b >= 0))"  # deeper nesting is refused
    steps = [{"name": "s", "agent": caller.agent_id, "when": expression}]
    return _spec(
        port,
        caller,
        "POST",
        "/agora/workflow/create",
        {"workflow_name": "w", "steps": steps, "input": {"items": items}},
    )


def _offset(port: int, caller: Caller) -> load.Spec:
    return _spec(port, caller, "GET", "/agora/messaging/receive?limit=500&offset=5500")


def _sends(port: int, caller: Caller) -> load.Spec:
    return _spec(
        port, caller, "POST", "/agora/messaging/send", {"to_agent": caller.agent_id, "content": "x" * 200}, 256
    )


def _mcp(port: int, caller: Caller) -> load.Spec:
    params = {"name": "agora_agent_list", "arguments": {"limit": 500}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    spec = _spec(port, caller, "POST", "/mcp", body, 64)
    spec.headers |= {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    return spec


async def _flood_sockets(port: int, caller: Caller) -> tuple[int, int]:
    """Open sockets that keep the maximum number of calls in flight, and read every response."""
    from websockets.asyncio.client import connect

    counts = [0, 0]
    until = time.perf_counter() + SECONDS + 1.5
    call = {"operation": "agora.agent.list", "arguments": {"limit": 500}}

    async def flood() -> None:
        headers = {"Authorization": f"Bearer {caller.token}"}
        async with connect(
            f"ws://127.0.0.1:{port}/ws", additional_headers=headers, max_size=None, compression=None
        ) as socket:
            for n in range(IN_FLIGHT):
                await socket.send(json.dumps(call | {"id": n}))
            async for text in socket:
                if isinstance(text, str) and text.startswith('{"id"'):
                    counts['"error"' in text[:40]] += 1
                    if time.perf_counter() > until:
                        return
                    await socket.send(json.dumps(call | {"id": 1}))

    await asyncio.gather(*(flood() for _ in range(SOCKETS)), return_exceptions=True)
    return counts[0], counts[1]


async def _wake_waiters(port: int, caller: Caller) -> tuple[int, int]:
    """Make claims and receives that wait, and wake all of them repeatedly."""
    from websockets.asyncio.client import connect

    counts = [0, 0]
    until = time.perf_counter() + SECONDS + 1.5
    headers = {"Authorization": f"Bearer {caller.token}"}
    calls = [{"operation": "agora.task.claim", "arguments": {"wait": 30}}] * WAITS["claims"]
    calls += [{"operation": "agora.messaging.receive", "arguments": {"wait": 30, "unread": True}}] * WAITS["receives"]
    letter = {"to_agent": caller.agent_id, "content": "x"}

    async def wait(share: list[dict[str, Any]]) -> None:
        async with connect(
            f"ws://127.0.0.1:{port}/ws", additional_headers=headers, max_size=None, compression=None
        ) as socket:
            for n, call in enumerate(share):
                await socket.send(json.dumps(call | {"id": n}))
            async for text in socket:
                if isinstance(text, str) and text.startswith('{"id"'):
                    counts['"error"' in text[:40]] += 1
                    if time.perf_counter() > until:
                        return
                    await socket.send(json.dumps(calls[-1] | {"id": 1}))

    async def wake() -> None:
        async with connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers, max_size=None) as socket:
            while time.perf_counter() < until:
                await socket.send(json.dumps({"id": 1, "operation": "agora.messaging.send", "arguments": letter}))
                await socket.send(
                    json.dumps(
                        {"id": 2, "operation": "agora.task.assign", "arguments": {"task_type": "t", "payload": {}}}
                    )
                )
                await asyncio.sleep(0.2)

    shares = [calls[n::200] for n in range(200)]  # a socket may have only a few calls in flight
    waiting = asyncio.gather(*(wait(share) for share in shares), return_exceptions=True)
    await wake()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return counts[0], counts[1]


async def _load(port: int, caller: Caller, spec: Callable[[int, Caller], load.Spec]) -> tuple[int, int]:
    report = await asyncio.to_thread(load.run, spec(port, caller))
    return report.requests - report.failures, report.failures


SPECS: Mapping[str, Callable[[int, Caller], load.Spec]] = {
    "keys": _keys,
    "steps": _steps,
    "cel": _cel,
    "offset": _offset,
    "sends": _sends,
    "mcp": _mcp,
}
ATTACKS = (*SPECS, "sockets", "waits")


def _be_attacker() -> None:
    job = json.load(sys.stdin)
    port, caller, name = job["port"], Caller(**job["caller"]), job["attack"]
    print("ready", flush=True)
    if name == "sockets":
        result = asyncio.run(_flood_sockets(port, caller))
    elif name == "waits":
        result = asyncio.run(_wake_waiters(port, caller))
    else:
        result = asyncio.run(_load(port, caller, SPECS[name]))
    print(*result, flush=True)


# -- callers -----------------------------------------------------------------------------------------


def _call(server: process.Server, caller: Caller | None, method: str, path: str, body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    if caller is not None:
        headers["Authorization"] = f"Bearer {caller.token}"
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def _register(server: process.Server, name: str) -> Caller:
    answer = _call(server, None, "POST", "/agora/agent/register", {"agent_name": name})
    return Caller(answer["agent_id"], answer["token"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--attack"]:
        _be_attacker()
    else:
        main(sys.argv[1:])
