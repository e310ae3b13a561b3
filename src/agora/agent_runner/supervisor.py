"""The supervisor: runs one agent per declaration, and restarts it with backoff when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from agora_sdk.backoff import Backoff

from .configuration import AgentConfiguration, RunnerConfiguration
from .thinking_agent import ThinkingAgent

__all__ = ["Supervisor"]

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=1.0, most=60.0)


class RunningAgent:
    """One declaration, and the asyncio task that keeps its agent running."""

    def __init__(self, url: str, configuration: AgentConfiguration) -> None:
        self.configuration = configuration
        self._url = url
        self._agent: ThinkingAgent | None = None
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run_with_restarts(), name=f"agent {configuration.name}")

    async def stop(self) -> None:
        """Release the agent's tasks, and end it."""
        self._stopping.set()
        if self._agent is not None:
            self._agent.stop()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run_with_restarts(self) -> None:
        loop, failures, name = asyncio.get_running_loop(), 0, self.configuration.name
        while not self._stopping.is_set():
            started_at = loop.time()
            self._agent = ThinkingAgent(self.configuration, self._url)
            try:
                await self._agent.serve()
            except Exception as error:
                log.error("%s ended: %s", name, error, exc_info=error)
            if self._stopping.is_set():
                return
            failures = BACKOFF.count_failure(failures, loop.time() - started_at)
            pause = BACKOFF.pause(failures - 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)


class Supervisor:
    """The running agents by tenant and name."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], RunningAgent] = {}

    async def apply_configuration(self, configuration: RunnerConfiguration) -> None:
        """Run exactly these agents: those with a changed configuration are restarted."""
        desired = {(agent.tenant, agent.name): agent for agent in configuration.agents}
        outdated = [key for key, running in self._running.items() if desired.get(key) != running.configuration]
        # Before the successors start: both versions would claim tasks as the same agent.
        await asyncio.gather(*(self._running.pop(key).stop() for key in outdated))
        for key, agent in desired.items():
            if key not in self._running:
                self._running[key] = RunningAgent(configuration.url, agent)
                log.info("%s started, version %d", agent.name, agent.version)

    async def stop(self) -> None:
        """Stop all agents."""
        await asyncio.gather(*(running.stop() for running in self._running.values()))
        self._running.clear()
