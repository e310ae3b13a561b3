"""Usage: ledger entries, their totals, and revenue."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from ..fields import Timestamp, not_a_boolean, not_a_number
from ..results import Page, Result
from ..tasks.token_usage import TokenUsage

__all__ = [
    "AgentCost",
    "Bill",
    "BillingInfo",
    "Cost",
    "CostBreakdown",
    "Count",
    "Day",
    "Entry",
    "EntryId",
    "EntryKind",
    "EntryKindLike",
    "EntryPage",
    "Key",
    "Revenue",
    "RevenuePage",
    "Seconds",
    "TokenUsagePage",
    "UsageRecord",
]

EntryId = Annotated[str, Field(max_length=64, pattern=r"^use_[0-9a-f]{32}$", description="Id of a ledger entry.")]
Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=150,
        pattern=r"^[!-~]+$",
        description="Idempotency key of this usage: repeating the call with it has no further effect.",
    ),
]
Count = Annotated[int, Field(ge=0, le=1_000_000_000_000), BeforeValidator(not_a_boolean)]
Seconds = Annotated[float, Field(ge=0, le=31_622_400), BeforeValidator(not_a_boolean)]
Day = Annotated[date, BeforeValidator(not_a_number), Field(description="A day in UTC, such as 2026-11-30.")]


class EntryKind(StrEnum):
    """Kind of a ledger entry."""

    BASE = "base"
    TIME = "time"
    REQUEST = "request"
    TASK = "task"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    MODEL = "model"  #: a call of a language model
    CREDIT = "credit"
    PAYMENT = "payment"
    DISCOUNT = "discount"
    FREE_QUOTA = "free_quota"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    EntryKindLike: TypeAlias = (
        EntryKind
        | Literal[
            "base",
            "time",
            "request",
            "task",
            "input_tokens",
            "output_tokens",
            "model",
            "credit",
            "payment",
            "discount",
            "free_quota",
        ]
    )
else:
    EntryKindLike = EntryKind


class CostBreakdown(Result):
    """Components of a cost; their sum is the cost."""

    base_cost: float = 0.0
    usage_cost: float = Field(default=0.0, description="For time and tokens.")
    task_cost: float = Field(default=0.0, description="For executions and tasks.")
    reductions: float = Field(default=0.0, description="Discounts and free quotas; zero or negative.")


class BillingInfo(Result):
    """Cost totals. ``total_cost`` is the sum of the breakdown."""

    total_cost: float = 0.0
    currency: str
    usage_time: float = Field(default=0.0, description="Seconds of measured running time.")
    task_executions: int = 0
    cost_breakdown: CostBreakdown
    input_tokens: int = 0
    output_tokens: int = 0
    accrued_cost: float = Field(default=0.0, description="Accrued cost: running time that is not in the ledger yet.")


class Bill(BillingInfo):
    """Costs in one currency; ``other_currencies`` holds those in every other currency."""

    other_currencies: list[BillingInfo] = []


class AgentCost(BillingInfo):
    """Cost of one agent."""

    agent_id: str
    agent_name: str


class Cost(Bill):
    """Usage and its cost."""

    account_id: str | None = None
    agent_id: str | None = None
    instance_id: str | None = None
    since: date | None = None
    until: date | None = None
    by_agent: list[AgentCost] = []


class Entry(Result):
    """An immutable ledger entry. A reversal is a separate entry with the opposite amount."""

    entry_id: str
    account_id: str
    agent_id: str | None = None
    instance_id: str | None = None
    task_id: str | None = Field(default=None, description="The task that was charged, or whose charge is reversed.")
    kind: EntryKind
    quantity: float = Field(description="In the unit.")
    unit: str
    price_version: int | None = None
    amount: float = Field(description="Amount charged to the account; negative for a credit.")
    amount_micros: int = Field(description="The same in millionths, exact.")
    currency: str
    began: Timestamp
    ended: Timestamp
    description: str = ""
    reverses: str | None = None
    created_at: Timestamp
    created_by: str


class EntryPage(Page[Entry]):
    items_field: ClassVar[str] = "usage"

    usage: list[Entry]


class UsageRecord(Result):
    """Usage as it is in the ledger."""

    entries: list[Entry]
    total_cost: float
    currency: str


class Revenue(Result):
    """Revenue of an agent."""

    agent_id: str
    agent_name: str
    currency: str
    revenue: float
    usage_time: float = 0.0
    task_executions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    customers: int = Field(description="Number of paying accounts.")


class RevenuePage(Page[Revenue]):
    items_field: ClassVar[str] = "revenue"

    revenue: list[Revenue]


class TokenUsagePage(Page[TokenUsage]):
    items_field: ClassVar[str] = "tokens"

    tokens: list[TokenUsage]
