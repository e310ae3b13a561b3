"""Billing in the monitor: costs by account and by object, and links between a bill and what was billed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import Account, ServerProcess

HOME = "/v1/monitor/"


@pytest.fixture(scope="module")
def worker(shared_server: ServerProcess) -> Account:
    """An agent that costs 0.25 USD per task."""
    worker = shared_server.register("Priced", capabilities=["pricing"])
    price = {"type": "hybrid", "price": 0.05, "usage_unit": "hour", "task_price": 0.25}
    shared_server.operator.call("PUT", f"/billing/prices/{worker.agent_id}", json=price)
    return worker


@pytest.fixture(scope="module")
def browser(shared_server: ServerProcess) -> Iterator[Browser]:
    with Browser(shared_server.url) as browser:
        yield browser


def open_page(browser: Browser, path: str) -> str:
    response = browser.http.get(path if path.startswith("/") else HOME + path)
    assert response.status_code == 200, response.text
    return response.text


def links_of(page: str) -> set[str]:
    return {path.replace("&amp;", "&") for path in re.findall(r'href="(/v1/monitor/[^"#]*)"', page)}


def clicks_between(browser: Browser, start: str, end: str, most: int) -> int:
    """Return the number of links from a page to another, using only pages of these objects; fails beyond the limit."""
    rooms = ("tasks/", "agents/agent_", "messages?agent", "messages/", "billing")
    reached, pages = {start}, {start}
    for clicks in range(1, most + 1):
        pages = {
            link
            for page in pages
            for link in links_of(open_page(browser, page))
            if link.removeprefix(HOME).startswith(rooms)
        } - reached
        if end in pages:
            return clicks
        reached |= pages
    raise AssertionError(f"{end} is not within {most} clicks of {start}")


def test_cost_of_tasks_and_workflows_is_shown_and_linked_to_its_entries(
    shared_server: ServerProcess, browser: Browser, worker: Account
) -> None:
    operator = shared_server.operator
    task_id = operator.post("/agora/task/assign", {"task_type": "paid", "assignee": "Priced"})["task_id"]
    worker.post("/agora/task/complete", {"task_id": task_id})
    steps = [{"name": "one", "agent": "Priced"}, {"name": "two", "agent": "Priced"}]
    workflow_id = operator.post("/agora/workflow/create", {"workflow_name": "Paid", "steps": steps})["workflow_id"]
    for _ in steps:
        flow = operator.get("/agora/workflow/status", params={"workflow_id": workflow_id})
        step = next(step for step in flow["steps"] if step["status"] != "completed")
        worker.post("/agora/task/complete", {"task_id": step["task_id"]})
    for path, query, cost in (
        (f"tasks/{task_id}", f"task_id={task_id}", "0.25 USD"),
        (f"workflows/{workflow_id}", f"workflow_id={workflow_id}", "0.50 USD"),
    ):
        page = open_page(browser, path)
        assert f'href="{HOME}billing/entries?{query}"' in page
        assert re.search(rf'>Cost</span>\s*<span class="value">{cost}', page), path
    entries = operator.get("/billing/usage", params={"task_id": task_id})["usage"]
    assert [(entry["task_id"], entry["amount"]) for entry in entries] == [(task_id, 0.25)]
    operator.post(f"/billing/usage/{entries[0]['entry_id']}/reverse", {"reason": "spoilt"})
    entries = operator.get("/billing/usage", params={"task_id": task_id})["usage"]
    assert sorted((entry["task_id"], entry["amount"]) for entry in entries) == [(task_id, -0.25), (task_id, 0.25)]
    ledger = open_page(browser, f"billing/entries?task_id={task_id}")
    assert {f"{HOME}tasks/{task_id}", f"{HOME}agents/{worker.agent_id}"} <= links_of(ledger)


def test_cost_of_a_task_is_hidden_from_other_accounts(shared_server: ServerProcess, worker: Account) -> None:
    task_id = shared_server.operator.post("/agora/task/assign", {"task_type": "own", "assignee": "Priced"})["task_id"]
    worker.post("/agora/task/complete", {"task_id": task_id})
    stranger = shared_server.register("Stranger")
    assert stranger.get("/billing/usage", params={"task_id": task_id})["usage"] == []


def test_accounts_are_listed_and_linked_without_a_total_balance(
    shared_server: ServerProcess, browser: Browser, worker: Account
) -> None:
    for account, amount in (("north", 30), ("south", 12)):
        shared_server.operator.post(
            "/billing/usage", {"usage_key": account, "account": account, "agent_id": "Priced", "requests": 1}
        )
        shared_server.operator.post("/billing/credit", {"account": account, "amount": amount})
    everything = open_page(browser, "billing")
    assert '<span class="name">Balance</span>' not in everything
    assert {f"{HOME}billing?account=north", f"{HOME}billing?account=south"} <= links_of(everything)
    one = open_page(browser, "billing?account=north")
    assert '<span class="name">Balance</span>' in one
    assert f"{HOME}billing/invoices/open?account=north&currency=USD" in links_of(one)
    assert ">south</a>" in open_page(browser, "billing/accounts")


def test_failing_task_and_bill_are_three_clicks_apart(
    shared_server: ServerProcess, browser: Browser, worker: Account
) -> None:
    operator = shared_server.operator
    done = operator.post("/agora/task/assign", {"task_type": "billed", "assignee": "Priced"})["task_id"]
    worker.post("/agora/task/complete", {"task_id": done})
    failing = operator.post("/agora/task/assign", {"task_type": "fails", "assignee": "Priced", "max_attempts": 1})
    worker.post("/agora/task/fail", {"task_id": failing["task_id"], "error": "out of ink", "retry": False})
    operator.post("/agora/messaging/send", {"to_agent": "Priced", "content": "What happened?"})
    task = f"{HOME}tasks/{failing['task_id']}"
    agent = f"{HOME}agents/{worker.agent_id}"
    messages = f"{HOME}messages?agent={worker.agent_id}"
    bill = f"{HOME}billing/entries?agent_id={worker.agent_id}"
    for start, end in ((task, agent), (agent, messages), (messages, bill)):
        assert clicks_between(browser, start, end, 3) <= 3
    for start, end in ((bill, messages), (messages, agent), (agent, task)):
        assert clicks_between(browser, start, end, 3) <= 3
