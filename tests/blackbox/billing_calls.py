"""What black-box tests of billing share: customers, prices, budgets and costs over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.blackbox.server import Account, ServerProcess

__all__ = ["cost", "customer", "poll_until", "priced_agent"]

DEADLINE = 45.0  # seconds: the billing controller looks every 15


def customer(server: ServerProcess, account: str, **budget: Any) -> Account:
    """A credential of an account; budget: limits that the operator sets for it."""
    if budget:
        server.operator.call("PUT", "/billing/budget", json={"account": account, **budget})
    made = server.operator.post("/tokens", {"label": f"key of {account}", "account": account})
    return server.account(made["token"], account, account)


def priced_agent(server: ServerProcess, name: str, type: str = "per_request", **price: Any) -> Account:
    """An agent with a price."""
    agent = server.register(name)
    agent.call("PUT", f"/billing/prices/{name}", json={"type": type, **price})
    return agent


def cost(server: ServerProcess, account: str, **query: Any) -> float:
    """What the ledger says of an account, in the currency asked for."""
    return float(server.operator.get("/billing/cost", params={"account": account, **query})["total_cost"])


def poll_until(condition: Callable[[], Any], what: str, deadline: float = DEADLINE) -> Any:
    """The first truthy value of a condition. Raises AssertionError after the deadline, in seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"within {deadline} s: {what}")
