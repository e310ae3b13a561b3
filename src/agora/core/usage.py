"""Usage statistics: calls, errors and durations of each operation.

Counting costs one look-up and three additions, so it is on for every call. Durations go into a histogram of logarithmic
buckets, four per doubling, from which any quantile is computed with an error of at most an eighth.
Counters are per tenant; a flush writes the difference since the last one, so that several servers add to the same rows.

Per-minute counters of the last hour are kept per tenant, not per operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from agora.clock import SECOND, Clock, SystemClock, new_id
from agora_sdk.contract import Kind, Operation

from .ports import Port
from .records import CallMinuteRow, OperationUsageRow

__all__ = [
    "BUCKET_COUNT",
    "DEFAULT_TENANT",
    "MINUTES_KEPT",
    "TRAFFIC",
    "CallMinute",
    "Meter",
    "Traffic",
    "Usage",
    "compute_bucket_midpoint_ms",
    "compute_duration_bucket",
]

DEFAULT_TENANT = "default"
BUCKET_COUNT = 160  #: the last one begins at 2**38 microseconds: three days
MINUTES_KEPT = 60  #: number of minutes that are kept
_MINUTE = 60_000_000
_QUERY, _STREAM = Kind.QUERY, Kind.STREAM


def compute_duration_bucket(microseconds: int) -> int:
    """Find the index of a duration's bucket: exact below 8, then four buckets per doubling."""
    # The two bits after the highest one choose the quarter of the doubling.
    length = microseconds.bit_length()
    index = microseconds if length < 3 else (length << 2) - 8 + (microseconds >> (length - 3) & 3)
    return min(index, BUCKET_COUNT - 1)


def compute_bucket_midpoint_ms(index: int) -> float:
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
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKET_COUNT)

    def add_usage(self, other: Usage) -> None:
        """Add another's counts to these."""
        self.calls += other.calls
        self.errors += other.errors
        self.buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]

    def duration_quantile(self, share: float) -> float | None:
        """Return a quantile of call durations in milliseconds; None without calls."""
        total = sum(self.buckets)
        if not total:
            return None
        rank, cumulative = share * total, 0
        for index, count in enumerate(self.buckets):
            cumulative += count
            if cumulative >= rank:
                return compute_bucket_midpoint_ms(index)
        return None

    def encode_histogram(self) -> str:
        """Encode the non-empty buckets as JSON: index to count."""
        return to_json({str(index): count for index, count in enumerate(self.buckets) if count}).decode()

    @classmethod
    def from_row(cls, row: CallMinuteRow | OperationUsageRow) -> Usage:
        """Counters of an ``operation_usage`` row."""
        usage = cls(row.calls, row.errors)
        for index, count in from_json(row.histogram).items():
            # A row of another release may have more buckets.
            usage.buckets[min(int(index), BUCKET_COUNT - 1)] += count
        return usage


@dataclass(slots=True, eq=False)
class CallMinute:
    """Statistics of one minute. calls: commands and relays, with durations.

    errors: calls and reads that failed or were refused. unsaved: whether it has counts that are not stored yet.
    """

    calls: int = 0
    reads: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKET_COUNT)
    unsaved: bool = False

    def add_minute(self, other: CallMinute) -> None:
        """Add another's counts to these."""
        self.calls, self.reads, self.errors = (
            self.calls + other.calls,
            self.reads + other.reads,
            self.errors + other.errors,
        )
        self.buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]

    def duration_quantile(self, share: float) -> float | None:
        """Return a quantile of call durations in milliseconds; None without calls."""
        return Usage(buckets=self.buckets).duration_quantile(share)

    def to_row(self) -> dict[str, Any]:
        """Convert to a row."""
        histogram = Usage(buckets=self.buckets).encode_histogram()
        return {"calls": self.calls, "reads": self.reads, "errors": self.errors, "histogram": histogram}

    @classmethod
    def from_row(cls, row: CallMinuteRow) -> CallMinute:
        """Counts of a ``call_minutes`` row."""
        counts = Usage.from_row(row)
        return cls(row.calls, row.reads, row.errors, counts.buckets)


