"""Billing: what it costs, over time and by agent; budgets, credit, invoices."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..drawing import columns
from ..filters import day, money
from ..registry import page
from ..view import View
from .agent_names import names
from .list_parameters import asked

__all__ = ["billing", "invoice"]


@page("billing", title="Billing", scope="read:billing", nav=80, key="b", needs="agora.billing.dashboard")
async def billing(view: View) -> Mapping[str, Any]:
    """Costs at a glance, of one account or of all."""
    account = view.query.get("account")
    mine = {"account": account}
    costs, balances, budgets, invoices, usage = await asyncio.gather(
        view.invoke("agora.billing.dashboard", mine),
        asked(view, "agora.billing.balance", mine),
        asked(view, "agora.billing.budgets", mine),
        asked(view, "agora.billing.invoices", {**mine, "limit": 12}),
        asked(view, "agora.billing.usage", {**mine, "limit": 12}),
    )
    currency = costs.billing.currency
    return {
        "costs": costs,
        "chart": columns(
            [(f"{day(d.day)}: {money(d.cost, currency)}", d.cost) for d in costs.days],
            "Cost of each of the last 30 days",
        ),
        "dearest": max((agent.total_cost for agent in costs.by_agent), default=0) or 1,
        "balances": balances.items if balances else [],
        "budgets": budgets.items if budgets else [],
        "invoices": invoices,
        "usage": usage,
        "names": await names(view, [entry.agent_id for entry in usage.items] if usage else []),
    }


@page("billing/invoices/{invoice}", title="Invoice", scope="read:billing", needs="agora.billing.invoice")
async def invoice(view: View) -> Mapping[str, Any]:
    """One invoice, or what the next one would be now."""
    reference = view.path["invoice"]
    arguments = {"account": view.query.get("account"), "currency": view.query.get("currency")}
    if reference != "open":
        arguments = {"invoice": reference}
    return {"invoice": await view.invoke("agora.billing.invoice", arguments)}
