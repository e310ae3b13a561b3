"""Shared calls of the black-box tests of billing: customers, prices, budgets and costs over HTTP."""

from __future__ import annotations

from typing import Any

from tests.blackbox.server import Account, ServerProcess

__all__ = ["cost", "customer", "priced_agent"]


def customer(server: ServerProcess, account: str, **budget: Any) -> Account:
    """Create a credential of an account. budget: limits set by the operator."""
    if budget:
        server.operator.call("PUT", "/billing/budget", json={"account": account, **budget})
    made = server.operator.post("/tokens", {"label": f"key of {account}", "account": account})
    return server.account(made["token"], account, account)


def priced_agent(server: ServerProcess, name: str, type: str = "per_request", **price: Any) -> Account:
    """Register an agent with a price."""
    agent = server.register(name)
    agent.call("PUT", f"/billing/prices/{name}", json={"type": type, **price})
    return agent


def cost(server: ServerProcess, account: str, **query: Any) -> float:
    """Return the cost of an account in the ledger, in the requested currency."""
    return float(server.operator.get("/billing/cost", params={"account": account, **query})["total_cost"])
