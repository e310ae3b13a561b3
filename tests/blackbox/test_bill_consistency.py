"""Consistency of bills: every operation reports the same debt of an account, including running time up to now and other
currencies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.blackbox.billing_calls import customer, priced_agent
from tests.blackbox.instance_program import INSTANCES, deploy, make_instance, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that measures instances every half minute: the cost in between is computed."""
    with serving_instances(tmp_path_factory.mktemp("bills"), instance_check="30") as server:
        deploy(server, "OneASecond", {"type": "per_minute", "price": 60})
        priced_agent(server, "InEuros", price=7, currency="EUR")
        yield server


def debts(account: Account, instance: str) -> list[float]:
    """Return the account's debt in the default currency, from each operation that reports it."""
    board, market = "/billing/dashboard", "/marketplace/dashboard"
    balances = {each["currency"]: each for each in account.get("/billing/balance")["balances"]}
    return [
        -balances["USD"]["balance"],
        account.get("/billing/cost")["total_cost"],
        -account.get(board)["billing"]["balance"],
        account.get(board)["summary"]["total_cost"],
        account.get(market)["summary"]["total_cost"],
        -account.get(market)["billing"]["balance"],
        account.get("/billing/invoices/open")["amount_due"],
        account.get(f"{INSTANCES}/{instance}")["billing_info"]["total_cost"],
    ]


def test_every_operation_reports_the_same_debt(server: ServerProcess) -> None:
    acme = customer(server, "bills-acme")
    instance = make_instance(acme, "OneASecond")["instance_id"]
    poll_until(lambda: acme.get("/billing/cost")["total_cost"] > 1, "a second passes")
    first, second = debts(acme, instance), debts(acme, instance)
    assert first[0] > 1, "what runs is owed before it is measured"
    assert first + second == sorted(first + second), "each answer counts the time up to its own moment"
    acme.post(f"{INSTANCES}/{instance}/pause")
    poll_until(lambda: acme.get(f"{INSTANCES}/{instance}")["status"] == "paused", "it is paused")
    assert len(set(debts(acme, instance))) == 1
    acme.call("DELETE", f"{INSTANCES}/{instance}")


def test_every_bill_includes_other_currencies(server: ServerProcess) -> None:
    acme = customer(server, "bills-both")
    for currency, amount in (("USD", 3), ("GBP", 5)):
        credit = {"account": "bills-both", "amount": amount, "currency": currency}
        server.operator.post("/billing/credit", credit)
    usage = {"usage_key": "bills", "account": "bills-both", "agent_id": "InEuros", "requests": 2}
    server.operator.post("/billing/usage", usage)
    costs = {each["currency"]: each["total_cost"] for each in acme.get("/billing/cost")["other_currencies"]}
    assert costs == {"EUR": 14, "GBP": 0}
    for path in ("/billing/dashboard", "/marketplace/dashboard"):
        board = acme.get(path)
        assert board["billing"]["currency"] == "USD"
        others = {each["currency"]: (each["total_cost"], each["balance"]) for each in board["other_currencies"]}
        assert others == {"EUR": (14, -14), "GBP": (0, 5)}
    invoice = acme.get("/billing/invoices/open")
    others = {each["currency"]: each["closing_balance"] for each in invoice["other_currencies"]}
    assert (invoice["currency"], invoice["closing_balance"], others) == ("USD", 3, {"EUR": -14, "GBP": 5})


def test_bill_in_one_currency_uses_that_currency(server: ServerProcess) -> None:
    deploy(server, "EuroProgram", {"type": "hybrid", "base_price": 9, "currency": "EUR"})
    acme = customer(server, "bills-euro")
    instance = make_instance(acme, "EuroProgram")["instance_id"]
    final = acme.call("DELETE", f"{INSTANCES}/{instance}")["billing_info"]
    assert (final["currency"], final["total_cost"], final["other_currencies"]) == ("EUR", 9, [])
    assert acme.get("/billing/invoices/open")["amount_due"] == 9
    assert acme.get("/marketplace/dashboard")["billing"]["currency"] == "EUR"
