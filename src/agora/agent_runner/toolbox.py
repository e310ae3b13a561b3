"""Tools of a task, called on the server with idempotent call ids."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agora_sdk.client import AgoraClient
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.taskrun import TaskRun

if TYPE_CHECKING:
    from agora_sdk.contract.declared_agents import AgentTool, ToolOutcome

__all__ = ["Toolbox"]

CALL_SECONDS = 1000.0  # longer than the server's tool timeout
PENDING_CALL_POLL_SECONDS = 0.5  # polling interval of a pending call
TERMINAL_STATUSES = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.CANCELLED,
        TaskStatus.REJECTED,
        TaskStatus.EXPIRED,
        TaskStatus.DEAD_LETTERED,
    }
)


class Toolbox:
    """Calls tools for one task."""

    def __init__(self, client: AgoraClient, task: TaskRun, tools: Sequence[AgentTool]) -> None:
        self.client, self._task, self.tools = client, task, tools
        self._by_name: Mapping[str, AgentTool] = {tool.name: tool for tool in tools}

    def hands_task_over(self, tool: str) -> bool:
        """Whether a tool's result is the task's result."""
        return tool in self._by_name and self._by_name[tool].hands_over

    async def call(self, call_id: str, tool: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        """Call a tool; if it creates a task of another agent, wait for that."""
        client = self.client.with_options(timeout=CALL_SECONDS)
        while True:
            outcome = await client.declared_agent.call_tool(
                self._task.task_id, self._task.fencing_token, call_id, tool, dict(arguments)
            )
            if outcome.status != "pending":
                break
            await asyncio.sleep(PENDING_CALL_POLL_SECONDS)
        if outcome.task_id is not None and outcome.status == "done" and self._is_agent_call(tool):
            return await self._await_other_agents_task(outcome)
        return outcome

    def _is_agent_call(self, tool: str) -> bool:
        return tool in self._by_name and self._by_name[tool].asks_agent

    async def _await_other_agents_task(self, outcome: ToolOutcome) -> ToolOutcome:
        """Wait for the end of another agent's task, and return its result."""
        assert outcome.task_id is not None
        async for _ in self.client.task.stream(outcome.task_id):
            pass  # it ends with the task
        task = await self.client.task.get(outcome.task_id)
        while task.status not in TERMINAL_STATUSES:  # the stream was interrupted
            await asyncio.sleep(PENDING_CALL_POLL_SECONDS)
            task = await self.client.task.get(outcome.task_id)
        if task.status == TaskStatus.COMPLETED:
            return outcome.model_copy(update={"content": task.result})
        error = f"The other agent's task ended as {task.status.value}: {task.error or task.notes or 'no reason given'}"
        return outcome.model_copy(update={"status": "failed", "content": None, "error": error})
