"""Executions on an instance through Agora, compared with the same calls made directly.

The instance is a small ASGI program with uvicorn. *CPU added*: CPU time of Agora and of the instance per execution
through Agora, minus that of the instance called directly at its port. Through Agora an execution is authorised,
recorded before it begins, charged, relayed, settled, counted and published as an event.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import load, process

ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 16
ADDED = 2000.0  # limit in microseconds of CPU time per execution

PROGRAM = """
import json, os, uvicorn

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = json.dumps({"pid": os.getpid(), "given": json.loads(body or b"null")}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})

uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", lifespan="off", log_level="error",
            access_log=False, server_header=False, date_header=False)
"""
PARAMETERS = {"text": "what time is it", "number": 42}


@dataclass(frozen=True)
class Instance:
    """A running instance: its address, its process, and the caller."""

    instance_id: str
    port: int
    pid: int
    token: str


def ask(method: str, url: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        return json.load(response)


@contextmanager
def instance(ours: process.Server, directory: Path) -> Iterator[Instance]:
    """Run an instance of an agent with a price per request."""
    source = directory / "sources" / "bench"
    source.mkdir(parents=True)
    (source / "main.py").write_text(PROGRAM)
    manifest = {
        "name": "Bench",
        "directory": str(source),
        "build_config": {"type": "custom", "start_command": f"exec {sys.executable} main.py"},
        "health": "/",
        "pricing": {"type": "per_request", "price": 0.001},
    }
    ask("POST", f"{ours.url}/deployments", {"manifest": manifest})
    token = ask("POST", f"{ours.url}/agents/register", {"agent_name": "Sender", "service_tier": "enterprise"})["token"]
    made = ask("POST", f"{ours.url}/marketplace/instances", {"agent_id": "Bench", "wait": 60}, token)
    assert made["status"] == "running", made["reason"]
    try:
        done = ask("POST", f"{ours.url}/marketplace/instances/{made['instance_id']}/execute", {}, token)
        yield Instance(made["instance_id"], int(made["address"].rsplit(":", 1)[1]), done["result"]["pid"], token)
    finally:
        ask("DELETE", f"{ours.url}/marketplace/instances/{made['instance_id']}", token=token)


def directly(found: Instance) -> tuple[float, load.Report]:
    """Measure the microseconds of CPU time of the instance for a direct call."""
    spec = load.Spec(
        "127.0.0.1", found.port, "POST", "/work", [json.dumps(PARAMETERS)], {}, CONNECTIONS, SECONDS
    )  # fmt: skip
    before = process.cpu_of(found.pid)
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} calls failed"
    return (process.cpu_of(found.pid) - before) / report.requests * 1e6, report


def through(ours: process.Server, found: Instance) -> tuple[float, load.Report]:
    """Measure the same of Agora and of the instance for an execution."""
    body = json.dumps({"endpoint": "/work", "parameters": PARAMETERS})
    path = f"/marketplace/instances/{found.instance_id}/execute"
    headers = {"Authorization": f"Bearer {found.token}"}
    spec = load.Spec("127.0.0.1", ours.port, "POST", path, [body], headers, CONNECTIONS, SECONDS)
    before = ours.cpu() + process.cpu_of(found.pid)
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} executions failed"
    return (ours.cpu() + process.cpu_of(found.pid) - before) / report.requests * 1e6, report


def main(rounds: int = ROUNDS) -> None:
    first = 21_000 + os.getpid() % 2000
    settings = {"rate_enterprise": "1000000", "instance_ports": f"{first}-{first + 9}"}
    with (
        tempfile.TemporaryDirectory() as name,
        process.agora(Path(name), **settings) as ours,
        instance(ours, Path(name)) as found,
    ):
        directly(found), through(ours, found)  # warm-up
        pairs = [(directly(found), through(ours, found)) for _ in range(rounds)]
    direct, relayed = (statistics.median(pair[number][0] for pair in pairs) for number in range(2))
    added = statistics.median(b[0] - a[0] for a, b in pairs)
    print(f"executions, {CONNECTIONS} at once:")
    print(f"  directly           {direct:8.0f} us CPU a call (anchor), {pairs[-1][0][1].p50:.1f} ms p50")
    print(f"  through Agora      {relayed:8.0f} us CPU a call, {pairs[-1][1][1].p50:.1f} ms p50")
    print(f"  added              {added:8.0f} us CPU a call (target: at most {ADDED:.0f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
