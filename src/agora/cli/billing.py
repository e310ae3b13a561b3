"""Billing commands with output formatted for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.billing import Billing
from agora_sdk.errors import InvalidRequest

from .output import Column, format_cell
from .projection import build_operation_function
from .session import Session, client_command
from .tables import build_attribute_columns

if TYPE_CHECKING:
    from agora_sdk.contract.billing import BillingInfo, Invoice

__all__ = ["balance", "budgets", "cost", "format_money", "invoice", "invoices", "prices", "revenue", "usage"]


def format_money(amount: float | None, currency: str = "") -> str:
    """Format an amount with at least two decimal places."""
    if amount is None:
        return "-"
    whole, _, places = f"{amount + 0.0:,.6f}".partition(".")
    # Charges for tokens may be fractions of a cent, which two places would show as zero.
    return f"{whole}.{places.rstrip('0').ljust(2, '0')} {currency}".rstrip()


def format_quantity(quantity: float, unit: str) -> str:
    """Format a quantity with its unit, singular or plural: ``2 instances``, ``35.8 seconds``."""
    return f"{quantity:,.10g} {unit}{'' if quantity == 1 else 's'}"


def _build_money_column(field: str) -> Callable[[Any], str]:
    """Build a column of amounts with the currency of the row."""
    return lambda item: format_money(getattr(item, field), item.currency)


PRICES: Sequence[Column] = [
    *build_attribute_columns("agent=agent_name type"),
    ("price", lambda item: _format_price(item)),
    *build_attribute_columns("version since=effective_from"),
]
USAGE: Sequence[Column] = [
    *build_attribute_columns("time=created_at account=account_id agent=agent_id kind"),
    ("quantity", lambda item: format_quantity(item.quantity, item.unit)),
    ("amount", _build_money_column("amount")),
    *build_attribute_columns("instance=instance_id id=entry_id note=description"),
]
REVENUE: Sequence[Column] = [
    *build_attribute_columns("agent=agent_name"),
    ("revenue", _build_money_column("revenue")),
    *build_attribute_columns("executions=task_executions"),
    ("time", lambda item: _format_hours(item.usage_time)),
    *build_attribute_columns("customers"),
]
BALANCES: Sequence[Column] = [
    *build_attribute_columns("account=account_id"),
    ("credited", _build_money_column("credited")),
    ("charged", _build_money_column("charged")),
    ("balance", _build_money_column("balance")),
    *build_attribute_columns("prepaid"),
]
BUDGETS: Sequence[Column] = [
    *build_attribute_columns("account=account_id agent=agent_id month=period"),
    ("spent", _build_money_column("spent")),
    ("warning at", _build_money_column("soft_limit")),
    ("limit", _build_money_column("hard_limit")),
    *build_attribute_columns("state set_by"),
]
INVOICES: Sequence[Column] = [
    *build_attribute_columns("number account=account_id month=period"),
    ("charges", _build_money_column("charges")),
    ("due", _build_money_column("amount_due")),
    *build_attribute_columns("issued=issued_at"),
]


def _format_price(item: Any) -> str:
    parts = {
        "": item.price,
        "at the start": item.base_price,
        "a task": item.task_price,
        "a million tokens in": item.input_price,
        "a million tokens out": item.output_price,
    }
    unit = {"per_request": "a request", "per_minute": "a minute", "per_hour": "an hour"}.get(item.type)
    parts_text = [
        f"{format_money(amount, item.currency)} {what or unit or f'a running {item.usage_unit}'}"
        for what, amount in parts.items()
        if amount
    ]
    return ", ".join(parts_text) or "free"


def _format_hours(seconds: float) -> str:
    return f"{seconds / 3600:,.2f} h"


def _build_page_command(attribute: str, columns: Sequence[Column]) -> Callable[..., None]:
    """Build an operation's command with money columns."""

    def run_page(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
        page = getattr(session.client.billing, operation.attribute)(**arguments)
        session.out.print_result(page, columns)

    return build_operation_function(Billing.operations[attribute], run=run_page)


prices = _build_page_command("prices", PRICES)
usage = _build_page_command("usage", USAGE)
revenue = _build_page_command("revenue", REVENUE)
balance = _build_page_command("balance", BALANCES)
budgets = _build_page_command("budgets", BUDGETS)
invoices = _build_page_command("invoices", INVOICES)


def _build_cost_fields(info: BillingInfo) -> list[tuple[str, str]]:
    parts, currency = info.cost_breakdown, info.currency
    return [
        ("total", format_money(info.total_cost, currency)),
        ("base", format_money(parts.base_cost, currency)),
        ("usage", format_money(parts.usage_cost, currency)),
        ("tasks", format_money(parts.task_cost, currency)),
        ("reductions", format_money(parts.reductions, currency)),
        ("accruing", format_money(info.accrued_cost, currency)),
        ("running time", _format_hours(info.usage_time)),
        ("executions", f"{info.task_executions:,}"),
        ("tokens", f"{info.input_tokens:,} in, {info.output_tokens:,} out"),
    ]


def _fetch_and_print_cost(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    report = session.client.billing.cost(**arguments)
    if session.out.json:
        session.out.print_result(report)
        return
    for info in (report, *report.other_currencies):
        session.out.print_fields(dict(_build_cost_fields(info)))
    if len(report.by_agent) > 1:
        session.out.print_table(
            report.by_agent, [*build_attribute_columns("agent=agent_name"), ("cost", _build_money_column("total_cost"))]
        )


cost = build_operation_function(Billing.operations["cost"], run=_fetch_and_print_cost)


@client_command
def invoice(
    session: Session,
    number: Annotated[str | None, typer.Argument(help="Number or id; default: the open invoice.")] = None,
    account: Annotated[str | None, typer.Option(help="Account, if no number is given; default: the caller's.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency code, if no number is given.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Output CSV.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Output an HTML page for printing.")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="Output an e-mail to the customer, for sendmail -t.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Show all decimal places on the page.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the CSV, page or e-mail to this file.")
    ] = None,
) -> None:
    """Show an invoice; without a number, a preview of the account's next invoice."""
    billing = session.client.billing
    is_document = csv or html or eml or output is not None
    if exact and not is_document:
        raise InvalidRequest(
            "--exact changes only the page and the e-mail of an invoice.", fix="Add --html, --eml or --output FILE."
        )
    if number is None and is_document:
        raise InvalidRequest(
            "Only an issued invoice is available as a CSV file, page or e-mail: its number is missing.",
            fix="Give its number: 'agora billing invoices' lists those of an account.",
        )
    if number is not None and is_document:
        document = billing.document(number, format="csv" if csv else "eml" if eml else "html", exact=exact)
        if output is None:
            sys.stdout.write(document.content)
        else:
            # Without translation of newlines: CSV and e-mail have CRLF of their own, which Windows would double.
            output.write_text(document.content, "utf-8", newline="")
            session.out.print_note(f"written to {output}")
        return
    shown_invoice = billing.invoice(number, account=account, currency=currency)
    if session.out.json:
        session.out.print_result(shown_invoice)
    else:
        _print_invoice(session, shown_invoice)


def _print_invoice(session: Session, invoice: Invoice) -> None:
    amounts = ("opening_balance", "credits", "charges", "closing_balance", "amount_due")
    session.out.print_fields(
        {
            "number": invoice.number or "not issued yet",
            "account": invoice.account_id,
            "month": invoice.period,
            "issued": format_cell(invoice.issued_at) if invoice.issued_at else None,
        }
        | {name.replace("_", " "): format_money(getattr(invoice, name), invoice.currency) for name in amounts}
    )
    columns: list[Column] = [
        *build_attribute_columns("month=period description"),
        ("quantity", lambda line: format_quantity(line.quantity, line.unit)),
        ("amount", lambda line: format_money(line.amount, invoice.currency)),
    ]
    session.out.print_table(invoice.lines, columns)
