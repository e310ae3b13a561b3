"""``SendMessage`` of A2A 1.0 over HTTP, compared with the official SDK's sample with its store in memory and in SQLite.

Prints server CPU per request. *Created*: a task is created and the response does not wait for it; ours is durable, for
a connected agent. *Answered*: the task is completed by an agent in the server's process.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import load, process

ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 16
HEADERS = {"A2A-Version": "1.0"}


def _body(text: str, *, wait: bool) -> str:
    message = {"messageId": f"m-{load.COUNTER}", "role": "ROLE_USER", "parts": [{"text": f"{text} " + "x" * 200}]}
    params: dict[str, Any] = {"message": message, "configuration": {"returnImmediately": not wait}}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params})


BODIES = {"created": _body("create", wait=False), "answered": _body("answer", wait=True)}
STATES = {"created": b"TASK_STATE_SUBMITTED", "answered": b"TASK_STATE_COMPLETED"}


def _register(server: process.Server, name: str) -> tuple[str, str]:
    body = json.dumps({"agent_name": name, "service_tier": "enterprise"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/agents/register", data=body, headers=headers)
    with urllib.request.urlopen(request) as response:
        found = json.load(response)
        return found["agent_id"], found["token"]


def _measure(server: process.Server, path: str, kind: str, token: str = "") -> float:
    """Measure microseconds of server CPU time per request."""
    headers = HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})
    body = BODIES[kind].replace(load.COUNTER, "first").encode()
    request = urllib.request.Request(f"{server.url}{path}", body, headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer = response.read()
    assert STATES[kind] in answer, answer[:500]
    spec = load.Spec("127.0.0.1", server.port, "POST", path, [BODIES[kind]], headers, CONNECTIONS, SECONDS)
    before = server.cpu()
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} requests failed"
    return (server.cpu() - before) / report.requests * 1e6


def main(rounds: int = ROUNDS) -> None:
    found: dict[tuple[str, str], list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), rate_enterprise="1000000") as ours,
        process.anchor("benchmarks.a2a_anchor:memory") as memory,
        process.anchor("benchmarks.a2a_anchor:sqlite") as sqlite,
    ):
        receiver, _ = _register(ours, "Receiver")
        _, token = _register(ours, "Sender")
        paths = {"created": f"/a2a/{receiver}", "answered": "/a2a/Echo%20Agent"}
        for _ in range(rounds):
            for kind, path in paths.items():
                found.setdefault((kind, "memory"), []).append(_measure(memory, "/", kind))
                found.setdefault((kind, "sqlite"), []).append(_measure(sqlite, "/", kind))
                found.setdefault((kind, "ours"), []).append(_measure(ours, path, kind, token))
    for kind in paths:
        print(f"{kind}:")
        for name, title in (("memory", "SDK's sample, in memory"), ("sqlite", "SDK's sample, SQLite")):
            print(f"  {title:<26}{statistics.median(found[kind, name]):8.0f} us CPU a request (anchor)")
        mine = found[kind, "ours"]
        ratios = {
            name: statistics.median(a / b for a, b in zip(mine, found[kind, name], strict=True))
            for name in ("memory", "sqlite")
        }
        print(
            f"  {'Agora, durable':<26}{statistics.median(mine):8.0f} us CPU a request "
            f"(ratios {ratios['memory']:.2f} and {ratios['sqlite']:.2f})"
        )


if __name__ == "__main__":
    main()
