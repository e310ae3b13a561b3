"""Accrued cost: the estimated price of running time that is not metered yet. Read-only.

All views of amounts owed use this module, so that they agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agora.core.call import Call

from .ledger import Ledger
from .ports import RUNNING_TIME, ProjectedCost
from .records import PriceChange
from .terms import PriceTerms, list_later_versions

__all__ = ["estimate_running_costs", "estimate_unmetered_costs"]


async def estimate_running_costs(call: Call, account: str | None, instance: str = "") -> Sequence[ProjectedCost]:
    """Read unmetered running time with its cost. account: None for all, '' for none. instance: '' for all."""
    port = call.context.ports.find(RUNNING_TIME)
    return [] if port is None or account == "" else await port.get()(call, account, instance)


async def estimate_unmetered_costs(
    call: Call, stretches: Sequence[tuple[str, str, int, int, int]]
) -> list[ProjectedCost]:
    """Estimate the cost of each interval (account, agent, price version, start, length), never above the later bill.

    Rounded down, and only up to the next change of the price; later time is billed when measured.
    """
    spans: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for _, agent, version, started_at, length in stretches:
        spans[agent, version].append((started_at, started_at + length))
    ledger, terms_by_agent = Ledger(call), {}
    for (agent, version), bounds in spans.items():
        # One look-up for all intervals of a price version: instances of one agent usually share it.
        current = await ledger.read_agreed_or_newer_terms(agent, version, min(started_at for started_at, _ in bounds))
        until = max(ended for _, ended in bounds)
        changes = await list_later_versions(call.tx, agent, current.version, until, ledger.notice_period)
        terms_by_agent[agent, version] = (current, changes)
    return [
        _estimate_cost(account, agent, started_at, length, *terms_by_agent[agent, version])
        for account, agent, version, started_at, length in stretches
    ]


def _estimate_cost(
    account: str, agent: str, began: int, length: int, initial: PriceTerms, later: Sequence[PriceChange]
) -> ProjectedCost:
    in_force = [row for row in later if row.begins <= began]
    terms = PriceTerms.from_row(in_force[-1]) if in_force else initial
    # Time after the next change is left out: its price would be a guess, and the estimate must not exceed the bill.
    changes = [row.begins for row in later if row.begins > began and row.version > terms.version]
    price, unit = terms.time_price
    costs = min(length, min(changes, default=began + length) - began)
    # Rounded down, whereas the bill rounds half up: a displayed amount never falls when the time is metered.
    return ProjectedCost(account, agent, terms.currency, length, price * costs // unit)
