"""Charges of one task or workflow, summed from its ledger entries."""

from __future__ import annotations

from collections.abc import Mapping

from agora.value_classes import value_class

from ..filters import NO_VALUE, format_money
from ..view import View
from .list_parameters import query_if_allowed

__all__ = ["Charges", "load_charges"]

MAX_CHARGES = 500  #: maximum entries in the sum


@value_class
class Charges:
    """Charged amounts by currency. partial: whether there are more entries than were summed."""

    amounts: Mapping[str, float]
    partial: bool

    @property
    def text(self) -> str:
        if not self.amounts:
            return NO_VALUE
        amounts = " + ".join(format_money(amount, currency) for currency, amount in sorted(self.amounts.items()))
        return f"over {amounts}" if self.partial else amounts


async def load_charges(view: View, **subject: str) -> Charges | None:
    """Sum the charges of a task (``task_id``) or a workflow (``workflow_id``); None if the user may not see them."""
    page = await query_if_allowed(view, "agora.billing.usage", {**subject, "limit": MAX_CHARGES})
    if page is None:
        return None
    micros: dict[str, int] = {}
    for entry in page.items:
        micros[entry.currency] = micros.get(entry.currency, 0) + entry.amount_micros
    return Charges({currency: amount / 1_000_000 for currency, amount in micros.items()}, page.has_more)
