"""Migration of v4 agents to v5, with their tasks and workflows."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..client import AgoraClient
from ..contract.fields import Priority
from ..credentials import Credential, Credentials
from ..errors import NotFound

__all__ = ["V4ToV5MigrationAssistant"]

PRIORITIES = {1: Priority.LOW, 2: Priority.NORMAL, 3: Priority.HIGH, 4: Priority.URGENT}
MAX_CONCURRENT_MIGRATIONS = 10  #: agents migrated concurrently
MIGRATION_KEY = "v4_migration_key"  #: metadata key of migrated objects, by which a repetition finds them


class V4ToV5MigrationAssistant:
    """Migrates agents: registers each, or switches one that v4 calls have registered, and adds its tasks and workflows.

    url: the server. token: a credential that may act for every agent, to switch existing ones; not needed on the same
    machine. credentials: file for the agents' own tokens, as for registration. Migration is idempotent: nothing is
    duplicated when it is repeated.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        tenant: str | None = None,
        credentials: str | None = None,
    ) -> None:
        self.v5_client = AgoraClient(url, token=token, tenant=tenant, mode="async", credentials=credentials)
        self._tenant = tenant or "default"
        self.migration_log: list[dict[str, Any]] = []
        self._credentials = Credentials(credentials)
        self._clients: dict[str, AgoraClient] = {}

    async def migrate_agent(self, v4_agent_config: Mapping[str, Any]) -> dict[str, Any]:
        """Migrate one agent: ``{agent_id, capabilities, active_tasks, workflows}``. Errors are in the result; never
        raises."""
        result: dict[str, Any] = {
            "v4_agent_id": v4_agent_config.get("agent_id"),
            "v5_agent_id": None,
            "status": "starting",
            "steps": [],
            "completion_time": None,
            "error": None,
        }
        try:
            await self._migrate(v4_agent_config, result)
            result["status"] = "completed"
            result["completion_time"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        except Exception as error:  # a failure of one agent is reported in its result and does not affect others
            result["status"], result["error"] = "failed", str(error) or type(error).__name__
            result["steps"].append({"step": "error", "status": "failed", "details": result["error"]})
        self.migration_log.append(result)
        return result

    async def migrate_tasks(self, v4_tasks: Sequence[Mapping[str, Any]], v5_agent_id: str) -> list[str]:
        """Create an agent's open tasks: ``[{task_type, payload, priority}]``. Returns their ids, including existing
        ones."""
        client = self._clients.get(v5_agent_id, self.v5_client)
        migrated: dict[str, str] = {}
        # Tasks of an earlier, interrupted run are recognised by their key, since idempotency keys are kept only for a while.
        async for existing in await client.task.list(agent_id=v5_agent_id, limit=500):
            if known_key := existing.metadata.get(MIGRATION_KEY):
                migrated[str(known_key)] = existing.task_id
        ids = []
        for at, task in enumerate(v4_tasks):
            key = _build_content_key(v5_agent_id, at, task)
            if key not in migrated:
                receipt = await client.task.assign(
                    task_type=task.get("task_type", "general"),
                    assignee=v5_agent_id,
                    payload=task.get("payload", {}),
                    priority=Priority(self.translate_priority(task.get("priority", 1))),
                    metadata={"migration_source": "v4", MIGRATION_KEY: key},
                )
                migrated[key] = receipt.task_id
            ids.append(migrated[key])
        return ids

    async def migrate_workflows(self, v4_workflows: Sequence[Mapping[str, Any]], v5_agent_id: str) -> list[str]:
        """Create an agent's workflows: ``[{name, steps}]``. Returns their ids, including existing ones."""
        client = self._clients.get(v5_agent_id, self.v5_client)
        migrated: dict[str, str] = {}
        async for existing in await client.workflow.list(agent_id=v5_agent_id, limit=500):
            if known_key := existing.metadata.get(MIGRATION_KEY):
                migrated[str(known_key)] = existing.workflow_id
        ids = []
        for at, workflow in enumerate(v4_workflows):
            key = _build_content_key(v5_agent_id, at, workflow)
            if key not in migrated:
                receipt = await client.workflow.create(
                    workflow_name=workflow.get("name", "migrated_workflow"),
                    steps=workflow.get("steps", []),
                    assigned_agents=[v5_agent_id],
                    metadata={"migration_source": "v4", MIGRATION_KEY: key},
                )
                migrated[key] = receipt.workflow_id
            ids.append(migrated[key])
        return ids

    def translate_priority(self, v4_priority: int) -> str:
        """Translate v4's priorities 1 to 4; any other is normal."""
        return PRIORITIES.get(v4_priority, Priority.NORMAL).value

    async def bulk_migrate(self, v4_agents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Migrate agents, ten concurrently. Returns ``{total_agents, successful_migrations, failed_migrations,
        results}``."""
        slots = asyncio.Semaphore(MAX_CONCURRENT_MIGRATIONS)

        async def migrate_in_turn(config: Mapping[str, Any]) -> dict[str, Any]:
            async with slots:
                return await self.migrate_agent(config)

        results = await asyncio.gather(*map(migrate_in_turn, v4_agents))
        return {
            "total_agents": len(v4_agents),
            "successful_migrations": sum(result["status"] == "completed" for result in results),
            "failed_migrations": sum(result["status"] == "failed" for result in results),
            "results": list(results),
        }

    async def _migrate(self, config: Mapping[str, Any], result: dict[str, Any]) -> None:
        steps, name = result["steps"], str(config["agent_id"])
        # Before the switch, which changes the answer.
        is_switched = await self._is_switched(name)
        registration = await self.v5_client.migration.switch(name, list(config.get("capabilities", [])))
        agent_id = result["v5_agent_id"] = registration.agent_id
        assert registration.token is not None
        credential = Credential(agent_id, registration.token)
        # In a thread: waiting for the lock of the file would block the other migrations.
        await asyncio.to_thread(
            self._credentials.keep, self.v5_client.url, self._tenant, registration.agent_name, credential
        )
        self._clients[agent_id] = self.v5_client.with_options(token=registration.token)
        steps.append({"step": "registration", "status": "completed", "details": f"Registered as {agent_id}"})
        if "active_tasks" in config:
            tasks = await self.migrate_tasks(config["active_tasks"], agent_id)
            steps.append({"step": "task_migration", "status": "completed", "details": f"Migrated {len(tasks)} tasks"})
        if "workflows" in config:
            workflows = await self.migrate_workflows(config["workflows"], agent_id)
            details = f"Migrated {len(workflows)} workflows"
            steps.append({"step": "workflow_migration", "status": "completed", "details": details})
        if not is_switched:  # agents switched earlier were announced then
            await self._clients[agent_id].messaging.send(
                to_agent="broadcast",
                content=f"Agent {name} successfully migrated to Agora v5",
                message_type="system_announcement",
                priority="normal",
            )

    async def _is_switched(self, name: str) -> bool:
        """Whether an agent was already switched to v5."""
        try:
            agent = await self.v5_client.agent.get(name)
        except NotFound:
            return False
        return agent.metadata.get("migration_source") == "v4"


def _build_content_key(agent_id: str, at: int, content: Mapping[str, Any]) -> str:
    """Idempotency key of a configured task or workflow: the agent, its position, and its content."""
    # With the position, because two equal tasks of one agent are two tasks.
    text = json.dumps([agent_id, at, content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
