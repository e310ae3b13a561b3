"""Usage: how often each operation was called, how often in vain, and how long it took.

Counting is one look-up and three additions, so it can stay on for every call. Durations go into a
histogram of logarithmic buckets, four to each doubling, from which any quantile is read within an eighth.
Counters are kept for each tenant; what was counted since the last flush is written as a difference, so
that several servers add to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from agora_sdk.contract import Operation

from .store.port import Row

__all__ = ["BUCKETS", "DEFAULT_TENANT", "Meter", "Usage", "bucket_of", "midpoint_ms"]

DEFAULT_TENANT = "default"
BUCKETS = 160  #: the last one begins at 2**38 microseconds: three days


def bucket_of(microseconds: int) -> int:
    """Index of the bucket of a duration: below 8 exact, then four buckets to each doubling."""
    length = microseconds.bit_length()
    index = microseconds if length < 3 else (length << 2) - 8 + (microseconds >> (length - 3) & 3)
    return min(index, BUCKETS - 1)


def midpoint_ms(index: int) -> float:
    """Milliseconds in the middle of a bucket."""
    if index < 4:
        return index / 1000
    length, part = divmod(index + 8, 4)
    width = 1 << (length - 3)
    return ((4 + part) * width + (width - 1) / 2) / 1000


@dataclass(slots=True, eq=False)
class Usage:
    """Counters of one version of one operation."""

    calls: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, other: Usage) -> None:
        """Add another's counts to these."""
        self.calls += other.calls
        self.errors += other.errors
        self.buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]

    def quantile(self, share: float) -> float | None:
        """Milliseconds within which this share of the calls ended; None without any."""
        total = sum(self.buckets)
        if not total:
            return None
        rank, seen = share * total, 0
        for index, count in enumerate(self.buckets):
            seen += count
            if seen >= rank:
                return midpoint_ms(index)
        return None

    def histogram(self) -> str:
        """The buckets that are not empty, as JSON text: index to count."""
        return to_json({str(index): count for index, count in enumerate(self.buckets) if count}).decode()

    @classmethod
    def of(cls, row: Any) -> Usage:
        """Counters of an ``operation_usage`` row."""
        found = cls(row["calls"], row["errors"])
        for index, count in from_json(row["histogram"]).items():
            found.buckets[min(int(index), BUCKETS - 1)] += count
        return found


Key = tuple[str, str]  # operation, version


class Meter:
    """Counters of every operation, by tenant: what the store has, and what came since."""

    def __init__(self) -> None:
        self._stored: dict[str, dict[Key, Usage]] = {}
        self._leaving: dict[str, dict[Key, Usage]] = {}
        self._fresh: dict[str, dict[Operation, Usage]] = {}

    def record(self, operation: Operation, seconds: float, ok: bool, tenant: str = DEFAULT_TENANT) -> None:
        """Count one call."""
        try:
            usage = self._fresh[tenant][operation]
        except KeyError:
            usage = self._fresh.setdefault(tenant, {}).setdefault(operation, Usage())
        usage.calls += 1
        if not ok:
            usage.errors += 1
        usage.buckets[bucket_of(int(seconds * 1_000_000))] += 1

    def usage(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> Usage:
        """Everything counted of an operation."""
        key = (operation.name, operation.version)
        total = Usage()
        for counted in (
            self._stored.get(tenant, {}).get(key),
            self._leaving.get(tenant, {}).get(key),
            self._fresh.get(tenant, {}).get(operation),
        ):
            if counted is not None:
                total.add(counted)
        return total

    def load(self, tenant: str, rows: Iterable[Row]) -> None:
        """Take over what the store has: rows of ``operation_usage``."""
        self._stored[tenant] = {(row["operation"], row["version"]): Usage.of(row) for row in rows}

    def tenants(self) -> Iterator[str]:
        """Tenants with counts that are not stored yet."""
        yield from list(self._fresh.keys() | self._leaving.keys())

    def leaving(self, tenant: str) -> dict[Key, Usage]:
        """What is to be stored now; it stays counted until :meth:`stored` or the next call of this."""
        waiting = self._leaving.setdefault(tenant, {})
        for operation, usage in self._fresh.pop(tenant, {}).items():
            waiting.setdefault((operation.name, operation.version), Usage()).add(usage)
        if not waiting:
            del self._leaving[tenant]
        return waiting

    def stored(self, tenant: str, totals: Mapping[Key, Usage]) -> None:
        """The store has these totals now, with what was leaving in them."""
        self._leaving.pop(tenant, None)
        self._stored.setdefault(tenant, {}).update(totals)
