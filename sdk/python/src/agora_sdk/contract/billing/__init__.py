"""Billing: prices, the usage ledger, costs, budgets, credit and invoices.

Amounts are decimal numbers with at most six places; the server stores them as integer millionths.
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
        description="The account; default: the credential's account, else the caller's id.",
    ),
]
InstanceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Words = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]


LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
EMAIL = r"^([^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]{1,189})?$"


class Billing(Service, category="billing"):
    """Prices, charges and revenue of agents.

    Accounts see their own data, developers the revenue of their agents, operators everything.
    """

    @operation("GET /billing/prices", scope="read:billing")
    async def prices(
        self,
        agent_id: AgentRef | None = None,
        *,
        history: Annotated[bool, Field(description="All versions, newest first, instead of the current one.")] = False,
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
            Field(description="Type hybrid: time unit of the price; default: hour."),
        ] = None,
        input_price: Annotated[Amount, Field(description="Type token_based: price per million input tokens.")] = 0.0,
        output_price: Annotated[Amount, Field(description="Type token_based: price per million output tokens.")] = 0.0,
        effective_from: Annotated[
            Timestamp | None, Field(description="Start of validity, at most a year ahead; default: now.")
        ] = None,
    ) -> Price:
        """Set an agent's price, effective now or at a future time. Earlier usage keeps its price.

        Allowed for the agent itself, its account and operators. A new version replaces versions that are not effective
        yet.
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
            Field(description="Time of the usage; default: now. The price at that time applies."),
        ] = None,
        description: Words | None = None,
    ) -> UsageRecord:
        """Record usage measured by an external meter, at the current price. Needs the scope meter:billing."""

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
        task_id: Annotated[TaskId | None, Field(description="Only charges and reversals of this task.")] = None,
        workflow_id: Annotated[
            WorkflowId | None, Field(description="Only charges and reversals of the tasks of this workflow.")
        ] = None,
        kind: EntryKindLike | None = None,
        since: Annotated[Timestamp | None, Field(description="Only entries recorded at this time or later.")] = None,
        until: Annotated[Timestamp | None, Field(description="Only entries recorded before this time.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> EntryPage:
        """List the entries of the ledger, newest first."""

    @operation("GET /billing/tokens", scope="read:billing")
    async def tokens(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        task_id: Annotated[TaskId | None, Field(description="Only this task.")] = None,
        *,
        since: Annotated[Timestamp | None, Field(description="Only tokens reported at this time or later.")] = None,
        until: Annotated[Timestamp | None, Field(description="Reported before this.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> TokenUsagePage:
        """List the tokens that tasks have used, as totals reported by their workers; newest tasks first."""

    @operation("GET /billing/cost", scope="read:billing")
    async def cost(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        instance_id: InstanceId | None = None,
        *,
        since: Annotated[Day | None, Field(description="First day; default: no limit.")] = None,
        until: Annotated[Day | None, Field(description="Last day.")] = None,
        currency: Currency | None = None,
    ) -> Cost:
        """Show usage and cost to date, including the accrued cost of running instances."""

    @operation("GET /billing/revenue", scope="read:billing")
    async def revenue(
        self,
        agent_id: AgentRef | None = None,
        *,
        since: Annotated[Day | None, Field(description="First day; default: no limit.")] = None,
        until: Annotated[Day | None, Field(description="Last day.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RevenuePage:
        """Show the revenue of the caller's agents; for operators, of all agents."""

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
            Literal["credit", "payment"],
            Field(description="Kind of credit: prepaid, granted, or the payment of an invoice."),
        ] = "credit",
        reason: Words | None = None,
        credit_key: Annotated[
            Key | None,
            Field(description="Idempotency key of this credit: repeating the call with it has no further effect."),
        ] = None,
    ) -> Entry:
        """Add credit to an account, or record a payment."""

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
            Field(description="Monthly amount that triggers a warning; default: 80 % of the hard limit."),
        ] = None,
        hard_limit: Annotated[
            Amount | None,
            Field(
                description="Monthly amount; charges beyond it are refused, and instances are paused when it is reached."
            ),
        ] = None,
        prepaid: Annotated[bool, Field(description="Refuse charges that exceed the account's credit.")] = False,
        model: Annotated[
            ModelName | None, Field(description="Count only the cost of calls to this model (PROVIDER:MODEL).")
        ] = None,
        project: Annotated[
            ProjectName | None, Field(description="Count only the cost of model calls for tasks of this project.")
        ] = None,
    ) -> Budget:
        """Set the limits of an account, of an agent, or of an account's use of an agent; without limits, remove them.

        Accounts set their own budget, developers those of their agents, operators any. Only an operator can change a
        budget set by an operator. Above the soft limit, an agent with several models uses the cheapest one.
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
        """Set a percentage discount on all future charges of an account. Each discount is a separate ledger entry."""

    @operation("PUT /billing/free-quotas", scope="write:billing", idempotent=True)
    async def set_free_quota(
        self,
        agent_id: AgentRef,
        quantity: Annotated[
            float,
            Field(
                ge=0, le=1_000_000_000, description="Quota per account and month; time in seconds; 0 removes the quota."
            ),
        ],
        *,
        kind: Literal["request", "task", "time", "input_tokens", "output_tokens"] = "request",
    ) -> FreeQuota:
        """Set the free monthly quota (UTC) of an agent for each account. Free usage is a separate ledger entry.

        Allowed for the agent's developer and operators.
        """

    @operation("GET /billing/reductions", scope="read:billing")
    async def reductions(self, account: Account | None = None, agent_id: AgentRef | None = None) -> Reductions:
        """Show an account's discounts and free quotas."""

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
        """Create a coupon code that gives credit once per account."""

    @operation("GET /billing/coupons", scope="admin", exposure=Exposure.OPERATOR)
    async def coupons(self, *, limit: Limit = 50, cursor: Cursor = None) -> CouponPage:
        """List coupons by code."""

    @operation("POST /billing/coupons/redeem", scope="write:billing", idempotent=True)
    async def redeem_coupon(self, code: CouponCode, account: Account | None = None) -> Entry:
        """Redeem a coupon. Repeating the call for the same account returns the same entry."""

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
            InvoiceRef | None, Field(description="Invoice id or number; default: the open invoice.")
        ] = None,
        *,
        account: Account | None = None,
        currency: Currency | None = None,
    ) -> Invoice:
        """Show an invoice; without an id, a preview of the account's next invoice."""

    @operation("GET /billing/invoices/{invoice}/document", scope="read:billing")
    async def document(
        self,
        invoice: InvoiceRef,
        *,
        format: Annotated[
            Literal["csv", "html", "json", "eml"],
            Field(description="csv: a table; html: a page to print; json: all data; eml: an e-mail to the customer."),
        ] = "html",
        exact: Annotated[bool, Field(description="Show all decimal places on the page and in the e-mail.")] = False,
    ) -> InvoiceDocument:
        """Create an invoice file. It is also served at /billing/invoices/NUMBER.html, .csv, .json and .eml.

        The e-mail is addressed to the customer (``agora.billing.set_profile``), with the HTML and CSV files attached.
        """

    @operation("GET /billing/profile", scope="read:billing")
    async def profile(self, account: Account | None = None) -> BillingProfile:
        """Show an account's billing details: name, postal address, tax id, e-mail address."""

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
        """Change an account's billing details on future invoices; omitted fields are unchanged.

        Accounts change their own, operators any.
        """

    @operation("POST /billing/invoices/close", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def close(self, period: Month) -> Closing:
        """Issue the invoices of a past month now. The server does so automatically an hour after the month ends."""
