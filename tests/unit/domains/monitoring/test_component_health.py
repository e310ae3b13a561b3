"""Health of components: measurements and their limits."""

from __future__ import annotations

from typing import Any

import pytest

from agora.domains.monitoring.health import COMPONENT_CHECKS
from agora.domains.monitoring.health_monitor import HEALTH_MONITOR
from agora.server.app import App
from agora_sdk.contract.admin import ComponentHealth, Health
from agora_sdk.errors import NotFound
from tests.harness import ManualClock
from tests.market import Market
from tests.unit.domains.monitoring.measured_monitor import MIB, Gauges, Measured


@pytest.fixture
async def market(app: App, clock: ManualClock, monitor: Measured, gauges: Gauges) -> Market:
    """A marketplace with scripted measurements."""
    await monitor.take_sample()
    monitor.loops = ()
    app.context.ports.provide(HEALTH_MONITOR, monitor)
    app.context.live = gauges.live
    return Market(app, clock)


async def health(market: Market, component: str | None = None) -> Health:
    return await market.call(market.operator, "admin.health", component=component)  # type: ignore[no-any-return]


async def part(market: Market, component: str) -> ComponentHealth:
    found = await health(market, component)
    assert list(found.components) == [component]
    assert found.status == found.components[component].status
    return found.components[component]


async def test_all_components_are_healthy(market: Market) -> None:
    found = await health(market)
    assert found.status == "healthy", found
    assert list(found.components) == list(COMPONENT_CHECKS)
    assert {"database", "mcp_server", "agents"} <= found.components.keys()
    assert all(component.warning is None for component in found.components.values())
    assert found.version == "5.0.0"


async def test_unknown_component_error_lists_the_known_ones(market: Market) -> None:
    with pytest.raises(NotFound) as refused:
        await health(market, "flux")
    assert all(name in str(refused.value.fix) for name in COMPONENT_CHECKS)


async def test_worst_component_decides_the_status(market: Market, gauges: Gauges, monitor: Measured) -> None:
    gauges.live["lag"] = 20_000
    assert (await health(market)).status == "degraded"
    gauges.machine["disk_free"] = 1 * MIB
    await monitor.take_sample()
    assert (await health(market)).status == "critical"


@pytest.mark.parametrize(
    ("component", "group", "gauge", "limits"),
    [
        ("database", "store", "queue_depth", {2047: "healthy", 2048: "degraded", 3892: "critical"}),
        ("database", "store", "round_trip_ms", {1000: "healthy", 1001: "degraded"}),
        ("disk", "machine", "disk_free", {1024 * MIB: "healthy", 1023 * MIB: "degraded", 127 * MIB: "critical"}),
        (
            "memory",
            "machine",
            "memory_available",
            {800 * MIB: "healthy", 799 * MIB: "degraded", 239 * MIB: "critical"},
        ),
        ("events", "live", "lag", {9_999: "healthy", 10_000: "degraded"}),
    ],
)
async def test_limits_decide_the_status(
    market: Market,
    gauges: Gauges,
    monitor: Measured,
    component: str,
    group: str,
    gauge: str,
    limits: dict[float, str],
) -> None:
    for value, status in limits.items():
        getattr(gauges, group)[gauge] = value
        await monitor.take_sample()
        assert (await part(market, component)).status == status, value


async def test_database_is_probed_and_measurements_are_shown(market: Market, gauges: Gauges, monitor: Measured) -> None:
    metrics = (await part(market, "database")).metrics
    assert metrics["read_ms"] > 0
    assert (metrics["queue_limit"], metrics["size_bytes"]) == (4096, 1e6)
    assert not any(name.startswith(("disk_", "memory_", "event_")) for name in metrics)
    gauges.fail()
    await monitor.take_sample()
    found = await part(market, "database")
    assert (found.status, found.detail) == ("critical", "no commit: StoreFailure")


async def test_outdated_measurement_is_degraded(market: Market, monitor: Measured) -> None:
    market.clock.advance(9.5)
    assert (await part(market, "disk")).status == "healthy"
    market.clock.advance(100)
    for component in ("database", "disk", "memory", "events"):
        found = await part(market, component)
        assert found.status == "degraded"
        assert "last measured 2 min ago" in found.detail
    monitor.samples.clear()
    assert "not measured yet" in (await part(market, "disk")).detail


