"""Accrued cost: the estimated price of running time that is not metered yet. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agora.core.call import Call

from .ledger import Ledger
from .records import PriceChange
from .terms import Terms, later_versions

__all__ = ["Ahead", "ahead"]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Running time of an instance of an agent, in microseconds, and what it costs at least, in millionths."""

    agent_id: str
    currency: str
    quantity: int
    amount: int


async def ahead(call: Call, stretches: Sequence[tuple[str, int, int, int]]) -> list[Ahead]:
    """What each stretch (agent, price version, began, length) costs: never more than metering will bill for it.

    Rounded down, and counted to the next change of the price: what comes after is known when it has been measured.
    """
    spans: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for agent, version, began, length in stretches:
        spans[agent, version].append((began, began + length))
    ledger, found = Ledger(call), {}
    for (agent, version), bounds in spans.items():
        first = await ledger.agreed(agent, version, min(began for began, _ in bounds))
        until = max(ended for _, ended in bounds)
        later = await later_versions(call.tx, agent, first.version, until, ledger.notice)
        found[agent, version] = (first, later)
    return [_estimate_cost(agent, began, length, *found[agent, version]) for agent, version, began, length in stretches]


def _estimate_cost(agent: str, began: int, length: int, first: Terms, later: Sequence[PriceChange]) -> Ahead:
    begun = [row for row in later if row.begins <= began]
    terms = Terms.of(begun[-1]) if begun else first
    changes = [row.begins for row in later if row.begins > began and row.version > terms.version]
    price, unit = terms.time
    costs = min(length, min(changes, default=began + length) - began)
    return Ahead(agent, terms.currency, length, price * costs // unit)
