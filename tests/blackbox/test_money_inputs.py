"""Invalid amounts, currencies and accounts are refused before they reach the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blackbox.billing_calls import customer
from tests.blackbox.server import ServerProcess


def test_credit_to_a_misspelt_account_is_refused_with_a_suggestion(shared_server: ServerProcess) -> None:
    customer(shared_server, "input-acme")
    operator = shared_server.operator
    refusal = operator.post("/billing/credit", {"account": "input-acem", "amount": 50}, expect=404)
    assert refusal["errors"][0]["field"] == "account", refusal
    assert "input-acme" in refusal["fix"]
    assert operator.get("/billing/balance", params={"account": "input-acem"})["balances"] == []
    operator.post("/billing/credit", {"account": "input-acme", "amount": 50})


@pytest.mark.parametrize("known_by", ["agent", "key", "budget"])
def test_credit_works_for_accounts_of_every_origin(shared_server: ServerProcess, known_by: str) -> None:
    operator = shared_server.operator
    if known_by == "agent":
        account = shared_server.register("CreditedAgent").agent_id
    elif known_by == "key":
        account = operator.post("/tokens", {"label": "its own account"})["token_id"]
    else:
        account = "input-planned"
        operator.call("PUT", "/billing/budget", json={"account": account, "prepaid": True})
    assert operator.post("/billing/credit", {"account": account, "amount": 3})["account_id"] == account


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/billing/prices/Priced", {"type": "per_request", "price": 1}),
        ("POST", "/billing/credit", {"account": "default", "amount": 5}),
        ("PUT", "/billing/budget", {"account": "default", "hard_limit": 5}),
    ],
    ids=["price", "credit", "budget"],
)
def test_invalid_currencies_and_amounts_are_refused(
    shared_server: ServerProcess, method: str, path: str, body: dict[str, Any]
) -> None:
    operator = shared_server.operator
    if operator.http.get("/agents/Priced").status_code == 404:
        shared_server.register("Priced")
    amount = "amount" if "amount" in body else "price" if "price" in body else "hard_limit"
    unknown = operator.call(method, path, 422, json=body | {"currency": "UDS"})
    assert unknown["errors"][0]["field"] == "currency"
    yen = operator.call(method, path, 422, json=body | {"currency": "JPY", amount: 1.5})
    assert yen["errors"][0]["field"] == amount
    flag = operator.call(method, path, 422, json=body | {amount: True})
    assert flag["errors"][0]["field"] == amount


def test_yen_amounts_are_whole_and_dollars_have_decimal_places(shared_server: ServerProcess) -> None:
    shared_server.register("InYen")
    operator = shared_server.operator
    price = {"type": "per_request", "price": 12, "currency": "JPY"}
    assert operator.call("PUT", "/billing/prices/InYen", json=price)["price"] == 12
    shared_server.register("InDollars")
    price = {"type": "per_request", "price": 0.000125, "currency": "USD"}
    assert operator.call("PUT", "/billing/prices/InDollars", json=price)["price"] == 0.000125


def test_recorded_usage_refuses_booleans(shared_server: ServerProcess) -> None:
    shared_server.register("Counted")
    usage = {"usage_key": "one", "account": "default", "agent_id": "Counted"}
    for field in ("requests", "seconds", "input_tokens"):
        refusal = shared_server.operator.post("/billing/usage", usage | {field: True}, expect=422)
        assert refusal["errors"][0]["field"] == field
