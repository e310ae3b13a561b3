"""Prices of language models, and the cost of calls to them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..fields import PRINTABLE, Timestamp
from ..results import Page, Result

__all__ = [
    "BillingModel",
    "BudgetCheck",
    "ModelCall",
    "ModelCallPage",
    "ModelName",
    "ModelPrice",
    "ModelPricePage",
    "ModelTokens",
    "ModelUsage",
    "PriceModel",
    "PriceProvider",
    "ProjectName",
    "RemovedPrice",
    "SpendingLimit",
    "TokenCredits",
    "TokenSummary",
    "UsageTotals",
]

ModelName = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", examples=["anthropic:claude-sonnet-4-5"]),
]
ProjectName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=PRINTABLE,
        description="Name of a project: the metadata field 'project' of its tasks, or the codebase of a coding job.",
    ),
]
PriceProvider = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        description="The provider: the part of a model's name before the colon.",
        examples=["anthropic"],
    ),
]
PriceModel = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Model name as used by the provider; '*' for all models of the provider.",
        examples=["claude-sonnet-4-5"],
    ),
]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class ModelTokens(BaseModel):
    """Tokens used by one model call."""

    model_config = ConfigDict(extra="forbid")

    input_tokens: Count = Field(default=0, description="All input tokens, including cached ones.")
    output_tokens: Count = Field(default=0, description="All output tokens, including reasoning.")
    cache_read_tokens: Count = Field(default=0, description="Input tokens read from a cache.")
    cache_write_tokens: Count = Field(default=0, description="Input tokens written to a cache.")
    reasoning_tokens: Count = Field(default=0, description="Output tokens used for reasoning.")


class ModelPrice(Result):
    """Price of a model per million tokens, in USD or the given currency, excluding markup."""

    id: str = Field(description="PROVIDER:MODEL.")
    provider: str
    model: str
    currency: str
    input_cost_per_m: float
    output_cost_per_m: float
    cache_read_cost_per_m: float = Field(description="Defaults to the input price.")
    cache_write_cost_per_m: float = Field(description="Defaults to the input price.")
    reasoning_cost_per_m: float | None = Field(default=None, description="Null: the output price.")
    markup_percent: float = Field(default=0.0, description="Markup added when a call is charged.")
    above_tokens: list[int] = Field(
        default=[], description="Input token thresholds above which the provider charges different prices."
    )
    set_by: Literal["package", "operator"] = Field(description="package: shipped with the server; operator: set here.")
    as_of: str = Field(description="Date of the price data (package), or when the price was set (operator).")


class ModelPricePage(Page[ModelPrice]):
    items_field: ClassVar[str] = "pricing"

    pricing: list[ModelPrice]
    source: str = Field(default="", description="Source and date of the prices shipped with the server.")


class RemovedPrice(Result):
    provider: str
    model: str


class ModelCall(Result):
    """A model call, as recorded in the ledger. All numbers of a reversal are negative."""

    entry_id: str
    account_id: str
    agent_id: str | None = None
    task_id: str | None = None
    project: str | None = None
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float = Field(description="Amount charged, after discounts.")
    base_cost: float = Field(description="Cost excluding markup.")
    currency: str
    is_estimate: bool = Field(default=False, description="Whether the tokens were estimated, not counted.")
    time_to_first_token: float | None = Field(default=None, description="Seconds to the first token.")
    seconds: float | None = Field(default=None, description="Seconds to the complete response.")
    created_at: Timestamp


class ModelCallPage(Page[ModelCall]):
    items_field: ClassVar[str] = "calls"

    calls: list[ModelCall]


class UsageTotals(Result):
    """Totals of model calls. Amounts are in the currency of the summary."""

    request_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_dollars: float = 0.0
    base_cost_dollars: float = Field(default=0.0, description="Without the markup.")


class ModelUsage(Result):
    """Totals of the calls to one model."""

    provider: str
    model: str
    request_count: int
    total_tokens: int
    cost_dollars: float


class TokenSummary(Result):
    """Model calls in a month, of one account or of all, in one currency."""

    tenant_id: str
    account_id: str | None = None
    month: str
    currency: str
    billing_model: Literal["prepaid", "metered"]
    balance_dollars: float
    monthly_limit_dollars: float | None = None
    totals: UsageTotals
    by_model: list[ModelUsage] = Field(description="The dearest first.")


class BudgetCheck(Result):
    """Whether an account may call models now."""

    allowed: bool
    reason: str
    account_id: str
    currency: str
    balance_dollars: float
    monthly_spend_dollars: float
    monthly_limit_dollars: float | None = None
    billing_model: Literal["prepaid", "metered"]


class TokenCredits(Result):
    """An account's credit after some was added."""

    account_id: str
    currency: str
    new_balance_dollars: float


class BillingModel(Result):
    """How an account pays."""

    status: Literal["ok"] = "ok"
    account_id: str
    billing_model: Literal["prepaid", "metered"]
    monthly_limit_dollars: float | None = None
    markup_percent: float | None = Field(default=None, description="Markup of all models without a specific markup.")


class SpendingLimit(Result):
    """An account's monthly limit."""

    status: Literal["ok"] = "ok"
    account_id: str
    monthly_limit_dollars: float | None = None
