"""Rate limits: a token bucket for each caller, refilled by its service tier."""

from __future__ import annotations

import time
from collections import Counter
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
        self._elsewhere: dict[tuple[str, str], tuple[int, float]] = {}  # calls of those never seen here, and since when
        #: what was taken since it was last told to other servers; None while there are none
        self.spent: Counter[tuple[str, str]] | None = None

    def take(self, caller: Caller) -> None:
        """Count one call; RateLimited with ``retry_after`` seconds when the bucket is empty."""
        if caller.kind in ("operator", "system"):
            return
        rate = self._rate("anonymous" if caller.subject == "anonymous" else caller.tier)
        now = self._clock()
        key = (caller.tenant, caller.subject)
        level, since = self._buckets.get(key) or self._first(key, rate, now)
        level = min(rate * BURST_SECONDS, level + (now - since) * rate)
        if level < 1:
            wait = max(1, round((1 - level) / rate + 0.5))
            raise RateLimited(
                f"More than {rate:g} calls a second.",
                fix=f"Wait {wait} s, or ask for a higher service tier.",
                retry_after=wait,
            )
        if self.spent is not None:  # never what was refused: that would empty the buckets of others for hours
            self.spent[key] += 1
        if len(self._buckets) > FORGET_ABOVE:
            self._buckets.clear()
        self._buckets[key] = (level - 1, now)

    def _first(self, key: tuple[str, str], rate: float, now: float) -> tuple[float, float]:
        """A full bucket, less what other servers have let pass lately."""
        count, since = self._elsewhere.pop(key, (0, now))
        return rate * BURST_SECONDS - count, since

    def heard(self, tenant: str, subject: str, count: int) -> None:
        """Another server let so many calls of a caller pass."""
        key = (tenant, subject)
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (level - count, since)
            return
        if len(self._elsewhere) > FORGET_ABOVE:
            self._elsewhere.clear()
        before, since = self._elsewhere.get(key, (0, self._clock()))
        self._elsewhere[key] = (before + count, since)
