"""Positions: how far durable subscriptions have been read is written now and then."""

from __future__ import annotations

from agora.core.jobs import Controller

__all__ = ["PositionFlusher"]


class PositionFlusher(Controller):
    """What is not written when the server dies is read again by subscribers that do not say where they were."""

    name = "positions"
    interval = 3.0

    async def step(self) -> None:
        await self.house.feed.positions.flush(self.house.store)

    async def finish(self) -> None:
        await self.step()
