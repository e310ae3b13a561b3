"""The dashboard: a summary of an account's costs."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from ..results import Result
from .budgets import Budget
from .usage import AgentCost

__all__ = ["CostSummary", "CurrencyBilling", "CurrentBilling", "Dashboard", "DayCost"]


class CostSummary(Result):
    total_cost: float
    total_uptime_hours: float


class CurrentBilling(Result):
    """The current month to date, and the previous month."""

    current_month_cost: float
    last_month_cost: float
    currency: str
    balance: float


class CurrencyBilling(CurrentBilling):
    """The same in another currency, with the total."""

    total_cost: float


class DayCost(Result):
    day: date
    cost: float


class Dashboard(Result):
    """A summary of an account's costs."""

    customer_id: str | None = None
    summary: CostSummary
    billing: CurrentBilling
    days: list[DayCost] = Field(description="The last 30 days, including days without costs.")
    by_agent: list[AgentCost] = Field(description="This month, most expensive first.")
    budgets: list[Budget]
    other_currencies: list[CurrencyBilling] = []
