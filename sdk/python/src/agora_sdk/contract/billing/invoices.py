"""Invoices: usage of one month."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from ..fields import Timestamp
from ..results import Page, Result
from .usage import EntryKind

__all__ = [
    "BillingProfile",
    "Closing",
    "Invoice",
    "InvoiceCustomer",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoicePage",
    "InvoiceRef",
    "InvoiceSummary",
    "Month",
]

InvoiceRef = Annotated[
    str, Field(max_length=64, pattern=r"^(inv_[0-9a-f]{32}|INV-[0-9]{6,12})$", description="Id or number.")
]
Month = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="A month in UTC, such as 2026-11.", examples=["2026-11"]),
]


class InvoiceLine(Result):
    """One kind of usage of one agent in one month. The month is an earlier one if the entry missed its invoice."""

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
    number: str | None = Field(
        default=None, description="Invoice number, consecutive within the marketplace; null while the invoice is open."
    )
    status: Literal["open", "closed"]
    account_id: str
    currency: str
    period: str
    issued_at: Timestamp | None = None
    opening_balance: float = Field(description="Balance before the invoice; negative if the account owed money.")
    charges: float
    credits: float = Field(description="Credit and payments received.")
    closing_balance: float
    amount_due: float


class BillingProfile(Result):
    """Billing details of an account, as shown on its invoices."""

    account_id: str
    name: str = ""
    address: str = Field(default="", description="Lines of the postal address.")
    tax_id: str = Field(default="", description="Tax number of the customer, such as a VAT id.")
    email: str = Field(default="", description="Where invoices are sent.")
    updated_at: Timestamp | None = None


class InvoiceCustomer(BaseModel):
    """Billing details of the customer at the time of issue."""

    name: str = ""
    address: str = ""
    tax_id: str = ""
    email: str = ""


class Invoice(InvoiceSummary):
    """An account's usage of one month. ``opening_balance + credits - charges = closing_balance``.

    Prices include the tax: ``net_charges + tax = charges``.
    """

    issuer: str = Field(default="", description="Name and address of the issuer, in lines.")
    issuer_email: str = ""
    customer: InvoiceCustomer = InvoiceCustomer()
    due_at: Timestamp | None = Field(default=None, description="Due date; null while the invoice is open.")
    tax_name: str = ""
    tax_rate: float = Field(default=0.0, description="Tax rate in percent, included in the charges.")
    tax: float = 0.0
    net_charges: float = Field(default=0.0, description="The charges excluding tax.")
    lines: list[InvoiceLine]
    other_currencies: list[InvoiceSummary] = Field(
        default=[], description="Open invoice only: previews in other currencies."
    )


class InvoicePage(Page[InvoiceSummary]):
    items_field: ClassVar[str] = "invoices"

    invoices: list[InvoiceSummary]


class InvoiceDocument(Result):
    """An invoice as a file: ``csv`` and ``json`` have exact figures, ``html`` and ``eml`` those of the currency."""

    filename: str
    media_type: str
    content: str


class Closing(Result):
    """Invoices that were issued."""

    period: str
    issued: list[str]
    remaining: int = Field(description="Invoices still to be issued for the month; if not 0, call again.")
