"""``agora dashboard``: a summary of instances and costs."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.errors import PermissionDenied

from .output import Column
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.billing import Dashboard
    from agora_sdk.contract.instances import InstanceDashboard

__all__ = ["dashboard", "print_dashboard"]

BAR_WIDTH = 24  #: width of the bar of the most expensive day


@client_command
def dashboard(
    session: Session,
    account: Annotated[str | None, typer.Argument(help="Account; default for operators: all accounts.")] = None,
    currency: Annotated[str | None, typer.Option(help="Code of the currency, such as USD.")] = None,
) -> None:
    """Show a summary of instances and costs: total, this month, by day, by agent, and budgets."""
    print_dashboard(session, account, currency)


def print_dashboard(session: Session, account: str | None = None, currency: str | None = None) -> None:
    """Print the parts of the dashboard that the caller may see."""
    costs = session.client.billing.dashboard(account, currency=currency)
    if session.out.json:
        session.out.print_result(costs)
        return
    _print_tables(session, costs, _fetch_instances_or_none(session, account))


def _fetch_instances_or_none(session: Session, account: str | None) -> InstanceDashboard | None:
    try:
        return session.client.instance.dashboard(account)
    except PermissionDenied:
        return None  # the caller may see only costs


def _print_tables(session: Session, dashboard: Dashboard, running: InstanceDashboard | None) -> None:
    from .billing import BUDGETS, format_money
    from .instance_views import print_instances

    out, now = session.out, dashboard.billing
    out.print_fields(
        {
            "account": dashboard.customer_id or "everybody's",
            "instances": _format_counts(running) if running else None,
            "running time": f"{dashboard.summary.total_uptime_hours:,.2f} h",
            "this month": format_money(now.current_month_cost, now.currency),
            "last month": format_money(now.last_month_cost, now.currency),
            "total": format_money(dashboard.summary.total_cost, now.currency),
            "balance": format_money(now.balance, now.currency),
        }
    )
    if running and running.recent_instances:
        print_instances(out, running.recent_instances, title="Instances")
    days = [day for day in dashboard.days if day.cost]
    if days:
        dearest = max(day.cost for day in days)
        bar: Column = ("", lambda day: "#" * round(BAR_WIDTH * max(0.0, day.cost) / dearest) if dearest > 0 else "")
        cost: Column = ("cost", lambda day: format_money(day.cost, now.currency))
        out.print_table(days, [("day", attrgetter("day")), cost, bar], title="By day")
    if dashboard.by_agent:
        monthly: Column = ("this month", lambda agent: format_money(agent.total_cost, now.currency))
        out.print_table(dashboard.by_agent, [("agent", attrgetter("agent_name")), monthly], title="By agent")
    if dashboard.budgets:
        out.print_table(dashboard.budgets, BUDGETS, title="Budgets")


def _format_counts(running: InstanceDashboard) -> str:
    counted: Any = running.summary
    states = {name: getattr(counted, f"{name}_instances") for name in ("running", "paused", "failed")}
    states_text = ", ".join(f"{count} {name}" for name, count in states.items() if count)
    return f"{counted.total_instances}" + (f": {states_text}" if states_text else "")
