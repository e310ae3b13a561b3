"""A migration drill: fifty v4 agents send messages while they are exported, imported and switched one by one, and v4
ends.

Every acknowledged message is in its recipient's inbox exactly once; every step is undone and repeated on the way.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora_sdk import AgoraClient
from agora_sdk.migration import V4ToV5MigrationAssistant
from agora_sdk.migration.export_file import ExportFile
from agora_sdk.migration.importer import Importer
from tests import v4_database
from tests.blackbox.server import NO_TLS, ServerProcess
from tests.polling import passing

AGENTS = 50
DATABASE = "agora-marketplace"
PACE = 1.0  # seconds between two messages of an agent


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "data").start()
    yield server
    server.close()


class Fleet:
    """Fifty agents, each of which sends numbered messages to its neighbour, with its current API: v4, the compatibility
    layer, or v5."""

    def __init__(self, server: ServerProcess, database: Path) -> None:
        self.server, self.database = server, database
        self.names = [f"Drill{number}" for number in range(AGENTS)]
        self.route = dict.fromkeys(self.names, "v4")
        self.tokens: dict[str, str] = {}
        self.sent: Counter[str] = Counter()
        self.stopped = asyncio.Event()
        self.http = httpx.AsyncClient(base_url=server.url, timeout=60, verify=NO_TLS)

    def neighbour(self, name: str) -> str:
        return self.names[(self.names.index(name) + 1) % AGENTS]

    async def talk(self, name: str) -> None:
        """Send until the fleet is stopped."""
        number = 0
        while not self.stopped.is_set():
            await self.send(name, f"{name}/{number}")
            number += 1
            try:
                await asyncio.wait_for(self.stopped.wait(), PACE)
            except TimeoutError:
                continue

    async def send(self, name: str, content: str) -> None:
        to = self.neighbour(name)
        if self.route[name] == "v4":
            with v4_database.opened(self.database) as tables:
                assert v4_database.call(tables, "send_agent_message", [name, to, "note", content, "2"]) == 0
        elif self.route[name] == "layer":
            args = [name, to, "note", content, "2"]
            answer = await self.http.post(f"/v4/call/{DATABASE}/send_agent_message", json={"args": args})
            assert answer.json()["success"], answer.text
        else:
            body = {"to_agent": to, "content": content, "message_type": "note"}
            headers = {"Authorization": f"Bearer {self.tokens[name]}"}
            answer = await self.http.post("/agora/messaging/send", json=body, headers=headers)
            assert answer.is_success, answer.text
        self.sent[content] += 1

    async def received(self) -> Counter[str]:
        """Return the messages in all inboxes."""
        contents: Counter[str] = Counter()
        for name in self.names:
            cursor = None
            while True:
                params = {"agent_id": name, "limit": 500} | ({"cursor": cursor} if cursor else {})
                page = (await self.http.get("/agora/messaging/receive", params=params)).json()
                for message in page["messages"]:
                    contents[message["content"]] += message["message_type"] == "note"
                if (cursor := page["next_cursor"]) is None:
                    break
        return +contents


async def test_fleet_migrates_without_downtime(server: ServerProcess, tmp_path: Path) -> None:
    database, export = tmp_path / "v4.json", tmp_path / "v4_export.json"
    program = v4_database.install(tmp_path / "bin", database)
    fleet = Fleet(server, database)
    with v4_database.opened(database) as tables:
        for name in fleet.names:
            v4_database.call(tables, "register_agent_capability", [name, "drilling", "90", "5"])
    async with fleet.http, asyncio.TaskGroup() as group:
        for name in fleet.names:
            group.create_task(fleet.talk(name))
        try:
            await _move(fleet, program, export)
        finally:
            fleet.stopped.set()
    fleet.http = httpx.AsyncClient(base_url=server.url, timeout=60, verify=NO_TLS)
    async with fleet.http:
        received = await fleet.received()
    assert fleet.sent - received == Counter(), "lost"
    assert received - fleet.sent == Counter(), "doubled"
    assert len(received) > 2 * AGENTS


async def _move(fleet: Fleet, program: Path, export: Path) -> None:
    server = fleet.server
    first = await _import(server, program, export)
    rolled_back = server.operator.post("/agora/migration/rollback_import", {"run_id": first, "limit": 1000})
    assert rolled_back["remaining"] == 0
    await _import(server, program, export)  # the import is undone and repeated
    for name in fleet.names:  # one by one the agents call the layer instead of v4
        fleet.route[name] = "layer"
        await passing(0.005)  # the others keep sending between two switches
    fleet.route[fleet.names[0]] = "v4"  # one returns to v4 for a while
    await fleet.send(fleet.names[0], "back at v4")
    fleet.route[fleet.names[0]] = "layer"
    await _import(server, program, export)  # messages sent to v4 since the first export
    report = server.operator.get("/agora/migration/report")
    assert report["migration_summary"]["v4_compatibility_agents"] == AGENTS
    await _switch(fleet)
    summary = server.operator.get("/agora/migration/report")["migration_summary"]
    assert (summary["v4_migrated_agents"], summary["migration_completion_rate"]) == (AGENTS, 100)
    for mode in ("warn", "disabled", "enabled", "disabled"):
        body = {"resource": "configuration", "target": "compatibility_mode", "action": "set", "value": mode}
        assert (await fleet.http.post("/agora/admin/manage", json=body)).is_success
        args = {"args": [fleet.names[1], fleet.names[2], "probe", "x", 2]}
        answer = await fleet.http.post(f"/v4/call/{DATABASE}/send_agent_message", json=args)
        assert answer.status_code == (410 if mode == "disabled" else 200)
    await asyncio.gather(*(fleet.send(name, f"{name}/after the end") for name in fleet.names))


async def _import(server: ServerProcess, program: Path, export: Path) -> str:
    """Export and import in a thread, while the fleet continues to send."""

    def work() -> str:
        result = subprocess.run([program, "export", DATABASE, "--format", "json"], capture_output=True, check=True)
        export.write_bytes(result.stdout)
        with AgoraClient(server.url, mode="sync") as client:
            summary = Importer(client, ExportFile(export), DATABASE, export.with_suffix(".refused")).run()
        assert (summary.refused, summary.run is not None) == (0, True)
        assert summary.run is not None
        return summary.run.run_id

    return await asyncio.to_thread(work)


async def _switch(fleet: Fleet) -> None:
    """Switch all agents to v5, and one of them back and forth."""
    credentials = fleet.database.with_name("credentials.json")
    assistant = V4ToV5MigrationAssistant(fleet.server.url, credentials=str(credentials))
    task: dict[str, Any] = {"task_type": "drill", "payload": {"step": 1}, "priority": 3}
    configurations = [{"agent_id": name, "active_tasks": [task]} for name in fleet.names]
    for part in (configurations, configurations[:5]):  # a repetition duplicates nothing
        summary = await assistant.bulk_migrate(part)
        assert (summary["successful_migrations"], summary["failed_migrations"]) == (len(part), 0), summary
    (stored,) = json.loads(credentials.read_text())["servers"].values()
    for name in fleet.names:
        fleet.tokens[name] = stored["default"][name]["token"]
        fleet.route[name] = "v5"
    tasks = (await fleet.http.get("/agora/task/list", params={"task_type": "drill", "limit": 500})).json()
    assert Counter(task["assigned_agent"] for task in tasks["tasks"]).most_common(1)[0][1] == 1
    assert tasks["count"] == AGENTS
    first = fleet.names[0]
    back = await fleet.http.post("/agora/migration/switch", json={"agent_name": first, "to": "v4"})
    fleet.route[first] = "layer"
    assert back.json()["metadata"]["compatibility_mode"] == "true"
    again = await fleet.http.post("/agora/migration/switch", json={"agent_name": first})
    fleet.route[first] = "v5"
    assert again.json()["agent_id"] == back.json()["agent_id"]
