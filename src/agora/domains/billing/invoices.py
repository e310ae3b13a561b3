"""Invoicing: a monthly invoice of the ledger entries that are on no earlier invoice.

The lines of an invoice are the sums of the ledger minus the lines of all earlier invoices. Therefore every entry is on
exactly one invoice, regardless of the order of commits: an entry written after its month was invoiced is on the next
invoice, in a line of its own month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agora.clock import new_id, to_datetime
from agora.core.call import Call
from agora.core.errors import not_found
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind

from . import view_queries as statements
from .accounts import list_account_members
from .invoice_details import InvoiceDetails, build_details, compute_included_tax, load_billing_profile
from .ledger import PAYMENT_KINDS
from .money import convert_to_month_number, format_month, from_micros
from .records import INVOICE_LINES, INVOICES, InvoiceLineRow, InvoiceRow
from .terms import UNITS
from .views import Scope, Tally, choose_currency, load_current_tallies, read_agent_names

__all__ = ["InvoiceLine", "build_invoice", "build_open_invoice", "build_summary", "issue_invoice", "require_invoice"]

DESCRIPTIONS: Mapping[EntryKind, str] = {
    EntryKind.BASE: "Base price",
    EntryKind.TIME: "Running time",
    EntryKind.REQUEST: "Executions",
    EntryKind.TASK: "Tasks",
    EntryKind.INPUT_TOKENS: "Tokens in",
    EntryKind.OUTPUT_TOKENS: "Tokens out",
    EntryKind.MODEL: "Calls of models",
    EntryKind.CREDIT: "Credit",
    EntryKind.PAYMENT: "Payment",
    EntryKind.DISCOUNT: "Discount",
    EntryKind.FREE_QUOTA: "Free quota",
}


@value_class
class InvoiceLine:
    """Sum of entries of one kind, agent and month."""

    period: int
    agent_id: str
    kind: EntryKind
    quantity: int
    amount: int
    entries: int


async def read_pending_lines(tx: Reader, account: str, currency: str, period: int) -> tuple[list[InvoiceLine], int]:
    """Read uninvoiced lines up to a month, and the balance of all invoiced entries."""
    names = {"account": account, "currency": currency}
    sums: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in await tx.all(statements.sum_charges_by_line, period=period, **names):
        sums[row.period, row.agent_id, row.kind] = [row.quantity, row.amount, row.entries]
    opening = 0
    for row in await tx.all(statements.sum_invoiced_lines, **names):
        # May be of a later month than the one asked for, and negative: such lines are left out below.
        remainder = sums[row.period, row.agent_id, row.kind]
        for at, value in enumerate((row.quantity, row.amount, row.entries)):
            remainder[at] -= value
        # Charges are positive and credits negative in the ledger, a balance is the opposite.
        opening -= row.amount
    lines = [
        InvoiceLine(month, agent, EntryKind(kind), quantity, amount, count)
        for (month, agent, kind), (quantity, amount, count) in sorted(sums.items())
        if count > 0 and month <= period
    ]
    return lines, opening


async def issue_invoice(call: Call, account: str, currency: str, period: int) -> str | None:
    """Issue an account's invoice of a past month. Returns its number, or None if there is nothing to invoice.

    The number is assigned in the transaction that writes the invoice, so that there are no gaps.
    """
    tx, names = call.tx, {"account": account, "currency": currency}
    await tx.execute(statements.lock_invoice_head)  # serialized from here on
    # Under the lock: of two servers that close one month, the second finds the first one's invoice.
    if await tx.one(statements.select_invoice_of_period, period=period, **names) is not None:
        return None
    lines, opening = await read_pending_lines(tx, account, currency, period)
    # No invoice without lines, so a quiet month takes no number.
    if not lines:
        return None
    # Not from a sequence of PostgreSQL, which would keep the numbers of transactions that are rolled back.
    (number,) = await tx.returning(statements.allocate_invoice_number)
    charges, credits = _sum_lines(lines)
    details = build_details(call, await load_billing_profile(call.tx, account), call.now)
    row = InvoiceRow(
        tenant_id=call.caller.tenant,
        invoice_id=new_id("inv"),
        number=number,
        account_id=account,
        currency=currency,
        period=period,
        opening=opening,
        charges=charges,
        credits=credits,
        issued_at=call.now,
        details=details.to_json(),
    )
    tx.append(INVOICES, row)
    # Names are copied: an invoice does not change if an agent is renamed or leaves.
    called = await read_agent_names(tx, (line.agent_id for line in lines))
    months: dict[int, int] = defaultdict(int)
    for line in lines:
        months[line.period] += line.entries
        tx.append(INVOICE_LINES, _build_line_row(row, line, called))
    for month, entries in sorted(months.items()):
        # Counts the invoiced entries by their month, so that select_due_invoices finds the accounts that have later ones.
        await tx.execute(statements.add_invoiced_entries, period=month, entries=entries, **names)
    await _emit_issued(call, row)
    return _format_number(number)


async def _emit_issued(call: Call, row: InvoiceRow) -> None:
    data = {
        "invoice_id": row.invoice_id,
        "number": _format_number(row.number),
        "account_id": row.account_id,
        "period": format_month(row.period),
        "currency": row.currency,
        "charges": from_micros(row.charges),
        "amount_due": from_micros(max(0, row.charges - row.credits - row.opening)),
    }
    audience = await list_account_members(call.tx, row.account_id)
    call.emit("agora.billing.invoice_issued", data, subject=row.invoice_id, audience=audience)


def _build_line_row(invoice: InvoiceRow, line: InvoiceLine, names: Mapping[str, str]) -> InvoiceLineRow:
    return InvoiceLineRow(
        tenant_id=invoice.tenant_id,
        account_id=invoice.account_id,
        currency=invoice.currency,
        invoice_id=invoice.invoice_id,
        period=line.period,
        agent_id=line.agent_id,
        agent_name=names.get(line.agent_id, line.agent_id),
        kind=line.kind.value,
        quantity=line.quantity,
        amount=line.amount,
        entries=line.entries,
    )


def _sum_lines(lines: Sequence[InvoiceLine]) -> tuple[int, int]:
    """Sum the charges and the payments."""
    return (
        sum(line.amount for line in lines if line.kind not in PAYMENT_KINDS),
        -sum(line.amount for line in lines if line.kind in PAYMENT_KINDS),
    )


# -- views ---------------------------------------------------------------------------------------


async def require_invoice(tx: Reader, ref: str, account: str | None) -> InvoiceRow:
    """Find an invoice of an account (None: any account) by id or number. Raises NotFound."""
    if ref.startswith("inv_"):
        row = await tx.one(statements.select_invoice_by_id, invoice_id=ref)
    else:
        row = await tx.one(statements.select_invoice_by_number, number=int(ref.removeprefix("INV-")))
    if row is None or account not in (None, row.account_id):
        raise not_found("invoice", f"There is no invoice {ref}.", fix="Invoices are listed at GET /billing/invoices.")
    return row


async def build_invoice(tx: Reader, row: InvoiceRow) -> contract.Invoice:
    """Build an issued invoice."""
    lines = await tx.all(
        statements.select_invoice_lines, account=row.account_id, currency=row.currency, invoice_id=row.invoice_id
    )
    invoice_lines = [
        _build_line(InvoiceLine(at.period, at.agent_id, EntryKind(at.kind), at.quantity, at.amount, 0), at.agent_name)
        for at in lines
    ]
    details = InvoiceDetails.from_json(row.details)
    return contract.Invoice(
        **_build_total_fields(row),
        **_build_issue_fields(row),
        **_build_detail_fields(details, row.charges),
        lines=invoice_lines,
    )


async def build_open_invoice(
    call: Call, account: str, currency: str | None, *, visible: bool = True
) -> contract.Invoice:
    """Build the preview of an account's next invoice; empty if the account is unknown or not visible."""
    tallies = await load_current_tallies(call, Scope(account)) if visible else {}
    paid_in = await call.tx.all(statements.sum_costs_by_month, account=account) if visible else []
    currencies = set(tallies) | {row.currency for row in paid_in}
    main_currency = choose_currency(currencies, currency, str(call.context.settings.billing_currency))
    lines, totals = await _read_open_lines(call, account, main_currency, tallies, visible=visible)
    names = await read_agent_names(call.tx, (line.agent_id for line in lines))
    others = [
        (await _read_open_lines(call, account, other, tallies))[1] for other in sorted(currencies - {main_currency})
    ]
    # An account of others looks like an unknown one, which has an empty profile.
    profile = await load_billing_profile(call.tx, account) if visible else contract.BillingProfile(account_id=account)
    details = build_details(call, profile, call.now)
    return contract.Invoice(
        status="open",
        **_build_total_fields(totals),
        **_build_detail_fields(replace(details, due_at=0), totals.charges),
        lines=[_build_line(line, names.get(line.agent_id, line.agent_id)) for line in lines],
        other_currencies=[contract.InvoiceSummary(status="open", **_build_total_fields(each)) for each in others],
    )


