"""A small HTTP load generator in a separate process: keep-alive connections, with one request in flight on each.

``python -m benchmarks.load SPEC`` reads a JSON specification from standard input and prints a JSON report;
:func:`run` starts it and returns the report.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count

__all__ = ["COUNTER", "Report", "Spec", "run"]

COUNTER = "########"


@dataclass
class Spec:
    """Specification of the load: ``requests`` bodies are sent in turn; headers are the same for all.

    ``########`` in a body is replaced by a different number in each request.
    """

    host: str
    port: int
    method: str
    path: str
    bodies: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 64
    seconds: float = 3.0


@dataclass
class Report:
    """Results; latencies in milliseconds."""

    requests: int
    failures: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(spec: Spec) -> Report:
    """Generate load in a separate process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(spec)),
        capture_output=True,
        text=True,
        check=True,
    )
    return Report(**json.loads(done.stdout))


def _request(spec: Spec, body: str) -> bytes:
    lines = [f"{spec.method} {spec.path} HTTP/1.1", f"Host: {spec.host}:{spec.port}"]
    lines += [f"{name}: {value}" for name, value in spec.headers.items()]
    data = body.encode()
    if data:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last response is complete."""

    def __init__(
        self, requests: list[bytes], until: float, latencies: list[float], numbers: Iterator[int] | None
    ) -> None:
        self.requests, self.until, self.latencies, self.numbers = requests, until, latencies, numbers
        self.buffer, self.turn, self.failures = b"", 0, 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        request = self.requests[self.turn % len(self.requests)]
        if self.numbers is not None:
            request = request.replace(COUNTER.encode(), b"%08d" % next(self.numbers))
        self.transport.write(request)  # type: ignore[attr-defined]
        self.turn += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length or (b"transfer-encoding: chunked" in lower and not rest.endswith(b"0\r\n\r\n")):
            return
        self.buffer = b""
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        if not head.startswith(b"HTTP/1.1 2"):
            self.failures += 1
        if now < self.until:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _generate(spec: Spec) -> Report:
    loop = asyncio.get_running_loop()
    requests = [_request(spec, body) for body in spec.bodies]
    latencies: list[float] = []
    numbers = count(time.time_ns() % 50_000_000) if any(COUNTER in body for body in spec.bodies) else None
    began = time.perf_counter()
    opened = [
        await loop.create_connection(
            lambda: _Connection(requests, began + spec.seconds, latencies, numbers), spec.host, spec.port
        )
        for _ in range(spec.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    took = time.perf_counter() - began
    latencies.sort()
    failures = sum(connection.failures for _, connection in opened)
    middle, last = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    return Report(len(latencies), failures, took, middle * 1000, last * 1000)


if __name__ == "__main__":
    import uvloop

    print(json.dumps(asdict(uvloop.run(_generate(Spec(**json.load(sys.stdin)))))))
