"""Views for operators: running workflows, health, the lifecycle of services and its pages."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agora_sdk import AgoraClient
from tests.blackbox.server import ServerProcess

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.py"


def test_list_of_workflows_shows_the_current_steps(shared_server: ServerProcess) -> None:
    shared_server.register("Stepping")
    steps = [{"name": name, "agent": "Stepping"} for name in ("one", "two")]
    steps.append({"name": "three", "agent": "Stepping", "depends_on": ["one", "two"]})
    operator = shared_server.operator
    made = operator.post("/agora/workflow/create", {"workflow_name": "w", "steps": steps})
    (workflow,) = operator.get("/agora/workflow/list")["workflows"]
    assert (workflow["workflow_id"], sorted(workflow["current_steps"])) == (made["workflow_id"], ["one", "two"])


def test_short_lived_agents_do_not_degrade_health(shared_server: ServerProcess) -> None:
    for number in range(6):
        agent = shared_server.register(f"Brief {number}")
        agent.post("/agora/agent/heartbeat", {"status": "offline"})
    health = shared_server.operator.get("/agora/admin/health")
    assert health["components"]["agents"]["metrics"]["offline"] >= 6
    assert (health["components"]["agents"]["status"], health["status"]) == ("healthy", "healthy")
    environment = shared_server.environment | {"AGORA_URL": shared_server.url, "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, QUICKSTART], env=environment, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    assert "Marketplace status: healthy" in run.stdout


def test_services_have_schemas_and_existing_guides(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    client = AgoraClient(url=shared_server.url, token=operator.token)
    services = client.discovery.list()
    assert services[0].schema == services[0].input_schema is not None
    guides = [service.migration_guide for service in services if service.migration_guide]
    client.close()
    assert guides
    for guide in guides:
        page = operator.http.get(guide)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_service_is_deprecated_with_replacement_and_end_date(shared_server: ServerProcess) -> None:
    operator, name = shared_server.operator, "agora.messaging.subscribe"
    end = {
        "replacement": "agora.event.subscribe",
        "sunset_date": "2999-12-31",
        "migration_guide": "/docs/migration/events",
    }

    def manage(action: str, value: Any = None, expect: int | None = None) -> Any:
        request = {"resource": "service", "target": name, "action": action, "value": value}
        return operator.post("/agora/admin/manage", request, expect)

    def service() -> dict[str, Any]:
        services = operator.get("/discovery/list", params={"status": "deprecated"})["services"]
        return next(service for service in services if service["name"] == name)

    assert manage("deprecate", end)["after"] == {"status": "deprecated", **end}
    today = datetime.now(UTC).date().isoformat()
    assert {key: service()[key] for key in end} == end
    assert service()["deprecation_date"] == today
    headers = operator.http.post("/agora/messaging/subscribe", json={"agent_id": "operator"}).headers
    assert headers["Deprecation"].startswith("@")
    assert headers["Sunset"] == "Tue, 31 Dec 2999 00:00:00 GMT"
    assert '</docs/migration/events>; rel="deprecation"' in headers["Link"]
    assert 'rel="successor-version"' in headers["Link"]
    shared_server.stop()
    shared_server.start()
    assert {key: service()[key] for key in end} == end  # it is stored
    manage("sunset", "agora.event.subscribe")
    problem = operator.post("/agora/messaging/subscribe", {"agent_id": "operator"}, expect=410)
    assert problem["replacement"] == "agora.event.subscribe"
    manage("reset")
    assert operator.http.post("/agora/messaging/subscribe", json={"agent_id": "operator"}).is_success
    for action, value, field in (
        ("activate", "x", "value"),
        ("deprecate", "agora.no.such", "value"),
        ("deprecate", name, "value"),
        ("deprecate", {"sunset_date": "2001-01-01"}, "value.sunset_date"),
        ("deprecate", {"until": "2999-01-01"}, "value.until"),
    ):
        assert manage(action, value, expect=422)["errors"][0]["field"] == field


def test_agent_is_busy_at_capacity_and_in_error_after_three_failures(shared_server: ServerProcess) -> None:
    worker, operator = shared_server.register("Worker of states"), shared_server.operator

    def take_task() -> dict[str, Any]:
        order = {"task_type": "t", "assignee": worker.agent_id}
        operator.post("/agora/task/assign", order)
        (task,) = worker.post("/agora/task/claim")["tasks"]
        return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}

    def state() -> str:
        return str(operator.get(f"/agents/{worker.agent_id}")["status"])

    assert state() == "active"
    task = take_task()
    assert state() == "busy"
    listing = operator.get("/agents", params={"status": "busy"})
    assert [agent["agent_id"] for agent in listing["agents"]] == [worker.agent_id]
    worker.post("/agora/task/complete", task | {"result": 1})
    assert state() == "active"
    for expected in ("active", "active", "error"):
        worker.post("/agora/task/fail", take_task() | {"error": "broken", "retry": False})
        assert state() == expected
    worker.post("/agora/task/complete", take_task() | {"result": 1})
    assert state() == "active"


def test_unknown_agent_states_are_refused_and_listed(shared_server: ServerProcess) -> None:
    agent = shared_server.register("Of an unknown state")
    for method, path in (("POST", f"/agents/{agent.agent_id}/heartbeat"), ("PATCH", f"/agents/{agent.agent_id}")):
        problem = agent.call(method, path, 422, json={"status": "sleepy"})
        assert problem["errors"][0]["field"] == "status"
        assert "busy" in str(problem)
    body = {"type": "state_update", "content": {"status": "sleepy"}}
    assert "busy" in str(agent.post("/agora/bus/publish", body, expect=422))
