"""Metering: intervals in which an instance ran, measured by the monotonic clock, and their charges.

Only time in an interval is billed. An interval opens when the engine reports that the instance runs, and closes when
it is paused or ends. If the end was not observed, it closes at the last check: unobserved time is never billed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.domains.billing.metering import Run, bill_run_growth
from agora.runtimes.port import Usage
from agora.value_classes import value_class

from . import queries as statements
from .records import INTERVALS, InstanceIntervalRow, InstanceRow, OpenInterval

__all__ = [
    "CheckResult",
    "MonotonicTime",
    "begin_interval",
    "bill_running_intervals",
    "build_check_update",
    "close_and_bill_interval",
]


@value_class
class MonotonicTime:
    """A reading of the monotonic clock. at: microseconds since boot. boot: id; readings of other boots are not comparable."""

    at: int
    boot: str


@value_class
class CheckResult:
    """Result of a check of a running instance.

    since: time of the previous check; due: time of the next one; both in microseconds since 1970. failing: number of
    consecutive failed health checks; error: reason of the last failure.
    """

    usage: Usage
    since: int
    due: int
    failing: int = 0
    error: str | None = None


async def begin_interval(call: Call, row: InstanceRow, ticks: MonotonicTime) -> None:
    """Open an interval for a running instance. Idempotent."""
    # A step that is repeated after a crash must not open a second interval.
    if await call.tx.one(statements.select_open_interval, instance_id=row.instance_id) is not None:
        return
    previous = await call.tx.one(statements.select_last_interval, instance_id=row.instance_id)
    number = 1 if previous is None else previous.number + 1
    interval = InstanceIntervalRow(
        tenant_id=call.caller.tenant,
        instance_id=row.instance_id,
        number=number,
        generation=row.generation,
        began=call.now,
        measured=0,
        seen_at=call.now,
        ticks=ticks.at,
        boot=ticks.boot,
        ended=None,
    )
    call.tx.append(INTERVALS, interval)
    version = row.price_version
    new_run = Run(row.instance_id, number, row.account_id, row.agent_id, call.now, call.now, version)
    # Of no length: the first report fixes the start, from which the keys of the ledger's entries are made.
    await bill_run_growth(call, [new_run])


def build_check_update(call: Call, row: InstanceRow, check: CheckResult) -> list[Any]:
    """Build a row of ``statements.checked`` for a running instance; CPU usage is averaged over the time since the previous check."""
    usage = check.usage
    # The program of a new generation counts from zero.
    used = max(0.0, usage.cpu_seconds - row.cpu_seconds)
    percent = 100 * used / ((call.now - check.since) / SECOND) if call.now > check.since else 0.0
    check_values = [row.instance_id, row.generation, check.due]
    outcome = [int(not check.failing), check.failing, check.error]
    return [*check_values, *outcome, usage.cpu_seconds, round(percent, 3), usage.rss, usage.received, usage.sent]


async def bill_running_intervals(call: Call, ids: Sequence[str], ticks: MonotonicTime) -> None:
    """Extend and bill the open intervals of instances just observed as running."""
    if not ids:
        return
    names = encode_json(sorted(ids))
    await call.tx.execute(statements.extend_intervals, ids=names, ticks=ticks.at, boot=ticks.boot, now=call.now)
    rows = await call.tx.all(statements.select_observed_intervals, ids=names)
    await bill_run_growth(call, [_build_run(row, row, row.measured) for row in rows])


async def close_and_bill_interval(
    call: Call, row: InstanceRow, ticks: MonotonicTime, at: int | None = None, *, until_now: bool = False, more: int = 0
) -> int:
    """Close the open interval and bill it; return its length in microseconds, 0 if none was open.

    at: end time, None if unknown. until_now: it was observed running at ``ticks``. more: microseconds it ran afterwards.
    """
    interval = await call.tx.one(statements.select_open_interval, instance_id=row.instance_id)
    if interval is None:
        return 0
    measured: int = interval.measured + _measure_time_since_last_check(interval, ticks, at, until_now) + more
    await call.tx.execute(
        statements.close_interval,
        instance_id=row.instance_id,
        number=interval.number,
        measured=measured,
        seen_at=call.now,
        ticks=ticks.at,
        ended=interval.began + measured,
    )
    await bill_run_growth(call, [_build_run(row, interval, measured, closed=True)])
    return measured


def _measure_time_since_last_check(
    interval: InstanceIntervalRow, ticks: MonotonicTime, at: int | None, until_now: bool
) -> int:
    """Measure the running time since the last check in microseconds, limited by the elapsed monotonic time."""
    # After a reboot the readings are not comparable: that time was not observed, and is not billed.
    passed = max(0, ticks.at - interval.ticks) if ticks.boot == interval.boot else 0
    if until_now:
        return passed
    return 0 if at is None else min(max(0, at - interval.seen_at), passed)


def _build_run(
    row: InstanceRow | OpenInterval, interval: InstanceIntervalRow, measured: int, *, closed: bool = False
) -> Run:
    new_run, version = interval.began, row.price_version
    payer = (row.account_id, row.agent_id)
    return Run(row.instance_id, interval.number, *payer, new_run, new_run + measured, version, closed)
