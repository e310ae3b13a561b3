"""A remote agent with scripted bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.hostile_upstream import Heard, listening, whole

__all__ = ["EVENTS", "Rogue", "event", "rogue", "rpc", "update"]

EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
Answer = bytes | Callable[[Heard], Awaitable[None]]


@dataclass
class Rogue:
    """answers: to requests in turn, the last one repeatedly. card: its agent card."""

    answers: list[Answer]
    url: str = ""
    card: dict[str, Any] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    get: Answer | None = None

    async def __call__(self, heard: Heard) -> None:
        if heard.head.startswith("GET"):
            body = json.dumps(self.card).encode()
            await self._say(heard, self.get or whole(body))
            return
        self.heard.append(heard)
        await self._say(heard, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def _say(self, heard: Heard, answer: Answer) -> None:
        if isinstance(answer, bytes):
            await heard.say(answer)
            if b"connection: close" in answer:
                heard.writer.close()
        else:
            await answer(heard)

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of a method's calls."""
        return [found.json["params"] for found in self.heard if found.json["method"] == method]


def rpc(result: Any) -> bytes:
    """Encode a JSON-RPC response."""
    return whole(json.dumps({"jsonrpc": "2.0", "id": "1", "result": result}).encode())


def event(result: Any) -> bytes:
    """Encode a stream item."""
    return b"data: " + json.dumps({"jsonrpc": "2.0", "id": "1", "result": result}).encode() + b"\n\n"


def update(state: str, task: str = "t1") -> dict[str, Any]:
    return {"statusUpdate": {"taskId": task, "contextId": "c1", "status": {"state": f"TASK_STATE_{state}"}}}


@contextlib.asynccontextmanager
async def rogue(*answers: Answer, streams: bool = True, version: str = "1.0") -> AsyncIterator[Rogue]:
    """Serve it on the loopback until the block ends."""
    found = Rogue(list(answers))
    async with listening(found) as url:
        found.url = url.removesuffix("/mcp")
        found.card = {
            "name": "Rogue",
            "description": "Means no good.",
            "version": "1",
            "supportedInterfaces": [{"url": found.url, "protocolBinding": "JSONRPC", "protocolVersion": version}],
            "capabilities": {"streaming": streams},
            "defaultInputModes": ["text/plain"],
            "defaultOutputModes": ["text/plain"],
            "skills": [],
        }
        yield found
