"""Billing: what it costs, over time and by agent; budgets, credit, invoices."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..drawing import draw_columns
from ..filters import format_day, format_money
from ..registry import page
from ..view import View
from .agent_names import names_by_id
from .list_parameters import query_if_allowed

__all__ = ["billing", "invoice"]


@page("billing", title="Billing", scope="read:billing", nav=80, key="b", needs="agora.billing.dashboard")
async def billing(view: View) -> Mapping[str, Any]:
    """Costs at a glance, of one account or of all."""
    account = view.query.get("account")
    mine = {"account": account}
    costs, balances, budgets, invoices, usage = await asyncio.gather(
        view.invoke("agora.billing.dashboard", mine),
        query_if_allowed(view, "agora.billing.balance", mine),
        query_if_allowed(view, "agora.billing.budgets", mine),
        query_if_allowed(view, "agora.billing.invoices", {**mine, "limit": 12}),
        query_if_allowed(view, "agora.billing.usage", {**mine, "limit": 12}),
    )
    currency = costs.billing.currency
    return {
        "costs": costs,
        "chart": draw_columns(
            [(f"{format_day(d.day)}: {format_money(d.cost, currency)}", d.cost) for d in costs.days],
            "Cost of each of the last 30 days",
        ),
        "dearest": max((agent.total_cost for agent in costs.by_agent), default=0) or 1,
        "balances": balances.items if balances else [],
        "budgets": budgets.items if budgets else [],
        "invoices": invoices,
        "usage": usage,
        "names": await names_by_id(view, [entry.agent_id for entry in usage.items] if usage else []),
    }


@page("billing/invoices/{invoice}", title="Invoice", scope="read:billing", needs="agora.billing.invoice")
async def invoice(view: View) -> Mapping[str, Any]:
    """One invoice, or what the next one would be now."""
    reference = view.path["invoice"]
    arguments = {"account": view.query.get("account"), "currency": view.query.get("currency")}
    if reference != "open":
        arguments = {"invoice": reference}
    return {"invoice": await view.invoke("agora.billing.invoice", arguments)}
