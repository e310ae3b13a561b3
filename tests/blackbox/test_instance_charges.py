"""Charges of instances: the base price is charged at creation, and started work is charged in any case."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.blackbox.billing_calls import cost, customer, priced_agent
from tests.blackbox.instance_program import INSTANCES, deploy, make_instance, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path_factory.mktemp("charges")) as server:
        deploy(server, "PerRequest", {"type": "per_request", "price": 1.0})
        deploy(server, "Based", {"type": "hybrid", "base_price": 50.0})
        yield server


def execute(
    account: Account, instance: str, endpoint: str, parameters: object = None, **request: object
) -> httpx.Response:
    body = {"endpoint": endpoint, "parameters": parameters, **request}
    return account.http.post(f"{INSTANCES}/{instance}/execute", json=body)


def await_status(account: Account, instance: str, status: str) -> None:
    poll_until(lambda: account.get(f"{INSTANCES}/{instance}")["status"] == status, f"{instance} is {status}")


def end(account: Account, instance: str) -> None:
    account.call("DELETE", f"{INSTANCES}/{instance}")


# -- the base price --------------------------------------------------------------------------------


def test_concurrent_creates_do_not_exceed_a_limit(server: ServerProcess) -> None:
    acme = customer(server, "base-acme", hard_limit=100)

    def attempt(_: int) -> int:
        return acme.http.post(INSTANCES, json={"agent_id": "Based", "wait": 0}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(attempt, range(8)))
    assert sorted(statuses) == [201] * 2 + [402] * 6
    assert cost(server, "base-acme") == 100
    instances = acme.get(INSTANCES)["instances"]
    assert len(instances) == 2
    for each in instances:
        await_status(acme, each["instance_id"], "running")
        end(acme, each["instance_id"])
    assert cost(server, "base-acme") == 100, "what has run stays paid for"


def test_base_price_of_an_instance_that_never_ran_is_refunded(server: ServerProcess) -> None:
    acme = customer(server, "never-acme", prepaid=True)
    assert make_instance(acme, "Based", expect=402)["code"] == "credit_exhausted"
    server.operator.post("/billing/credit", {"account": "never-acme", "amount": 60})
    config = {"environment": {"FAIL": "1"}, "restart": "never"}
    made = make_instance(acme, "Based", instance_config=config, wait=0)
    assert cost(server, "never-acme") == 50
    await_status(acme, made["instance_id"], "failed")
    end(acme, made["instance_id"])
    assert cost(server, "never-acme") == 0
    entries = server.operator.get("/billing/usage", params={"account": "never-acme", "kind": "base"})["usage"]
    assert [entry["amount"] for entry in entries] == [-50, 50]


# -- work whose outcome is unknown -----------------------------------------------------------------


@pytest.fixture(scope="module")
def running(server: ServerProcess) -> tuple[Account, str]:
    acme = customer(server, "work-acme")
    return acme, make_instance(acme, "PerRequest")["instance_id"]


@pytest.mark.parametrize(
    ("endpoint", "parameters", "request_options", "price"),
    [
        ("/env", None, {}, 1),
        ("/slow", {"seconds": 30}, {"timeout": 0.3}, 1),
        ("/hangup", None, {}, 1),
        ("/status", {"status": 500}, {}, 0),
        ("/status", {"status": 404}, {}, 0),
        ("/stream", {"pieces": 50, "pause": 0.1}, {"timeout": 0.5}, 1),
    ],
    ids=["answered", "timed-out", "hung-up", "failed", "refused", "stream-timed-out"],
)
def test_request_with_unknown_outcome_is_charged(
    server: ServerProcess,
    running: tuple[Account, str],
    endpoint: str,
    parameters: object,
    request_options: dict[str, float],
    price: float,
) -> None:
    acme, instance = running
    before = cost(server, "work-acme")
    execute(acme, instance, endpoint, parameters, **request_options)
    assert cost(server, "work-acme") - before == price


def test_stream_is_charged_if_its_reader_disconnects(server: ServerProcess, running: tuple[Account, str]) -> None:
    acme, instance = running
    before = cost(server, "work-acme")
    body = {"endpoint": "/stream", "parameters": {"pieces": 100, "pause": 0.05}}
    headers = {"Accept": "text/event-stream"}
    with acme.http.stream("POST", f"{INSTANCES}/{instance}/execute", json=body, headers=headers) as answer:
        next(answer.iter_lines())

    def ended() -> bool:
        newest = acme.get(f"{INSTANCES}/{instance}/executions")["executions"][0]
        return bool(newest["status"] == "unknown")

    poll_until(ended, "the execution ends with its reader")
    assert cost(server, "work-acme") - before == 1


def test_refused_connection_is_not_charged(server: ServerProcess) -> None:
    acme = customer(server, "refused-acme")
    instance = make_instance(acme, "PerRequest", instance_config={"restart": "never"})["instance_id"]
    environment = execute(acme, instance, "/env").json()["result"]
    assert cost(server, "refused-acme") == 1
    _stop_listening(int(environment["PORT"]))
    answer = execute(acme, instance, "/env")
    assert answer.status_code in (409, 503), answer.text
    assert cost(server, "refused-acme") == 1


def _stop_listening(port: int) -> None:
    """Kill the process that listens on a loopback port, the program of one instance, and wait until the port is
    closed."""
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if int(line.split()[1].rpartition(":")[2], 16) == port and line.split()[3] == "0A"
    }
    assert inodes, "nothing listens there"
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            links = {os.readlink(link) for link in Path(f"/proc/{name}/fd").iterdir()}
        except OSError:
            continue
        if links & {f"socket:[{inode}]" for inode in inodes}:
            os.kill(int(name), signal.SIGKILL)
    poll_until(lambda: _is_closed(port), "the port is closed")


def _is_closed(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) != 0


# -- the token of an instance ----------------------------------------------------------------------


def test_token_of_an_instance_spends_up_to_its_customers_grant(server: ServerProcess) -> None:
    accomplice = priced_agent(server, "Accomplice", type="per_request", price=3)
    acme = customer(server, "token-acme", hard_limit=100)

    def token_of(**config: object) -> Account:
        instance = make_instance(acme, "PerRequest", instance_config=config)["instance_id"]
        return server.account(execute(acme, instance, "/env").json()["result"]["AGORA_TOKEN"])

    order = {"task_type": "work", "assignee": "Accomplice"}
    nothing = token_of()
    refusal = nothing.post("/agora/task/assign", order, expect=402)
    assert "spend_limit" in refusal["fix"]
    nothing.post("/agora/task/assign", {"task_type": "work", "assignee": "capability:anything"})

    granted = token_of(spend_limit=7)
    first = granted.post("/agora/task/assign", order)["task_id"]
    granted.post("/agora/task/assign", order)
    granted.post("/agora/task/assign", order, expect=402)
    granted.post("/agora/task/cancel", {"task_id": first})
    second = granted.post("/agora/task/assign", order)["task_id"]
    accomplice.post("/agora/task/complete", {"task_id": second})
    granted.post("/agora/task/assign", order, expect=402)

    euros = token_of(spend_limit=7, spend_currency="EUR")
    euros.post("/agora/task/assign", order, expect=402)
