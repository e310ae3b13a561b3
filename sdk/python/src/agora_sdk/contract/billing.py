"""Billing: prices, the usage ledger, costs, budgets, credit and invoices.

Amounts are decimal numbers of a currency with at most six places; the server keeps them as whole millionths.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from .fields import PRINTABLE, AgentRef, Cursor, Limit, Timestamp, not_a_number
from .operation import Exposure, Kind, Service, operation
from .results import Page, Result

__all__ = [
    "AgentCost",
    "Balance",
    "Balances",
    "Billing",
    "BillingInfo",
    "Budget",
    "BudgetPage",
    "Closing",
    "Cost",
    "CostBreakdown",
    "CostSummary",
    "CurrentBilling",
    "Dashboard",
    "DayCost",
    "Entry",
    "EntryKind",
    "EntryPage",
    "Invoice",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoicePage",
    "Price",
    "PricePage",
    "PricingInfo",
    "PricingType",
    "Revenue",
    "RevenuePage",
    "UsageRecord",
]

PLACES = 6


class PricingType(StrEnum):
    """How an agent is paid."""

    FREE = "free"
    PER_REQUEST = "per_request"  #: a price for each execution
    PER_MINUTE = "per_minute"  #: a price for the time an instance runs
    PER_HOUR = "per_hour"
    HYBRID = "hybrid"  #: a base once for each instance, time, and executions
    TOKEN_BASED = "token_based"  # noqa: S105 #: prices for a million tokens in and out


class EntryKind(StrEnum):
    """What an entry of the ledger is for."""

    BASE = "base"
    TIME = "time"
    REQUEST = "request"
    TASK = "task"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    CREDIT = "credit"
    PAYMENT = "payment"


def _places(value: float) -> float:
    if -int(Decimal(repr(value)).normalize().as_tuple().exponent) > PLACES:
        raise ValueError(f"an amount has at most {PLACES} decimal places")
    return value


Amount = Annotated[float, Field(ge=0, le=1_000_000), AfterValidator(_places)]
Positive = Annotated[float, Field(gt=0, le=10_000_000), AfterValidator(_places)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Code of the currency, such as USD.")]
Account = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="The account: of the caller's credential, or, where that has none of its own, the caller's id.",
    ),
]
EntryId = Annotated[str, Field(max_length=64, pattern=r"^use_[0-9a-f]{32}$", description="Id of a ledger entry.")]
InstanceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
InvoiceRef = Annotated[
    str, Field(max_length=64, pattern=r"^(inv_[0-9a-f]{32}|INV-[0-9]{6,12})$", description="Id or number.")
]
Month = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="A month in UTC, such as 2026-11.", examples=["2026-11"]),
]
Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=150,
        pattern=r"^[!-~]+$",
        description="Names this usage for ever: recording it again under the same key changes nothing.",
    ),
]
Words = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Day = Annotated[date, BeforeValidator(not_a_number), Field(description="A day in UTC, such as 2026-11-30.")]


# -- prices ----------------------------------------------------------------------------------------


class PricingInfo(Result):
    """What an agent costs. ``price`` is for a request, a minute or an hour, as ``type`` says.

    Of type hybrid, ``price`` is for running a ``usage_unit``, ``base_price`` is paid once by each instance when it first
    runs, ``task_price`` by each execution. Of type token_based, the prices are for a million tokens.
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
    version: int = Field(description="Counts from 1; of the versions that have begun the highest is in force.")
    effective_from: Timestamp
    created_at: Timestamp
    created_by: str


class PricePage(Page[Price]):
    items_field: ClassVar[str] = "prices"

    prices: list[Price]


# -- usage and cost --------------------------------------------------------------------------------


class CostBreakdown(Result):
    """The parts of a cost, which add up to it."""

    base_cost: float = 0.0
    usage_cost: float = Field(default=0.0, description="For time and tokens.")
    task_cost: float = Field(default=0.0, description="For executions and tasks.")


class BillingInfo(Result):
    """What something has cost. ``total_cost`` is the sum of the breakdown."""

    total_cost: float = 0.0
    currency: str
    usage_time: float = Field(default=0.0, description="Seconds of measured running time.")
    task_executions: int = 0
    cost_breakdown: CostBreakdown
    input_tokens: int = 0
    output_tokens: int = 0
    accrued_cost: float = Field(default=0.0, description="Part of the cost, for time that is not in the ledger yet.")


class AgentCost(BillingInfo):
    """What one agent has cost."""

    agent_id: str
    agent_name: str


class Cost(BillingInfo):
    """What was asked for, in one currency; ``other_currencies`` has the same in each other one."""

    account_id: str | None = None
    agent_id: str | None = None
    instance_id: str | None = None
    since: date | None = None
    until: date | None = None
    by_agent: list[AgentCost] = []
    other_currencies: list[BillingInfo] = []


