"""A monitor with scripted measurements."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from agora.domains.monitoring.health_monitor import HealthMonitor
from agora.store.port import Store, StoreFailure
from tests.harness import ManualClock

__all__ = ["MIB", "Gauges", "Measured"]

MIB = 1024.0 * 1024


class Gauges:
    """Measurements set by the test. ``failure``: error of the store; ``silent``: it never responds."""

    def __init__(self) -> None:
        self.store = {"round_trip_ms": 1.0, "queue_depth": 0.0, "queue_limit": 4096.0, "size_bytes": 1e6}
        self.machine = {
            "disk_free": 50_000 * MIB,
            "disk_total": 100_000 * MIB,
            "memory_rss": 80 * MIB,
            "memory_available": 4000 * MIB,
            "memory_total": 8000 * MIB,
        }
        self.live = {"subscribers": 2, "delivered": 10, "cut_off": 1, "lag": 0}
        self.failure: Exception | None = None
        self.silent = False

    async def measure_health(self) -> Mapping[str, float]:
        if self.silent:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return dict(self.store)

    def select_machine_values(self, prefix: str) -> Mapping[str, float]:
        return {name: value for name, value in self.machine.items() if name.startswith(prefix)}

    def fail(self) -> None:
        self.failure = StoreFailure("the password is secret")


class Measured(HealthMonitor):
    """A monitor with its gauges; only the test advances its clock."""

    def __init__(self, gauges: Gauges, clock: ManualClock) -> None:
        clock.freeze()
        super().__init__(
            cast("Store", gauges),
            clock,
            gauges.live,
            Path("/"),
            disk=lambda: gauges.select_machine_values("disk_"),
            memory=lambda: gauges.select_machine_values("memory_"),
        )
        self.gauges, self.clock = gauges, clock

    async def watch(self, seconds: float, **change: float) -> None:
        """Sample for that many seconds; each named gauge changes by that much per second."""
        for _ in range(int(seconds / self.interval)):
            self.clock.advance(self.interval)
            for group in (self.gauges.store, self.gauges.machine, cast("dict[str, Any]", self.gauges.live)):
                for name in group.keys() & change.keys():
                    group[name] += change[name] * self.interval
            await self.take_sample()
