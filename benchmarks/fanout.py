"""One event to 1,000 WebSocket subscribers: server CPU time per delivery, compared with a plain ASGI ``send`` loop.

The subscribers and the publisher are in this process, the servers in others. Each event is published over REST after
the previous one has reached all subscribers, so every delivery is a separate write; the cost of publishing is included.
The anchor sends the same document, with the same server, with ``await send`` to each subscriber in turn.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import resource
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import process
from tests.processes import spawn_tethered

SUBSCRIBERS = 1000
EVENTS = 100
ROUNDS = 3
DATA = {"task": "t-1", "state": "done", "note": "x" * 150}


# -- the anchor ----------------------------------------------------------------------------------

_sends: set[Callable[[Any], Awaitable[None]]] = set()


async def anchor(scope: Any, receive: Any, send: Any) -> None:
    """Send each posted document to every socket, as a simple ASGI application does."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        _sends.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        _sends.discard(send)
    elif scope["type"] == "http":
        body = (await receive())["body"].decode()
        if body:
            for each in _sends:
                await each({"type": "websocket.send", "text": body})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def _serve_anchor(port: int) -> None:
    import uvicorn

    uvicorn.run(
        anchor, port=port, loop="uvloop", ws="websockets-sansio", ws_per_message_deflate=False, lifespan="off",
        log_level="error", access_log=False, server_header=False, date_header=False,
    )  # fmt: skip


@contextlib.contextmanager
def _anchor() -> Iterator[process.Server]:
    port = process.free_port()
    started = spawn_tethered([sys.executable, "-m", "benchmarks.fanout", "anchor", str(port)])
    try:
        server = process.Server(started, port)
        server.wait("/")
        yield server
    finally:
        started.terminate()
        started.wait(20)


# -- subscribers ---------------------------------------------------------------------------------


@dataclass
class Audience:
    """Number of deliveries, and the time of the last one."""

    expected: int = 0
    arrived: int = 0
    last: bytes = b""
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, count: int) -> None:
        self.expected, self.arrived = count, 0
        self.complete.clear()

    def take(self, document: bytes) -> None:
        self.arrived, self.last = self.arrived + 1, document
        if self.arrived == self.expected:
            self.complete.set()


class Subscriber(asyncio.Protocol):
    """A minimal WebSocket client: a handshake, then counted frames."""

    def __init__(self, audience: Audience, port: int) -> None:
        self._audience, self._port, self._buffer = audience, port, b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws?types=bench.* HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        if not self.opened.done():
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            assert b" 101 " in head, head
            self.opened.set_result(None)
        while (size := _frame(buffer)) and len(buffer) >= sum(size):
            document, buffer = buffer[size[0] : sum(size)], buffer[sum(size) :]
            if b'"specversion"' in document:
                self._audience.take(document)
        self._buffer = buffer


def _frame(buffer: bytes) -> tuple[int, int] | None:
    """Return header and payload size of the frame at the start of a buffer."""
    if len(buffer) < 10:
        return (2, buffer[1]) if len(buffer) >= 2 and buffer[1] < 126 else None
    length = buffer[1]
    if length < 126:
        return 2, length
    return (
        (4, struct.unpack_from("!H", buffer, 2)[0]) if length == 126 else (10, struct.unpack_from("!Q", buffer, 2)[0])
    )


async def _subscribe(port: int, count: int) -> Audience:
    audience, loop = Audience(), asyncio.get_running_loop()
    for _ in range(count):
        _, subscriber = await loop.create_connection(lambda: Subscriber(audience, port), "127.0.0.1", port)
        await subscriber.opened
    return audience


class Publisher:
    """One keep-alive HTTP connection."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path

    async def open(self) -> Publisher:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def post(self, body: bytes) -> None:
        head = f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in answer, answer
        await self._reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))


# -- measuring -----------------------------------------------------------------------------------


@dataclass
class Cost:
    """Cost of a round: microseconds of CPU time per delivery, and milliseconds from publishing to the last delivery."""

    cpu: float
    latency: float


async def _round(server: process.Server, publisher: Publisher, audience: Audience, body: bytes, count: int) -> Cost:
    latencies, before = [], server.cpu()
    for _ in range(EVENTS):
        audience.expect(count)
        began = time.perf_counter()
        await publisher.post(body)
        await audience.complete.wait()
        latencies.append(time.perf_counter() - began)
    return Cost((server.cpu() - before) / EVENTS / count * 1e6, statistics.median(latencies) * 1e3)


async def _measure(ours: process.Server, theirs: process.Server, count: int) -> tuple[list[Cost], list[Cost], int]:
    body = json.dumps({"event_type": "bench.done", "data": DATA}).encode()
    mine = await Publisher(ours.port, "/events").open()
    plain = await Publisher(theirs.port, "/").open()
    audience, other = await _subscribe(ours.port, count), await _subscribe(theirs.port, count)
    await _round(ours, mine, audience, body, count)  # warm-up
    document = audience.last
    await _round(theirs, plain, other, document, count)
    costs, anchors = [], []
    for _ in range(ROUNDS):
        costs.append(await _round(ours, mine, audience, body, count))
        anchors.append(await _round(theirs, plain, other, document, count))
    return costs, anchors, len(document)


def main(count: int = SUBSCRIBERS) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    import uvloop

    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as ours, _anchor() as theirs:
        costs, anchors, size = uvloop.run(_measure(ours, theirs, count))
    ratios = [cost.cpu / plain.cpu for cost, plain in zip(costs, anchors, strict=True)]
    rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"event             {size} bytes to {count} subscribers, {EVENTS} times a round, {ROUNDS} rounds")
    print(f"fan-out           {statistics.median(c.cpu for c in costs):7.1f} us CPU per delivery, publishing included")
    print(f"plain send loop   {statistics.median(c.cpu for c in anchors):7.1f} us CPU per delivery (anchor)")
    print(f"ratio             {statistics.median(ratios):7.2f} (rounds: {rounds})")
    print(f"last delivery     {statistics.median(c.latency for c in costs):7.1f} ms after publishing")


if __name__ == "__main__":
    if sys.argv[1:2] == ["anchor"]:
        _serve_anchor(int(sys.argv[2]))
    else:
        main(*(int(argument) for argument in sys.argv[1:2]))