async def _read_open_lines(
    call: Call, account: str, currency: str, tallies: Mapping[str, Mapping[str, Tally]], *, visible: bool = True
) -> tuple[list[InvoiceLine], InvoiceTotals]:
    """Read the lines of the open invoice in a currency, including unmetered running time."""
    period = convert_to_month_number(call.now)
    pending, opening = await read_pending_lines(call.tx, account, currency, period) if visible else ([], 0)
    lines = {(line.period, line.agent_id, line.kind): line for line in pending}
    for agent_id, tally in tallies.get(currency, {}).items():
        if tally.accrued_time:
            key = (period, agent_id, EntryKind.TIME)
            line = lines.get(key, InvoiceLine(*key, 0, 0, 0))
            # Accrued time is in no entry yet. It is shown as part of the line that it will be billed in.
            lines[key] = replace(line, quantity=line.quantity + tally.accrued_time, amount=line.amount + tally.accrued)
    ordered = [lines[key] for key in sorted(lines)]
    charges, credits = _sum_lines(ordered)
    return ordered, InvoiceTotals(account, currency, period, opening, charges, credits)


def build_summary(row: InvoiceRow) -> contract.InvoiceSummary:
    """Build an issued invoice without its lines."""
    return contract.InvoiceSummary(**_build_total_fields(row), **_build_issue_fields(row))


