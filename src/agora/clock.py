"""Time and ids: the server's clock, and ids that sort by time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

__all__ = ["SECOND", "AlignedClock", "Clock", "SystemClock", "new_id", "to_datetime", "to_microseconds"]

SECOND: Final = 1_000_000  #: in microseconds, the unit of every stored time and of every clock
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANDOM_POOL_SIZE = 256  # ids whose randomness is drawn at once
_VARIANT_DIGITS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_FRACTION_DIGITS = tuple(f"7{fraction:03x}" for fraction in range(4096))  # after the version, 7


class Clock(Protocol):
    """Source of time; tests inject their own."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class AlignedClock:
    """A clock corrected to another one: all servers of a database use the database's clock.

    skew: microseconds by which the other clock is ahead.
    """

    def __init__(self, own: Clock, skew: Callable[[], int]) -> None:
        self._base_clock, self._skew = own, skew

    def now(self) -> int:
        return self._base_clock.now() + self._skew()


def to_datetime(microseconds: int) -> datetime:
    """Convert microseconds since 1970 to a datetime, as answers show it. (A float holds every microsecond until the
    year 2255.)"""
    return datetime.fromtimestamp(microseconds / SECOND, UTC)


def to_microseconds(value: datetime) -> int:
    """Microseconds since 1970 of a moment with an offset."""
    return (value - _EPOCH) // _MICROSECOND


_tails: list[str] = []  # the last 16 digits of future ids
_last = 0  # time of the last id, in 4096ths of a millisecond
_millisecond, _millisecond_digits = 0, ""  # of the last id


def _refill_random_tails() -> None:
    """Draw the randomness of many ids with one system call; the first digit carries the UUID variant."""
    digits = os.urandom(8 * _RANDOM_POOL_SIZE).hex()
    _tails.extend(_VARIANT_DIGITS[digits[at]] + digits[at + 1 : at + 16] for at in range(0, 16 * _RANDOM_POOL_SIZE, 16))


os.register_at_fork(after_in_child=_tails.clear)


def new_id(prefix: str) -> str:
    """A new id: prefix, underscore, 32 hex digits of a UUIDv7 (RFC 9562 section 5.7).

    Ids made by one process sort in the order they were made: the 12 bits after the millisecond
    count fractions of it (method 3), and never repeat or go back.
    """
    global _last, _millisecond, _millisecond_digits
    if not _tails:
        _refill_random_tails()
    fraction = time.time_ns() * 4096 // 1_000_000
    if fraction <= _last:
        fraction = _last + 1
    _last = fraction
    if (millisecond := fraction >> 12) != _millisecond:
        _millisecond, _millisecond_digits = millisecond, f"{millisecond:012x}"
    return f"{prefix}_{_millisecond_digits}{_FRACTION_DIGITS[fraction & 4095]}{_tails.pop()}"
