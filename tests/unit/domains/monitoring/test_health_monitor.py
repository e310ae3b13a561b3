"""The health monitor: takes samples, keeps an hour of them, and reports why the server is not ready."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import cast

import pytest

from agora.clock import SECOND
from agora.domains.monitoring.health_monitor import HealthMonitor, measure_disk, measure_memory
from agora.server.app import App
from agora.store.port import Store
from tests.harness import ManualClock
from tests.unit.domains.monitoring.measured_monitor import Gauges, Measured


async def test_sample_covers_store_machine_and_streams(monitor: Measured, gauges: Gauges) -> None:
    assert (monitor.latest_sample, monitor.seconds_since_sample(0)) == (None, None)
    gauges.live["lag"] = 7
    sample = await monitor.take_sample()
    assert sample is monitor.latest_sample
    assert sample.failure is None
    assert sample.values.keys() == gauges.store.keys() | gauges.machine.keys() | {"event_lag"}
    assert sample.values["event_lag"] == 7
    assert monitor.seconds_since_sample(sample.at + 3_000_000) == 3.0


async def test_samples_of_one_hour_are_kept(monitor: Measured) -> None:
    await monitor.watch(2 * 3600)
    assert len(monitor.samples) == 720
    assert (monitor.samples[-1].at - monitor.samples[0].at) == 3595 * SECOND


async def test_store_failure_is_recorded_without_its_text(monitor: Measured, gauges: Gauges) -> None:
    gauges.fail()
    sample = await monitor.take_sample()
    assert sample.failure == "StoreFailure"
    assert monitor.find_outage_reason() == "The store takes no writes: StoreFailure."
    gauges.failure = None
    await monitor.take_sample()
    assert monitor.find_outage_reason() is None


async def test_unresponsive_store_times_out(monitor: Measured, gauges: Gauges) -> None:
    monitor.check_seconds, gauges.silent = 0, True
    assert (await monitor.take_sample()).failure == "no answer within 0 s"


async def test_disk_that_hangs_blocks_neither_the_loop_nor_more_than_one_thread(
    gauges: Gauges, clock: ManualClock, tmp_path: Path
) -> None:
    answering, calls = threading.Event(), 0

    def measure_hanging_disk() -> dict[str, float]:
        nonlocal calls
        calls += 1
        assert answering.wait(60)
        return {"disk_free": 1.0, "disk_total": 2.0}

    monitor = HealthMonitor(cast("Store", gauges), clock, gauges.live, tmp_path, disk=measure_hanging_disk)
    monitor.check_seconds = 0.01
    try:
        for _ in range(3):
            sample = await monitor.take_sample()
            assert "disk_free" not in sample.values
            assert sample.values["memory_rss"] > 0
            assert sample.failure is None
        assert calls == 1
    finally:
        answering.set()
    monitor.check_seconds = 60
    while "disk_free" not in (await monitor.take_sample()).values:
        await asyncio.sleep(0)  # until the late answer of the first thread has arrived
    assert calls == 2


async def test_reason_for_not_being_ready(monitor: Measured, gauges: Gauges) -> None:
    assert monitor.find_outage_reason() == "The store has not been checked yet."
    await monitor.take_sample()
    assert monitor.find_outage_reason() is None
    gauges.store["queue_depth"] = 4096.0
    await monitor.take_sample()
    assert monitor.find_outage_reason() == "The store's write queue is full."
    monitor.draining = True
    assert monitor.find_outage_reason() == "The server is shutting down."


async def test_trend_uses_the_requested_window(monitor: Measured) -> None:
    await monitor.watch(1800)
    await monitor.watch(300, queue_depth=10)
    recent = monitor.estimate_seconds_until("queue_depth", 4096, window=295, at_least=60)
    assert recent == pytest.approx((4096 - 3000) / 10, rel=0.05)
    assert monitor.estimate_seconds_until("unknown", 1, window=300, at_least=60) is None


async def test_real_machine_and_store_are_measured(app: App) -> None:
    values = measure_disk(app.settings.data_dir) | measure_memory()
    assert 0 < values["disk_free"] <= values["disk_total"]
    assert 1e6 < values["memory_rss"] < values["memory_total"]
    assert values["memory_available"] <= values["memory_total"]
    monitor = HealthMonitor(app.store, app.clock, app.feed.live, app.settings.data_dir)
    sample = await monitor.take_sample()
    assert sample.failure is None
    assert sample.values["size_bytes"] > 0
    assert monitor.find_outage_reason() is None


def test_unmeasurable_values_are_omitted(tmp_path: Path) -> None:
    assert measure_disk(tmp_path / "nowhere") == {}
    assert measure_memory(tmp_path) == {}


def test_memory_limit_of_a_container_is_used(tmp_path: Path) -> None:
    files = {
        "proc/self/statm": f"999 {100 * 1024 * 1024 // os.sysconf('SC_PAGE_SIZE')} 1 1 0 1 0",
        "proc/meminfo": "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 6000000 kB\n",
        "sys/fs/cgroup/memory.max": str(512 * 1024 * 1024),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    values = measure_memory(tmp_path)
    assert values["memory_rss"] == 100 * 1024 * 1024
    assert values["memory_total"] == 512 * 1024 * 1024
    assert values["memory_available"] == 412 * 1024 * 1024
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert measure_memory(tmp_path)["memory_total"] == 8_000_000 * 1024
