"""Token billing: what calls of language models cost, priced by the token, on the ledger and the budgets of billing."""

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
    """What calls of language models cost: prices, calls, and the limits of an account as its token budget.

    Each call is an entry of the ledger. Limits are budgets of agora.billing.budget, credit is that of agora.billing.credit.
    """

    @operation("GET /v1/token-billing/usage/summary", scope="read:billing")
    async def summary(
        self,
        month: Annotated[Month | None, Field(description="The present one (UTC) if left out.")] = None,
        *,
        account: Account | None = None,
        currency: Currency | None = None,
    ) -> TokenSummary:
        """Sum up a month's calls of models by model: of the caller's account; for operators, of all if none is named."""

    @operation("GET /v1/token-billing/usage/recent", scope="read:billing")
    async def recent(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        task_id: Annotated[TaskId | None, Field(description="Only for this task.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ModelCallPage:
        """List calls of models, newest first: those that the caller's account pays for, or that the caller made."""

    @operation("POST /v1/token-billing/usage", scope="write:tasks", success_status=201, idempotent=True)
    async def report(
        self,
        call_key: Annotated[
            Key, Field(max_length=100, description="Names the call: reported again, it is charged once.")
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
        """Report a call of a model by an agent. A model without a price is refused, and nothing is recorded.

        The account of the task pays if it is the reporter's own, or the reporter has the scope meter:billing; otherwise the
        reporter's account does: nobody spends the money of others by what it says itself.
        """

    @operation("GET /v1/token-billing/budget", scope="read:billing")
    async def budget(self, account: Account | None = None, *, currency: Currency | None = None) -> BudgetCheck:
        """Say whether an account may call models now, by its budget and its credit."""

    @operation("POST /v1/token-billing/credits", scope="admin", exposure=Exposure.OPERATOR)
    async def credits(
        self,
        amount_cents: Annotated[int, Field(ge=100, le=100_000_000, description="Hundredths of a dollar.")],
        account: Account | None = None,
    ) -> TokenCredits:
        """Give an account credit in USD, as agora.billing.credit does."""

    @operation("PUT /v1/token-billing/config/billing-model", scope="write:billing", idempotent=True)
    async def billing_model(
        self,
        billing_model: Annotated[
            Literal["prepaid", "metered"],
            Field(description="prepaid: what the credit does not cover is refused. metered: it is owed, and invoiced."),
        ],
        account: Account | None = None,
        *,
        monthly_limit_cents: Annotated[Cents | None, Field(description="The hard limit; none if left out.")] = None,
        monthly_alert_cents: Annotated[Cents | None, Field(description="The soft limit; 80 % if left out.")] = None,
        markup_percent: Annotated[
            float | None,
            Field(ge=0, le=1000, description="Of all models without one of their own: for operators."),
        ] = None,
    ) -> BillingModel:
        """Set how an account pays: its budget in USD."""

    @operation("PUT /v1/token-billing/config/spending-limit", scope="write:billing", idempotent=True)
    async def spending_limit(
        self,
        monthly_limit_cents: Annotated[Cents | None, Field(description="The hard limit; none if null.")] = None,
        monthly_alert_cents: Annotated[Cents | None, Field(description="The soft limit; 80 % if left out.")] = None,
        account: Account | None = None,
    ) -> SpendingLimit:
        """Set an account's monthly limit in USD, or lift it; whether it is prepaid stays."""

    @operation("GET /v1/token-billing/pricing", scope="read:billing")
    async def pricing(
        self,
        provider: PriceProvider | None = None,
        model: Annotated[PriceModel | None, Field(description="What this model of the provider costs.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ModelPricePage:
        """List what models cost: what operators set first, then what came with the server; or the price of one model."""

    @operation("PUT /v1/token-billing/pricing", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def set_price(
        self,
        provider: PriceProvider,
        model: PriceModel,
        input_cost_per_m: Annotated[Amount, Field(description="For a million tokens of input.")],
        output_cost_per_m: Annotated[Amount, Field(description="For a million tokens of output.")],
        *,
        cache_read_cost_per_m: Annotated[Amount | None, Field(description="That of input if left out.")] = None,
        cache_write_cost_per_m: Annotated[Amount | None, Field(description="That of input if left out.")] = None,
        reasoning_cost_per_m: Annotated[Amount | None, Field(description="That of output if left out.")] = None,
        markup_percent: Annotated[
            float | None, Field(ge=0, le=1000, description="That of all models if left out.")
        ] = None,
        currency: Annotated[Currency | None, Field(description="USD if left out.")] = None,
    ) -> ModelPrice:
        """Set what a model costs from now on, in place of what came with the server. Zero makes it free, explicitly."""

    @operation("DELETE /v1/token-billing/pricing", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete_price(self, provider: PriceProvider, model: PriceModel) -> RemovedPrice:
        """Delete a price that was set, so that what came with the server holds again."""
