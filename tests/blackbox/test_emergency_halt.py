"""An emergency halt refuses every change of state; reads keep working."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import Account, ServerProcess

OVERRIDE = "/agora/admin/override"


@dataclass
class HaltedMarket:
    server: ServerProcess
    ada: Account
    task_id: str
    receipt: dict[str, Any]


def _override(account: Account, action: str, target: str = "system_wide", **more: Any) -> Any:
    return account.post(OVERRIDE, {"target_id": target, "action": action, **more})


@pytest.fixture(scope="module")
def halted(shared_server: ServerProcess) -> Iterator[HaltedMarket]:
    ada = shared_server.register("Ada")
    shared_server.register("Bob")
    task = shared_server.operator.post("/agora/task/assign", {"task_type": "report", "assignee": "Ada"})
    ada.post("/agora/messaging/send", {"to_agent": "Bob", "content": "before"})
    receipt = _override(shared_server.operator, "emergency_halt", reason="fire drill")
    yield HaltedMarket(shared_server, ada, task["task_id"], receipt)
    _override(shared_server.operator, "resume")


def test_everybody_may_read_during_a_halt(halted: HaltedMarket) -> None:
    for account in (halted.ada, halted.server.operator):
        for path in (
            "/agents",
            "/agents/Ada",
            "/agora/query/agents",
            "/agora/messaging/receive?agent_id=Ada",
            f"/v1/agent/tasks/{halted.task_id}",
            "/discovery/list",
        ):
            account.get(path, expect=200)
    halted.server.operator.get("/agora/admin/audit", expect=200)


CONTRACT = json.loads((Path(__file__).parents[2] / "sdk" / "contract.json").read_text())["operations"]


def _reads(operation: dict[str, Any]) -> bool:
    """Whether an operation is a query, or a relay by GET; of streams, only those that end by themselves."""
    fetches = operation["kind"] == "relay" and operation["routes"][0]["method"] == "GET"
    return operation["kind"] == "query" or fetches or operation["name"] == "agora.monitor.export"


def _status_during_halt(halted: HaltedMarket, operation: dict[str, Any]) -> int:
    """Return the status of a call by its first route, with names of non-existing objects in the path."""
    route = operation["routes"][0]
    path = re.sub(r"\{[^}]+\}", "nothing", route["path"])
    needed = {
        each["name"]: "nothing"
        for each in operation["parameters"]
        if each["required"] and each["name"] not in route["path_parameters"]
    }
    content = {"params": needed} if route["method"] in ("GET", "DELETE") else {"json": needed}
    return halted.server.operator.http.request(route["method"], path, **content).status_code


@pytest.mark.parametrize("reading", [True, False])
def test_every_read_operation_is_answered(halted: HaltedMarket, reading: bool) -> None:
    skipped = ("agora.admin.manage",)  # depends on its action
    statuses = {
        each["name"]: _status_during_halt(halted, each)
        for each in CONTRACT
        if not each["during_halt"] and each["kind"] != "stream" and each["name"] not in skipped
        if each["lifecycle"]["sunset_date"] is None
        if _reads(each) is reading
    }
    assert len(statuses) > 50
    if reading:
        statuses["agora.monitor.export"] = halted.server.operator.http.get("/v1/monitor/export/json").status_code
        assert {name for name, status in statuses.items() if status == 423 or status >= 500} == set()
    else:
        assert {name for name, status in statuses.items() if status != 423} == set()


def test_settings_are_shown_but_not_changed(halted: HaltedMarket) -> None:
    setting = {"resource": "configuration", "target": "rate_basic"}
    shown = halted.server.operator.post("/agora/admin/manage", setting | {"action": "get"}, expect=200)
    assert shown["before"] == shown["after"] == 1_000_000
    for body in (
        setting | {"action": "set", "value": 5},
        setting | {"action": "reset"},
        {"resource": "agent", "target": "Ada", "action": "suspend"},
        {"resource": "service", "target": "agora.messaging.send", "action": "sunset"},
    ):
        assert halted.server.operator.post("/agora/admin/manage", body, expect=423)["code"] == "halted"
    assert halted.server.operator.post("/agora/admin/manage", setting | {"action": "get"}) | {
        "executed_at": ""
    } == shown | {"executed_at": ""}


def test_reads_are_answered_over_other_protocols(halted: HaltedMarket) -> None:
    ada = halted.ada
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    for method, parameters in (
        ("tools/list", {}),
        ("resources/list", {}),
        ("tools/call", {"name": "agora.task.get", "arguments": {"task_id": halted.task_id}}),
        ("tools/call", {"name": "agora.instance.list", "arguments": {}}),
    ):
        headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28"}
        headers |= {"mcp-method": method} | ({"mcp-name": str(parameters["name"])} if parameters else {})
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**parameters, "_meta": meta}}
        answer = ada.post("/mcp", request, headers=headers)
        assert "error" not in answer, answer
        assert not answer["result"].get("isError"), answer
    document = {"type": "request", "to": [], "intent": "agora.task.get", "payload": {"task_id": halted.task_id}}
    assert ada.post("/agent/message", document)["payload"]["task_id"] == halted.task_id


def test_refused_command_says_who_halted_since_when_and_how_to_resume(halted: HaltedMarket) -> None:
    for account in (halted.ada, halted.server.operator):
        answer = account.post("/agora/messaging/send", {"to_agent": "Bob", "content": "x"}, expect=423)
        assert answer["code"] == "halted"
        assert "halted by operator, since 2" in answer["detail"]
        assert "fire drill" in answer["detail"]
        assert "agora admin resume" in answer["fix"]
        assert (answer["by"], answer["override_id"]) == ("operator", halted.receipt["override_id"])
        assert answer["since"][:19] == halted.receipt["executed_at"][:19]


def test_health_shows_who_halted_and_since_when(halted: HaltedMarket) -> None:
    executed_at = halted.receipt["executed_at"]
    stranger = halted.server.account()
    stranger.http.headers["X-Forwarded-For"] = "198.51.100.7"  # through a proxy: not the local operator
    alive = stranger.get("/health", expect=200)
    assert (alive["status"], alive["since"]) == ("halted", executed_at)
    assert "fire drill" not in json.dumps(alive)
    assert stranger.get("/ready", expect=200)["status"] == "healthy", "it is not to be taken out of service"
    for answer in (
        stranger.get("/health/detail", expect=200),
        halted.server.operator.get("/agora/admin/health", expect=200),
    ):
        assert answer["status"] == "halted"
        assert (answer["stopped"]["by"], answer["stopped"]["since"]) == ("operator", executed_at)
    assert "fire drill" not in json.dumps(stranger.get("/health/detail"))


def test_health_lists_the_active_overrides(halted: HaltedMarket) -> None:
    operator = halted.server.operator
    _override(operator, "pause", "Bob", reason="on leave", expires_in=3600)
    try:
        seen = operator.get("/agora/admin/health")["overrides"]
        assert {(each["action"], each["reason"], each["by"]) for each in seen} == {
            ("emergency_halt", "fire drill", "operator"),
            ("pause", "on leave", "operator"),
        }
        assert all(each["since"] and each["priority"] == 255 for each in seen)
        own = halted.ada.get("/agora/admin/health")["overrides"]
        assert [each["reason"] for each in own] == ["fire drill"], (
            "an override of another agent is none of its business"
        )
    finally:
        _override(operator, "resume", "Bob")


def test_command_line_shows_the_halt_and_fails_only_on_refused_commands(halted: HaltedMarket) -> None:
    health = halted.server.run_cli("admin", "health")
    assert health.returncode == 0, health.stderr
    assert "is halted" in health.stdout
    assert "fire drill" in health.stdout
    listing = halted.server.run_cli("agent", "list")
    assert listing.returncode == 0, listing.stderr
    assert halted.server.run_cli("doctor").returncode == 0, "a halt is no fault of this machine or credential"
    refused = halted.server.run_cli("send", "Bob", "x")
    assert refused.returncode == 6
    assert "agora admin resume" in " ".join(refused.stderr.split())


def test_every_page_is_shown_with_a_halt_notice(halted: HaltedMarket) -> None:
    with Browser(halted.server.url) as browser:
        links = browser.links()
        assert len(links) > 10
        for path in [*links, f"/v1/monitor/tasks/{halted.task_id}"]:
            page = browser.http.get(path)
            assert page.status_code == 200, f"{path}: {page.status_code}"
            assert "Everything is halted" in page.text, path
            assert "fire drill" in page.text, path
            assert "Resume everything" in page.text, path


def test_halt_from_a_page_redirects_to_that_page(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    agent = server.register("Cyd")
    with Browser(server.url) as browser:
        here = f"/v1/monitor/agents/{agent.agent_id}"
        done = browser.act(
            "agora.admin.override", here, target_id="system_wide", action="emergency_halt", reason="test"
        )
        assert (done.status_code, done.url.path) == (200, here), "what succeeded does not look as though it had failed"
        assert "Request failed" not in done.text
        refused = browser.act("agora.messaging.send", here, to_agent="Cyd", content="x")
        assert refused.status_code == 200
        assert "halted by operator" in refused.text, "what was refused says so on the page it came from"
        lifted = browser.act("agora.admin.override", here, target_id="system_wide", action="resume")
        assert (lifted.status_code, lifted.url.path) == (200, here)
        assert "Everything is halted" not in lifted.text
        assert server.operator.get("/health")["status"] == "healthy"


def test_halt_survives_a_restart(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    receipt = _override(server.operator, "emergency_halt", reason="overnight")
    server.kill()
    server.start()
    alive = server.operator.get("/health")
    assert (alive["status"], alive["since"]) == ("halted", receipt["executed_at"])
    _override(server.operator, "resume")
    paused = _override(server.operator, "pause", reason="a breath")
    alive = server.operator.get("/health")
    assert (alive["status"], alive["since"]) == ("paused", paused["executed_at"])
    assert server.operator.get("/agora/admin/health")["stopped"]["action"] == "pause"


def test_health_is_that_of_the_callers_tenant(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    keys = {name: server.operator.post("/tenants", {"tenant_id": name})["token"] for name in ("acme", "umbrella")}
    acme, umbrella = (server.account(key) for key in keys.values())
    stranger = server.account()
    stranger.http.headers["X-Forwarded-For"] = "198.51.100.7"  # through a proxy: not the local operator
    wrong = server.account("ag_wrong")
    receipt = _override(acme, "emergency_halt", reason="fire drill")

    def statuses() -> list[str]:
        accounts = (acme, umbrella, stranger, wrong, server.operator)
        return [account.get(path)["status"] for path in ("/health", "/health/detail") for account in accounts]

    assert statuses() == ["halted", "healthy", "healthy", "healthy", "healthy"] * 2
    assert acme.get("/health")["since"] == receipt["executed_at"]
    inside = {"X-Agora-Tenant": "acme"}
    assert server.operator.get("/health", headers=inside)["status"] == "halted"
    for account in (umbrella, stranger, wrong):
        for path in ("/health", "/health/detail", "/agora/admin/health"):
            response = account.http.get(path)
            assert "acme" not in response.text, path
    for path in ("/health/detail", "/agora/admin/health"):
        stopped = server.operator.get(path)["stopped_tenants"]
        assert [(each["tenant_id"], each["action"], each["since"]) for each in stopped] == [
            ("acme", "emergency_halt", receipt["executed_at"])
        ]
        assert acme.get(path)["stopped_tenants"] == []

    _override(umbrella, "pause")
    assert [each["tenant_id"] for each in server.operator.get("/health/detail")["stopped_tenants"]] == [
        "acme",
        "umbrella",
    ]
    server.kill()
    server.start()
    assert statuses() == ["halted", "paused", "healthy", "healthy", "healthy"] * 2
    _override(acme, "resume")
    _override(server.operator, "emergency_halt")
    assert statuses() == ["healthy", "paused", "halted", "halted", "halted"] * 2
