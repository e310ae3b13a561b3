"""Calls of one tool by the official SDK's client, in a separate process.

``python -m benchmarks.mcp_client SPEC`` reads a JSON specification from standard input and prints a JSON report;
:func:`run` starts it and returns the report.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Report", "Spec", "run"]

WARM_UP = 50


@dataclass
class Spec:
    """Specification of the calls. mode: protocol generation. calls: total, of which ``concurrency`` run concurrently
    over one client."""

    url: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    mode: Literal["auto", "legacy"] = "auto"
    calls: int = 1000
    concurrency: int = 8
    cpu_of: list[int] = field(default_factory=list)


@dataclass
class Report:
    """Microseconds of CPU time per call, of this process and of each named one; p50 in milliseconds."""

    client: float
    servers: list[float]
    p50: float

    @property
    def all(self) -> float:
        return self.client + sum(self.servers)


def run(spec: Spec) -> Report:
    """Make the calls in a separate process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.mcp_client"],
        input=json.dumps(asdict(spec)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Report(**json.loads(done.stdout))


async def _generate(spec: Spec) -> Report:
    from mcp import Client

    from benchmarks.process import cpu_of

    latencies: list[float] = []

    async with Client(spec.url, mode=spec.mode) as client:
        await client.list_tools()

        async def work(calls: int) -> None:
            for _ in range(calls):
                began = time.perf_counter()
                answer = await client.call_tool(spec.tool, spec.arguments)
                latencies.append(time.perf_counter() - began)
                assert not answer.is_error, answer

        async def all_of(calls: int) -> None:
            await asyncio.gather(*(work(calls // spec.concurrency) for _ in range(spec.concurrency)))

        await all_of(WARM_UP)
        latencies.clear()
        own, others = time.process_time(), [cpu_of(pid) for pid in spec.cpu_of]
        await all_of(spec.calls)
        own = time.process_time() - own
        servers = [cpu_of(pid) - before for pid, before in zip(spec.cpu_of, others, strict=True)]
    made = len(latencies)
    return Report(own / made * 1e6, [used / made * 1e6 for used in servers], sorted(latencies)[made // 2] * 1e3)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_generate(Spec(**json.load(sys.stdin)))))))
