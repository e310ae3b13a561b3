"""Positions of durable subscriptions, flushed periodically."""

from __future__ import annotations

from agora.core.jobs import Controller

__all__ = ["PositionFlusher"]


class PositionFlusher(Controller):
    """Flushes positions. After a crash, subscribers without Last-Event-ID receive the unflushed events again."""

    name = "positions"
    interval = 3.0

    async def step(self) -> None:
        await self.context.feed.positions.flush_positions(self.context.store)

    async def shut_down(self) -> None:
        await self.step()
