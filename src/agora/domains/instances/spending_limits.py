"""Spending limits of running instances: a reached limit blocks them, and checks are scheduled for the estimated time.

Between two checks an instance runs unmeasured. With a limit on its account or agent, its next check is scheduled for the
time at which all instances under the limit together will have used it up. A limit is therefore exceeded by fractions of
a second of running time instead of the time between two checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

from agora.clock import SECOND
from agora.core.call import Call
from agora.domains.billing.budget_enforcement import Headroom, list_headroom
from agora.domains.billing.ledger import Ledger
from agora.domains.billing.terms import PriceTerms

from . import queries as statements
from .records import InstanceRow, OpenInterval
from .transitions import set_block

__all__ = ["block_exhausted_instances", "block_or_unblock_instances", "schedule_limit_checks"]

MIN_DELAY = SECOND // 10  #: minimum delay before a check, whatever the estimate, in microseconds
MAX_MISSED_CHECKS = 2  #: missed checks after which an unmeasured instance is no longer counted

Group = tuple[str, str, int]  #: account, agent, price version


def group_by_price(rows: Sequence[InstanceRow]) -> dict[Group, list[InstanceRow]]:
    """Group instances by account, agent and price version, which determine their limits."""
    groups: dict[Group, list[InstanceRow]] = defaultdict(list)
    for row in rows:
        groups[row.account_id, row.agent_id, row.price_version].append(row)
    return groups


async def block_exhausted_instances(call: Call, rows: Sequence[InstanceRow]) -> None:
    """Block just measured running instances not covered by a limit; schedule the next check of the others."""
    covered = await block_or_unblock_instances(call, group_by_price(rows))
    await schedule_limit_checks(call, covered)


async def block_or_unblock_instances(call: Call, groups: Mapping[Group, Sequence[InstanceRow]]) -> list[Group]:
    """Block instances not covered by a limit, unblock the others; return the groups that may run."""
    covered = []
    for (account, agent, version), rows in groups.items():
        why = await Ledger(call).find_running_block_reason(account, agent, version)
        for row in rows:
            if row.blocked != why:
                await set_block(call, row, why)
        if why is None:
            covered.append((account, agent, version))
    return covered


async def schedule_limit_checks(call: Call, groups: Sequence[Group]) -> None:
    """Move checks forward to the time at which a limit on these groups will be used up."""
    for account, agent, version in groups:
        terms = await Ledger(call).read_agreed_or_newer_terms(agent, version)
        if not terms.time_price[0]:
            continue
        headroom = await list_headroom(call.tx, account, agent, terms.currency, call.now)
        if not headroom:
            continue
        rates = await _read_rates(call, account, agent, terms.currency)
        # Each limit by itself: they differ in the instances that spend under them.
        for limit in headroom:
            delay = _estimate_time_left(limit, rates, call.now)
            if delay is not None:
                due = call.now + max(MIN_DELAY, delay)
                scope = {"account": limit.account_id, "agent": limit.agent_id}
                await call.tx.execute(statements.advance_due_time, due_at=due, **scope)


async def _read_rates(call: Call, account: str, agent: str, currency: str) -> list[tuple[OpenInterval, Fraction]]:
    """Read the open intervals of an account or agent, each with its price in millionths per microsecond."""
    since = call.now - int(MAX_MISSED_CHECKS * call.context.settings.instance_check * SECOND)
    intervals = await call.tx.all(statements.select_open_intervals_in_scope, account=account, agent=agent, since=since)
    ledger, terms, rates = Ledger(call), dict[tuple[str, int], PriceTerms](), []
    for row in intervals:
        key = (row.agent_id, row.price_version)
        if key not in terms:
            terms[key] = await ledger.read_agreed_or_newer_terms(*key)
        if terms[key].currency == currency:
            rates.append((row, Fraction(*terms[key].time_price)))
    return rates


def _estimate_time_left(limit: Headroom, rates: Sequence[tuple[OpenInterval, Fraction]], now: int) -> int | None:
    """Estimate the microseconds until running instances use up a limit; None if they are free."""
    covered_rows = [(row, rate) for row, rate in rates if limit.covers_spending(row.account_id, row.agent_id)]
    total = sum((rate for _, rate in covered_rows), Fraction())
    if not total:
        return None
    # Spent already, but in no entry yet: the headroom does not know it.
    unmeasured = sum((rate * max(0, now - row.seen_at) for row, rate in covered_rows), Fraction())
    return ceil((limit.amount - unmeasured) / total)
