"""A durable, authorised, audited send over REST, compared with a FastAPI echo without storage.

Prints server CPU time per request of both, their ratio per round, and throughput and latency with 64 callers.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks import load, process

ROUNDS = 5
PATH = "/agora/messaging/send"
BODY = json.dumps({"to_agent": "Receiver", "content": "x" * 200, "message_type": "info", "priority": "high"})


def register(server: process.Server, name: str) -> str:
    request = urllib.request.Request(
        f"{server.url}/agents/register",
        data=json.dumps({"agent_name": name, "service_tier": "enterprise"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["token"])


def _measure(server: process.Server, token: str, seconds: float, connections: int = 64) -> tuple[float, load.Report]:
    """Measure microseconds of server CPU time per request, and return the generator's report."""
    spec = load.Spec(
        "127.0.0.1", server.port, "POST", PATH, [BODY], {"Authorization": f"Bearer {token}"}, connections, seconds
    )
    before = server.cpu()
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} requests failed"
    return (server.cpu() - before) / report.requests * 1e6, report


def main(rounds: int = ROUNDS, seconds: float = 3.0) -> None:
    with tempfile.TemporaryDirectory() as directory:
        options = {"rate_enterprise": "1000000"}
        with process.agora(Path(directory), **options) as ours, process.anchor("benchmarks.anchors:app") as theirs:
            register(ours, "Receiver")
            token = register(ours, "Sender")
            _measure(ours, token, 1.0)
            _measure(theirs, token, 1.0)
            ratios, mine, anchors, reports = [], [], [], []
            for _ in range(rounds):
                cost, report = _measure(ours, token, seconds)
                echo, _ = _measure(theirs, token, seconds)
                mine.append(cost)
                anchors.append(echo)
                ratios.append(cost / echo)
                reports.append(report)
            alone, single = _measure(ours, token, seconds, connections=1)
    print(f"durable send      {statistics.median(mine):7.0f} us CPU per request at 64 callers")
    print(f"FastAPI echo      {statistics.median(anchors):7.0f} us CPU per request at 64 callers (anchor)")
    print(f"ratio             {statistics.median(ratios):7.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")
    print(f"throughput        {statistics.median(r.rate for r in reports):7.0f} sends/s at 64 callers")
    print(
        f"latency           {statistics.median(r.p50 for r in reports):7.1f} ms p50, {statistics.median(r.p99 for r in reports):.1f} ms p99"
    )
    print(f"one caller        {single.rate:7.0f} sends/s, {alone:.0f} us CPU, {single.p50:.2f} ms p50")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
