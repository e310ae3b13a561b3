"""Price changes: agreed prices are unaffected. Instances keep their price, an agent keeps its currency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.blackbox.billing_calls import cost, customer
from tests.blackbox.instance_program import INSTANCES, deploy, make_instance, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path_factory.mktemp("prices")) as server:
        yield server


def set_price(server: ServerProcess, agent: str, expect: int | None = None, **price: Any) -> Any:
    return server.operator.call("PUT", f"/billing/prices/{agent}", expect, json=price)


def shown(account: Account, instance: str) -> Any:
    return account.get(f"{INSTANCES}/{instance}")


def used(account: Account, instance: str) -> float:
    return float(shown(account, instance)["billing_info"]["usage_time"])


def test_running_instance_keeps_its_price(server: ServerProcess) -> None:
    deploy(server, "Timed", {"type": "per_minute", "price": 0.06})
    acme = customer(server, "timed-acme", hard_limit=5)
    old = make_instance(acme, "Timed")["instance_id"]
    set_price(server, "Timed", type="per_minute", price=1_000_000)
    moment = used(acme, old)
    poll_until(lambda: used(acme, old) > moment + 1, "another second is measured at the new price")
    acme.post(f"{INSTANCES}/{old}/pause")
    acme.post(f"{INSTANCES}/{old}/resume")
    ended = acme.call("DELETE", f"{INSTANCES}/{old}")
    bill = ended["billing_info"]
    assert bill["total_cost"] == pytest.approx(bill["usage_time"] * 0.001, abs=1e-6)
    assert (ended["price_version"], ended["pricing_info"]["price"]) == (1, 0.06)
    assert cost(server, "timed-acme") < 1


def test_requests_to_an_instance_cost_the_price_at_its_creation(server: ServerProcess) -> None:
    deploy(server, "Worked", {"type": "per_request", "price": 1})
    acme = customer(server, "worked-acme", hard_limit=5)
    instance = make_instance(acme, "Worked")["instance_id"]
    set_price(server, "Worked", type="per_request", price=500)
    done = acme.post(f"{INSTANCES}/{instance}/execute", {"endpoint": "/env"})
    assert done["cost"] == 1
    assert cost(server, "worked-acme") == 1


def test_scaling_keeps_the_agreed_price(server: ServerProcess) -> None:
    deploy(server, "Scaled", {"type": "hybrid", "base_price": 1, "task_price": 0.5})
    acme = customer(server, "scaled-acme", hard_limit=50)
    path = "/marketplace/agents/Scaled/scale"
    acme.call("PUT", path, json={"min_instances": 1, "max_instances": 2})
    set_price(server, "Scaled", type="hybrid", base_price=40, task_price=20)
    (first,) = acme.get(path)["instances"]
    acme.call("DELETE", f"{INSTANCES}/{first}")
    second = poll_until(lambda: [one for one in acme.get(path)["instances"] if one != first], "another one is made")[0]
    assert shown(acme, second)["price_version"] == 1
    assert cost(server, "scaled-acme") in (1, 2), (
        "at the price of before; the first one may have been ended before it ran"
    )
    acme.call("PUT", path, json={"min_instances": 1, "max_price": 39}, expect=409)
    acme.call("PUT", path, json={"min_instances": 0, "max_instances": 0})


def test_new_price_applies_to_running_instances_after_its_notice(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("notice")
    with serving_instances(directory, billing_price_notice="5") as server:
        deploy(server, "Noticed", {"type": "per_request", "price": 1})
        acme = customer(server, "noticed-acme")
        instance = make_instance(acme, "Noticed")["instance_id"]
        set_price(server, "Noticed", type="per_request", price=2)
        assert shown(acme, instance)["pricing_info"]["price"] == 1
        poll_until(lambda: shown(acme, instance)["pricing_info"]["price"] == 2, "the notice is over")
        assert acme.post(f"{INSTANCES}/{instance}/execute", {"endpoint": "/env"})["cost"] == 2
        assert shown(acme, instance)["price_version"] == 1


def test_currency_of_an_agent_cannot_change(server: ServerProcess) -> None:
    deploy(server, "Paid", {"type": "per_minute", "price": 0.06})
    refusal = set_price(server, "Paid", type="per_minute", price=1, currency="EUR", expect=409)
    assert "USD" in refusal["detail"]
    assert set_price(server, "Paid", type="free")["currency"] == "USD"
    set_price(server, "Paid", type="per_minute", price=1, currency="EUR", expect=409)
    server.register("Unpaid")
    set_price(server, "Unpaid", type="free")
    assert set_price(server, "Unpaid", type="per_request", price=1, currency="EUR")["currency"] == "EUR"
    assert set_price(server, "Unpaid", type="per_request", price=2)["currency"] == "EUR"


def test_customer_pays_at_most_max_price(server: ServerProcess) -> None:
    deploy(server, "Dear", {"type": "hybrid", "base_price": 2, "price": 0.5, "usage_unit": "hour"})
    acme = customer(server, "dear-acme")
    refusal = make_instance(acme, "Dear", expect=409, max_price=1.5)
    assert "max_price" in refusal["detail"]
    assert "base_price" in refusal["detail"]
    assert cost(server, "dear-acme") == 0
    make_instance(acme, "Dear", max_price=2, wait=0)


def test_limited_account_needs_a_budget_in_each_currency(server: ServerProcess) -> None:
    server.register("Euros")
    set_price(server, "Euros", type="per_request", price=1000, currency="EUR")
    acme = customer(server, "euro-acme", hard_limit=5)
    order = {"task_type": "work", "assignee": "Euros"}
    assert "no budget in EUR" in acme.post("/agora/task/assign", order, expect=402)["detail"]
    own = {"hard_limit": 100_000, "currency": "EUR"}
    acme.call("PUT", "/billing/budget", 403, json=own)
    server.operator.call("PUT", "/billing/budget", json={"account": "euro-acme", "hard_limit": 1500, "currency": "EUR"})
    acme.post("/agora/task/assign", order)
    acme.post("/agora/task/assign", order, expect=402)


def test_instance_that_would_exceed_a_limit_immediately_is_not_started(server: ServerProcess) -> None:
    deploy(server, "Ruinous", {"type": "per_minute", "price": 1_000_000})
    acme = customer(server, "ruined-acme", hard_limit=5)
    assert "until it is first measured" in make_instance(acme, "Ruinous", expect=402)["detail"]
    assert cost(server, "ruined-acme") == 0