async def test_missing_machine_measurements_are_degraded(market: Market, gauges: Gauges, monitor: Measured) -> None:
    gauges.machine.clear()
    await monitor.take_sample()
    for component in ("disk", "memory"):
        found = await part(market, component)
        assert (found.status, found.detail) == ("degraded", "cannot be measured")


# -- trends ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "change", "seconds", "warning"),
    [
        ("disk", {"disk_free": -0.7 * MIB}, 1800, "the disk is full in 19 h"),
        ("disk", {"disk_free": -0.5 * MIB}, 1800, None),  # 27 hours
        ("disk", {"disk_free": -5 * MIB}, 500, None),  # too short for a trend
        ("disk", {"disk_free": 5 * MIB}, 1800, None),
        ("memory", {"memory_available": -1 * MIB}, 1800, "memory is used up in 37 min"),
        ("memory", {"memory_available": -0.5 * MIB}, 1800, None),
        ("database", {"queue_depth": 10}, 90, "the write queue is full in 5 min"),
        ("database", {"queue_depth": 3}, 90, None),
        ("events", {"lag": 40}, 90, "a stream is 10,000 events behind in 3 min"),
        ("events", {"lag": 10}, 90, None),
    ],
)
async def test_trend_warns_before_the_limit(
    market: Market, monitor: Measured, component: str, change: dict[str, float], seconds: float, warning: str | None
) -> None:
    await monitor.watch(seconds, **change)
    found = await part(market, component)
    assert found.status == "healthy", "not yet"
    assert found.warning == (warning and f"At the present rate {warning}.")


# -- counted at the call --------------------------------------------------------------------------


async def test_agents_are_counted_by_state(market: Market) -> None:
    assert (await part(market, "agents")).detail == "0 registered, 0 offline"
    agents = [await market.agent(f"agent-{number}") for number in range(5)]
    for agent in agents[:3]:
        await market.call(agent, "agent.update", agent_id=agent.subject, status="offline")
    assert (await part(market, "agents")).status == "healthy", "they ran for a moment"
    for agent in agents[:3]:
        await market.call(agent, "agent.update", agent_id=agent.subject, status="active")
    market.clock.advance(601)

    async def offline(count: int) -> ComponentHealth:
        for agent in agents[:count]:
            await market.call(agent, "agent.update", agent_id=agent.subject, status="offline")
        return await part(market, "agents")

    found = await offline(2)
    assert found.status == "healthy"
    assert found.metrics == {"active": 3, "offline": 2, "total": 5, "offline_share": 0.4}
    assert (await offline(3)).status == "degraded"
    for agent in agents[3:]:
        await market.call(agent, "agent.deregister", agent_id=agent.subject)
    found = await part(market, "agents")
    assert (found.status, found.detail) == ("healthy", "3 registered, 3 offline"), "too few to judge by"


async def test_mcp_component_reports_its_contents(market: Market) -> None:
    found = await part(market, "mcp_server")
    count = len(market.app.registry.operations)
    assert found.detail == f"MCP at /mcp, {count} operations as tools"
    assert (found.status, found.metrics) == ("healthy", {"operations": count, "endpoint_enabled": 1})


class Loop:
    name, interval = "beat", 5.0

    def __init__(self, last_run: int | None, failures: int = 0) -> None:
        self.last_run, self.failures = last_run, failures
        self.last_error: str | None = "OSError: secret"


async def test_controllers_report_their_status(market: Market, monitor: Measured) -> None:
    now = market.clock.now()

    async def with_loop(**given: Any) -> ComponentHealth:
        monitor.loops = [Loop(**given)]
        return await part(market, "controllers")

    assert (await part(market, "controllers")).detail == "0 running"
    found = await with_loop(last_run=now)
    assert (found.status, found.detail) == ("healthy", "1 running")
    assert found.metrics["beat.failures"] == 0
    assert 0 <= found.metrics["beat.age_seconds"] < 60
    assert (await with_loop(last_run=None)).status == "healthy", "its first step is still to come"
    found = await with_loop(last_run=now, failures=3)
    assert (found.status, found.detail) == ("degraded", "beat failed 3 times in a row")
    market.clock.advance(80)
    found = await with_loop(last_run=now)
    assert (found.status, found.detail) == ("degraded", "beat last ran 1 min ago")
