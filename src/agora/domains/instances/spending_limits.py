"""Spending limits of running instances: they are blocked when one is reached, and checked at the moment it will be.

Between two checks an instance runs unmeasured. With a limit over its account or agent, its next check is at the moment at
which everything that runs under the limit will have used it up, so that a limit is passed by fractions of a second of
running time, not by the time between two checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

from agora.clock import SECOND
from agora.core.call import Call
from agora.domains.billing.budgets import Headroom, find_headroom
from agora.domains.billing.ledger import Ledger
from agora.domains.billing.terms import PriceTerms

from . import queries as statements
from .records import InstanceRow, OpenInterval
from .transitions import set_block

__all__ = ["apply_limits", "schedule_limit_checks", "update_blocks"]

MIN_DELAY = SECOND // 10  #: microseconds until a check at the earliest, whatever is estimated
CHECKS = 2  #: checks after which an instance that nobody measures is not counted on any more

Group = tuple[str, str, int]  #: account, agent, version of its price


def group_by_price(rows: Sequence[InstanceRow]) -> dict[Group, list[InstanceRow]]:
    """Instances by what decides about their limits."""
    groups: dict[Group, list[InstanceRow]] = defaultdict(list)
    for row in rows:
        groups[row.account_id, row.agent_id, row.price_version].append(row)
    return groups


async def apply_limits(call: Call, rows: Sequence[InstanceRow]) -> None:
    """Block running instances, measured just now, that a limit does not cover; schedule the next check of the others."""
    covered = await update_blocks(call, group_by_price(rows))
    await schedule_limit_checks(call, covered)


async def update_blocks(call: Call, groups: Mapping[Group, Sequence[InstanceRow]]) -> list[Group]:
    """Block instances that a limit does not cover, unblock those it covers; return the groups that may run."""
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
    """Bring checks forward to the moment at which a limit over these groups will be used up."""
    for account, agent, version in groups:
        terms = await Ledger(call).find_agreed_terms(agent, version)
        if not terms.time_price[0]:
            continue
        headroom = await find_headroom(call.tx, account, agent, terms.currency, call.now)
        if not headroom:
            continue
        rates = await _read_rates(call, account, agent, terms.currency)
        for limit in headroom:
            delay = _estimate_time_left(limit, rates, call.now)
            if delay is not None:
                due = call.now + max(MIN_DELAY, delay)
                scope = {"account": limit.account_id, "agent": limit.agent_id}
                await call.tx.execute(statements.advance_due_time, due_at=due, **scope)


async def _read_rates(call: Call, account: str, agent: str, currency: str) -> list[tuple[OpenInterval, Fraction]]:
    """What runs for an account or of an agent, each with its price in millionths for a microsecond."""
    since = call.now - int(CHECKS * call.context.settings.instance_check * SECOND)
    intervals = await call.tx.all(statements.select_open_intervals_in_scope, account=account, agent=agent, since=since)
    ledger, terms, rates = Ledger(call), dict[tuple[str, int], PriceTerms](), []
    for row in intervals:
        key = (row.agent_id, row.price_version)
        if key not in terms:
            terms[key] = await ledger.find_agreed_terms(*key)
        if terms[key].currency == currency:
            rates.append((row, Fraction(*terms[key].time_price)))
    return rates


def _estimate_time_left(limit: Headroom, rates: Sequence[tuple[OpenInterval, Fraction]], now: int) -> int | None:
    """Microseconds until a limit is used up by what runs under it; None if that costs nothing."""
    covered_rows = [(row, rate) for row, rate in rates if limit.covers_spending(row.account_id, row.agent_id)]
    total = sum((rate for _, rate in covered_rows), Fraction())
    if not total:
        return None
    unmeasured = sum((rate * max(0, now - row.seen_at) for row, rate in covered_rows), Fraction())
    return ceil((limit.amount - unmeasured) / total)
