"""Sampling: periodic measurements of the server for the health report and its trends."""

from __future__ import annotations

from agora.core.jobs import Controller, JobContext

from .health_monitor import HealthMonitor

__all__ = ["SamplingController"]


class SamplingController(Controller):
    name = "sampling"

    def __init__(self, context: JobContext, monitor: HealthMonitor) -> None:
        super().__init__(context)
        self._monitor, self.interval = monitor, monitor.interval

    async def prepare(self) -> None:
        await self._monitor.take_sample()

    async def step(self) -> None:
        await self._monitor.take_sample()
