"""An agent of the SDK whose tasks are executed by a language model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from agora_sdk.agent import Agent
from agora_sdk.client import AgoraClient
from agora_sdk.contract.declared_agents import AgentTool
from agora_sdk.contract.messaging import Message
from agora_sdk.taskrun import InputRequired, PermanentFailure, Rejected, TaskRun

from .configuration import AgentConfiguration
from .models import ModelPool
from .thinking_run import ThinkingRun
from .toolbox import Toolbox

__all__ = ["ThinkingAgent"]

MESSAGE_ID_KEY = "agora.message_id"  #: in a task's metadata: the message that created it
MAX_REPLY_CHARACTERS = 100_000
TOOL_LIST_SECONDS = 10.0  #: cache time of the list of tools


class ThinkingAgent(Agent):
    """Executes the tasks of one declared agent. The server converts its messages to tasks."""

    takes_unassigned = False

    def __init__(self, configuration: AgentConfiguration, url: str) -> None:
        specification = configuration.specification
        client = AgoraClient(url, token=configuration.token.get_secret_value(), mode="async")
        super().__init__(configuration.name, specification.description, client=client)
        self.capabilities = specification.capabilities
        self.max_concurrent_tasks = specification.max_concurrent_tasks
        self.busy = specification.busy
        self.metadata = {"declared": True}
        self.configuration = configuration
        self.models = ()
        self._pool = ModelPool(configuration.models)
        self._runs: set[ThinkingRun] = set()
        self._tools: Sequence[AgentTool] = ()
        self._tools_until = 0.0

    async def serve(self) -> None:
        """Serve as any agent, and close the agent's own client at the end."""
        try:
            await super().serve()
        finally:
            await self.client.aclose()

    def stop(self) -> None:
        """Stop soon: tasks are released after the current tool call, or at once."""
        # First: no new task is claimed while the running ones are released.
        super().stop()
        for run in self._runs:
            run.stop()

    async def on_message(self, message: Message) -> None:
        """Do nothing: the server creates a task for each message."""

    async def on_task(self, task: TaskRun) -> Any:
        await self._reject_unauthorized_requester(task)
        try:
            result = await self._run_task(task)
        except InputRequired as question:
            # The token differs at each claim, so each question of a task has its own idempotency key.
            await self._reply(task, f"question-{task.fencing_token}", question.question)
            raise
        except (PermanentFailure, Rejected) as failure:
            await self._reply(task, "reply", str(failure))
            raise
        await self._reply(task, "reply", result if isinstance(result, str) else str(result))
        return result

    async def _reject_unauthorized_requester(self, task: TaskRun) -> None:
        """Reject a task of a requester that may not use the agent."""
        askers = self.configuration.specification.askers
        if "*" in askers or task.created_by in askers:
            return
        if task.created_by.startswith("agent_"):
            profile = await self.client.agent.get(task.created_by)
            if profile.agent_name in askers or profile.alias in askers:
                return
        raise Rejected(f"{self.name} does not accept your tasks.")

    async def _run_task(self, task: TaskRun) -> Any:
        toolbox = Toolbox(self.client, task, await self._list_tools())
        run = ThinkingRun(self.configuration, self._pool, toolbox, task)
        self._runs.add(run)
        try:
            return await run.run()
        finally:
            self._runs.discard(run)

    async def _list_tools(self) -> Sequence[AgentTool]:
        """List the available tools; those of upstreams change."""
        now = asyncio.get_running_loop().time()
        if now >= self._tools_until:
            self._tools = (await self.client.declared_agent.tools(self.name)).tools
            self._tools_until = now + TOOL_LIST_SECONDS
        return self._tools

    async def _reply(self, task: TaskRun, key: str, text: str) -> None:
        """Reply to the message that created the task. Called before the task ends, so that a crash cannot lose the
        reply; it is idempotent."""
        message_id = task.metadata.get(MESSAGE_ID_KEY)
        if isinstance(message_id, str):
            client = self.client.with_options(idempotency_key=f"{key}:{task.task_id}")
            await client.messaging.send(task.created_by, text[:MAX_REPLY_CHARACTERS] or "Done.", reply_to=message_id)
