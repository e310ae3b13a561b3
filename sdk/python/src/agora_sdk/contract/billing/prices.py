"""Prices of agents, and the format of amounts."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from ..currencies import CODES
from ..fields import Timestamp, not_a_boolean
from ..results import Page, Result

__all__ = ["PLACES", "Amount", "Currency", "Positive", "Price", "PricePage", "PricingInfo", "PricingType"]

PLACES = 6


def _check_decimal_places(value: float) -> float:
    if -int(Decimal(repr(value)).normalize().as_tuple().exponent) > PLACES:
        raise ValueError(f"an amount has at most {PLACES} decimal places")
    return value


def _check_currency(value: str) -> str:
    if value not in CODES:
        raise ValueError(f"{value} is not a currency of ISO 4217, such as USD")
    return value


_AMOUNT_RULES = (BeforeValidator(not_a_boolean), AfterValidator(_check_decimal_places))
Amount = Annotated[float, Field(ge=0, le=1_000_000), *_AMOUNT_RULES]
Positive = Annotated[float, Field(gt=0, le=10_000_000), *_AMOUNT_RULES]
Currency = Annotated[
    str,
    Field(pattern=r"^[A-Z]{3}$", description="Code of the currency in ISO 4217, such as USD."),
    AfterValidator(_check_currency),
]


class PricingType(StrEnum):
    """Pricing model of an agent."""

    FREE = "free"
    PER_REQUEST = "per_request"  #: price per execution
    PER_MINUTE = "per_minute"  #: price per running time
    PER_HOUR = "per_hour"
    HYBRID = "hybrid"  #: base price per instance, time, and executions
    TOKEN_BASED = "token_based"  # noqa: S105 #  (prices per million input and output tokens)


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    PricingTypeLike: TypeAlias = (
        PricingType | Literal["free", "per_request", "per_minute", "per_hour", "hybrid", "token_based"]
    )
else:
    PricingTypeLike = PricingType


class PricingInfo(Result):
    """Price of an agent. ``price`` is per request, minute or hour, depending on ``type``.

    With type hybrid, ``price`` is per ``usage_unit`` of running time, ``base_price`` is charged once when an instance
    is created, and ``task_price`` per execution. With type token_based, prices are per million tokens.
    """

    type: PricingType = PricingType.FREE
    price: float = 0.0
    currency: str
    base_price: float = 0.0
    task_price: float = 0.0
    usage_unit: Literal["minute", "hour"] | None = None
    input_price: float = 0.0
    output_price: float = 0.0


class Price(PricingInfo):
    """One version of an agent's price."""

    agent_id: str
    agent_name: str
    version: int = Field(description="Counts from 1; the highest effective version applies.")
    effective_from: Timestamp
    created_at: Timestamp
    created_by: str


class PricePage(Page[Price]):
    items_field: ClassVar[str] = "prices"

    prices: list[Price]