def _build_issue_fields(row: InvoiceRow) -> dict[str, Any]:
    return {
        "invoice_id": row.invoice_id,
        "number": _format_number(row.number),
        "status": "closed",
        "issued_at": to_datetime(row.issued_at),
    }


def _build_detail_fields(details: InvoiceDetails, charges: int) -> dict[str, Any]:
    tax = compute_included_tax(charges, details.tax_rate)
    return {
        "issuer": details.issuer,
        "issuer_email": details.sender,
        "customer": contract.InvoiceCustomer(
            name=details.name, address=details.address, tax_id=details.tax_id, email=details.email
        ),
        "due_at": to_datetime(details.due_at) if details.due_at else None,
        "tax_name": details.tax_name,
        "tax_rate": details.tax_rate,
        "tax": from_micros(tax),
        "net_charges": from_micros(charges - tax),
    }


@dataclass(slots=True)
class InvoiceTotals:
    """Totals of an open invoice. opening, charges, credits: in millionths."""

    account_id: str
    currency: str
    period: int
    opening: int
    charges: int
    credits: int


def _build_total_fields(row: InvoiceRow | InvoiceTotals) -> dict[str, Any]:
    closing = row.opening + row.credits - row.charges
    return {
        "account_id": row.account_id,
        "currency": row.currency,
        "period": format_month(row.period),
        "opening_balance": from_micros(row.opening),
        "charges": from_micros(row.charges),
        "credits": from_micros(row.credits),
        "closing_balance": from_micros(closing),
        "amount_due": from_micros(max(0, -closing)),
    }


def _build_line(line: InvoiceLine, name: str) -> contract.InvoiceLine:
    unit, size = UNITS[line.kind]
    return contract.InvoiceLine(
        period=format_month(line.period),
        agent_id=line.agent_id or None,
        agent_name=name or None,
        kind=line.kind,
        description=DESCRIPTIONS[line.kind] + (f", {name}" if name else ""),
        quantity=line.quantity / size,
        unit=unit,
        amount=from_micros(line.amount),
    )


def _format_number(number: int) -> str:
    return f"INV-{number:06d}"
