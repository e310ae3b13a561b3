"""Terms: the current price version, and the amount for a quantity at a version.

New instances and tasks use the version in force. Existing ones keep the version they were started with; a newer version
applies to them only after its notice period, so a price never changes without notice for running work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.call import encode_json
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind, PricingInfo, PricingType

from . import queries as statements
from .money import divide_half_up, from_micros
from .records import PriceChange, PriceRow

__all__ = [
    "UNITS",
    "PriceTerms",
    "build_pricing_fields",
    "build_pricing_info",
    "list_later_versions",
    "read_agreed_or_newer_terms",
    "read_terms_in_force",
    "read_terms_of_agents",
]

MINUTE, HOUR = 60_000_000, 3_600_000_000
MILLION = 1_000_000
UNITS: Mapping[EntryKind, tuple[str, int]] = {
    EntryKind.BASE: ("instance", 1),
    EntryKind.TIME: ("second", 1_000_000),
    EntryKind.REQUEST: ("request", 1),
    EntryKind.TASK: ("task", 1),
    EntryKind.INPUT_TOKENS: ("token", 1),
    EntryKind.OUTPUT_TOKENS: ("token", 1),
    EntryKind.MODEL: ("token", 1),
    EntryKind.CREDIT: ("credit", 1),
    EntryKind.PAYMENT: ("payment", 1),
    EntryKind.DISCOUNT: ("discount", 1),
    EntryKind.FREE_QUOTA: ("reduction", 1),
}  #: unit of each kind, and its size


@value_class
class PriceTerms:
    """One version of an agent's price, in millionths of its currency; version 0 is an agent without a price."""

    version: int
    currency: str
    type: PricingType = PricingType.FREE
    price: int = 0
    base_price: int = 0
    task_price: int = 0
    usage_unit: str | None = None
    input_price: int = 0
    output_price: int = 0

    @classmethod
    def from_row(cls, row: PriceRow) -> PriceTerms:
        return cls(
            row.version,
            row.currency,
            PricingType(row.type),
            row.price,
            row.base_price,
            row.task_price,
            row.usage_unit,
            row.input_price,
            row.output_price,
        )

    @property
    def is_chargeable(self) -> bool:
        """Whether any price is not zero."""
        return any((self.price, self.base_price, self.task_price, self.input_price, self.output_price))

    @property
    def execution_price(self) -> int:
        """Price of one execution or task."""
        # A hybrid price has a price for time and another one for tasks.
        return self.price if self.type is PricingType.PER_REQUEST else self.task_price

    @property
    def time_price(self) -> tuple[int, int]:
        """Price of running time, and its unit in microseconds."""
        if self.type is PricingType.PER_MINUTE or (self.type is PricingType.HYBRID and self.usage_unit == "minute"):
            return self.price, MINUTE
        if self.type in (PricingType.PER_HOUR, PricingType.HYBRID):
            return self.price, HOUR
        return 0, HOUR

    def compute_amount(self, kind: EntryKind, quantity: int) -> int:
        """Compute the amount of a quantity, rounded to the millionth. quantity: time in microseconds."""
        if kind is EntryKind.TIME:
            price, unit = self.time_price
            return divide_half_up(price * quantity, unit)
        if kind in (EntryKind.REQUEST, EntryKind.TASK):
            return self.execution_price * quantity
        if kind is EntryKind.BASE:
            return self.base_price * quantity
        if kind is EntryKind.INPUT_TOKENS:
            return divide_half_up(self.input_price * quantity, MILLION)
        if kind is EntryKind.OUTPUT_TOKENS:
            return divide_half_up(self.output_price * quantity, MILLION)
        raise ValueError(f"{kind} has no price")


async def read_terms_in_force(tx: Reader, agent_id: str, at: int, currency: str) -> PriceTerms:
    """Find an agent's terms at a time: the highest version that has begun. currency: default without a price."""
    row = await tx.one(statements.select_price_at, agent_id=agent_id, at=at)
    return PriceTerms.from_row(row) if row is not None else PriceTerms(0, currency)


async def read_terms_of_agents(tx: Reader, agent_ids: Sequence[str], at: int) -> dict[str, PriceTerms]:
    """Find the terms of the agents that have a price at a time, by agent id."""
    rows = await tx.all(statements.select_prices_at, agents=encode_json(agent_ids), at=at) if agent_ids else ()
    return {row.agent_id: PriceTerms.from_row(row) for row in rows}


async def read_agreed_or_newer_terms(
    tx: Reader, agent_id: str, version: int, at: int, notice: int, currency: str
) -> PriceTerms:
    """Find the terms at a time for an agreed price version: that version, until another one's notice period is over.

    notice: microseconds from the announcement of a version until it applies to earlier agreements. currency: of an
    agent without a price.
    """
    row = await tx.one(statements.select_agreed_price, agent_id=agent_id, version=version, at=at, notice=notice)
    return PriceTerms.from_row(row) if row is not None else PriceTerms(0, currency)


async def list_later_versions(
    tx: Reader, agent_id: str, version: int, until: int, notice: int
) -> Sequence[PriceChange]:
    """Find the later versions that apply to an agreed version before a time; ``begins`` is each one's start."""
    return await tx.all(statements.select_prices_from, agent_id=agent_id, version=version, until=until, notice=notice)


def build_pricing_fields(terms: PriceTerms) -> dict[str, Any]:
    """Build the fields of the contract's :class:`PricingInfo`."""
    return {
        "type": terms.type,
        "price": from_micros(terms.price),
        "currency": terms.currency,
        "base_price": from_micros(terms.base_price),
        "task_price": from_micros(terms.task_price),
        "usage_unit": terms.usage_unit,
        "input_price": from_micros(terms.input_price),
        "output_price": from_micros(terms.output_price),
    }


async def build_pricing_info(tx: Reader, agent_id: str, now: int, currency: str) -> PricingInfo:
    """Build the pricing information of an agent."""
    return PricingInfo(**build_pricing_fields(await read_terms_in_force(tx, agent_id, now, currency)))