class Traffic:
    """Statistics of the last hour by minute and tenant. server: id of this process run, stored in its rows."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.server = clock, new_id("run")
        self._minutes: dict[str, dict[int, CallMinute]] = {}

    def record(self, operation: Operation, bucket: int, ok: bool, tenant: str) -> None:
        """Count one call. bucket: that of its duration."""
        # Wall-clock minutes, so that the rows of several servers can be added up.
        number = self._clock.now() // _MINUTE
        try:
            minute = self._minutes[tenant][number]
        except KeyError:
            minute = self._start_minute(tenant, number)
        kind = operation.kind
        if kind is _QUERY or kind is _STREAM:
            minute.reads += 1
        else:
            minute.calls += 1
            minute.buckets[bucket] += 1
        if not ok:
            minute.errors += 1
        minute.unsaved = True

    def _start_minute(self, tenant: str, number: int) -> CallMinute:
        minutes = self._minutes.setdefault(tenant, {})
        # Forgotten where minutes are added: each tenant has at most an hour of them, without a job.
        for old in [each for each in minutes if each <= number - MINUTES_KEPT]:
            del minutes[old]
        minute = minutes[number] = CallMinute()
        return minute

    def compute_last_expired_minute(self, now: int) -> int:
        """Return the number of the newest minute that is before the last hour, so that its rows can be deleted."""
        return now // _MINUTE - MINUTES_KEPT

    def merge_last_hour(self, tenant: str, rows: Iterable[CallMinuteRow], now: int) -> Sequence[tuple[int, CallMinute]]:
        """Return the last sixty minutes with their start times, oldest first, from this server's counts and rows of
        others."""
        last = now // _MINUTE
        # Empty minutes are included: a chart must show a pause as zero.
        minutes = {number: CallMinute() for number in range(last - MINUTES_KEPT + 1, last + 1)}
        for number, minute in self._minutes.get(tenant, {}).items():
            if number in minutes:
                minutes[number].add_minute(minute)
        for row in rows:
            if row.minute in minutes:
                minutes[row.minute].add_minute(CallMinute.from_row(row))
        return [(number * _MINUTE, minute) for number, minute in minutes.items()]

    def take_unsaved_minutes(self, tenant: str) -> dict[int, dict[str, Any]]:
        """Take the rows of changed minutes for storing; mark them again if storing fails."""
        unsaved_minutes = {number: minute for number, minute in self._minutes.get(tenant, {}).items() if minute.unsaved}
        # Unmarked before the write: a call that is counted meanwhile marks the minute again.
        for minute in unsaved_minutes.values():
            minute.unsaved = False
        return {number: minute.to_row() for number, minute in unsaved_minutes.items()}

    def mark_unsaved(self, tenant: str, minutes: Iterable[int]) -> None:
        """Mark minutes as unsaved after a failed write."""
        for minute in minutes:
            if minute in self._minutes.get(tenant, {}):
                self._minutes[tenant][minute].unsaved = True

    def tenants(self) -> list[str]:
        """Tenants with statistics."""
        return list(self._minutes)

    def forget_tenant(self, tenant: str) -> None:
        """Delete a tenant's statistics."""
        self._minutes.pop(tenant, None)


Key = tuple[str, str]  # operation, version


#: calls by the minute, of this server and, from their rows, of others
TRAFFIC: Port[Traffic] = Port("traffic counters")


class Meter:
    """Usage counters of every operation by tenant: stored counts plus unsaved ones."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.traffic = Traffic(clock or SystemClock())
        self._stored_usage: dict[str, dict[Key, Usage]] = {}
        self._saving: dict[str, dict[Key, Usage]] = {}
        self._unsaved: dict[str, dict[Operation, Usage]] = {}

    def record(self, operation: Operation, seconds: float, ok: bool, tenant: str = DEFAULT_TENANT) -> None:
        """Count one call."""
        bucket = compute_duration_bucket(int(seconds * SECOND))
        self.traffic.record(operation, bucket, ok, tenant)
        try:
            usage = self._unsaved[tenant][operation]
        except KeyError:
            usage = self._unsaved.setdefault(tenant, {}).setdefault(operation, Usage())
        usage.calls += 1
        if not ok:
            usage.errors += 1
        usage.buckets[bucket] += 1

    def usage(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> Usage:
        """Return the total usage of an operation."""
        key = (operation.name, operation.version)
        total = Usage()
        for counts in (
            self._stored_usage.get(tenant, {}).get(key),
            self._saving.get(tenant, {}).get(key),
            self._unsaved.get(tenant, {}).get(operation),
        ):
            if counts is not None:
                total.add_usage(counts)
        return total

    def load_usage(self, tenant: str, rows: Iterable[OperationUsageRow]) -> None:
        """Load counters from rows of ``operation_usage``."""
        self._stored_usage[tenant] = {(row.operation, row.version): Usage.from_row(row) for row in rows}

    def tenants(self) -> Iterator[str]:
        """Tenants with unsaved counts."""
        yield from list(self._unsaved.keys() | self._saving.keys())

    def forget_tenant(self, tenant: str) -> None:
        """Delete all of a tenant's statistics, including the last hour."""
        self.traffic.forget_tenant(tenant)
        for counters in (self._stored_usage, self._saving, self._unsaved):
            counters.pop(tenant, None)

    def take_unsaved_usage(self, tenant: str) -> dict[Key, Usage]:
        """Take the counts to store. They stay included until :meth:`mark_saved` or the next call of this method."""
        # Counts of a write that failed are still there, and go with the new ones.
        tenant_usage = self._saving.setdefault(tenant, {})
        # Moved, not copied: calls during the write go to a new counter, and are neither lost nor stored twice.
        for operation, usage in self._unsaved.pop(tenant, {}).items():
            tenant_usage.setdefault((operation.name, operation.version), Usage()).add_usage(usage)
        if not tenant_usage:
            del self._saving[tenant]
        return tenant_usage

    def mark_saved(self, tenant: str, totals: Mapping[Key, Usage]) -> None:
        """Record the stored totals, which include the counts taken for storing."""
        # No await between the two: ``usage`` adds both and would otherwise count them twice or not at all.
        self._saving.pop(tenant, None)
        self._stored_usage.setdefault(tenant, {}).update(totals)
