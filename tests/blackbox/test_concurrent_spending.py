"""Sixteen threads spend at once: no coupon, free quota or budget exceeds its limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.blackbox.billing_calls import cost, customer, priced_agent
from tests.blackbox.server import ServerProcess

THREADS = 16


def call_at_once(call: Callable[[int], Any]) -> list[Any]:
    """Call a function in every thread at the same time, with the thread's number. Returns the results in order."""
    barrier = Barrier(THREADS)

    def run(number: int) -> Any:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_coupon_is_redeemed_as_often_as_allowed(shared_server: ServerProcess) -> None:
    server = shared_server
    server.operator.post("/billing/coupons", {"code": "THREE-OF-16", "amount": 10.0, "max_redemptions": 3})
    accounts = [customer(server, f"coupon-{number}") for number in range(THREADS)]

    def redeem(number: int) -> int:
        return accounts[number].http.post("/billing/coupons/redeem", json={"code": "THREE-OF-16"}).status_code

    statuses = Counter(call_at_once(redeem))
    assert statuses == {200: 3, 409: 13}
    balances = [balance for account in accounts for balance in account.get("/billing/balance")["balances"]]
    assert [balance["credited"] for balance in balances] == [10.0] * 3

    server.operator.post("/billing/coupons", {"code": "ONE-EACH", "amount": 1.0})
    entries = call_at_once(lambda _: accounts[0].post("/billing/coupons/redeem", {"code": "ONE-EACH"})["entry_id"])
    assert len(set(entries)) == 1


def test_free_quota_is_used_once(shared_server: ServerProcess) -> None:
    server = shared_server
    agent = priced_agent(server, "QuotaAgent", price=1.0)
    agent.call("PUT", "/billing/free-quotas", json={"agent_id": agent.agent_id, "quantity": 5})
    customer(server, "quota-account")

    def record(number: int) -> None:
        usage = {"usage_key": f"quota-{number}", "account": "quota-account", "agent_id": agent.agent_id, "requests": 1}
        server.operator.post("/billing/usage", usage)

    call_at_once(record)
    assert cost(server, "quota-account") == THREADS - 5


def test_concurrently_assigned_tasks_stay_within_a_budget(shared_server: ServerProcess) -> None:
    server = shared_server
    agent = priced_agent(server, "BudgetAgent", price=1.0)
    buyer = customer(server, "budget-account", hard_limit=5.0)

    def assign(_: int) -> int:
        return buyer.http.post("/agora/task/assign", json={"task_type": "t", "assignee": "BudgetAgent"}).status_code

    statuses = Counter(call_at_once(assign))
    assert statuses == {200: 5, 402: 11}
    tasks = agent.post("/agora/task/claim", {"limit": THREADS})["tasks"]
    for task in tasks:
        fence = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
        agent.post("/agora/task/complete", fence | {"result": {}})
    assert len(tasks) == 5
    assert cost(server, "budget-account") == 5.0
    assert buyer.http.post("/agora/task/assign", json={"task_type": "t", "assignee": "BudgetAgent"}).status_code == 402
