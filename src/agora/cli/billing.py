"""Commands about money, where a person deserves better than the operation's own form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.billing import Billing

from .output import Column, shown
from .projection import escape, project
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.billing import BillingInfo, Invoice

__all__ = ["balance", "budgets", "cost", "invoice", "invoices", "money", "prices", "revenue", "usage"]


def money(amount: float | None, currency: str = "") -> str:
    """An amount with at least two places, and as many as it has."""
    if amount is None:
        return "-"
    whole, _, places = f"{amount + 0.0:,.6f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')} {currency}".rstrip()


def _in(field: str) -> Callable[[Any], str]:
    """An amount with the currency of its row."""
    return lambda item: money(getattr(item, field), item.currency)


def _is(**headings: str) -> list[Column]:
    return [(heading.replace("_", " "), attrgetter(field)) for heading, field in headings.items()]


PRICES: Sequence[Column] = [
    *_is(agent="agent_name", type="type"),
    ("price", lambda item: _price(item)),
    *_is(version="version", since="effective_from"),
]
USAGE: Sequence[Column] = [
    *_is(time="created_at", account="account_id", agent="agent_id", kind="kind"),
    ("quantity", lambda item: f"{item.quantity:,.10g} {item.unit}"),
    ("amount", _in("amount")),
    *_is(instance="instance_id", id="entry_id", note="description"),
]
REVENUE: Sequence[Column] = [
    *_is(agent="agent_name"),
    ("revenue", _in("revenue")),
    *_is(executions="task_executions"),
    ("time", lambda item: _hours(item.usage_time)),
    *_is(customers="customers"),
]
BALANCES: Sequence[Column] = [
    *_is(account="account_id"),
    ("credited", _in("credited")),
    ("charged", _in("charged")),
    ("balance", _in("balance")),
    *_is(prepaid="prepaid"),
]
BUDGETS: Sequence[Column] = [
    *_is(account="account_id", agent="agent_id", month="period"),
    ("spent", _in("spent")),
    ("warning at", _in("soft_limit")),
    ("limit", _in("hard_limit")),
    *_is(state="state", set_by="set_by"),
]
INVOICES: Sequence[Column] = [
    *_is(number="number", account="account_id", month="period"),
    ("charges", _in("charges")),
    ("due", _in("amount_due")),
    *_is(issued="issued_at"),
]


def _price(item: Any) -> str:
    parts = {
        "": item.price,
        "at the start": item.base_price,
        "a task": item.task_price,
        "a million tokens in": item.input_price,
        "a million tokens out": item.output_price,
    }
    unit = {"per_request": "a request", "per_minute": "a minute", "per_hour": "an hour"}.get(item.type)
    told = [
        f"{money(amount, item.currency)} {what or unit or f'a running {item.usage_unit}'}"
        for what, amount in parts.items()
        if amount
    ]
    return ", ".join(told) or "free"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.2f} h"


def _paged(attribute: str, columns: Sequence[Column]) -> Callable[..., None]:
    """An operation's own command with columns that know money."""
    operation = Billing.operations[attribute]

    def run(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
        page = getattr(session.client.billing, operation.attribute)(**arguments)
        session.out.result(page, columns)

    made = project(operation, run=run)
    made.__doc__ = escape(operation.description)
    return made


prices = _paged("prices", PRICES)
usage = _paged("usage", USAGE)
revenue = _paged("revenue", REVENUE)
balance = _paged("balance", BALANCES)
budgets = _paged("budgets", BUDGETS)
invoices = _paged("invoices", INVOICES)


def _told(info: BillingInfo) -> list[tuple[str, str]]:
    parts, currency = info.cost_breakdown, info.currency
    return [
        ("total", money(info.total_cost, currency)),
        ("base", money(parts.base_cost, currency)),
        ("usage", money(parts.usage_cost, currency)),
        ("tasks", money(parts.task_cost, currency)),
        ("accruing", money(info.accrued_cost, currency)),
        ("running time", _hours(info.usage_time)),
        ("executions", f"{info.task_executions:,}"),
        ("tokens", f"{info.input_tokens:,} in, {info.output_tokens:,} out"),
    ]


def _cost(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    found = session.client.billing.cost(**arguments)
    if session.out.json:
        session.out.result(found)
        return
    for info in (found, *found.other_currencies):
        session.out.fields(dict(_told(info)))
    if len(found.by_agent) > 1:
        session.out.table(found.by_agent, [*_is(agent="agent_name"), ("cost", _in("total_cost"))])


cost = project(Billing.operations["cost"], run=_cost)
cost.__doc__ = escape(Billing.operations["cost"].description)


@client_command
def invoice(
    session: Session,
    number: Annotated[str | None, typer.Argument(help="Number or id; what is not invoiced yet if left out.")] = None,
    account: Annotated[str | None, typer.Option(help="Whose, without a number; the caller's if left out.")] = None,
    currency: Annotated[str | None, typer.Option(help="Code of the currency, without a number.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="As a table for programs.")] = False,
    html: Annotated[bool, typer.Option("--html", help="As a page to print.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the table or the page to this file.")
    ] = None,
) -> None:
    """Show an invoice, or, without naming one, what the next invoice of an account would be now."""
    billing = session.client.billing
    if number is not None and (csv or html or output):
        document = billing.document(number, format="csv" if csv else "html")
        if output is None:
            sys.stdout.write(document.content)
        else:
            output.write_text(document.content, "utf-8", newline="")
            session.out.note(f"written to {output}")
        return
    found = billing.invoice(number, account=account, currency=currency)
    if session.out.json:
        session.out.result(found)
    else:
        _show(session, found)


def _show(session: Session, found: Invoice) -> None:
    amounts = ("opening_balance", "credits", "charges", "closing_balance", "amount_due")
    session.out.fields(
        {
            "number": found.number or "not issued yet",
            "account": found.account_id,
            "month": found.period,
            "issued": shown(found.issued_at) if found.issued_at else None,
        }
        | {name.replace("_", " "): money(getattr(found, name), found.currency) for name in amounts}
    )
    columns: list[Column] = [
        *_is(month="period", description="description"),
        ("quantity", lambda line: f"{line.quantity:,.10g} {line.unit}"),
        ("amount", lambda line: money(line.amount, found.currency)),
    ]
    session.out.table(found.lines, columns)
