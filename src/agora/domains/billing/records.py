"""Records of billing: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "ALLOWANCES",
    "COUPONS",
    "INVOICES",
    "INVOICE_LINES",
    "LEDGER",
    "MODEL_CALLS",
    "PRICES",
    "RESERVATIONS",
    "AccountBalance",
    "AccruedRun",
    "AllowanceRow",
    "BudgetRow",
    "Cost",
    "CouponRow",
    "CustomerCost",
    "DayCost",
    "DiscountRow",
    "DueInvoice",
    "FreeQuotaRow",
    "InvoiceLineRow",
    "InvoiceRow",
    "LedgerEntry",
    "LineSum",
    "MeteredRun",
    "ModelCallRow",
    "ModelPriceRow",
    "ModelSum",
    "MonthCost",
    "PayableTask",
    "PriceChange",
    "PriceRow",
    "ProfileRow",
    "ReductionRule",
    "ReservationRow",
    "TimedInstance",
    "TokenUsageRow",
]


@record
class PriceRow:
    """A version of an agent's price; amounts in millionths of the currency."""

    tenant_id: str
    agent_id: str
    version: int
    type: str
    currency: str
    price: int
    base_price: int
    task_price: int
    usage_unit: str | None
    input_price: int
    output_price: int
    effective_from: int
    created_at: int
    created_by: str


PRICES = Table("billing_prices", PriceRow)


@record
class LedgerEntry:
    """An entry of the ledger, never changed. amount: in millionths. day: of its end, as YYYYMMDD."""

    tenant_id: str
    entry_id: str
    key: str
    account_id: str
    agent_id: str
    instance_id: str
    kind: str
    quantity: int
    price_version: int
    currency: str
    amount: int
    began: int
    ended: int
    day: int
    description: str
    reverses: str | None
    created_at: int
    created_by: str


LEDGER = Table("billing_ledger", LedgerEntry)


@record
class ReservationRow:
    """Amount reserved for a task until it ends, or, with a model, for its next call of that model."""

    tenant_id: str
    task_id: str
    account_id: str
    agent_id: str
    currency: str
    amount: int
    price_version: int
    spender: str
    description: str
    created_at: int
    model: str = ""
    project: str = ""


RESERVATIONS = Table("billing_reservations", ReservationRow)


@record
class AllowanceRow:
    """Granted and used amounts of a credential's allowance."""

    tenant_id: str
    subject: str
    currency: str
    amount: int
    used: int


ALLOWANCES = Table("billing_allowances", AllowanceRow)


@record
class InvoiceRow:
    """A row of ``billing_invoices``. details: JSON of an :class:`.invoice_details.InvoiceDetails`."""

    tenant_id: str
    invoice_id: str
    number: int
    account_id: str
    currency: str
    period: int
    opening: int
    charges: int
    credits: int
    issued_at: int
    details: str | None


INVOICES = Table("billing_invoices", InvoiceRow)


@record
class ProfileRow:
    """A row of ``billing_profiles``: an account's details for invoices."""

    tenant_id: str
    account_id: str
    name: str
    address: str
    tax_id: str
    email: str
    updated_at: int
    updated_by: str


@record
class DiscountRow:
    """A row of ``billing_discounts``: an account's discount in hundredths of a percent."""

    tenant_id: str
    account_id: str
    basis_points: int
    until_at: int | None
    updated_at: int
    updated_by: str


@record
class FreeQuotaRow:
    """A row of ``billing_free_quotas``: monthly quantity of an agent that is free for each account."""

    tenant_id: str
    agent_id: str
    kind: str
    quantity: int
    updated_at: int
    updated_by: str


@record
class ReductionRule:
    """A discount or a free quota that applies to a charge. number: basis points, or the quantity."""

    kind: str
    number: int


@record
class CouponRow:
    """A row of ``billing_coupons``."""

    tenant_id: str
    code: str
    amount: int
    currency: str
    expires_at: int | None
    max_redemptions: int | None
    redemptions: int
    created_at: int
    created_by: str


