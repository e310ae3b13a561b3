"""A hostile caller in a process of its own: keeps as many calls under way over WebSockets as it may.

``python -m tests.blackbox.flooding_caller PORT TOKEN SOCKETS CALL`` answers each line on standard input with one on standard
output: how many of its calls were answered so far, and how many of those with an error.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import connect

IN_FLIGHT = 32  # calls of one socket


class Flood:
    def __init__(self, port: int, token: str, call: str) -> None:
        self._port, self._token, self._call = port, token, call
        self.answered = self.refused = 0

    async def run_socket(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with connect(
            f"ws://127.0.0.1:{self._port}/ws", additional_headers=headers, max_size=None, compression=None
        ) as socket:
            for _ in range(IN_FLIGHT):
                await socket.send(self._call)
            async for text in socket:
                if isinstance(text, str) and text.startswith('{"id"'):
                    self.answered += 1
                    self.refused += '"error":' in text[:60]
                    await socket.send(self._call)

    async def report(self) -> None:
        while await asyncio.to_thread(sys.stdin.readline):
            print(self.answered, self.refused, flush=True)


async def main(port: str, token: str, sockets: str, call: str) -> None:
    flood = Flood(int(port), token, call)
    tasks = [asyncio.create_task(flood.run_socket()) for _ in range(int(sockets))]
    await flood.report()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def frame(operation: str, **arguments: object) -> str:
    return json.dumps({"id": 1, "operation": operation, "arguments": arguments})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
