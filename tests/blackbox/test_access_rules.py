"""Access rules: who may read lists, hold leases and register agents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess

CONTRACT = json.loads((Path(__file__).parents[2] / "sdk" / "contract.json").read_text())


def test_lease_is_refused_to_another_agent_with_the_fencing_token(shared_server: ServerProcess) -> None:
    giver, holder = shared_server.register("Giver"), shared_server.register("Holder")
    task_id = giver.post("/agora/task/assign", {"task_type": "t"})["task_id"]
    (claimed,) = holder.post("/agora/task/claim")["tasks"]
    lease = {"task_id": task_id, "fencing_token": claimed["fencing_token"]}
    # the requester sees the task and its fencing token, but does not hold the lease
    for operation, more in (
        ("renew", {}),
        ("complete", {"result": {"forged": True}}),
        ("fail", {"error": "forged"}),
        ("release", {}),
        ("artifact", {"text": "forged"}),
    ):
        answer = giver.http.post(f"/agora/task/{operation}", json={**lease, **more})
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_lease"), (operation, answer.text)
    holder.post("/agora/task/renew", lease)
    shown = giver.get(f"/v1/agent/tasks/{task_id}")
    assert (shown["status"], shown["assigned_agent"], shown["result"]) == ("in_progress", holder.agent_id, None)
    # a participant that knows the token is told that another agent holds the lease
    holder.post("/agora/task/release", lease)
    (taken,) = giver.post("/agora/task/claim")["tasks"]
    stale = holder.http.post("/agora/task/complete", json={**lease, "fencing_token": taken["fencing_token"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_lease")


def test_private_agents_are_listed_only_for_their_owner(shared_server: ServerProcess) -> None:
    hidden = shared_server.register("Hidden One", visibility="private", capabilities=["hiding"])
    stranger = shared_server.register("Stranger")
    for path, member in (("/agents", "agents"), ("/agora/query/agents", "agents")):
        for parameters in ({}, {"status": "active"}, {"service_tier": "basic"}):
            listed = stranger.get(path, params={"limit": 100, **parameters})[member]
            assert stranger.agent_id in {agent["agent_id"] for agent in listed}
            assert hidden.agent_id not in {agent["agent_id"] for agent in listed}, (path, parameters)
        own = hidden.get(path, params={"limit": 100})[member]
        assert hidden.agent_id in {agent["agent_id"] for agent in own}
        seen = shared_server.operator.get(path, params={"limit": 100})[member]
        assert hidden.agent_id in {agent["agent_id"] for agent in seen}
    stranger.get(f"/agents/{hidden.agent_id}", 404)


def test_enrolment_token_can_only_register_agents(shared_server: ServerProcess) -> None:
    made = shared_server.operator.post("/tokens", {"label": "enrol", "kind": "enrolment"})
    newcomer = shared_server.account(made["token"], "newcomer")
    agent = shared_server.register("Bystander")
    allowed = set()
    for operation in CONTRACT["operations"]:
        routes = [route for route in operation["routes"] if not route["path_parameters"]]
        if operation["scope"] != "write:agents" or operation["kind"] == "stream" or not routes:
            continue
        arguments = {"agent_id": agent.agent_id, "agent_name": "Newcomer", "status": "busy", "rating": 5}
        known = {parameter["name"] for parameter in operation["parameters"]}
        body = {name: value for name, value in arguments.items() if name in known}
        answer = newcomer.http.request(routes[-1]["method"], routes[-1]["path"], json=body)
        if answer.status_code != 403:
            allowed.add(operation["name"])
    assert allowed == {"agora.agent.register"}
    assert shared_server.operator.get(f"/agents/{agent.agent_id}")["status"] == "active"


@pytest.mark.parametrize("path", ["/agents", "/agora/task/list", "/agora/messaging/receive", "/tokens"])
def test_enrolment_token_cannot_read(shared_server: ServerProcess, path: str) -> None:
    made = shared_server.operator.post("/tokens", {"label": "enrol", "kind": "enrolment"})
    assert shared_server.account(made["token"]).http.get(path).status_code == 403
