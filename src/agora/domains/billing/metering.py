"""Metering: billing of running time by measured intervals.

A run is an interval in which an instance ran, as measured by its engine. It is reported repeatedly while it grows, and
once when it is closed; only the difference is billed. The cost of a run depends on its length, not on the number of
reports: amounts are differences of a sum that is rounded once over the total time at a price version. The parts
therefore add up to the price of the whole exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import Call
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind

from . import queries as statements
from .budget_enforcement import SpendingLimits
from .ledger import Charge, Ledger
from .money import compute_end_of_month, convert_to_day_number
from .records import MeteredRun
from .terms import PriceTerms, list_later_versions

__all__ = ["Run", "bill_run_growth", "build_base_price_key"]

MAX_ENTRY_MICROSECONDS = 3_600_000_000  #: maximum microseconds of running time per entry


@value_class
class Run:
    """An interval in which an instance ran.

    number: distinguishes the intervals of an instance. began: start, in microseconds since 1970. upto: ``began`` plus
    the running time measured so far by a monotonic clock; a value below the last recorded one is ignored.
    price_version: of the instance's creation. closed: it has ended and will not grow.
    """

    instance_id: str
    number: int
    account_id: str
    agent_id: str
    began: int
    upto: int
    price_version: int
    closed: bool = False


def build_base_price_key(instance_id: str) -> str:
    """Ledger key of an instance's base price: it is charged at most once."""
    return f"base:{instance_id}"


@value_class
class BilledInterval:
    """Part of a run under one version of a price, in one month: microseconds since 1970."""

    began: int
    ended: int
    terms: PriceTerms


async def bill_run_growth(call: Call, runs: Sequence[Run]) -> None:
    """Bill the growth of each run. Idempotent; reports may arrive in any order and concurrently from several servers.

    A ledger entry is written when a run is closed, each hour, when the price or the month changes, and at every
    call while a limit applies to the account or the agent. The remainder is shown as accrued.
    """
    for run in sorted(runs, key=lambda run: (run.instance_id, run.number)):  # always locked in the same order
        await _RunBilling(call, run).bill_run()


