"""Credit and budgets of accounts."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ..fields import Timestamp
from ..results import Page, Result

__all__ = ["Balance", "Balances", "Budget", "BudgetPage"]


class Balance(Result):
    """An account's credit in one currency."""

    account_id: str
    currency: str
    credited: float = Field(description="Credit and payments received.")
    charged: float = Field(description="Charges, including accrued cost.")
    balance: float = Field(description="Remaining credit; negative if the account owes.")
    reserved: float = Field(default=0.0, description="Amount reserved for assigned tasks that have not ended.")
    prepaid: bool = Field(default=False, description="Whether charges beyond the credit are refused.")


class Balances(Page[Balance]):
    items_field: ClassVar[str] = "balances"

    balances: list[Balance]


class Budget(Result):
    """A monthly limit of an account, of an agent, or of an account's use of an agent.

    With a model or a project, it counts only the cost of calls to that model or for that project.
    """

    account_id: str | None = None
    agent_id: str | None = None
    model: str | None = None
    project: str | None = None
    currency: str
    soft_limit: float | None = None
    hard_limit: float | None = None
    prepaid: bool = False
    spent: float = Field(description="In the month.")
    reserved: float = Field(default=0.0, description="Amount reserved for assigned tasks that have not ended.")
    period: str
    state: Literal["ok", "warned", "exhausted"]
    set_by: Literal["account", "operator"]
    updated_at: Timestamp


class BudgetPage(Page[Budget]):
    items_field: ClassVar[str] = "budgets"

    budgets: list[Budget]
