"""Rate limits: a token bucket for each caller, refilled by its service tier."""

from __future__ import annotations

import time
from collections.abc import Callable

from agora_sdk.errors import RateLimited

from ..services.base import Caller

__all__ = ["RateLimiter"]

BURST_SECONDS = 2.0
FORGET_ABOVE = 50_000


class RateLimiter:
    """``rate(tier)`` answers calls a second; a burst of two seconds' worth is allowed."""

    def __init__(self, rate: Callable[[str], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, caller: Caller) -> None:
        """Count one call; RateLimited with ``retry_after`` seconds when the bucket is empty."""
        if caller.kind in ("operator", "system"):
            return
        rate = self._rate("anonymous" if caller.subject == "anonymous" else caller.tier)
        now = self._clock()
        key = (caller.tenant, caller.subject)
        level, since = self._buckets.get(key, (rate * BURST_SECONDS, now))
        level = min(rate * BURST_SECONDS, level + (now - since) * rate)
        if level < 1:
            wait = max(1, round((1 - level) / rate + 0.5))
            raise RateLimited(
                f"More than {rate:g} calls a second.",
                fix=f"Wait {wait} s, or ask for a higher service tier.",
                retry_after=wait,
            )
        if len(self._buckets) > FORGET_ABOVE:
            self._buckets.clear()
        self._buckets[key] = (level - 1, now)
