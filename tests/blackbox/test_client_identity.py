"""Identity of calls when one client of the SDK registers several agents."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agora_sdk import Agent, AgoraClient
from agora_sdk.errors import Unauthenticated
from tests.blackbox.server import ServerProcess


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AGORA_CREDENTIALS", str(tmp_path / "credentials.json"))
    monkeypatch.delenv("AGORA_TOKEN", raising=False)
    return iter(())


def _senders(server: ServerProcess, recipient: str) -> dict[str, str]:
    """Map the content of each message of an agent to the name of its sender."""
    page = server.operator.get("/agora/messaging/receive", params={"agent_id": recipient, "limit": 100})
    names = {each["agent_id"]: each["agent_name"] for each in server.operator.get("/agents?limit=500")["agents"]}
    return {each["content"]: names.get(each["from_agent"], each["from_agent"]) for each in page["messages"]}


class MigrationAssistant:
    """Migrates agents of an earlier marketplace with a single client: the published example, shortened."""

    def __init__(self) -> None:
        self.v5_client = AgoraClient()
        self.migration_log: list[dict[str, Any]] = []

    async def migrate_agent(self, v4_agent_config: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {"v4_agent_id": v4_agent_config["agent_id"], "status": "starting", "steps": []}
        try:
            registration = await self.v5_client.register(
                agent_name=v4_agent_config["agent_id"],
                capabilities=v4_agent_config.get("capabilities", []),
                service_tier="basic",  # type: ignore[arg-type]
            )
            result["v5_agent_id"] = registration.agent_id
            tasks = await self.migrate_tasks(v4_agent_config.get("active_tasks", []), registration.agent_id)
            workflows = await self.migrate_workflows(v4_agent_config.get("workflows", []), registration.agent_id)
            result["steps"] = [tasks, workflows]
            await self.v5_client.messaging.send(
                to_agent="broadcast",
                content=f"Agent {v4_agent_config['agent_id']} successfully migrated to Agora v5",
                message_type="system_announcement",
                priority="normal",  # type: ignore[arg-type]
            )
            result["status"] = "completed"
        except Exception as error:
            result |= {"status": "failed", "error": str(error)}
        self.migration_log.append(result)
        return result

    async def migrate_tasks(self, v4_tasks: list[dict[str, Any]], v5_agent_id: str) -> list[str]:
        migrated = []
        for task in v4_tasks:
            v5_task = await self.v5_client.task.assign(
                task_type=task.get("task_type", "general"),
                assignee=v5_agent_id,
                payload=task.get("payload", {}),
                priority={1: "low", 2: "normal", 3: "high", 4: "urgent"}.get(task.get("priority", 1), "normal"),  # type: ignore[arg-type]
            )
            migrated.append(v5_task.task_id)
        return migrated

    async def migrate_workflows(self, v4_workflows: list[dict[str, Any]], v5_agent_id: str) -> list[str]:
        migrated = []
        for workflow in v4_workflows:
            v5_workflow = await self.v5_client.workflow.create(
                workflow_name=workflow.get("name", "migrated_workflow"),
                steps=workflow.get("steps", []),
                assigned_agents=[v5_agent_id],
            )
            migrated.append(v5_workflow.workflow_id)
        return migrated

    async def bulk_migrate(self, v4_agents: list[dict[str, Any]]) -> dict[str, Any]:
        results = await asyncio.gather(*(self.migrate_agent(config) for config in v4_agents), return_exceptions=True)
        completed = [r for r in results if isinstance(r, dict) and r["status"] == "completed"]
        return {"total_agents": len(v4_agents), "successful_migrations": len(completed), "results": results}


async def test_migration_example_moves_ten_agents_concurrently(
    shared_server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGORA_URL", shared_server.url)
    listener = await asyncio.to_thread(shared_server.register, "Witness")
    names = [f"Migrated{number}" for number in range(10)]
    assistant = MigrationAssistant()
    summary = await assistant.bulk_migrate(
        [
            {
                "agent_id": name,
                "capabilities": ["documentation", "review"],
                "active_tasks": [{"task_type": "documentation", "payload": {"file": "readme.md"}, "priority": 2}],
                "workflows": [{"name": "doc_review", "steps": [{"step": "validate"}]}],
            }
            for name in names
        ]
    )
    await assistant.v5_client.aclose()
    assert summary["successful_migrations"] == 10, summary
    senders = await asyncio.to_thread(_senders, shared_server, listener.name)
    assert senders == {f"Agent {name} successfully migrated to Agora v5": name for name in names}
    agents = {
        each["agent_id"]: each["agent_name"] for each in shared_server.operator.get("/agents?limit=500")["agents"]
    }
    for result in summary["results"]:
        task = shared_server.operator.get(f"/v1/agent/tasks/{result['steps'][0][0]}")
        assert agents[task["created_by"]] == result["v4_agent_id"], "each assigned its own task"
        assert task["assigned_agent"] == result["v5_agent_id"]


async def test_each_of_a_few_concurrent_tasks_keeps_its_identity(shared_server: ServerProcess) -> None:
    """Tasks that begin after other registrations have their own identity; so do the tasks that they start."""
    shared_server.register("Gate")
    turns = asyncio.Semaphore(2)

    async def come(name: str) -> None:
        async with turns:
            await client.register(name)
            await asyncio.create_task(asyncio.wait_for(client.messaging.send("Gate", name), 60))
            assert client.agent_name == name

    async with AgoraClient(shared_server.url) as client:
        names = [f"Few{number}" for number in range(6)]
        await asyncio.gather(*map(come, names))
    assert await asyncio.to_thread(_senders, shared_server, "Gate") == {name: name for name in names}


async def test_gathered_registrations_give_each_copy_its_identity(shared_server: ServerProcess) -> None:
    """Registrations are gathered; afterwards each agent acts through its own copy of the client."""
    shared_server.register("Post")
    async with AgoraClient(shared_server.url) as client:
        registrations = await asyncio.gather(*(client.register(f"Posted{number}") for number in range(4)))
        for registration in registrations:
            await client.as_agent(registration).messaging.send("Post", registration.agent_name)
    senders = await asyncio.to_thread(_senders, shared_server, "Post")
    assert senders == {f"Posted{number}": f"Posted{number}" for number in range(4)}


async def test_stream_belongs_to_the_agent_that_opened_it(shared_server: ServerProcess) -> None:
    """A stream is opened in one task and read in another. A third agent sends, because a sender's stream includes its
    own messages."""
    opened: dict[str, Any] = {}

    async def come(name: str) -> None:
        await client.register(name)
        opened[name] = await client.event.stream(["agora.message.received"])

    async with AgoraClient(shared_server.url) as client:
        await asyncio.gather(come("Hearer1"), come("Hearer2"))
        speaker = client.as_agent(await client.register("Speaker"))
        for name, stream in opened.items():
            await speaker.messaging.send(name, f"to {name}")
            event = await asyncio.wait_for(anext(aiter(stream)), 60)
            assert event.data["to_agent"] == name
            await stream.aclose()


def test_first_identity_stays_in_synchronous_code(
    shared_server: ServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    shared_server.register("Desk")
    with AgoraClient(shared_server.url) as client, caplog.at_level(logging.WARNING, "agora_sdk"):
        first = client.register("First")
        assert not caplog.records
        second = client.register("Second")
        assert "client.as_agent('Second')" in caplog.text
        client.messaging.send("Desk", "of the client")
        client.as_agent(second).messaging.send("Desk", "of the second")
        client.as_agent("First").messaging.send("Desk", "of the first")
        assert (client.agent_name, client.agent_id) == ("First", first.agent_id)

        def elsewhere() -> None:
            client.messaging.send("Desk", "of a thread")

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        client.as_agent(second).agent.deregister("Second")
        with pytest.raises(Unauthenticated, match="Register it first"):
            client.as_agent("Second")
        client.messaging.send("Desk", "still of the client")
    assert _senders(shared_server, "Desk") == {
        "of the client": "First",
        "of the second": second.agent_id,  # which has ended
        "of the first": "First",
        "of a thread": "First",
        "still of the client": "First",
    }


def test_each_thread_has_the_identity_it_registered(shared_server: ServerProcess) -> None:
    shared_server.register("Counter")
    with AgoraClient(shared_server.url) as client:

        def come(name: str) -> None:
            client.register(name)
            client.messaging.send("Counter", name)

        threads = [threading.Thread(target=come, args=(f"Thread{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert _senders(shared_server, "Counter") == {f"Thread{number}": f"Thread{number}" for number in range(6)}


class Greeter(Agent):
    async def on_start(self) -> None:
        await self.client.messaging.send("Porch", self.name)


async def test_agents_share_one_client(shared_server: ServerProcess) -> None:
    shared_server.register("Porch")
    async with (
        AgoraClient(shared_server.url) as client,
        Greeter("Greeter1", client=client),
        Greeter("Greeter2", client=client),
    ):
        pass
    senders = await asyncio.to_thread(_senders, shared_server, "Porch")
    assert senders == {"Greeter1": "Greeter1", "Greeter2": "Greeter2"}
