"""The compatibility layer: translates v4 reducer calls to calls of this marketplace."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from ..client import AgoraClient
from ..errors import AgoraError
from . import real_program

__all__ = ["DATABASES", "REDUCERS", "V4CompatibilityLayer"]

DATABASES = ("agora-marketplace", "agent-coordination-v2")
REDUCERS = frozenset(
    {
        "assign_task",
        "broadcast_to_agents",
        "register_agent",
        "register_agent_capability",
        "send_agent_message",
        "send_message",
        "start_workflow_coordination",
        "update_task_progress",
    }
)
Answer = dict[str, Any]


class V4CompatibilityLayer:
    """Translates v4 SpacetimeDB calls to calls of this marketplace.

    databases: names of migrated v4 databases, by default those of the environment variable ``AGORA_V4_DATABASES``;
    calls to others go to the real ``spacetime`` program. token: a credential that may act for every agent
    (``act:any``), by default ``AGORA_TOKEN``; a server on this machine needs none. An answer has ``success``, and
    ``error`` if that is false.
    """

    def __init__(
        self,
        agora_server_url: str = "http://localhost:8080",
        *,
        token: str | None = None,
        databases: Iterable[str] | None = None,
    ) -> None:
        self.agora_url = agora_server_url
        #: ids in this marketplace by v4 id, for ids used in calls; the server stores the mapping
        self.agent_mapping: dict[str, str] = {}
        configured = [name.strip() for name in os.environ.get("AGORA_V4_DATABASES", "").split(",") if name.strip()]
        self.databases = tuple(databases or configured or DATABASES)
        # Each command has its own idempotency key: a repetition after a lost answer has no second effect.
        self.client = AgoraClient(agora_server_url, token=token, mode="sync")

    def spacetime_call_wrapper(self, database: str, reducer: str, *args: Any) -> Answer:
        """Make a reducer call: to this marketplace, or to the real program for any other database. Never raises
        AgoraError."""
        if database not in self.databases:
            return self.execute_spacetime_call(database, reducer, *args)
        try:
            return self._call_reducer(database, reducer, args)
        except ValueError as error:
            return {"success": False, "error": str(error)}

    def handle_v4_coordination_call(self, reducer: str, *args: Any) -> Answer:
        """Make a reducer call to the marketplace. Raises ValueError for a reducer that v4 did not have."""
        return self._call_reducer(self.databases[0], reducer, args)

    def translate_register_capability(
        self, agent_id: str, capability_type: str, proficiency: int = 0, max_tasks: int = 1
    ) -> Answer:
        """Register an agent with a capability, or add one to it."""
        return self.handle_v4_coordination_call(
            "register_agent_capability", agent_id, capability_type, proficiency, max_tasks
        )

    def translate_send_message(
        self, from_agent: str, to_agent: str, message_type: str, content: str, priority: int = 2
    ) -> Answer:
        """Send a message; recipient ``*`` is a broadcast, priorities are 1 (low) to 4 (urgent)."""
        return self.handle_v4_coordination_call(
            "send_agent_message", from_agent, to_agent, message_type, content, priority
        )

    def translate_assign_task(
        self,
        workflow_id: str,
        task_type: str,
        input_data: Any = "{}",
        required_capabilities: Any = "[]",
        requesting_agent: str = "",
    ) -> Answer:
        """Assign a task to any agent with the capabilities."""
        return self.handle_v4_coordination_call(
            "assign_task", workflow_id, task_type, input_data, required_capabilities, requesting_agent
        )

    def translate_start_workflow(
        self,
        workflow_id: str,
        coordinator_agent: str,
        participating_agents: Any = "[]",
        coordination_strategy: str = "adaptive",
    ) -> Answer:
        """Start a workflow with a step for each participating agent."""
        return self.handle_v4_coordination_call(
            "start_workflow_coordination", workflow_id, coordinator_agent, participating_agents, coordination_strategy
        )

    def execute_spacetime_call(self, database: str, reducer: str, *args: Any) -> Answer:
        """Make a reducer call with the real program."""
        texts = [value if isinstance(value, str) else json.dumps(value) for value in args]
        result = real_program.run_program(["call", database, reducer, *texts])
        if result.returncode == 0:
            return {"success": True, "output": result.stdout}
        return {"success": False, "error": result.stderr}

    def query(self, database: str, query: str) -> tuple[list[str], list[list[Any]]]:
        """Return columns and rows of a query in v4's SQL. Raises AgoraError for a query that cannot be translated."""
        answer = self.client.migration.sql(database, query)
        return answer.columns, answer.rows

    def _call_reducer(self, database: str, reducer: str, args: tuple[Any, ...]) -> Answer:
        if reducer not in REDUCERS:
            raise ValueError(f"Unsupported v4 reducer: {reducer}")
        try:
            answer = self.client.migration.run_reducer(database, reducer, list(args))
        except AgoraError as error:
            return {"success": False, "error": str(error)}
        document: Answer = answer.model_dump(mode="json", exclude_none=True)
        if reducer.startswith("register_agent") and args and answer.agent_id:
            self.agent_mapping[_find_registered_name(args)] = answer.agent_id
        return document


def _find_registered_name(args: tuple[Any, ...]) -> str:
    """Find the v4 id in the arguments of a registration: the first argument, or the flag."""
    texts = [str(value) for value in args]
    name = texts[texts.index("--agent_id") + 1] if "--agent_id" in texts[:-1] else texts[0]
    return name.strip('"')
