"""Limits over running instances: they take effect at the computed moment, and large charges end an instance."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.billing_calls import cost, customer
from tests.blackbox.instance_program import INSTANCES, deploy, make_instance, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the default intervals of checks and reconciliation: half a minute, and a minute."""
    with serving_instances(tmp_path_factory.mktemp("limits"), instance_check="30", instance_pass="60") as server:
        deploy(server, "OneASecond", {"type": "per_minute", "price": 60})
        yield server


def await_pause(account: Account, instance: str) -> None:
    def paused() -> bool:
        return bool(account.get(f"{INSTANCES}/{instance}")["status"] == "paused")

    poll_until(paused, "its limit pauses it")


def end(account: Account, instance: str) -> None:
    account.call("DELETE", f"{INSTANCES}/{instance}")
    poll_until(lambda: account.get(f"{INSTANCES}/{instance}")["status"] == "stopped", "it is stopped")


def test_exhausted_budget_stops_an_instance(server: ServerProcess) -> None:
    acme = customer(server, "limit-acme", hard_limit=2)
    instance = make_instance(acme, "OneASecond")["instance_id"]
    await_pause(acme, instance)
    assert 2 <= cost(server, "limit-acme") < 20  # the interval between two checks would be 30
    end(acme, instance)


def test_instances_exhaust_a_shared_credit(server: ServerProcess) -> None:
    acme = customer(server, "limit-prepaid", prepaid=True)
    server.operator.post("/billing/credit", {"account": "limit-prepaid", "amount": 4})
    instances = [make_instance(acme, "OneASecond")["instance_id"] for _ in range(2)]
    for instance in instances:
        await_pause(acme, instance)
    assert 4 <= cost(server, "limit-prepaid") < 20
    for instance in instances:
        end(acme, instance)


def test_budget_set_later_applies_from_then_on(server: ServerProcess) -> None:
    acme = customer(server, "limit-later")
    instance = make_instance(acme, "OneASecond")["instance_id"]
    used = acme.get(f"{INSTANCES}/{instance}")["billing_info"]["total_cost"]
    acme.call("PUT", "/billing/budget", json={"hard_limit": round(used) + 2})
    await_pause(acme, instance)
    assert cost(server, "limit-later") < used + 20
    end(acme, instance)


def test_charge_above_ten_million_ends_the_instance(server: ServerProcess) -> None:
    """An instance costs a million per minute; its last check was twenty minutes ago."""
    operator = server.operator
    operator.call("PUT", "/billing/prices/OneASecond", json={"type": "per_minute", "price": 1_000_000})
    acme = customer(server, "limit-rich")
    instance = make_instance(acme, "OneASecond")["instance_id"]
    server.kill()
    minutes = 20
    _move_last_check(server.directory, instance, minutes * 60_000_000)
    server.start()
    end(acme, instance)
    assert cost(server, "limit-rich") > 10_000_000
    assert operator.get("/health/detail")["status"] in ("ok", "healthy")


def _move_last_check(directory: Path, instance: str, microseconds: int) -> None:
    (file,) = directory.glob("*.db")
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(
            "update instance_intervals set ticks = ticks - ?, seen_at = seen_at - ?, began = began - ?"
            " where instance_id = ?",
            (microseconds, microseconds, microseconds, instance),
        )
    connection.close()