class Entry(Result):
    """An entry of the ledger: never changed, never deleted. A reversal is an entry of its own, with the opposite amount."""

    entry_id: str
    account_id: str
    agent_id: str | None = None
    instance_id: str | None = None
    kind: EntryKind
    quantity: float = Field(description="In the unit.")
    unit: str
    price_version: int | None = None
    amount: float = Field(description="What the account owes for it; negative what it is given.")
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
    """What an agent has earned."""

    agent_id: str
    agent_name: str
    currency: str
    revenue: float
    usage_time: float = 0.0
    task_executions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    customers: int = Field(description="How many accounts have paid for it.")


class RevenuePage(Page[Revenue]):
    items_field: ClassVar[str] = "revenue"

    revenue: list[Revenue]


# -- credit, budgets, invoices ---------------------------------------------------------------------


class Balance(Result):
    """An account's credit in one currency."""

    account_id: str
    currency: str
    credited: float = Field(description="Credit and payments received.")
    charged: float = Field(description="Charges, with what accrues.")
    balance: float = Field(description="What is left of the credit; negative what is owed.")
    prepaid: bool = Field(default=False, description="Whether calls are refused that the credit does not cover.")


class Balances(Page[Balance]):
    items_field: ClassVar[str] = "balances"

    balances: list[Balance]


class Budget(Result):
    """A limit for a month: of an account, of an agent, or of an account's use of an agent."""

    account_id: str | None = None
    agent_id: str | None = None
    currency: str
    soft_limit: float | None = None
    hard_limit: float | None = None
    prepaid: bool = False
    spent: float = Field(description="In the month.")
    period: str
    state: Literal["ok", "warned", "exhausted"]
    set_by: Literal["account", "operator"]
    updated_at: Timestamp


class BudgetPage(Page[Budget]):
    items_field: ClassVar[str] = "budgets"

    budgets: list[Budget]


class InvoiceLine(Result):
    """One kind of usage of one agent in one month; of an earlier month, what came too late for its invoice."""

    period: str
    agent_id: str | None = None
    agent_name: str | None = None
    kind: EntryKind
    description: str
    quantity: float
    unit: str
    amount: float


class InvoiceSummary(Result):
    """An invoice without its lines."""

    invoice_id: str | None = None
    number: str | None = Field(default=None, description="Without gaps in the marketplace; none while it is open.")
    status: Literal["open", "closed"]
    account_id: str
    currency: str
    period: str
    issued_at: Timestamp | None = None
    opening_balance: float = Field(description="Credit left before it; negative what was owed.")
    charges: float
    credits: float = Field(description="Credit and payments received.")
    closing_balance: float
    amount_due: float


class Invoice(InvoiceSummary):
    """What an account used in a month. ``opening_balance + credits - charges = closing_balance``."""

    lines: list[InvoiceLine]


class InvoicePage(Page[InvoiceSummary]):
    items_field: ClassVar[str] = "invoices"

    invoices: list[InvoiceSummary]


class InvoiceDocument(Result):
    """An invoice as a file."""

    filename: str
    media_type: str
    content: str


class Closing(Result):
    """Invoices that were issued."""

    period: str
    issued: list[str]
    remaining: int = Field(description="Invoices still to be issued for the month: call again.")


# -- dashboard -------------------------------------------------------------------------------------


class CostSummary(Result):
    total_cost: float
    total_uptime_hours: float


class CurrentBilling(Result):
    """This month so far, beside the whole of the last one."""

    current_month_cost: float
    last_month_cost: float
    currency: str
    balance: float


class DayCost(Result):
    day: date
    cost: float


class Dashboard(Result):
    """An account's costs at a glance."""

    customer_id: str | None = None
    summary: CostSummary
    billing: CurrentBilling
    days: list[DayCost] = Field(description="The last 30 days, those without cost too.")
    by_agent: list[AgentCost] = Field(description="This month, the dearest first.")
    budgets: list[Budget]


