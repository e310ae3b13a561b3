"""Billing: cost over time and by agent; budgets, credit, invoices."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.billing import EntryKind

from ..drawing import draw_columns
from ..filters import format_day, format_money
from ..registry import register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_accounts_page", "load_billing_page", "load_entries_page", "load_invoice_page"]

MAX_ROWS = 12  #: maximum per list on the first page
ENTRY_FILTERS = ("account", "agent_id", "instance_id", "task_id", "workflow_id", "kind")


@register_page("billing", title="Billing", scope="read:billing", nav=80, key="b", needs="agora.billing.dashboard")
async def load_billing_page(view: View) -> Mapping[str, Any]:
    """Load an overview of the costs of one account or all."""
    account = view.query.get("account")
    account_filter = {"account": account}
    costs, balances, budgets, invoices, usage = await asyncio.gather(
        view.invoke("agora.billing.dashboard", account_filter),
        query_if_allowed(view, "agora.billing.balance", {**account_filter, "limit": 50 if account else MAX_ROWS}),
        query_if_allowed(view, "agora.billing.budgets", account_filter),
        query_if_allowed(view, "agora.billing.invoices", {**account_filter, "limit": MAX_ROWS}),
        query_if_allowed(view, "agora.billing.usage", {**account_filter, "limit": MAX_ROWS}),
    )
    currency = costs.billing.currency
    return {
        "costs": costs,
        "chart": draw_columns(
            [(f"{format_day(d.day)}: {format_money(d.cost, currency)}", d.cost) for d in costs.days],
            "Cost of each of the last 30 days",
        ),
        "dearest": max((agent.total_cost for agent in costs.by_agent), default=0) or 1,
        "balances": balances,
        "budgets": budgets,
        "invoices": invoices,
        "usage": usage,
        "names": await load_agent_names(
            view,
            [item.agent_id for page in (usage, budgets) if page for item in page.items],
        ),
    }


@register_page("billing/accounts", title="Accounts", scope="read:billing", needs="agora.billing.balance")
async def load_accounts_page(view: View) -> Mapping[str, Any]:
    """Load all accounts with their remaining credit by currency."""
    listing, error = await list_page_or_filter_error(view, "agora.billing.balance", read_url_filters(view, "account"))
    return {"found": listing, "trouble": error, "filtered": "account" in view.query}


@register_page("billing/entries", title="Ledger", scope="read:billing", needs="agora.billing.usage")
async def load_entries_page(view: View) -> Mapping[str, Any]:
    """Load ledger entries, newest first: of an account, agent, instance, task or workflow."""
    filters = read_url_filters(view, *ENTRY_FILTERS)
    listing, error = await list_page_or_filter_error(view, "agora.billing.usage", filters)
    rows = listing.items if listing.count else []
    agent_names = await load_agent_names(view, [*(entry.agent_id for entry in rows), filters.get("agent_id")])
    kinds = [kind.value for kind in EntryKind]
    return {"found": listing, "trouble": error, "filters": filters, "names": agent_names, "kinds": kinds}


@register_page("billing/invoices/{invoice}", title="Invoice", scope="read:billing", needs="agora.billing.invoice")
async def load_invoice_page(view: View) -> Mapping[str, Any]:
    """Load one invoice, or the preview of the next one."""
    reference = view.path["invoice"]
    arguments = {"account": view.query.get("account"), "currency": view.query.get("currency")}
    if reference != "open":
        arguments = {"invoice": reference}
    return {"invoice": await view.invoke("agora.billing.invoice", arguments)}
