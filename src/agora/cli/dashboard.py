"""Costs at a glance."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Column
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.billing import Dashboard

__all__ = ["dashboard"]

BAR = 24  #: characters of the dearest day


@client_command
def dashboard(
    session: Session,
    account: Annotated[str | None, typer.Argument(help="The account; everybody's for operators if left out.")] = None,
    currency: Annotated[str | None, typer.Option(help="Code of the currency, such as USD.")] = None,
) -> None:
    """Show costs at a glance: in all, this month, by day, by agent, and how the budgets stand."""
    found = session.client.billing.dashboard(account, currency=currency)
    if session.out.json:
        session.out.result(found)
    else:
        _show(session, found)


def _show(session: Session, found: Dashboard) -> None:
    from .billing import BUDGETS, money

    now = found.billing
    session.out.fields(
        {
            "account": found.customer_id or "everybody's",
            "total": money(found.summary.total_cost, now.currency),
            "running time": f"{found.summary.total_uptime_hours:,.2f} h",
            "this month": money(now.current_month_cost, now.currency),
            "last month": money(now.last_month_cost, now.currency),
            "balance": money(now.balance, now.currency),
        }
    )
    dearest = max((day.cost for day in found.days), default=0.0)
    days = [day for day in found.days if day.cost]
    if days:
        bar: Column = ("", lambda day: "#" * round(BAR * max(0.0, day.cost) / dearest) if dearest > 0 else "")
        session.out.table(days, [("day", attrgetter("day")), ("cost", lambda day: money(day.cost, now.currency)), bar])
    if found.by_agent:
        session.out.table(
            found.by_agent,
            [("agent", attrgetter("agent_name")), ("this month", lambda agent: money(agent.total_cost, now.currency))],
        )
    if found.budgets:
        session.out.table(found.budgets, BUDGETS)
