"""Registered agents count toward their registrar's limits: rates, streams and the number of agents. Other callers keep
their share."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx

from agora.core.rate_limits import BURST_SECONDS
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

RATE = 3  # calls per second, less than a slow machine makes


def register_as(server: ServerProcess, registrar: Account, name: str) -> Account:
    answer = registrar.post("/agora/agent/register", {"agent_name": name})
    return server.account(answer["token"], name, answer["agent_id"])


def enrol_agents(server: ServerProcess, count: int, prefix: str) -> list[Account]:
    """Register agents with one enrolment token."""
    token = server.operator.post("/tokens", {"label": prefix, "kind": "enrolment"})["token"]
    newcomer = server.account(token)
    return [register_as(server, newcomer, f"{prefix}{number}") for number in range(count)]


def count_served(agents: list[Account]) -> tuple[int, float]:
    """Let each agent call four times. Returns the number of served calls, and how many one common rate allows.

    The rate is low, and the allowed number grows with the time that the calls take: a slow machine serves more of them.
    """
    begin = time.monotonic()
    statuses = [agent.http.get("/agora/messaging/receive").status_code for agent in agents for _ in range(4)]
    return statuses.count(200), RATE * (BURST_SECONDS + time.monotonic() - begin)


def call_until_refused(agents: list[Account]) -> httpx.Response:
    """Let the agents call in turn until a call is refused. Returns its response."""
    for agent in agents * 100:
        answer = agent.http.get("/agora/messaging/receive")
        if answer.status_code == 429:
            return answer
    raise AssertionError("no call was refused")


def open_streams(stack: ExitStack, account: Account, count: int) -> int:
    """Open event streams until one is refused. Returns their number."""
    for number in range(count):
        answer = stack.enter_context(account.http.stream("GET", "/events"))
        if answer.status_code != 200:
            assert answer.status_code == 503, answer.status_code
            assert int(answer.headers["retry-after"]) >= 1
            return number
    return count


def test_agents_of_one_registrar_share_a_stream_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_streams="20")
    root, other = server.register("Root"), server.register("Other")
    child = register_as(server, root, "Child")
    family = [root, child, register_as(server, child, "Grandchild"), register_as(server, root, "Sibling")]
    with ExitStack() as stack:
        assert sum(open_streams(stack, member, 10) for member in family) <= 10
        assert open_streams(stack, other, 4) >= 4, "no room was kept for others"
        fill = server.register("Third")
        open_streams(stack, fill, 10)
        assert open_streams(stack, server.operator, 1) == 1, "no room was kept for operators"


def test_agents_of_one_registrar_share_a_rate_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(rate_basic=str(RATE), rate_registrar=str(RATE), rate_call_ms="1000")
    root, other = server.register("Root"), server.register("Other")
    children = [register_as(server, root, f"Child{number}") for number in range(5)]
    served, at_most = count_served(children)
    assert served <= at_most, "each of them had the rate of its registrar again"
    refused = call_until_refused(children)
    assert "rate_registrar" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert other.http.get("/agora/messaging/receive").status_code == 200


def test_number_of_agents_of_one_registrar_is_bounded(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_agents_each="3")
    root = server.register("Root")
    child = register_as(server, root, "Child0")
    register_as(server, child, "Child1")
    register_as(server, root, "Child2")
    refused = child.http.post("/agora/agent/register", json={"agent_name": "Child3"})
    assert refused.status_code == 503
    assert "max_agents_each" in refused.json()["fix"]
    child.post("/agora/agent/register", {"agent_name": "Child0"})  # re-registering itself is allowed
    server.register("OfTheOperator")


def test_strangers_are_limited_per_address(start_server: Callable[..., ServerProcess]) -> None:
    """Usage by strangers at one address does not reduce the limits of those at another."""
    server = start_server(open_registration="true", rate_anonymous="1", max_agents_each="4")
    headers = {"Via": "1.1 proxy"}  # so that it is not a program of this machine
    with (
        httpx.Client(base_url=server.url, headers=headers) as near,
        httpx.Client(
            base_url=server.url, headers=headers, transport=httpx.HTTPTransport(local_address="127.0.0.2")
        ) as far,
    ):
        statuses: list[int] = []

        def register_another() -> bool:
            answer = near.post("/agora/agent/register", json={"agent_name": f"Near{len(statuses)}"})
            statuses.append(answer.status_code)
            return answer.status_code == 503

        poll_until(register_another, "it has reached its limit of agents")
        assert statuses.count(200) == 4
        assert 429 in statuses
        assert far.post("/agora/agent/register", json={"agent_name": "Far"}).status_code == 200
        assert near.post("/agora/agent/register", json={"agent_name": "Late"}).status_code in (429, 503)


def test_agents_of_one_enrolment_token_share_a_stream_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_streams="20")
    fleet, other = enrol_agents(server, 4, "Fleet"), server.register("Other")
    fleet.append(register_as(server, fleet[0], "Child"))
    with ExitStack() as stack:
        assert sum(open_streams(stack, member, 10) for member in fleet) <= 10
        assert open_streams(stack, other, 4) == 4, "no room was kept for others"


def test_agents_of_one_enrolment_token_share_a_rate_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(rate_basic=str(RATE), rate_enrolment=str(RATE), rate_call_ms="1000")
    fleet, other = enrol_agents(server, 5, "Fleet"), server.register("Other")
    served, at_most = count_served(fleet)
    assert served <= at_most, "each of them had a rate of its own only"
    refused = call_until_refused(fleet)
    assert "rate_enrolment" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert other.http.get("/agora/messaging/receive").status_code == 200


def test_number_of_agents_of_one_enrolment_token_is_bounded(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(max_agents_enrolled="4")
    token = server.operator.post("/tokens", {"label": "fleet", "kind": "enrolment"})["token"]
    newcomer = server.account(token)
    fleet = [register_as(server, newcomer, f"Fleet{number}") for number in range(3)]
    register_as(server, fleet[0], "Child")
    for registrar in (newcomer, fleet[1]):
        refused = registrar.http.post("/agora/agent/register", json={"agent_name": "Late"})
        assert refused.status_code == 503
        assert "max_agents_enrolled" in refused.json()["fix"]
    fleet[1].post("/agora/agent/register", {"agent_name": "Fleet1"})  # re-registering itself is allowed
    enrol_agents(server, 1, "AnotherToken")
    fleet[2].call("DELETE", f"/agents/{fleet[2].agent_id}")
    register_as(server, newcomer, "Late")
