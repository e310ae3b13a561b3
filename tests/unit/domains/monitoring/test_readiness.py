"""Readiness and health: current within five seconds, and answered during any outage."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agora.domains.bus.engines.port import BRIDGE, Bridge
from agora.domains.monitoring.health import COMPONENT_CHECKS
from agora.domains.monitoring.health_monitor import PROBE_SECONDS
from agora.domains.monitoring.jobs import ReadinessController
from agora.server.app import App
from agora.store.port import StoreFailure
from tests.failing_stores import failing_store
from tests.harness import make_settings

READY = ("/ready", "/health/ready")


def _readiness(app: App) -> ReadinessController:
    return next(c for c in app.controllers if isinstance(c, ReadinessController))


async def test_every_health_page_answers(client: httpx.AsyncClient) -> None:
    for path in ("/health", "/health/live", *READY, "/health/detail"):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.json()["status"] in ("healthy", "degraded"), path
    assert (await client.get("/health/nothing")).status_code == 404


async def test_detail_lists_components_and_check_durations(client: httpx.AsyncClient) -> None:
    components = (await client.get("/health/detail")).json()["components"]
    assert components.keys() == COMPONENT_CHECKS.keys()
    assert all(component["latency_ms"] >= 0 for component in components.values())


@pytest.mark.parametrize("broken", ["failing", "silent"])
async def test_store_outage_and_recovery_are_reported(app: App, client: httpx.AsyncClient, broken: str) -> None:
    error, store = StoreFailure("postgresql://agora:hunter22@db is gone"), failing_store(app)
    app.monitor.probe_seconds = 0.05
    with store.failing(silent=True), store.failing(error, reads=False, silent=broken == "silent"):
        await _readiness(app).step()
        for path in READY:
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.json()["status"] == "unavailable"
            assert answer.json()["components"]["store"] == "unreachable"
        assert (await client.get("/health/live")).status_code == 200
        detail = await client.get("/health/detail")
        assert detail.status_code == 503
        assert detail.json()["components"]["database"]["status"] == "critical"
        assert "hunter22" not in detail.text
        assert "agora_ready 0.0" in (await client.get("/metrics")).text
    app.monitor.probe_seconds = PROBE_SECONDS  # a commit on a busy machine takes a while
    await _readiness(app).step()
    assert (await client.get("/ready")).json()["status"] == "healthy"
    assert (await client.get("/health/detail")).status_code == 200


def test_outage_is_known_within_five_seconds() -> None:
    assert ReadinessController.interval + PROBE_SECONDS < 5


async def test_outage_during_a_check_is_answered(app: App, client: httpx.AsyncClient) -> None:
    with failing_store(app).failing(writes=False):
        answer = await client.get("/health/detail")
    assert answer.status_code == 503
    assert answer.json()["components"]["database"]["status"] == "critical"


@pytest.mark.parametrize("needed", [False, True])
async def test_redis_outage_is_reported(tmp_path: Path, needed: bool) -> None:
    app = App(make_settings(tmp_path, ready_needs_bus=needed))
    await app.start()
    app.context.ports.provide(BRIDGE, Bridge(connected=False, error="connection refused"))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        answer = await client.get("/ready")
        assert answer.status_code == (503 if needed else 200)
        assert answer.json()["status"] == ("unavailable" if needed else "degraded")
        assert answer.json()["components"] == {"store": "ok", "bus": "unreachable"}
        app.context.ports.get(BRIDGE).connected = True
        assert (await client.get("/ready")).json()["status"] == "healthy"
    await app.stop()
