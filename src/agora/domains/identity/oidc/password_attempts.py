"""Token buckets of password attempts, one per user name, in bounded memory.

Callers choose the names, so their number is unbounded. Names above the limit share buckets: the shared bucket keeps the
fewest attempts that any of its names had left. So trying other names never gives a name new attempts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import Final

__all__ = ["PasswordAttempts"]

SHARED_BUCKETS: Final = 1 << 16

Level = tuple[float, float]  # attempts left, at that time


class PasswordAttempts:
    """burst: attempts of a name at once; then one every ``refill`` seconds. max_names: with a bucket of their own."""

    def __init__(self, burst: int, refill: float, max_names: int) -> None:
        self._burst, self._refill, self._max_names = burst, refill, max_names
        self._names: OrderedDict[str, Level] = OrderedDict()  # by the time of the last attempt
        self._shared_levels: dict[int, Level] = {}
        # Secret: with a known hash, a caller could choose names that share the bucket of somebody else.
        self._key = secrets.token_bytes(16)

    def take_attempt(self, name: str, now: float) -> bool:
        """Count an attempt. Returns False if none is left; then nothing is counted. now: monotonic seconds."""
        level = (
            self._names.get(name) or self._shared_levels.get(self._compute_shared_bucket(name)) or (self._burst, now)
        )
        remaining = self._count_remaining(level, now)
        if remaining < 1:
            return False
        self._names[name] = (remaining - 1, now)
        self._names.move_to_end(name)
        self._evict_names(now)
        return True

    def _evict_names(self, now: float) -> None:
        """Forget names with all attempts given back, and move the oldest of too many to the shared buckets."""
        while self._names:
            name, level = next(iter(self._names.items()))
            remaining = self._count_remaining(level, now)
            if remaining < self._burst:
                if len(self._names) <= self._max_names:
                    break
                bucket = self._compute_shared_bucket(name)
                shared = self._shared_levels.get(bucket, (self._burst, now))
                self._shared_levels[bucket] = (min(remaining, self._count_remaining(shared, now)), now)
            del self._names[name]

    def _count_remaining(self, level: Level, now: float) -> float:
        remaining, since = level
        return min(self._burst, remaining + (now - since) / self._refill)

    def _compute_shared_bucket(self, name: str) -> int:
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest) % SHARED_BUCKETS
