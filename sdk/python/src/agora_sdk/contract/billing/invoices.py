"""Invoices: usage of one month."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..fields import Timestamp
from ..results import Page, Result
from .usage import EntryKind

__all__ = [
    "Closing",
    "Invoice",
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
    """One kind of usage of one agent in one month; an earlier month if the entry was too late for its invoice."""

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
        default=None, description="Invoice number, without gaps in the marketplace; null while the invoice is open."
    )
    status: Literal["open", "closed"]
    account_id: str
    currency: str
    period: str
    issued_at: Timestamp | None = None
    opening_balance: float = Field(description="Balance before the invoice; negative if the account owed.")
    charges: float
    credits: float = Field(description="Credit and payments received.")
    closing_balance: float
    amount_due: float


class Invoice(InvoiceSummary):
    """An account's usage of one month. ``opening_balance + credits - charges = closing_balance``."""

    lines: list[InvoiceLine]
    other_currencies: list[InvoiceSummary] = Field(
        default=[], description="Of the open invoice: those that the account would get in other currencies."
    )


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
