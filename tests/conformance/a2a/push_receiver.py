"""A receiver of push notifications on a socket, which accepts everything unless a test scripts its answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.hostile_upstream import Heard, listening, whole

__all__ = ["Receiver", "receiver"]

TAKEN = whole(b"{}")


@dataclass
class Receiver:
    """answers: to the next requests; later requests are accepted. hold: requests are answered once this is set."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    hold: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        await heard.say(self.answers.pop(0) if self.answers else TAKEN)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(heard.body) for heard in self.heard]

    async def until(self, count: int) -> None:
        """Wait for that number of requests."""
        await self._when(lambda: len(self.heard) >= count)

    async def until_told(self, what: str) -> Any:
        """Wait for a request whose body contains a text. Returns the body."""
        await self._when(lambda: any(what.encode() in heard.body for heard in self.heard))
        return next(body for body in self.bodies if what in json.dumps(body))

    async def _when(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not enough():
                self.arrived.clear()
                await self.arrived.wait()


@contextlib.asynccontextmanager
async def receiver(*answers: bytes) -> AsyncIterator[Receiver]:
    found = Receiver(answers=list(answers))
    async with listening(found) as url:
        found.url = url.removesuffix("/mcp") + "/hook"
        yield found
