"""Apps are installed, updated and removed by one command each, over REST and MCP, atomically even if the server is
killed."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

FILE = """\
name: Invoice desk
alias: app.acme.invoices
version: 1.0
description: {description}
orchestrator_agent: Clerk
uses: [ocr]
agents:
  - name: Clerk
    instructions_file: clerk.md
  - name: Reader
    capabilities: [ocr]
workflow:
  steps:
    - {{name: read, capability: ocr, payload: {{file: "${{input.file}}"}}}}
    - {{name: book, agent: Clerk}}
"""
KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "1"))


def test_one_command_installs_updates_or_removes_an_app(shared_server: ServerProcess, tmp_path: Path) -> None:
    server, file = shared_server, tmp_path / "app.yaml"
    (tmp_path / "clerk.md").write_text("You book invoices.")
    file.write_text(FILE.format(description="Books."))
    first = server.run_cli("app", "install", str(file))
    assert first.stdout.startswith("Invoice desk installed (revision 1)"), first.stderr
    file.write_text(FILE.format(description="Books twice."))
    assert "updated (revision 2): description" in server.run_cli("app", "install", str(file)).stdout
    app = server.operator.get("/apps/app.acme.invoices")
    assert (app["orchestrator_agent"], app["agents"], app["version"]) == ("Clerk", ["Clerk", "Reader"], "1.0")
    clerk = server.operator.get("/declared-agents/Clerk")
    assert (clerk["specification"]["instructions"], clerk["version"]) == ("You book invoices.", 1)
    receipt = server.operator.post(f"/apps/{app['app_id']}/run", {"input": {"file": "1.pdf"}})
    flow = server.operator.get(f"/agora/workflow/status?workflow_id={receipt['workflow_id']}")
    assert flow["metadata"] == {"app": app["app_id"], "app_revision": 2}
    chat = server.operator.post("/orchestrator-agent/chat", {"message": "How many apps are there?"})
    assert chat["response"] == "There is 1 app in the marketplace."
    removed = server.run_cli("app", "delete", "Invoice desk")
    assert removed.returncode == 0, removed.stderr
    assert server.operator.get("/apps")["apps"] == []
    assert server.operator.get("/declared-agents")["agents"] == []


def test_invalid_file_is_refused(shared_server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("{name: A, color: red, alias: agent.a.b}")
    refused = shared_server.run_cli("app", "install", str(file))
    assert refused.returncode == 2, refused.stderr
    assert "app.COMPANY.NAME, such as app.acme.invoices" in " ".join(refused.stderr.split())
    assert shared_server.operator.get("/apps")["apps"] == []


def test_chat_streams_on_request(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    body = {"message": "How many apps are there?"}
    plain = operator.post("/orchestrator-agent/chat", body)
    assert "token" not in plain
    for path in ("/orchestrator-agent/chat", "/functions/v1/orchestrator-agent/chat", "/agora/orchestrator/chat"):
        answer = operator.http.post(path, json=body, headers={"accept": "text/event-stream"})
        assert answer.headers["content-type"] == "text/event-stream"
        frames = [frame.split("\n") for frame in answer.text.strip().split("\n\n")]
        events = [(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in frames]
        assert "".join(data["content"] for name, data in events if name == "piece") == plain["response"]
        assert events[-1] == ("result", plain)
    refused = operator.http.post(path, json={}, headers={"accept": "text/event-stream"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


def test_monitor_shows_finds_and_chats_with_an_app(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    fields = {"description": "Sorts <b>letters</b>.", "industry": "Postal", "uses": ["sorting"]}
    workflow = {"steps": [{"name": "sort", "capability": "sorting"}]}
    app = operator.post("/apps", {"name": "Mailroom", "workflow": workflow, **fields})
    with Browser(shared_server.url) as browser:

        def read(path: str) -> str:
            page = browser.http.get(f"/v1/monitor/{path}")
            assert page.status_code == 200, page.text
            assert "<b>letters" not in page.text
            return unescape(page.text)

        assert "/v1/monitor/apps" in browser.links()
        assert app["app_id"] in read("apps?query=letters&industry=postal")
        assert "No matching apps" in read("apps?query=zymurgy")
        page = read(f"apps/{app['app_id']}")
        assert "Nobody here has the capability sorting." in page
        assert f"/v1/monitor/apps/{app['app_id']}" in read("find?q=mailroom")
        said = browser.act("agora.orchestrator.chat", "/v1/monitor/apps", message="Show me apps for letters", show="1")
        assert "Found 1 app for letters: Mailroom." in unescape(said.text)
        page_url = {"HX-Request": "true", "HX-Current-URL": f"{shared_server.url}/v1/monitor/apps"}
        sentence = {"message": "Show me apps for letters", "show": "1"}
        piece = browser.act("agora.orchestrator.chat", "/v1/monitor/apps", page_url, **sentence).text
        assert piece.startswith('<hx-partial hx-target="#chat-answer"')
        assert f'<a href="/v1/monitor/apps/{app["app_id"]}">Mailroom</a>' in piece
        assert "<b>letters" not in piece
        run = browser.act("agora.app.run", "/v1/monitor/apps", ref=app["app_id"], input='{"year": 2026}', visit="1")
        assert "Mailroom" in run.text
        assert "App removed" in browser.act("agora.app.delete", "/v1/monitor/apps", ref=app["app_id"]).text
    assert operator.get("/apps")["apps"] == []


class Changes(threading.Thread):
    """Installs two editions of an app in turn, and removes it, until the server is killed."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__()
        self.http = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {server.admin_token}"}, timeout=60
        )
        self.acknowledged: str | None = None  # the installed edition; "" after removal
        self.attempted = ""
        self.changes = 0
        self.under_way = threading.Event()

    def run(self) -> None:
        try:
            while True:
                for edition in ("A", "B", ""):
                    self.attempted = edition
                    answer = self.change(edition)
                    assert answer.status_code in (200, 404), answer.text
                    self.acknowledged, self.changes = edition, self.changes + 1
                    self.under_way.set()
        except httpx.TransportError:
            pass
        finally:
            self.under_way.set()

    def change(self, edition: str) -> httpx.Response:
        if not edition:
            return self.http.delete("/apps/Desk")
        agents = [{"name": name, "model": "default"} for name in agents_of(edition)]
        body = {"name": "Desk", "version": edition, "orchestrator_agent": agents[0]["name"], "agents": agents}
        return self.http.post("/apps/install", json=body)


def agents_of(edition: str) -> list[str]:
    return [f"{edition}{number}" for number in range(20)]


def test_killed_server_has_an_app_completely_or_not_at_all(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    chance = random.Random(7)
    for _ in range(KILLS):
        changes = Changes(server)
        changes.start()
        assert changes.under_way.wait(60)
        threading.Event().wait(chance.uniform(0.05, 0.4))  # the moment of the kill is random
        server.kill()
        changes.join(60)
        server.start()
        apps: list[dict[str, Any]] = server.operator.get("/apps")["apps"]
        edition = apps[0]["version"] if apps else ""
        assert changes.changes
        assert edition in (changes.acknowledged, changes.attempted)
        declared = [agent["name"] for agent in server.operator.get("/declared-agents")["agents"]]
        assert sorted(declared) == sorted(agents_of(edition) if edition else [])
        registered = [each["agent_name"] for each in server.operator.get("/agents?limit=500")["agents"]]
        assert {name for name in registered if name[1:].isdigit()} == set(declared)