class _RunBilling:
    """Bills the growth of one run."""

    def __init__(self, call: Call, run: Run) -> None:
        self.call, self.run, self.ledger = call, run, Ledger(call)
        self._carried_time: dict[int, tuple[int, int]] = {}

    async def bill_run(self) -> None:
        call, run = self.call, self.run
        # Reports of one instance are serialized: two servers billing the same growth concurrently would charge it
        # twice.
        await call.tx.execute(statements.lock_meter, instance_id=run.instance_id, now=call.now)
        row = await call.tx.one(statements.select_run, instance_id=run.instance_id, number=run.number)
        # A late report of a closed run, from another server or repeated: everything was billed.
        if row is not None and row.state == "closed":
            return
        if row is None:
            await self._charge_base_price()
        # The first report determines the start, so that the keys of entries stay the same with every report.
        interval = run.began if row is None else row.began
        billed, measured = self._read_progress(row)
        # Quantity and amount billed so far at each price version: rounding is over their sum, so parts add up exactly.
        for timed in await call.tx.all(statements.sum_instance_charges, instance_id=run.instance_id):
            self._carried_time[timed.price_version] = (timed.quantity, timed.amount)
        intervals = await self._split_by_price(interval + billed, interval + measured)
        unwritten = await self._write_entries(intervals)
        # The rest stays unbilled and is shown as accrued; the next report begins with it.
        billed = measured if unwritten is None else unwritten.began - interval
        await self._store_progress(interval, measured, billed, unwritten)

    def _read_progress(self, row: MeteredRun | None) -> tuple[int, int]:
        """Billed and measured running time, in microseconds. The measured time never decreases: reports may arrive out of order."""
        length = max(0, self.run.upto - self.run.began)
        return (0, length) if row is None else (row.billed, max(length, row.measured))

    async def _charge_base_price(self) -> None:
        """Charge the base price of an instance created by an old release, which charged it at the first run, not at creation."""
        run = self.run
        terms = await self.ledger.read_agreed_or_newer_terms(run.agent_id, run.price_version, run.began)
        key = build_base_price_key(run.instance_id)
        # Looked up, because creation charges it under the same key since then.
        if terms.base_price and not await self.ledger.find_entries_by_keys([key]):
            charge = Charge(key, run.account_id, run.agent_id, EntryKind.BASE, 1, run.instance_id, run.began, run.began)
            await self.ledger.enforce_limits_and_write_entry(charge, terms, terms.base_price, enforce=False)

    async def _split_by_price(self, began: int, ended: int) -> list[BilledInterval]:
        """Split an interval where the price version or the month changes."""
        if ended <= began:
            return []
        run = self.run
        terms = await self.ledger.read_agreed_or_newer_terms(run.agent_id, run.price_version, began)
        later = await list_later_versions(self.call.tx, run.agent_id, terms.version, ended, self.ledger.notice_period)
        intervals = []
        while began < ended:
            start = [row for row in later if row.begins <= began]
            if start:
                terms = PriceTerms.from_row(start[-1])
            ahead = [row.begins for row in later if row.begins > began and row.version > terms.version]
            # Never before began, so the loop ends: each of these is later.
            upto = min(ended, compute_end_of_month(began), *ahead)
            intervals.append(BilledInterval(began, upto, terms))
            began = upto
        return intervals

    async def _write_entries(self, intervals: Sequence[BilledInterval]) -> BilledInterval | None:
        """Write entries for all intervals; the last one only if it is due, otherwise it is returned (and shown as accrued)."""
        for number, interval in enumerate(intervals, 1):
            if number == len(intervals) and not await self._is_due(interval):
                return interval
            await self._write_entry(interval)
        return None

    async def _is_due(self, interval: BilledInterval) -> bool:
        # Few entries for long runs; but while a budget applies, each measurement counts against it immediately.
        if self.run.closed or interval.ended - interval.began >= MAX_ENTRY_MICROSECONDS:
            return True
        limits = SpendingLimits(self.call, self.run.account_id, self.run.agent_id, interval.terms.currency)
        return interval.terms.is_chargeable and await limits.has_applicable_budget()

    async def _write_entry(self, interval: BilledInterval) -> None:
        run, terms, length = self.run, interval.terms, interval.ended - interval.began
        amount = self._compute_amount_due(interval)
        quantity, carried = self._carried_time.get(terms.version, (0, 0))
        self._carried_time[terms.version] = (quantity + length, carried + amount)
        charge = Charge(
            # Unique by the start of the interval: intervals of a run do not overlap.
            f"time:{run.instance_id}:{run.number}:{interval.began}",
            run.account_id,
            run.agent_id,
            EntryKind.TIME,
            length,
            run.instance_id,
            interval.began,
            interval.ended,
        )
        await self.ledger.enforce_limits_and_write_entry(charge, terms, amount, enforce=False)

    def _compute_amount_due(self, interval: BilledInterval) -> int:
        """Compute the increase of the rounded price of all running time at its price version, in millionths."""
        quantity, carried = self._carried_time.get(interval.terms.version, (0, 0))
        whole = quantity + interval.ended - interval.began
        return interval.terms.compute_amount(EntryKind.TIME, max(0, whole)) - carried

    async def _store_progress(self, began: int, measured: int, billed: int, rest: BilledInterval | None) -> None:
        run = self.run
        values: dict[str, Any] = {
            "instance_id": run.instance_id,
            "number": run.number,
            "account": run.account_id,
            "agent": run.agent_id,
            "began": began,
            "measured": measured,
            "billed": billed,
            "accrued": 0 if rest is None else self._compute_amount_due(rest),
            "currency": self.call.context.settings.billing_currency if rest is None else rest.terms.currency,
            "day": convert_to_day_number(max(began, began + measured - 1)),
            "state": "closed" if run.closed else "open",
        }
        await self.call.tx.execute(statements.upsert_run, **values)
