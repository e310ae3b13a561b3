"""A hostile caller in a separate process: keeps the maximum number of calls in flight.

``python -m tests.blackbox.flooding_caller FLOOD`` takes a :class:`Flood` as JSON. It answers each line on standard
input with one on standard output: the number of its answered calls, and of those with an error.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field

from websockets.asyncio.client import connect

__all__ = ["IN_FLIGHT", "Flood", "frame"]

IN_FLIGHT = 32  # limit of calls in flight on one WebSocket


@dataclass(frozen=True)
class Flood:
    """Requests to send, over WebSockets or, with a path, as POST requests.

    calls: texts sent in turn. repeat: whether each answer is followed by another call.
    """

    port: int
    token: str
    calls: list[str]
    connections: int = 8
    in_flight: int = IN_FLIGHT
    repeat: bool = True
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class _Caller:
    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._sent = self.answered = self.refused = 0

    def _next_call(self) -> str:
        self._sent += 1
        return self._flood.calls[self._sent % len(self._flood.calls)]

    async def run_socket(self) -> None:
        flood = self._flood
        headers = {"Authorization": f"Bearer {flood.token}"}
        url = f"ws://127.0.0.1:{flood.port}/ws"
        async with connect(url, additional_headers=headers, max_size=None, compression=None) as socket:
            for _ in range(flood.in_flight):
                await socket.send(self._next_call())
            async for text in socket:
                if isinstance(text, str) and text.startswith('{"id"'):
                    self.answered += 1
                    self.refused += '"error":' in text[:60]
                    if flood.repeat:
                        await socket.send(self._next_call())

    async def run_requests(self) -> None:
        flood = self._flood
        reader, writer = await asyncio.open_connection("127.0.0.1", flood.port)
        headers = {"Host": f"127.0.0.1:{flood.port}", "Authorization": f"Bearer {flood.token}"} | flood.headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        while True:
            body = self._next_call().encode()
            head = f"POST {flood.path} HTTP/1.1\r\n{lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"content-length:" in answer:
                text = await reader.readexactly(int(answer.split(b"content-length:")[1].split()[0]))
            else:
                text = await reader.readuntil(b"\r\n0\r\n\r\n")
            self.answered += 1
            self.refused += b'"error":' in text[:60] or not answer.startswith(b"http/1.1 200")

    async def report(self) -> None:
        while await asyncio.to_thread(sys.stdin.readline):
            print(self.answered, self.refused, flush=True)


async def main(job: str) -> None:
    flood = Flood(**json.loads(job))
    caller = _Caller(flood)
    run = caller.run_requests if flood.path else caller.run_socket
    tasks = [asyncio.create_task(run()) for _ in range(flood.connections)]
    await caller.report()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def frame(operation: str, **arguments: object) -> str:
    return json.dumps({"id": 1, "operation": operation, "arguments": arguments})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
