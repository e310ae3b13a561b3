"""Token billing: costs of model calls by tokens, recorded in the billing ledger and limited by budgets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .billing import Account, Amount, Currency
from .billing.invoices import Month
from .billing.models import (
    BillingModel,
    BudgetCheck,
    ModelCall,
    ModelCallPage,
    ModelPrice,
    ModelPricePage,
    ModelTokens,
    PriceModel,
    PriceProvider,
    RemovedPrice,
    SpendingLimit,
    TokenCredits,
    TokenSummary,
)
from .billing.usage import Key
from .fields import AgentRef, Cursor, Limit
from .operation import Exposure, Service, operation
from .tasks import TaskId

__all__ = ["TokenBilling"]

Cents = Annotated[int, Field(ge=0, le=100_000_000)]


class TokenBilling(Service, category="token_billing"):
    """Costs of language model calls: prices, calls, and an account's token budget.

    Each call is a ledger entry. Limits are budgets of agora.billing.budget; credit is that of agora.billing.credit.
    """

    @operation("GET /v1/token-billing/usage/summary", scope="read:billing")
    async def summary(
        self,
        month: Annotated[Month | None, Field(description="Default: the current month (UTC).")] = None,
        *,
        account: Account | None = None,
        currency: Currency | None = None,
    ) -> TokenSummary:
        """Show a month's model calls by model, for the caller's account; for operators, by default for all accounts."""

    @operation("GET /v1/token-billing/usage/recent", scope="read:billing")
    async def recent(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        task_id: Annotated[TaskId | None, Field(description="Only calls for this task.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ModelCallPage:
        """List model calls, newest first: those paid by the caller's account or made by the caller."""

    @operation("POST /v1/token-billing/usage", scope="write:tasks", success_status=201, idempotent=True)
    async def report(
        self,
        call_key: Annotated[
            Key, Field(max_length=100, description="Unique id of the call. A repeated report is charged once.")
        ],
        provider: PriceProvider,
        model: PriceModel,
        tokens: ModelTokens,
        *,
        task_id: Annotated[
            TaskId | None, Field(description="The task that the caller holds and made the call for.")
        ] = None,
        is_estimate: Annotated[bool, Field(description="Whether the tokens were estimated, not counted.")] = False,
        time_to_first_token: Annotated[
            float | None, Field(ge=0, le=86_400, description="Seconds until the answer began.")
        ] = None,
    ) -> ModelCall:
        """Report a model call made by an agent. A model without a price is refused and nothing is recorded.

        The task's account pays if it is the reporter's own account or the reporter has the scope meter:billing.
        Otherwise the reporter's account pays, so that a report cannot charge others.
        """

    @operation("GET /v1/token-billing/budget", scope="read:billing")
    async def budget(self, account: Account | None = None, *, currency: Currency | None = None) -> BudgetCheck:
        """Check whether an account's budget and credit allow model calls now."""

    @operation("POST /v1/token-billing/credits", scope="admin", exposure=Exposure.OPERATOR)
    async def credits(
        self,
        amount_cents: Annotated[int, Field(ge=100, le=100_000_000, description="Amount in US cents.")],
        account: Account | None = None,
    ) -> TokenCredits:
        """Add credit in USD to an account, like agora.billing.credit."""

    @operation("PUT /v1/token-billing/config/billing-model", scope="write:billing", idempotent=True)
    async def billing_model(
        self,
        billing_model: Annotated[
            Literal["prepaid", "metered"],
            Field(description="prepaid: calls beyond the credit are refused. metered: usage is invoiced."),
        ],
        account: Account | None = None,
        *,
        monthly_limit_cents: Annotated[Cents | None, Field(description="Hard limit; default: none.")] = None,
        monthly_alert_cents: Annotated[
            Cents | None, Field(description="Soft limit; default: 80 % of the hard limit.")
        ] = None,
        markup_percent: Annotated[
            float | None,
            Field(ge=0, le=1000, description="Markup of all models without a specific markup; only for operators."),
        ] = None,
    ) -> BillingModel:
        """Set the billing model and the USD budget of an account."""

    @operation("PUT /v1/token-billing/config/spending-limit", scope="write:billing", idempotent=True)
    async def spending_limit(
        self,
        monthly_limit_cents: Annotated[Cents | None, Field(description="Hard limit; null: none.")] = None,
        monthly_alert_cents: Annotated[
            Cents | None, Field(description="Soft limit; default: 80 % of the hard limit.")
        ] = None,
        account: Account | None = None,
    ) -> SpendingLimit:
        """Set or remove an account's monthly limit in USD. The billing model is unchanged."""

    @operation("GET /v1/token-billing/pricing", scope="read:billing")
    async def pricing(
        self,
        provider: PriceProvider | None = None,
        model: Annotated[PriceModel | None, Field(description="Only the price of this model of the provider.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ModelPricePage:
        """List model prices: prices set by operators first, then those shipped with the server; or the price of one
        model."""

    @operation("PUT /v1/token-billing/pricing", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def set_price(
        self,
        provider: PriceProvider,
        model: PriceModel,
        input_cost_per_m: Annotated[Amount, Field(description="Per million input tokens.")],
        output_cost_per_m: Annotated[Amount, Field(description="Per million output tokens.")],
        *,
        cache_read_cost_per_m: Annotated[Amount | None, Field(description="Default: the input price.")] = None,
        cache_write_cost_per_m: Annotated[Amount | None, Field(description="Default: the input price.")] = None,
        reasoning_cost_per_m: Annotated[Amount | None, Field(description="Default: the output price.")] = None,
        markup_percent: Annotated[
            float | None, Field(ge=0, le=1000, description="Default: the general markup.")
        ] = None,
        currency: Annotated[Currency | None, Field(description="Default: USD.")] = None,
    ) -> ModelPrice:
        """Set a model's price, overriding the price shipped with the server. Zero makes it explicitly free."""

    @operation("DELETE /v1/token-billing/pricing", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete_price(self, provider: PriceProvider, model: PriceModel) -> RemovedPrice:
        """Delete a price set by an operator and return to the price shipped with the server."""
