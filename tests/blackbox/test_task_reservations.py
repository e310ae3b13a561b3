"""The price of a task is reserved when it is assigned: limits, budgets and prepaid credit apply to tasks as to other
usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.blackbox.billing_calls import cost, customer, priced_agent
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ExitStack() as stack:
        settings = {}
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = ServerProcess(tmp_path_factory.mktemp(request.param) / "data", **settings)
        stack.callback(server.close)
        yield server.start()


def assign(account: Account, assignee: str, expect: int = 200, **order: Any) -> Any:
    body = {"task_type": "work", "assignee": assignee, **order}
    return account.post("/agora/task/assign", body, expect=expect)


def reserved(server: ServerProcess, account: str) -> float:
    budgets = server.operator.get("/billing/budget", params={"account": account})["budgets"]
    return float(budgets[0]["reserved"])


def test_tasks_are_refused_at_the_hard_limit(server: ServerProcess) -> None:
    worker = priced_agent(server, "LimitWorker", price=4)
    acme = customer(server, "limit-acme", hard_limit=10)
    tasks = [assign(acme, "LimitWorker")["task_id"] for _ in range(2)]
    refusal = assign(acme, "LimitWorker", expect=402)
    assert refusal["code"] == "budget_exceeded"
    assert "reserved" in refusal["detail"]
    assert (cost(server, "limit-acme"), reserved(server, "limit-acme")) == (0, 8)
    for task in tasks:
        worker.post("/agora/task/complete", {"task_id": task})
    assert (cost(server, "limit-acme"), reserved(server, "limit-acme")) == (8, 0)
    assign(acme, "LimitWorker", expect=402)


def test_tasks_are_refused_beyond_the_prepaid_credit(server: ServerProcess) -> None:
    priced_agent(server, "CreditWorker", price=1000)
    acme = customer(server, "credit-acme", prepaid=True)
    assert assign(acme, "CreditWorker", expect=402)["code"] == "credit_exhausted"
    server.operator.post("/billing/credit", {"account": "credit-acme", "amount": 1500})
    assign(acme, "CreditWorker")
    assert assign(acme, "CreditWorker", expect=402)["code"] == "credit_exhausted"
    (balance,) = server.operator.get("/billing/balance", params={"account": "credit-acme"})["balances"]
    assert (balance["balance"], balance["reserved"]) == (1500, 1000)


def test_concurrent_assigns_do_not_exceed_a_limit(server: ServerProcess) -> None:
    priced_agent(server, "RaceWorker", price=1)
    acme = customer(server, "race-acme", hard_limit=5)

    def attempt(_: int) -> int:
        body = {"task_type": "work", "assignee": "RaceWorker"}
        return acme.http.post("/agora/task/assign", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(attempt, range(24)))
    assert (statuses.count(200), statuses.count(402)) == (5, 19)
    assert reserved(server, "race-acme") == 5


def _cancel(server: ServerProcess, giver: Account, worker: Account, task: str) -> None:
    giver.post("/agora/task/cancel", {"task_id": task})


def _fail(server: ServerProcess, giver: Account, worker: Account, task: str) -> None:
    worker.post("/agora/task/fail", {"task_id": task, "error": "no", "retry": False})


def _reject(server: ServerProcess, giver: Account, worker: Account, task: str) -> None:
    worker.post("/agora/task/update", {"task_id": task, "status": "rejected"})


def _reassign_to_anyone(server: ServerProcess, giver: Account, worker: Account, task: str) -> None:
    giver.post("/agora/task/reassign", {"task_id": task, "assignee": None})


@pytest.mark.parametrize("end", [_cancel, _fail, _reject, _reassign_to_anyone])
def test_reservation_of_an_uncompleted_task_is_released(server: ServerProcess, end: Callable[..., None]) -> None:
    name = f"Released{end.__name__}"
    worker = priced_agent(server, name, price=3)
    acme = customer(server, name, hard_limit=3)
    task = assign(acme, name)["task_id"]
    assign(acme, name, expect=402)
    end(server, acme, worker, task)
    assert reserved(server, name) == 0
    assign(acme, name)


def test_reservation_of_an_expired_task_is_released(server: ServerProcess) -> None:
    priced_agent(server, "SlowWorker", price=3)
    acme = customer(server, "slow-acme", hard_limit=3)
    assign(acme, "SlowWorker", deadline=(datetime.now(UTC) + timedelta(seconds=5)).isoformat())
    poll_until(lambda: reserved(server, "slow-acme") == 0, "the expired task is released")


def test_reassignment_reserves_the_new_assignees_price(server: ServerProcess) -> None:
    cheap = priced_agent(server, "CheapWorker", price=1)
    priced_agent(server, "DearWorker", price=100)
    acme = customer(server, "move-acme", hard_limit=10)
    task = assign(acme, "CheapWorker")["task_id"]
    acme.post("/agora/task/reassign", {"task_id": task, "assignee": "DearWorker"}, expect=402)
    assert reserved(server, "move-acme") == 1
    cheap.post("/agora/task/complete", {"task_id": task})
    assert cost(server, "move-acme") == 1


def test_task_costs_the_price_at_its_assignment(server: ServerProcess) -> None:
    worker = priced_agent(server, "RaisingWorker", price=2)
    acme = customer(server, "raise-acme", hard_limit=10)
    task = assign(acme, "RaisingWorker")["task_id"]
    worker.call("PUT", "/billing/prices/RaisingWorker", json={"type": "per_request", "price": 500})
    worker.post("/agora/task/complete", {"task_id": task})
    assert cost(server, "raise-acme") == 2
    assign(acme, "RaisingWorker", expect=402)


def test_workflow_step_beyond_the_limit_fails(server: ServerProcess) -> None:
    priced_agent(server, "StepWorker", price=6)
    acme = customer(server, "flow-acme", hard_limit=10)
    steps = [
        {"name": "first", "task_type": "work", "agent": "StepWorker"},
        {"name": "second", "task_type": "work", "agent": "StepWorker", "depends_on": []},
    ]
    made = acme.post("/agora/workflow/create", {"workflow_name": "spending", "steps": steps})
    status = acme.get("/agora/workflow/status", params={"workflow_id": made["workflow_id"]})
    assert status["status"] == "failed", status
    assert "hard limit" in status["error"]
    assert reserved(server, "flow-acme") == 0, "the step that was cancelled gives its price back"


def test_reservation_survives_a_killed_server(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    worker = priced_agent(server, "KilledWorker", price=4)
    acme = customer(server, "killed-acme", hard_limit=10)
    tasks = [assign(acme, "KilledWorker")["task_id"] for _ in range(2)]
    worker.post("/agora/task/complete", {"task_id": tasks[0]})
    server.kill()
    server.start()
    assign(acme, "KilledWorker", expect=402)
    acme.post("/agora/task/cancel", {"task_id": tasks[1]})
    assign(acme, "KilledWorker")
    assign(acme, "KilledWorker", expect=402)
    assert cost(server, "killed-acme") == 4


def test_message_to_a_priced_built_in_agent_is_paid_by_its_sender(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server("residents", builtin_agents="true")
    resident = "Calculator Agent"
    server.operator.call("PUT", f"/billing/prices/{resident}", json={"type": "per_request", "price": 3})
    acme = customer(server, "mail-acme", hard_limit=4)
    sender = acme.post("/agora/agent/register", {"agent_name": "MailSender"})
    agent = server.account(sender["token"], "MailSender", sender["agent_id"])
    for _ in range(2):
        agent.post("/agora/messaging/send", {"to_agent": resident, "content": "1 + 1"})
    replies = poll_until(
        lambda: (found := agent.get("/agora/messaging/receive")["messages"]) and len(found) == 2 and found,
        "both messages are answered",
    )
    assert sum("hard limit" in str(reply["content"]) for reply in replies) == 1
    poll_until(lambda: cost(server, "mail-acme") == 3, "one message is charged to the account of its sender")
