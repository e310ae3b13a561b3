"""Readiness: a row is written again and again, so that ``/ready`` tells the truth within five seconds."""

from __future__ import annotations

from agora.core.jobs import Controller, JobContext

from .health_monitor import HealthMonitor

__all__ = ["Readiness"]


class Readiness(Controller):
    name = "readiness"
    interval = 1.5

    def __init__(self, context: JobContext, monitor: HealthMonitor) -> None:
        super().__init__(context)
        self._monitor = monitor

    async def load(self) -> None:
        await self._monitor.probe()

    async def step(self) -> None:
        await self._monitor.probe()
