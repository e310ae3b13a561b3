"""Throttling of reads from an upstream, so that a flood of messages does not starve the event loop."""

from __future__ import annotations

import asyncio

from .message_size import count_opening_brackets

__all__ = ["Throttle"]


class Throttle:
    """A token bucket: messages per second, and a burst after idle time."""

    def __init__(self, rate: float = 200.0, burst: float = 1000.0) -> None:
        self._rate, self._burst, self._tokens = rate, burst, burst
        self._refilled_at = asyncio.get_running_loop().time()

    async def throttle_messages(self, messages: int = 1) -> None:
        """Count messages, and wait while the rate is exceeded."""
        now = asyncio.get_running_loop().time()
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._rate) - messages
        self._refilled_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)

    async def throttle_event_part(self, part: bytes) -> None:
        """Count the cost of reading a part of an event stream, dominated by its events."""
        await self.throttle_messages(
            part.count(b"data:") + part.count(b"\n") // 50 + count_opening_brackets(part) // 500
        )
