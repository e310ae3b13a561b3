"""What passes: the price of running time that has not been measured yet, for whoever shows it. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ...store.port import Reader, Row
from ...store.statements import billing as statements
from .terms import Terms, in_force

__all__ = ["Ahead", "ahead"]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Running time of an instance of an agent, in microseconds, and what it costs at least, in millionths."""

    agent_id: str
    currency: str
    quantity: int
    amount: int


async def ahead(tx: Reader, stretches: Sequence[tuple[str, int, int]], currency: str) -> list[Ahead]:
    """What each stretch (agent, began, length) costs: never more than :func:`bill` will make of it.

    Rounded down, and counted to the next change of the price: what comes after is known when it has been measured.
    """
    by_agent: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for agent, began, length in stretches:
        by_agent[agent].append((began, began + length))
    terms: dict[str, tuple[Terms, Sequence[Row]]] = {}
    for agent, spans in by_agent.items():
        first = await in_force(tx, agent, min(began for began, _ in spans), currency)
        until = max(ended for _, ended in spans)
        later = await tx.all(statements.prices_from, agent_id=agent, version=first.version + 1, until=until)
        terms[agent] = (first, later)
    return [_priced(agent, began, length, *terms[agent]) for agent, began, length in stretches]


def _priced(agent: str, began: int, length: int, first: Terms, later: Sequence[Row]) -> Ahead:
    begun = [row for row in later if row["effective_from"] <= began]
    terms = Terms.of(begun[-1]) if begun else first
    changes = [
        row["effective_from"] for row in later if row["effective_from"] > began and row["version"] > terms.version
    ]
    price, unit = terms.time
    costs = min(length, min(changes, default=began + length) - began)
    return Ahead(agent, terms.currency, length, price * costs // unit)
