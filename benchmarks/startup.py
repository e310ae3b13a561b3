"""Cost of a start: CPU time until ready, idle memory, first requests, and the command line, compared with bare
programs."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import process

ROUNDS = 7
SETTLE = 3.0  # seconds until an idle server has completed its first rounds
LIBRARIES = "import pydantic, uvicorn, starlette"
#: calls of services that a start does not load, so that each pays for itself at its first call; TURN is 1, then 2
CALLS: Mapping[str, tuple[str, str, Mapping[str, Any] | None]] = {
    "register an agent": ("POST", "/agora/agent/register", {"agent_name": "AdaTURN", "capabilities": ["x"]}),
    "send a message": ("POST", "/agora/messaging/send", {"to_agent": "Ada1", "content": "hello"}),
    "assign a task": ("POST", "/agora/task/assign", {"task_type": "x"}),
    "find agents": ("GET", "/agora/query/agents", None),
    "see what was spent": ("GET", "/agora/billing/dashboard", None),
}


def _command(*arguments: str) -> float:
    """Measure the CPU seconds of a command that ends by itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _call(server: process.Server, name: str, turn: int) -> float:
    """Measure the milliseconds of CPU time of a server for a call."""
    method, path, body = CALLS[name]
    data = None if body is None else json.dumps(body).replace("TURN", str(turn)).encode()
    request = urllib.request.Request(server.url + path, data, {"content-type": "application/json"}, method=method)
    before = server.cpu()
    urllib.request.urlopen(request).close()
    return (server.cpu() - before) * 1000


def _server() -> dict[str, float]:
    """Measure a server on a new database: CPU time until ready, idle memory, and calls, the first time and again."""
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as server:
        found = {"ready": server.cpu()}
        time.sleep(SETTLE)
        found["idle"] = server.memory()
        for turn in (1, 2):
            found |= {f"{name} {turn}": _call(server, name, turn) for name in CALLS}
        found["used"] = server.memory()
        return found


def _anchor() -> tuple[float, float]:
    with process.anchor("benchmarks.bare:app") as server:
        cpu = server.cpu()
        time.sleep(1)
        return cpu, server.memory()


def _round(client: list[str]) -> dict[str, float]:
    bare, memory = _anchor()
    return {
        "pass": _command("-c", "pass"),
        "libraries": _command("-c", LIBRARIES),
        "help": _command("-m", "agora.cli", "--help"),
        "list": _command("-m", "agora.cli", *client, "agent", "list"),
        "agents": _command("-m", "agora.cli", *client, "agents"),
        "bare": bare,
        "bare memory": memory,
        **_server(),
    }


def main() -> None:
    # An installed package has bytecode; without it a start measures the compiler. The first server writes it, and is
    # not measured.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as running:
        rounds = [_round(["--url", running.url]) for _ in range(ROUNDS)]
    found = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    print(f"python -c pass        {found['pass']:6.2f} s CPU (anchor)")
    print(f"libraries alone       {found['libraries']:6.2f} s CPU (anchor: {LIBRARIES})")
    print(f"agora --help          {found['help']:6.2f} s CPU")
    print(f"agora agent list      {found['list']:6.2f} s CPU")
    print(f"agora agents          {found['agents']:6.2f} s CPU")
    print(f"bare uvicorn, ready   {found['bare']:6.2f} s CPU, {found['bare memory']:4.0f} MB idle (anchor)")
    print(
        f"agora serve, ready    {found['ready']:6.2f} s CPU, {found['idle']:4.0f} MB idle, {found['used']:4.0f} MB after:"
    )
    for name in CALLS:
        print(f"  {name:<20}{found[f'{name} 1']:6.1f} ms CPU the first time, {found[f'{name} 2']:4.1f} ms the second")


if __name__ == "__main__":
    main()
