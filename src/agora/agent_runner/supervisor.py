"""The supervisor: one running agent for each declaration, started again with backoff when it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

from .configuration import AgentConfiguration, RunnerConfiguration
from .thinking_agent import ThinkingAgent

__all__ = ["Supervisor"]

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
STEADY_SECONDS = 60.0  # after which an agent's end counts as a first one


class RunningAgent:
    """One declaration, and the task that keeps its agent running."""

    def __init__(self, url: str, configuration: AgentConfiguration) -> None:
        self.configuration = configuration
        self._url = url
        self._agent: ThinkingAgent | None = None
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep_running(), name=f"agent {configuration.name}")

    async def stop(self) -> None:
        """Let its tasks be given back, and end."""
        self._stopping.set()
        if self._agent is not None:
            self._agent.stop()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_running(self) -> None:
        loop, failures, name = asyncio.get_running_loop(), 0, self.configuration.name
        while not self._stopping.is_set():
            began = loop.time()
            self._agent = ThinkingAgent(self.configuration, self._url)
            try:
                await self._agent.serve()
            except Exception as error:
                log.error("%s ended: %s", name, error, exc_info=error)
            if self._stopping.is_set():
                return
            failures = 1 if loop.time() - began > STEADY_SECONDS else failures + 1
            pause = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)


class Supervisor:
    """Every running agent, by tenant and name."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], RunningAgent] = {}

    async def apply(self, configuration: RunnerConfiguration) -> None:
        """Run these agents and no others: those whose configuration changed are started anew."""
        desired = {(agent.tenant, agent.name): agent for agent in configuration.agents}
        outdated = [place for place, one in self._running.items() if desired.get(place) != one.configuration]
        await asyncio.gather(*(self._running.pop(place).stop() for place in outdated))
        for place, agent in desired.items():
            if place not in self._running:
                self._running[place] = RunningAgent(configuration.url, agent)
                log.info("%s runs, version %d", agent.name, agent.version)

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(one.stop() for one in self._running.values()))
        self._running.clear()
