"""Readiness: a row is written periodically, so that the reported state of the store is current.

A request of ``/ready`` writes the row itself (:meth:`HealthMonitor.refresh_probe`). The loop is for the log, metrics
and ``/health``; while the store takes no writes it probes often, so that recovery is noticed at once.
"""

from __future__ import annotations

import asyncio

from agora.core.jobs import Controller, JobContext

from .health_monitor import HealthMonitor

__all__ = ["ReadinessController"]

IDLE_INTERVAL = 10.0  # seconds between probes while the store works


class ReadinessController(Controller):
    name = "readiness"
    interval = 1.5

    def __init__(self, context: JobContext, monitor: HealthMonitor) -> None:
        super().__init__(context)
        self._monitor = monitor
        monitor.on_failure = self._wakeup.set

    async def prepare(self) -> None:
        await self._monitor.probe()

    async def step(self) -> None:
        await self._monitor.probe()

    async def _wait_for_next_step(self, stop: asyncio.Event) -> bool:
        if await super()._wait_for_next_step(stop):
            return True
        return self._monitor.probe_failure is None and await self._wait_for_wakeup(stop, IDLE_INTERVAL - self.interval)
