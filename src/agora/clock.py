"""Time and identity: the one clock everything reads, and ids that sort by it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "SystemClock", "moment", "new_id", "stamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POOL = 4096


class Clock(Protocol):
    """Source of time; tests inject their own."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


def moment(microseconds: int) -> datetime:
    """The moment as answers show it."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)


def stamp(value: datetime) -> int:
    """Microseconds since 1970 of a moment with an offset."""
    return (value - _EPOCH) // _MICROSECOND


class _Randomness:
    """Random hex digits, drawn from the system in blocks: one system call for 200 ids."""

    def __init__(self) -> None:
        self.digits, self.at, self.pid = "", 0, 0

    def take(self, count: int) -> str:
        if self.at + count > len(self.digits) or self.pid != os.getpid():
            self.digits, self.at, self.pid = os.urandom(_POOL // 2).hex(), 0, os.getpid()
        self.at += count
        return self.digits[self.at - count : self.at]


_random = _Randomness()
_last = 0


def new_id(prefix: str) -> str:
    """A new id: prefix, underscore, 32 hex digits of a UUIDv7 (RFC 9562 section 5.7).

    Ids made by one process sort in the order they were made: the 12 bits after the millisecond
    count fractions of it (method 3), and never repeat or go back.
    """
    global _last
    fraction = time.time_ns() * 4096 // 1_000_000
    _last = fraction = fraction if fraction > _last else _last + 1
    milliseconds, sub = divmod(fraction, 4096)
    tail = _random.take(16)
    variant = "89ab"[int(tail[0], 16) & 3]
    return f"{prefix}_{milliseconds:012x}7{sub:03x}{variant}{tail[1:]}"
