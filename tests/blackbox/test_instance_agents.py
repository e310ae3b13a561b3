"""Agents with instances in the marketplace: availability, metrics, warnings, and permissions to update them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.billing_calls import customer
from tests.blackbox.instance_program import INSTANCES, deploy, make_instance, serving_instances
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path_factory.mktemp("market"), docker_host="none") as server:
        deploy(server, "Program", limits={"memory": "512M"})
        yield server


def offer(server: ServerProcess, name: str) -> dict[str, Any]:
    (agent,) = server.operator.get("/marketplace/agents", params={"name": name})["agents"]
    return dict(agent["marketplace_info"])


def test_agent_without_a_suitable_engine_is_unavailable(server: ServerProcess) -> None:
    server.operator.post("/deployments", {"manifest": {"name": "Image", "docker_image": "example/image:1"}})
    availability = offer(server, "Image")["availability"]
    assert availability["available"] is False
    assert "docker" in availability["reason"]
    assert offer(server, "Program")["availability"]["available"] is True


def test_requests_are_balanced_over_instances_and_measured(server: ServerProcess) -> None:
    acme = customer(server, "market-acme")
    instances = [make_instance(acme, "Program")["instance_id"] for _ in range(3)]
    served = Counter(acme.post(f"{INSTANCES}/Program/execute", {"endpoint": "/env"})["instance_id"] for _ in range(6))
    assert served == dict.fromkeys(instances, 2)
    assert offer(server, "Program")["performance_metrics"]["availability"] == 1.0

    def memory() -> float:
        return float(acme.get(f"{INSTANCES}/{instances[0]}")["resource_usage"]["memory_usage"])

    poll_until(lambda: memory() > 0, "memory is a share of the manifest's limit")
    failing = {"environment": {"FAIL": "1"}, "restart": "never"}
    broken = make_instance(acme, "Program", instance_config=failing, wait=0)["instance_id"]
    poll_until(lambda: acme.get(f"{INSTANCES}/{broken}")["status"] == "failed", "it fails")
    assert offer(server, "Program")["performance_metrics"]["availability"] == 0.75
    for instance in (*instances, broken):
        acme.call("DELETE", f"{INSTANCES}/{instance}")


def test_unenforceable_limits_are_reported_as_warnings(server: ServerProcess) -> None:
    acme = customer(server, "market-limits")
    (host,) = server.operator.get("/hosts")["hosts"]
    held = host["limits"]["process"]
    config = {"cpu_limit": "0.2", "disk_limit": "1G"}
    made = make_instance(acme, "Program", instance_config=config, wait=0)
    warnings = " ".join(made["warnings"])
    assert ("cpu_limit 0.2" in warnings) == (held["cpu"] == "affinity")
    assert ("disk_limit" in warnings) == (held["disk"] == "rlimit")
    assert held["disk"] == "rlimit", "the test says nothing where the engine enforces everything"
    whole = make_instance(acme, "Program", instance_config={"cpu_limit": "1"}, wait=0)
    assert whole["warnings"] == []
    report = server.run_cli("doctor", "--json", token=server.admin_token).stdout
    assert "disk_limit applies to each file" in report
    for instance in (made, whole):
        acme.call("DELETE", f"{INSTANCES}/{instance['instance_id']}")


def test_deregistering_an_agent_removes_its_builds(server: ServerProcess) -> None:
    start = f"exec {sys.executable} -S main.py"
    left = deploy(
        server, "Leaving", build_config={"type": "custom", "build_command": "touch made", "start_command": start}
    )
    acme = customer(server, "market-leaving")
    instance = make_instance(acme, "Leaving")["instance_id"]

    def builds() -> list[Path]:
        return list(server.directory.glob("**/builds/*/**/made"))

    assert builds()
    acme.call("DELETE", f"{INSTANCES}/{instance}")
    server.operator.call("DELETE", f"/agents/{left['agent_id']}")
    poll_until(lambda: not builds(), "the build is removed")


def test_spending_limit_of_an_instance_in_yen_is_whole(server: ServerProcess) -> None:
    body = {"agent_id": "Program", "instance_config": {"spend_limit": 10.5, "spend_currency": "JPY"}}
    problem = customer(server, "market-yen").post(INSTANCES, body, expect=422)
    assert problem["errors"][0]["field"] == "instance_config.spend_limit"


def test_key_of_the_owning_account_may_update_an_agent(server: ServerProcess) -> None:
    developer = customer(server, "market-dev")
    agent = developer.post("/agora/agent/register", {"agent_name": "Developed"})
    changed = developer.call("PATCH", f"/agents/{agent['agent_id']}", json={"description": "mine"})
    assert changed["description"] == "mine"
    customer(server, "market-other").call("PATCH", f"/agents/{agent['agent_id']}", 403, json={"description": "theirs"})