class Billing(Service, category="billing"):
    """What agents cost, who pays, and what they earn.

    An account sees what is its own, a developer what its agents earn, an operator everything.
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
        """List what agents cost. An agent without a price is free."""

    @operation("PUT /billing/prices/{agent_id}", scope="write:billing")
    async def set_price(
        self,
        agent_id: AgentRef,
        type: PricingType,
        price: Amount = 0.0,
        currency: Currency | None = None,
        *,
        base_price: Amount = 0.0,
        task_price: Amount = 0.0,
        usage_unit: Annotated[
            Literal["minute", "hour"] | None, Field(description="Of hybrid: what price is for; an hour if left out.")
        ] = None,
        input_price: Annotated[Amount, Field(description="Of token_based: for a million tokens in.")] = 0.0,
        output_price: Annotated[Amount, Field(description="Of token_based: for a million tokens out.")] = 0.0,
        effective_from: Annotated[
            Timestamp | None, Field(description="When it begins, up to a year ahead; now if left out.")
        ] = None,
    ) -> Price:
        """Set what an agent costs from now on, or from a time to come; what was used before keeps its price.

        For the agent itself, its account and operators. A new version takes the place of those that had not begun.
        """

    @operation("POST /billing/usage", scope="meter:billing", success_status=201, idempotent=True)
    async def record(
        self,
        usage_key: Key,
        account: Account,
        agent_id: AgentRef,
        *,
        requests: Annotated[Count, Field(description="Executions.")] = 0,
        seconds: Annotated[float, Field(ge=0, le=31_622_400, description="Measured running time.")] = 0.0,
        input_tokens: Count = 0,
        output_tokens: Count = 0,
        instance_id: InstanceId | None = None,
        at: Annotated[
            Timestamp | None, Field(description="When it was; now if left out. The price of then holds.")
        ] = None,
        description: Words | None = None,
    ) -> UsageRecord:
        """Record usage that was measured elsewhere, at the price in force. For credentials with the scope meter:billing."""

    @operation(
        "POST /billing/usage/{entry_id}/reverse",
        scope="admin",
        exposure=Exposure.OPERATOR,
        idempotent=True,
        destructive=True,
    )
    async def reverse(self, entry_id: EntryId, reason: Words) -> Entry:
        """Take an entry back, by another with the opposite amount."""

    @operation("GET /billing/usage", scope="read:billing")
    async def usage(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        instance_id: InstanceId | None = None,
        *,
        kind: EntryKind | None = None,
        since: Annotated[Timestamp | None, Field(description="Entries made at or after this.")] = None,
        until: Annotated[Timestamp | None, Field(description="Entries made before this.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> EntryPage:
        """List the entries of the ledger, newest first."""

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
        """Tell what was used and what it cost up to now, with what running instances owe already."""

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
        """Tell what the caller's agents have earned; to operators, what every agent has."""

    @operation("GET /billing/dashboard", scope="read:billing")
    async def dashboard(self, account: Account | None = None, *, currency: Currency | None = None) -> Dashboard:
        """Show costs at a glance: in all, this month, by day, by agent, and how the budgets stand."""

    @operation("POST /billing/credit", scope="admin", exposure=Exposure.OPERATOR, success_status=201)
    async def credit(
        self,
        account: Account,
        amount: Positive,
        currency: Currency | None = None,
        *,
        kind: Annotated[
            Literal["credit", "payment"], Field(description="Given in advance or as a gift, or paid for an invoice.")
        ] = "credit",
        reason: Words | None = None,
        credit_key: Annotated[
            Key | None, Field(description="Names this credit for ever, so that it is given once.")
        ] = None,
    ) -> Entry:
        """Give an account credit, or note its payment."""

    @operation("GET /billing/balance", scope="read:billing")
    async def balance(self, account: Account | None = None, *, limit: Limit = 50, cursor: Cursor = None) -> Balances:
        """Tell what is left of an account's credit, or what it owes, in each currency."""

    @operation("PUT /billing/budget", scope="write:billing", idempotent=True)
    async def budget(
        self,
        account: Account | None = None,
        agent_id: AgentRef | None = None,
        currency: Currency | None = None,
        *,
        soft_limit: Annotated[
            Amount | None,
            Field(description="In a month; at it there is a warning. 80 % of the hard limit if left out."),
        ] = None,
        hard_limit: Annotated[
            Amount | None, Field(description="In a month; beyond it calls are refused, and at it instances pause.")
        ] = None,
        prepaid: Annotated[bool, Field(description="Refuse what the account's credit does not cover.")] = False,
    ) -> Budget:
        """Set the limits of an account, of an agent, or of an account's use of an agent; without any, lift them.

        An account sets its own, an agent's developer the agent's, an operator any. What an operator has set only an
        operator changes.
        """

    @operation("GET /billing/budget", scope="read:billing")
    async def budgets(self, account: Account | None = None, *, limit: Limit = 50, cursor: Cursor = None) -> BudgetPage:
        """List budgets, with what is spent of them."""

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
            InvoiceRef | None, Field(description="Id or number; what is not invoiced yet if left out.")
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
        format: Annotated[Literal["csv", "html"], Field(description="A table, or a page to print.")] = "html",
    ) -> InvoiceDocument:
        """Make a file of an invoice. Browsers find it at /billing/invoices/NUMBER.html, programs at NUMBER.csv too."""

    @operation("POST /billing/invoices/close", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def close(self, period: Month) -> Closing:
        """Issue the invoices of a month that is over, now; the server does it by itself an hour after the month's end."""
