"""Signals of billing: budgets."""

from __future__ import annotations

from agora.core.signals import Signal

from .records import BudgetRow

__all__ = ["BUDGET_SET"]

BUDGET_SET: Signal[BudgetRow] = Signal("a budget has been set or lifted")
