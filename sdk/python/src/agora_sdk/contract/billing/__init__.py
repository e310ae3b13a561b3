"""Billing: prices, the usage ledger, costs, budgets, credit and invoices.

Amounts are decimal numbers of a currency with at most six places; the server keeps them as whole millionths.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..fields import PRINTABLE, AgentRef, Cursor, Limit, Timestamp
from ..operation import Exposure, Kind, Service, operation
from ..tasks import TaskId, WorkflowId
from .budgets import Balance, Balances, Budget, BudgetPage
from .dashboard import CostSummary, CurrencyBilling, CurrentBilling, Dashboard, DayCost
from .invoices import (
    BillingProfile,
    Closing,
    Invoice,
    InvoiceCustomer,
    InvoiceDocument,
    InvoiceLine,
    InvoicePage,
    InvoiceRef,
    InvoiceSummary,
    Month,
)
from .models import ModelName, ProjectName
from .prices import Amount, Currency, Positive, Price, PricePage, PricingInfo, PricingType, PricingTypeLike
from .reductions import Coupon, CouponCode, CouponPage, Discount, FreeQuota, Reductions
from .usage import (
    AgentCost,
    Bill,
    BillingInfo,
    Cost,
    CostBreakdown,
    Count,
    Day,
    Entry,
    EntryId,
    EntryKind,
    EntryKindLike,
    EntryPage,
    Key,
    Revenue,
    RevenuePage,
    Seconds,
    TokenUsagePage,
    UsageRecord,
)

__all__ = [
    "Account",
    "AgentCost",
    "Amount",
    "Balance",
    "Balances",
    "Bill",
    "Billing",
    "BillingInfo",
    "BillingProfile",
    "Budget",
    "BudgetPage",
    "Closing",
    "Cost",
    "CostBreakdown",
    "CostSummary",
    "Coupon",
    "CouponPage",
    "Currency",
    "CurrencyBilling",
    "CurrentBilling",
    "Dashboard",
    "DayCost",
    "Discount",
    "Entry",
    "EntryKind",
    "EntryKindLike",
    "EntryPage",
    "FreeQuota",
    "InstanceId",
    "Invoice",
    "InvoiceCustomer",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoicePage",
    "InvoiceSummary",
    "Price",
    "PricePage",
    "PricingInfo",
    "PricingType",
    "PricingTypeLike",
    "Reductions",
    "Revenue",
    "RevenuePage",
    "TokenUsagePage",
    "UsageRecord",
    "Words",
]

Account = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="The account; by default that of the caller's credential, or the caller's id if the credential has none.",
    ),
]
InstanceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Words = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]


LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
EMAIL = r"^([^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]{1,189})?$"


class Billing(Service, category="billing"):
    """Prices, charges and revenue of agents.

    An account sees its own data, a developer the revenue of its agents, an operator everything.
    """

    @operation("GET /billing/prices", scope="read:billing")
    async def prices(
        self,
        agent_id: AgentRef | None = None,
        *,
        history: Annotated[
            bool, Field(description="Every version, the newest first, instead of the one in force.")
        ] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> PricePage:
        """List the prices of agents. An agent without a price is free."""

    @operation("PUT /billing/prices/{agent_id}", scope="write:billing")
    async def set_price(
        self,
        agent_id: AgentRef,
        type: PricingTypeLike,
        price: Amount = 0.0,
        currency: Currency | None = None,
        *,
        base_price: Amount = 0.0,
        task_price: Amount = 0.0,
        usage_unit: Annotated[
            Literal["minute", "hour"] | None,
            Field(description="Of hybrid: the time unit of the price; an hour if left out."),
        ] = None,
        input_price: Annotated[Amount, Field(description="Of token_based: for a million tokens in.")] = 0.0,
        output_price: Annotated[Amount, Field(description="Of token_based: for a million tokens out.")] = 0.0,
        effective_from: Annotated[
            Timestamp | None, Field(description="Start of validity, up to a year ahead; now if left out.")
        ] = None,
    ) -> Price:
        """Set an agent's price from now on or from a future time; earlier usage keeps its price.

        For the agent itself, its account and operators. A new version replaces those that are not yet effective.
        """

    @operation("POST /billing/usage", scope="meter:billing", success_status=201, idempotent=True)
    async def record(
        self,
        usage_key: Key,
        account: Account,
        agent_id: AgentRef,
        *,
        requests: Annotated[Count, Field(description="Executions.")] = 0,
        seconds: Annotated[Seconds, Field(description="Measured running time.")] = 0.0,
        input_tokens: Count = 0,
        output_tokens: Count = 0,
        instance_id: InstanceId | None = None,
        at: Annotated[
            Timestamp | None,
            Field(description="Time of the usage; now if left out. The price in force at that time applies."),
        ] = None,
        description: Words | None = None,
    ) -> UsageRecord:
        """Record usage measured by an external meter, at the price in force. Needs the scope meter:billing."""

    @operation(
        "POST /billing/usage/{entry_id}/reverse",
        scope="admin",
        exposure=Exposure.OPERATOR,
        idempotent=True,
        destructive=True,
    )
    async def reverse(self, entry_id: EntryId, reason: Words) -> Entry:
        """Reverse an entry by adding one with the opposite amount."""

    @operation("GET /billing/usage", scope="read:billing")
    async def usage(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        instance_id: InstanceId | None = None,
        *,
        task_id: Annotated[TaskId | None, Field(description="What a task was charged for, and its reversal.")] = None,
        workflow_id: Annotated[
            WorkflowId | None, Field(description="What the tasks of a workflow were charged for, and reversals.")
        ] = None,
        kind: EntryKindLike | None = None,
        since: Annotated[Timestamp | None, Field(description="Entries made at or after this.")] = None,
        until: Annotated[Timestamp | None, Field(description="Entries made before this.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> EntryPage:
        """List the entries of the ledger, newest first."""

    @operation("GET /billing/tokens", scope="read:billing")
    async def tokens(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        task_id: Annotated[TaskId | None, Field(description="Only of this task.")] = None,
        *,
        since: Annotated[Timestamp | None, Field(description="Reported at or after this.")] = None,
        until: Annotated[Timestamp | None, Field(description="Reported before this.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> TokenUsagePage:
        """List the tokens that tasks have taken, as their workers reported in totals; the newest tasks first."""

    @operation("GET /billing/cost", scope="read:billing")
    async def cost(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        instance_id: InstanceId | None = None,
        *,
        since: Annotated[Day | None, Field(description="First day; everything if left out.")] = None,
        until: Annotated[Day | None, Field(description="Last day.")] = None,
        currency: Currency | None = None,
    ) -> Cost:
        """Show usage and cost so far, including the accrued cost of running instances."""

    @operation("GET /billing/revenue", scope="read:billing")
    async def revenue(
        self,
        agent_id: AgentRef | None = None,
        *,
        since: Annotated[Day | None, Field(description="First day; everything if left out.")] = None,
        until: Annotated[Day | None, Field(description="Last day.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RevenuePage:
        """Show the revenue of the caller's agents; for operators, of every agent."""

    @operation("GET /billing/dashboard", scope="read:billing")
    async def dashboard(self, account: Account | None = None, *, currency: Currency | None = None) -> Dashboard:
        """Show a cost summary: total, this month, by day, by agent, and the state of the budgets."""

    @operation("POST /billing/credit", scope="admin", exposure=Exposure.OPERATOR, success_status=201)
    async def credit(
        self,
        account: Account,
        amount: Positive,
        currency: Currency | None = None,
        *,
        kind: Annotated[
            Literal["credit", "payment"], Field(description="Prepaid or granted credit, or the payment of an invoice.")
        ] = "credit",
        reason: Words | None = None,
        credit_key: Annotated[
            Key | None,
            Field(description="Unique key of this credit: repeating the call with it has no further effect."),
        ] = None,
    ) -> Entry:
        """Add credit to an account, or record its payment."""

    @operation("GET /billing/balance", scope="read:billing")
    async def balance(self, account: Account | None = None, *, limit: Limit = 50, cursor: Cursor = None) -> Balances:
        """Show an account's balance in each currency: remaining credit or amount owed."""

    @operation("PUT /billing/budget", scope="write:billing", idempotent=True)
    async def budget(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        currency: Currency | None = None,
        *,
        soft_limit: Annotated[
            Amount | None,
            Field(description="Monthly; at this amount there is a warning. 80 % of the hard limit if left out."),
        ] = None,
        hard_limit: Annotated[
            Amount | None,
            Field(description="Monthly; charges beyond it are refused, and instances pause when it is reached."),
        ] = None,
        prepaid: Annotated[bool, Field(description="Refuse calls that the account's credit does not cover.")] = False,
        model: Annotated[
            ModelName | None, Field(description="Count only what calls of this model (PROVIDER:MODEL) cost.")
        ] = None,
        project: Annotated[
            ProjectName | None, Field(description="Count only what calls of models for tasks of this project cost.")
        ] = None,
    ) -> Budget:
        """Set the limits of an account, of an agent, or of an account's use of an agent; without any, lift them.

        An account sets its own, an agent's developer the agent's, an operator any. What an operator has set only an
        operator changes. From the soft limit on, an agent with several models uses the cheapest of them.
        """

    @operation("GET /billing/budget", scope="read:billing")
    async def budgets(self, account: Account | None = None, *, limit: Limit = 50, cursor: Cursor = None) -> BudgetPage:
        """List budgets with their spent amounts."""

    @operation("PUT /billing/discounts", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def set_discount(
        self,
        account: Account,
        percent: Annotated[float, Field(ge=0, le=100, description="With two decimal places; 0 ends the discount.")],
        *,
        until: Timestamp | None = None,
    ) -> Discount:
        """Take a percentage off everything that an account is charged from now on, as entries beside the charges."""

    @operation("PUT /billing/free-quotas", scope="write:billing", idempotent=True)
    async def set_free_quota(
        self,
        agent_id: AgentRef,
        quantity: Annotated[
            float,
            Field(ge=0, le=1_000_000_000, description="Of each account in each month; time in seconds; 0 ends it."),
        ],
        *,
        kind: Literal["request", "task", "time", "input_tokens", "output_tokens"] = "request",
    ) -> FreeQuota:
        """Set what each account gets of an agent without charge in each month (UTC), as entries beside the charges.

        An agent's developer sets it, or an operator.
        """

    @operation("GET /billing/reductions", scope="read:billing")
    async def reductions(self, account: Account | None = None, agent_id: AgentRef | None = None) -> Reductions:
        """Show the discounts of an account, and free quotas."""

    @operation("POST /billing/coupons", scope="admin", exposure=Exposure.OPERATOR, success_status=201)
    async def create_coupon(
        self,
        code: CouponCode,
        amount: Positive,
        currency: Currency | None = None,
        *,
        expires_at: Timestamp | None = None,
        max_redemptions: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None,
    ) -> Coupon:
        """Create a code that gives credit, once to each account."""

    @operation("GET /billing/coupons", scope="admin", exposure=Exposure.OPERATOR)
    async def coupons(self, *, limit: Limit = 50, cursor: Cursor = None) -> CouponPage:
        """List coupons by their codes."""

    @operation("POST /billing/coupons/redeem", scope="write:billing", idempotent=True)
    async def redeem_coupon(self, code: CouponCode, account: Account | None = None) -> Entry:
        """Get the credit of a coupon. Repeated for the same account it answers the same entry."""

    @operation("GET /billing/invoices", scope="read:billing")
    async def invoices(
        self,
        account: Account | None = None,
        *,
        period: Month | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> InvoicePage:
        """List invoices, newest first."""

    @operation("GET /billing/invoices/open", "GET /billing/invoices/{invoice}", scope="read:billing", kind=Kind.QUERY)
    async def invoice(
        self,
        invoice: Annotated[
            InvoiceRef | None, Field(description="Id or number; the open, not yet issued invoice if left out.")
        ] = None,
        *,
        account: Account | None = None,
        currency: Currency | None = None,
    ) -> Invoice:
        """Show an invoice, or, without naming one, what the next invoice of an account would be now."""

    @operation("GET /billing/invoices/{invoice}/document", scope="read:billing")
    async def document(
        self,
        invoice: InvoiceRef,
        *,
        format: Annotated[
            Literal["csv", "html", "json", "eml"],
            Field(description="A table, a page to print, all of it for programs, or an e-mail to the customer."),
        ] = "html",
        exact: Annotated[
            bool, Field(description="Whether the page and the e-mail show every decimal place that amounts have.")
        ] = False,
    ) -> InvoiceDocument:
        """Create a file of an invoice. It is also at /billing/invoices/NUMBER.html, .csv, .json and .eml.

        The e-mail goes to the customer's address (``agora.billing.set_profile``), with the page and the table attached.
        """

    @operation("GET /billing/profile", scope="read:billing")
    async def profile(self, account: Account | None = None) -> BillingProfile:
        """Show who an account is, as its invoices show it: name, postal address, tax id, e-mail address."""

    @operation("PUT /billing/profile", scope="write:billing", idempotent=True)
    async def set_profile(
        self,
        account: Account | None = None,
        *,
        name: Annotated[str, Field(max_length=200, pattern=LINE)] | None = None,
        address: Annotated[str, Field(max_length=1000, pattern=LINES)] | None = None,
        tax_id: Annotated[str, Field(max_length=50, pattern=LINE)] | None = None,
        email: Annotated[str, Field(max_length=254, pattern=EMAIL)] | None = None,
    ) -> BillingProfile:
        """Change who an account is on the invoices that are issued from now on; what is left out stays.

        An account changes its own, an operator any.
        """

    @operation("POST /billing/invoices/close", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def close(self, period: Month) -> Closing:
        """Issue the invoices of a past month now; the server does so automatically an hour after the month's end."""
