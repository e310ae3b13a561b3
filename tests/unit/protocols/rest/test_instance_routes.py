"""Instances over REST: the source's requests, and streamed executions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.engines import SqliteEngine
from tests.conformance.instances.instance_programs import Site, served, site
from tests.polling import eventually


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[tuple[Site, httpx.AsyncClient]]:
    async with site(tmp_path, SqliteEngine(tmp_path / "agora.db")) as found:
        transport = httpx.ASGITransport(found.app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", timeout=60) as client:
            yield found, client


async def test_documented_requests_are_served(here: tuple[Site, httpx.AsyncClient]) -> None:
    """Register, discover, create, execute, pause, resume, inspect, terminate: paths, bodies and fields as documented."""
    place, client = here
    pricing = {"type": "per_request", "price": 0.01, "currency": "USD"}
    await place.agent("data-analyst", category="data-analysis", max_instances=10, pricing=pricing)
    token = (await place.call("token.create", label="customer", account="customer-uuid")).token
    client.headers["Authorization"] = f"Bearer {token}"

    agents = (await client.get("/marketplace/agents?category=data-analysis&limit=5")).json()["agents"]
    assert agents[0]["marketplace_info"] == {
        "availability": {"available": True, "max_instances": 10, "current_instances": 0, "reason": None},
        "pricing_info": agents[0]["marketplace_info"]["pricing_info"],
        "customer_instances": 0,
        "total_instances": 0,
        "performance_metrics": {"average_response_time": None, "success_rate": None, "availability": 1.0},
    }
    assert agents[0]["marketplace_info"]["pricing_info"].items() >= pricing.items()

    config = {"memory_limit": "512M", "cpu_limit": "0.5"}
    created = await client.post("/marketplace/instances", json={"agent_id": agents[0]["id"], "instance_config": config})
    assert created.status_code == 201
    instance = created.json()["instance_id"]
    path = f"/marketplace/instances/{instance}"
    body = {"endpoint": "/process", "parameters": {"input": "data to process"}, "timeout": 30}
    done = (await client.post(f"{path}/execute", json=body)).json()
    assert (done["status"], done["result"]["given"]) == ("completed", {"input": "data to process"})
    through_agent = await client.post("/marketplace/agents/data-analyst/execute", json={"endpoint": "/x"})
    assert through_agent.json()["instance_id"] == instance

    shown = (await client.get(path)).json()
    assert shown["health_status"].keys() >= {"healthy", "last_heartbeat", "error_count", "last_error"}
    assert shown["billing_info"]["total_cost"] == 0.02
    assert shown["billing_info"]["task_executions"] == 2
    costs = {"base_cost": 0.0, "usage_cost": 0.0, "task_cost": 0.02, "reductions": 0.0}
    assert shown["billing_info"]["cost_breakdown"] == costs
    assert shown["resource_usage"]["task_count"] == 2
    assert (await client.post(f"{path}/pause")).json()["status"] == "paused"
    assert (await client.post(f"{path}/resume")).json()["status"] == "running"
    board = (await client.get("/marketplace/dashboard")).json()
    assert board["summary"].keys() >= {
        "total_instances", "running_instances", "paused_instances", "total_cost", "total_uptime_hours"
    }  # fmt: skip
    assert board["billing"].items() >= {"current_month_cost": 0.02, "currency": "USD"}.items()
    assert board["customer_id"] == "customer-uuid"
    assert [each["instance_id"] for each in board["recent_instances"]] == [instance]
    assert (await client.delete(path)).json()["status"] == "stopped"
    assert (await client.get("/marketplace/instances")).json()["instances"] == []


async def test_registering_a_container_agent_as_documented(here: tuple[Site, httpx.AsyncClient]) -> None:
    _, client = here
    body: dict[str, Any] = {
        "docker_image": "myrepo/my-agent:latest",
        "metadata": {
            "name": "My Agent",
            "description": "Docker-based AI agent",
            "category": "utility",
            "version": "1.0.0",
            "runtime": "managed",
            "protocol": "ACP",
        },
        "registry_credentials": {"username": "myuser", "password": "mypass"},
    }
    made = (await client.post("/agents/register-docker", json=body)).json()
    assert (made["name"], made["status"]) == ("My Agent", "registered")
    assert made["agent_id"].startswith("agent_")
    shown = (await client.get(f"/deployments/{made['agent_id']}")).text
    assert "mypass" not in shown
    assert "myrepo/my-agent:latest" in shown
    wrong = await client.post("/agents/register-docker", json={"docker_image": "x y", "metadata": {}})
    assert wrong.status_code == 422
    report = (await client.post("/deployments/validate", json={"manifest": {"name": "", "port": 0}})).json()
    assert not report["valid"]
    assert {fault["field"] for fault in report["faults"]} >= {"name", "port", "repository"}


def _events(text: str) -> list[tuple[str, Any]]:
    found = []
    for frame in filter(None, text.split("\n\n")):
        name, data = frame.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_streamed_execution_decodes_the_name_of_its_agent_once(here: tuple[Site, httpx.AsyncClient]) -> None:
    place, client = here
    await place.agent("rate%41")
    made = await place.create("rate%41")
    answer = await client.post(
        "/marketplace/agents/rate%2541/execute", json={"endpoint": "/x"}, headers={"Accept": "text/event-stream"}
    )
    assert answer.status_code == 200, answer.text
    assert _events(answer.text)[-1][1]["instance_id"] == made.instance_id


async def test_execution_is_streamed(tmp_path: Path) -> None:
    async with served(tmp_path, SqliteEngine(tmp_path / "agora.db")) as place:
        await place.agent()
        made = await place.create()
        async with httpx.AsyncClient(base_url=place.url, timeout=60) as client:
            path = f"/marketplace/instances/{made.instance_id}/execute"
            headers = {"Accept": "text/event-stream"}
            async with client.stream("POST", path, json={"endpoint": "/stream"}, headers=headers) as response:
                assert response.headers["content-type"] == "text/event-stream"
                chunks = [chunk async for chunk in response.aiter_text()]
            assert len(chunks) >= 2, "not all at once"
            events = _events("".join(chunks))
            assert {name for name, _ in events[:-1]} == {"piece"}
            name, result = events[-1]
            assert name == "result"
            assert "".join(data["content"] for _, data in events[:-1]) == result["result"]

            whole = _events((await client.post(path, json={"endpoint": "/x"}, headers=headers)).text)
            assert [name for name, _ in whole] == ["result"]
            refused = await client.post(
                path, json={"endpoint": "/status", "parameters": {"status": 500}}, headers=headers
            )
            assert (refused.status_code, refused.json()["code"]) == (502, "upstream_failed")
            for body, status in ((b"{", 400), (b"[]", 422), (b'{"endpoint": 1}', 422)):
                answer = await client.post(path, content=body, headers=headers | {"Content-Type": "application/json"})
                assert answer.status_code == status
            unknown = await client.post("/marketplace/instances/inst_x/execute", json={}, headers=headers)
            assert unknown.status_code == 404


async def test_disconnection_leaves_an_unknown_outcome(tmp_path: Path) -> None:
    async with served(tmp_path, SqliteEngine(tmp_path / "agora.db")) as place:
        await place.agent(pricing={"type": "per_request", "price": 1.0})
        made = await place.create()
        async with httpx.AsyncClient(base_url=place.url, timeout=60) as client:
            path = f"/marketplace/instances/{made.instance_id}/execute"
            body = {"endpoint": "/slow", "parameters": {"seconds": 5}}
            asking = asyncio.create_task(client.post(path, json=body, headers={"Accept": "text/event-stream"}))

            def ask() -> Awaitable[Any]:
                return place.call("instance.executions", instance_id=made.instance_id)

            await eventually(ask, lambda page: page.count)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            (found,) = (await eventually(ask, lambda page: page.executions[0].status != "running")).executions
        assert found.status == "unknown"
        assert (await place.call("billing.cost", instance_id=made.instance_id)).total_cost == 1.0


MANIFEST: dict[str, Any] = {
    "agent_id": "agent.company.greeter",
    "name": "Greeter",
    "description": "An example agent",
    "category": "utility",
    "version": "1.0.0",
    "author": "somebody",
    "tags": ["example"],
    "capabilities": [{"name": "greeting", "level": "expert"}, {"name": "sums", "parameters": {"a": {"type": "int"}}}],
    "endpoints": [{"path": "/greet", "method": "POST", "description": "Greet a user"}],
    "pricing": {"type": "per_request", "price": 0.01, "currency": "USD"},
    "host_requirements": {"min_memory_mb": 512, "min_cpu_cores": 0.5},
    "build_config": {"type": "npm", "start_command": "npm start", "env_vars": {"SECRET": "s3cret"}},
}


async def test_manifest_is_accepted_as_a_registration(here: tuple[Site, httpx.AsyncClient]) -> None:
    """``POST /agents/register`` accepts a bare manifest, for an agent that runs on a remote host or here."""
    place, client = here
    made = (await client.post("/agents/register", json=MANIFEST)).json()
    assert (made["agent_name"], made["alias"]) == ("Greeter", "agent.company.greeter")
    assert (made["capabilities"], made["created"]) == (["greeting", "sums"], True)
    assert made["metadata"].items() >= {"version": "1.0.0", "author": "somebody"}.items()
    assert "s3cret" not in json.dumps(made)
    assert "repository" in made["warning"]
    priced = (await client.get("/marketplace/agents?search=Greeter", headers=_as(made["token"]))).json()["agents"][0]
    assert priced["marketplace_info"]["pricing_info"]["price"] == 0.01
    assert not priced["marketplace_info"]["availability"]["available"]
    again = await client.post("/agents/register", json=MANIFEST | {"version": "1.1.0"}, headers=_as(made["token"]))
    assert (again.json()["agent_id"], again.json()["created"]) == (made["agent_id"], False)

    runnable = place.manifest("Runner", version="2.0.0", service_tier="premium", metadata={"team": "docs"})
    operator = _as((await place.call("token.create", label="operator", scopes=["*"], service_tier="premium")).token)
    runs = (await client.post("/agents/register", json=runnable, headers=operator)).json()
    assert (runs["warning"], runs["service_tier"], runs["metadata"]["team"]) == (None, "premium", "docs")
    assert (await client.get("/deployments/Runner", headers=operator)).json()["revision"] == 1
    changed = (await client.post("/agents/register", json=runnable, headers=operator)).json()
    assert (changed["agent_id"], changed["created"], changed["token"]) == (runs["agent_id"], False, None)
    assert (await client.get("/deployments/Runner", headers=operator)).json()["revision"] == 2


async def test_manifest_without_deploy_permission_starts_nothing(here: tuple[Site, httpx.AsyncClient]) -> None:
    place, client = here
    customer = _as((await place.call("token.create", label="customer", account="customer-uuid")).token)
    made = (await client.post("/agents/register", json=place.manifest("Sly"), headers=customer)).json()
    assert "deploy:agents" in made["warning"]
    assert str(place.sources) not in json.dumps(made)
    assert (await client.get("/deployments/Sly", headers=customer)).status_code == 404


WRONG: list[tuple[dict[str, Any], set[str]]] = [
    ({"name": "X", "capabilites": []}, {"capabilites"}),
    ({"name": "X", "price": 1, "version": 7}, {"price", "version"}),
    ({"name": "X", "capabilities": [{"level": "expert"}]}, {"capabilities.0"}),
    ({"name": "X", "manifest": {"version": "1"}}, {"manifest"}),
    ({"name": "X", "pricing": {"type": "dear"}}, {"pricing.type"}),
    ({"name": ["X"]}, {"agent_name"}),
    ({"name": "X", "agent_name": "X"}, {"name"}),
    ({"agent_name": "X", "manifest": {"name": "Y"}}, {"name"}),
    ({"agent_name": "X", "version": "1.0.0"}, {"version"}),
    ({"agent_name": "X", "capabilities": [{"name": "a"}]}, {"capabilities.0"}),
    ({"version": "1.0.0"}, {"agent_name", "version"}),
    ({"name": "X", "version": "1", "author": "x" * 70_000}, {"manifest"}),
    ({"name": "operator", "version": "1"}, {"agent_name"}),
]


async def test_invalid_manifest_is_reported(here: tuple[Site, httpx.AsyncClient]) -> None:
    _, client = here
    for body, fields in WRONG:
        refused = await client.post("/agents/register", json=body)
        assert refused.status_code == 422, refused.text
        assert {error["field"] for error in refused.json()["errors"]} == fields


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