COUPONS = Table("billing_coupons", CouponRow)


@record
class InvoiceLineRow:
    """A row of ``billing_invoice_lines``."""

    tenant_id: str
    account_id: str
    currency: str
    invoice_id: str
    period: int
    agent_id: str
    agent_name: str
    kind: str
    quantity: int
    amount: int
    entries: int


INVOICE_LINES = Table("billing_invoice_lines", InvoiceLineRow)


@record
class PriceChange(PriceRow):
    """A version of a price. begins: when it applies to earlier agreements."""

    begins: int


@record
class BudgetRow:
    """A budget: of an account, an agent, or both; amounts in millionths.

    model, project: counts only their model calls; '' for all charges.
    """

    tenant_id: str
    account_id: str
    agent_id: str
    currency: str
    model: str
    project: str
    soft_limit: int | None
    hard_limit: int | None
    prepaid: int
    warned: int
    exhausted: int
    set_by: str
    updated_at: int
    updated_by: str


@record
class MeteredRun:
    """The measured and billed part of a run of an instance; times and quantities in microseconds."""

    tenant_id: str
    instance_id: str
    number: int
    account_id: str
    agent_id: str
    began: int
    measured: int
    billed: int
    accrued: int
    currency: str
    day: int
    state: str


@record
class TimedInstance:
    """Cost of an instance's time at a price version."""

    price_version: int
    currency: str
    quantity: int
    amount: int


@record
class Cost:
    """Quantity and amount of a kind of charge."""

    currency: str
    agent_id: str
    kind: str
    quantity: int
    amount: int


@record
class AccruedRun:
    """Running time that is measured but not billed yet."""

    currency: str
    agent_id: str
    quantity: int
    amount: int


@record
class MonthCost:
    """Charges and credits of an account in a month."""

    currency: str
    period: int
    charged: int
    credited: int


@record
class DayCost:
    """Charges of a day."""

    day: int
    amount: int


@record
class AccountBalance:
    """Sums of an account in a currency."""

    account_id: str
    currency: str
    charged: int
    credited: int
    prepaid: int | None
    accrued: int
    reserved: int


@record
class CustomerCost:
    """Number of accounts that pay an agent."""

    agent_id: str
    currency: str
    customers: int


@record
class DueInvoice:
    """An account with uninvoiced entries. period: their oldest month."""

    account_id: str
    currency: str
    period: int


@record
class LineSum:
    """Sum of an invoice line."""

    period: int
    agent_id: str
    kind: str
    quantity: int
    amount: int
    entries: int


@record
class TokenUsageRow:
    """A row of ``token_usage``."""

    tenant_id: str
    task_id: str
    model: str
    agent_id: str
    account_id: str
    input_tokens: int
    output_tokens: int
    cost: int | None
    currency: str | None
    is_estimate: int
    reported_at: int
    charged_input: int
    charged_output: int
    charged_cost: int


@record
class ModelPriceRow:
    """A row of ``billing_model_prices``: prices for a million tokens, markup in hundredths of a percent."""

    tenant_id: str
    provider: str
    model: str
    currency: str
    input_price: int
    output_price: int
    cache_read_price: int | None
    cache_write_price: int | None
    reasoning_price: int | None
    markup: int | None
    updated_at: int
    updated_by: str


@record
class ModelCallRow:
    """A model call: the details of a ledger entry. calls: 1, or -1 for its reversal."""

    tenant_id: str
    entry_id: str
    account_id: str
    agent_id: str
    task_id: str
    project: str
    provider: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    currency: str
    cost: int
    base_cost: int
    is_estimate: int
    first_token: int | None
    duration: int | None
    period: int
    created_at: int


MODEL_CALLS = Table("billing_model_calls", ModelCallRow)


@record
class ModelSum:
    """Sums of the calls of a model."""

    provider: str
    model: str
    currency: str
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost: int
    base_cost: int


@record
class PayableTask:
    """A task of a model call. metadata, payload: JSON."""

    task_id: str
    account_id: str
    created_by: str
    holder: str | None
    metadata: str
    payload: str
