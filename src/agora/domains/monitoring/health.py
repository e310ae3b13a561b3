"""The health report, by component.

============  ==============================================  ===================================================
component     degraded                                        critical
============  ==============================================  ===================================================
database      a round trip over 1 s, queue half full          no answer, takes no writes, queue 95 % full
mcp_server    -                                               no operation in the catalogue
agents        more than half offline, of at least four *      -
events        a stream 10,000 events behind                   -
upstreams     an upstream is not available                    -
remotes       a remote A2A agent is not available             -
push          notifications were given up                     -
bus           Redis cannot be reached, or lags 1,000 behind   -
disk          less than 1 GiB free                            less than 128 MiB free
memory        less than 10 % available                        less than 3 % available
controllers   a loop failed three times, or is overdue        -
event_loop    it was blocked for 5 s within the last minute   -
============  ==============================================  ===================================================

* Only offline agents that were reachable for ten minutes in total count: short-lived programs have ended.

A warning names the limit that a trend will reach: the disk full within a day, memory used up within an hour, the write
queue full or the streams too far behind within ten minutes. A measurement that is too old is reported as degraded.

The overall status is that of the worst component; while the marketplace is halted or paused, it is ``halted`` or
``paused`` unless a component is critical.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from agora import __version__
from agora.clock import SECOND, to_datetime
from agora.core import override_queries as overrides
from agora.core.admission import ADMISSION
from agora.core.call import Call, Caller
from agora.domains.a2a import push_queries as push
from agora.domains.a2a import queries as a2a
from agora.domains.agents.supervision import SYSTEM_WIDE
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.mcp_upstreams import queries as upstreams
from agora.domains.mcp_upstreams.port import UPSTREAMS
from agora.domains.mcp_upstreams.views import get_connection_condition
from agora.domains.monitoring.health_monitor import HEALTH_MONITOR
from agora.domains.tenants.service import is_installation_operator
from agora.store.port import StoreFailure, TxClosed
from agora_sdk.contract.admin import ActiveOverride, ComponentHealth, Health, Stop, StoppedTenant
from agora_sdk.contract.fields import OverrideAction
from agora_sdk.errors import AgoraError, NotFound, field_error

from . import health_queries
from .health_monitor import HealthMonitor, LoopStatus
from .trend import format_duration

__all__ = ["COMPONENT_CHECKS", "build_health_without_store", "check_health"]

Status = Literal["healthy", "degraded", "critical"]
OverallStatus = Literal["healthy", "degraded", "paused", "halted", "critical"]
Check = Callable[[Call, HealthMonitor], Awaitable[ComponentHealth]]

BYTES_PER_MIB = 1024.0 * 1024
SLOW_MILLISECONDS = 1000.0
QUEUE_HIGH, QUEUE_FULL = 0.5, 0.95
LAG_HIGH, BUS_LAG_HIGH = 10_000, 1000
DISK_LOW, DISK_OUT = 1024 * BYTES_PER_MIB, 128 * BYTES_PER_MIB
MEMORY_LOW, MEMORY_OUT = 0.10, 0.03
AGENTS_ENOUGH, OFFLINE_SHARE = 4, 0.5
DEGRADED_FAILURES = 3
LONG_STALL_SECONDS, RECENT_STALL_SECONDS = 5.0, 60.0  # seconds
MINUTES, HOUR, DAY = 600.0, 3600.0, 86_400.0
RECENT, RECENT_LEAST = 300.0, 60.0  # fast-changing values are judged by the last minutes


async def check_health(call: Call, component: str | None = None) -> Health:
    """Check the health of the system, or of one component. Raises NotFound naming the components."""
    if component is not None and component not in COMPONENT_CHECKS:
        raise NotFound(
            f"There is no component {component!r}.",
            fix=f"The components are {', '.join(COMPONENT_CHECKS)}.",
            errors=[field_error("component", "unknown component")],
        )
    monitor = call.context.ports.get(HEALTH_MONITOR)
    names = [component] if component is not None else list(COMPONENT_CHECKS)
    components = {name: await _run_check(COMPONENT_CHECKS[name], call, monitor) for name in names}
    active = await _read_active_overrides(call)
    stopped = _find_current_stop(active)
    status: OverallStatus = _choose_worst_status(*(part.status for part in components.values()))
    if stopped is not None and status != "critical":
        status = "halted" if stopped.action is OverrideAction.EMERGENCY_HALT else "paused"
    return Health(
        status=status,
        stopped=stopped,
        overrides=[each for each in active if _may_see(each, call.caller)],
        stopped_tenants=_list_stopped_tenants(call),
        components=components,
        version=__version__,
        timestamp=to_datetime(call.now),
    )


async def _read_active_overrides(call: Call) -> list[ActiveOverride]:
    """Read the overrides in force, as far as the store can be read."""
    try:
        rows = await call.tx.all(overrides.select_active_overrides)
    except (StoreFailure, TxClosed, AgoraError):  # reported by the component 'database'
        return []
    return [
        ActiveOverride(
            override_id=row.override_id,
            target_id=row.target_id,
            action=OverrideAction(row.action),
            by=row.actor,
            priority=row.authority,
            reason=row.reason,
            since=to_datetime(row.created_at),
            expires_at=to_datetime(row.expires_at) if row.expires_at is not None else None,
        )
        for row in sorted(rows, key=lambda row: row.created_at)
        if row.expires_at is None or row.expires_at > call.now
    ]


def _find_current_stop(active: Sequence[ActiveOverride]) -> Stop | None:
    """Find the override that stops the whole marketplace: a halt before a pause, then the highest authority."""
    system_wide = [each for each in active if each.target_id == SYSTEM_WIDE]
    if not system_wide:
        return None
    first = max(system_wide, key=lambda each: (each.action is OverrideAction.EMERGENCY_HALT, each.priority))
    return Stop(action=first.action, by=first.by, since=first.since, expires_at=first.expires_at)


def _list_stopped_tenants(call: Call) -> list[StoppedTenant]:
    """List halted or paused tenants by name; empty unless the caller is an operator of the installation."""
    if not is_installation_operator(call.caller, call.context.configuration.current.admin_authority_level):
        return []
    return [
        StoppedTenant(
            tenant_id=tenant,
            action=OverrideAction(stop.action),
            by=stop.actor,
            since=to_datetime(stop.created_at),
            expires_at=to_datetime(stop.expires_at) if stop.expires_at is not None else None,
        )
        for tenant, stop in sorted(call.context.ports.get(ADMISSION).find_system_wide_overrides_by_tenant().items())
    ]


def _may_see(override: ActiveOverride, caller: Caller) -> bool:
    """Whether a caller may see an override with its reason; others learn only that everything is stopped."""
    if caller.kind in ("anonymous", "enrolment"):
        return False
    return caller.may("read:all") or override.target_id in (SYSTEM_WIDE, caller.subject)


async def _run_check(check: Check, call: Call, monitor: HealthMonitor) -> ComponentHealth:
    started_at = time.perf_counter()
    report = await check(call, monitor)
    return report.model_copy(update={"latency_ms": round((time.perf_counter() - started_at) * 1000, 3)})


def build_health_without_store(monitor: HealthMonitor, now: int) -> Health:
    """Build the health report while the store cannot be read."""
    last_probe = monitor.last_probe
    seconds, failure = (last_probe.seconds, last_probe.failure) if last_probe is not None else (0.0, None)
    detail = f"no answer: {failure}" if failure else "no answer"
    database = ComponentHealth(status="critical", detail=detail, latency_ms=round(seconds * 1000, 3))
    components = {"database": database}
    # Known without the store; all other components need it.
    if monitor.bus() is not None:
        fault = monitor.find_bus_error()
        components["bus"] = ComponentHealth(status="degraded" if fault else "healthy", detail=fault or "Redis")
    return Health(status="critical", components=components, version=__version__, timestamp=to_datetime(now))


def _choose_worst_status(*statuses: Status) -> Status:
    return "critical" if "critical" in statuses else "degraded" if "degraded" in statuses else "healthy"


def _choose_status_by_limit(value: float, degraded: float, critical: float) -> Status:
    """Choose the status by limits below which (falling) or from which (rising) a value is degraded or critical."""
    if degraded > critical:
        return "critical" if value < critical else "degraded" if value < degraded else "healthy"
    return "critical" if value >= critical else "degraded" if value >= degraded else "healthy"


# -- sampled values ----------------------------------------------------------------------------


def _find_latest_values(monitor: HealthMonitor) -> Mapping[str, float]:
    return monitor.latest_sample.values if monitor.latest_sample is not None else {}


def _build_sampled_report(
    call: Call,
    monitor: HealthMonitor,
    status: Status,
    detail: str,
    metrics: dict[str, float],
    warning: str | None = None,
) -> ComponentHealth:
    """Build a report on sampled values; a sample that is too old is reported as degraded."""
    age = monitor.seconds_since_sample(call.now)
    # Old values are not healthy values: the loop that measures may have died.
    if age is None or age > 2 * monitor.interval:
        stale = "not measured yet" if age is None else f"last measured {format_duration(age)} ago"
        status, detail = _choose_worst_status(status, "degraded"), f"{detail}; {stale}" if detail else stale
    return ComponentHealth(status=status, detail=detail, metrics=metrics, warning=warning)


def _build_trend_warning(label: str, seconds: float | None, horizon: float) -> str | None:
    """Build the warning if the limit is reached within the horizon."""
    if seconds is None or seconds >= horizon:
        return None
    return f"At the present rate {label} in {format_duration(seconds)}."


# -- components --------------------------------------------------------------------------------


async def _check_database(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    sample, started_at = monitor.latest_sample, time.perf_counter()
    try:
        await call.tx.one(health_queries.select_one)
    except (StoreFailure, TxClosed, AgoraError) as error:
        return ComponentHealth(status="critical", detail=f"no answer: {type(error).__name__}")
    elapsed_ms = (time.perf_counter() - started_at) * 1000
    last_probe = monitor.last_probe
    # The probe writes, the sample only reads: a read-only store answers reads.
    failure = last_probe.failure if last_probe is not None else sample.failure if sample is not None else None
    if failure is not None:
        return _build_sampled_report(
            call, monitor, "critical", f"no commit: {failure}", {"read_ms": round(elapsed_ms, 3)}
        )
    metrics = {"read_ms": round(elapsed_ms, 3)} | {
        name: round(value, 3)
        for name, value in _find_latest_values(monitor).items()
        if not name.startswith(_PREFIXES_OF_OTHER_COMPONENTS)
    }
    depth, limit = metrics.get("queue_depth", 0.0), metrics.get("queue_limit", 0.0) or 1.0
    slow = max(elapsed_ms, metrics.get("round_trip_ms", 0.0)) > SLOW_MILLISECONDS
    status = _choose_worst_status(
        _choose_status_by_limit(depth / limit, QUEUE_HIGH, QUEUE_FULL), "degraded" if slow else "healthy"
    )
    remaining = monitor.estimate_seconds_until("queue_depth", limit, window=RECENT, at_least=RECENT_LEAST)
    detail = f"commits in {metrics.get('round_trip_ms', elapsed_ms):.1f} ms, {depth:.0f} of {limit:.0f} waiting"
    return _build_sampled_report(
        call, monitor, status, detail, metrics, _build_trend_warning("the write queue is full", remaining, MINUTES)
    )


_PREFIXES_OF_OTHER_COMPONENTS = ("disk_", "memory_", "event_")


async def _report_mcp_operations(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    count = len(call.context.registry.operations)
    return ComponentHealth(
        status="healthy" if count else "critical",
        detail=f"MCP at /mcp, {count} operations as tools",
        metrics={"operations": float(count), "endpoint_enabled": 1.0},
    )


async def _check_agents(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    try:
        rows = await call.tx.all(health_queries.count_agents_by_status)
    except (StoreFailure, TxClosed, AgoraError) as error:
        return ComponentHealth(status="degraded", detail=f"could not be counted: {type(error).__name__}")
    counts = {row.status: float(row.agents) for row in rows}
    total, offline = sum(counts.values()), counts.get("offline", 0.0)
    # Programs that ran once and ended are offline for good; counted, they would make a healthy marketplace look degraded.
    missing = float(sum(row.established for row in rows if row.status == "offline"))
    expected = total - offline + missing
    share = missing / expected if expected else 0.0
    return ComponentHealth(
        status="degraded" if expected >= AGENTS_ENOUGH and share > OFFLINE_SHARE else "healthy",
        detail=f"{total:.0f} registered, {offline:.0f} offline",
        metrics=counts | {"total": total, "offline_share": round(share, 4)},
    )


async def _check_events(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    metrics = {name: float(value) for name, value in call.context.live.items()}
    lag = metrics.get("lag", 0.0)
    remaining = monitor.estimate_seconds_until("event_lag", LAG_HIGH, window=RECENT, at_least=RECENT_LEAST)
    return _build_sampled_report(
        call,
        monitor,
        "degraded" if lag >= LAG_HIGH else "healthy",
        f"{metrics.get('subscribers', 0):.0f} streams, the slowest {lag:.0f} events behind",
        metrics,
        _build_trend_warning(f"a stream is {LAG_HIGH:,} events behind", remaining, MINUTES),
    )


async def _check_disk(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    metrics = _select_values_with_prefix(monitor, "disk_")
    if "disk_free" not in metrics:
        return _build_sampled_report(call, monitor, "degraded", "cannot be measured", {})
    free = metrics["disk_free"]
    # Ten minutes at least: a log rotation or a large upload is no trend.
    remaining = monitor.estimate_seconds_until("disk_free", 0.0, window=HOUR, at_least=MINUTES)
    status = _choose_status_by_limit(free, DISK_LOW, DISK_OUT)
    detail = f"{free / BYTES_PER_MIB:,.0f} MiB free"
    return _build_sampled_report(
        call, monitor, status, detail, metrics, _build_trend_warning("the disk is full", remaining, DAY)
    )


async def _check_memory(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    metrics = _select_values_with_prefix(monitor, "memory_")
    if "memory_rss" not in metrics:
        return _build_sampled_report(call, monitor, "degraded", "cannot be measured", {})
    share = metrics["memory_available"] / metrics["memory_total"]
    remaining = monitor.estimate_seconds_until("memory_available", 0.0, window=HOUR, at_least=MINUTES)
    status = _choose_status_by_limit(share, MEMORY_LOW, MEMORY_OUT)
    detail = f"the server uses {metrics['memory_rss'] / BYTES_PER_MIB:,.0f} MiB, {share:.0%} of the memory is available"
    return _build_sampled_report(
        call, monitor, status, detail, metrics, _build_trend_warning("memory is used up", remaining, HOUR)
    )


def _select_values_with_prefix(monitor: HealthMonitor, prefix: str) -> dict[str, float]:
    return {name: value for name, value in _find_latest_values(monitor).items() if name.startswith(prefix)}


async def _check_controllers(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    metrics: dict[str, float] = {}
    complaints: list[str] = []
    for loop in monitor.loops:
        since = call.context.started_at if loop.last_run is None else loop.last_run
        age = (call.now - since) / SECOND
        metrics |= {f"{loop.name}.age_seconds": round(age, 1), f"{loop.name}.failures": float(loop.failures)}
        if complaint := _describe_loop_problem(loop, age):
            complaints.append(complaint)
    detail = "; ".join(complaints) or f"{len(monitor.loops)} running"
    return ComponentHealth(status="degraded" if complaints else "healthy", detail=detail, metrics=metrics)


def _describe_loop_problem(loop: LoopStatus, age: float) -> str | None:
    if loop.failures >= DEGRADED_FAILURES:
        return f"{loop.name} failed {loop.failures} times in a row"
    # A minute of slack: loops with short intervals are delayed by a busy event loop, which has its own component.
    if age > 3 * loop.interval + 60:
        return f"{loop.name} last ran {format_duration(age)} ago"
    return None


async def _check_event_loop(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    watchdog = monitor.watchdog
    metrics = {"stalls": float(watchdog.stalls), "stalled_seconds": round(watchdog.stalled_seconds, 3)}
    stall = watchdog.last
    if stall is None:
        return ComponentHealth(status="healthy", detail="never blocked", metrics=metrics)
    metrics |= {"last_seconds": round(stall.seconds, 3), "last_cpu_seconds": round(stall.cpu_seconds, 3)}
    started_at = to_datetime(int(stall.began * SECOND))
    recent = stall.seconds >= LONG_STALL_SECONDS and time.time() - stall.began - stall.seconds < RECENT_STALL_SECONDS
    return ComponentHealth(
        status="degraded" if recent else "healthy",
        detail=f"blocked {watchdog.stalls} times, last at {started_at:%Y-%m-%dT%H:%M:%SZ} for {stall.seconds:.1f} s",
        metrics=metrics,
        # A stack shows paths and code of the server.
        stack=stall.stack if call.caller.may("admin") else None,
    )


async def _check_upstreams(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    engine = call.context.ports.find(UPSTREAMS)
    try:
        rows = await call.tx.all(upstreams.select_all_upstreams) if engine is not None else ()
    except (StoreFailure, TxClosed, AgoraError) as error:
        return ComponentHealth(status="degraded", detail=f"could not be counted: {type(error).__name__}")
    conditions = {row.name: get_connection_condition(call, row) for row in rows}
    away = {name: state for name, state in conditions.items() if state.state == "unavailable"}
    connected = sum(state.state == "connected" for state in conditions.values())
    metrics = {"total": float(len(conditions)), "connected": float(connected), "unavailable": float(len(away))}
    metrics |= {f"{name}.calls": float(state.calls) for name, state in conditions.items() if state.calls}
    complaints = [f"{name}: {state.error}" for name, state in away.items()]
    detail = "; ".join(complaints)[:2000] or f"{connected} of {len(conditions)} connected"
    return ComponentHealth(status="degraded" if away else "healthy", detail=detail, metrics=metrics)


async def _check_bus(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    bridge = call.context.ports.find(BRIDGE)
    if bridge is None:
        return ComponentHealth(status="healthy", detail="embedded", metrics={})
    metrics = {"connected": float(bridge.connected), "lag": float(bridge.lag)}
    if not bridge.connected:
        return ComponentHealth(status="degraded", detail=f"Redis cannot be reached: {bridge.error}", metrics=metrics)
    status: Status = "degraded" if bridge.lag >= BUS_LAG_HIGH else "healthy"
    return ComponentHealth(status=status, detail=f"Redis: {bridge.durability}", metrics=metrics)


async def _check_remotes(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    try:
        rows = await call.tx.all(a2a.select_remote_agent_profiles)
    except (StoreFailure, TxClosed, AgoraError) as error:
        return ComponentHealth(status="degraded", detail=f"could not be counted: {type(error).__name__}")
    away = [row for row in rows if row.state == "unavailable"]
    metrics = {"total": float(len(rows)), "unavailable": float(len(away))}
    complaints = [f"{row.agent_name}: {row.error}" for row in away]
    detail = "; ".join(complaints)[:2000] or f"remote agents: {len(rows)}"
    return ComponentHealth(status="degraded" if away else "healthy", detail=detail, metrics=metrics)


async def _check_push(call: Call, monitor: HealthMonitor) -> ComponentHealth:
    try:
        rows = await call.tx.all(push.count_configs)
    except (StoreFailure, TxClosed, AgoraError) as error:
        return ComponentHealth(status="degraded", detail=f"could not be counted: {type(error).__name__}")
    active = sum(row.configs for row in rows if row.state == "active")
    failing = sum(row.configs for row in rows if row.state == "active" and row.failing)
    dead = sum(row.configs for row in rows if row.state == "dead")
    metrics = {"active": float(active), "failing": float(failing), "dead": float(dead)}
    metrics |= {f"posts_{name}": float(count) for name, count in call.context.pushes.items()}
    detail = f"{active} active, {failing} to be tried again, {dead} given up"
    return ComponentHealth(status="degraded" if dead else "healthy", detail=detail, metrics=metrics)


COMPONENT_CHECKS: dict[str, Check] = {
    "database": _check_database,
    "mcp_server": _report_mcp_operations,
    "agents": _check_agents,
    "events": _check_events,
    "upstreams": _check_upstreams,
    "remotes": _check_remotes,
    "push": _check_push,
    "bus": _check_bus,
    "disk": _check_disk,
    "memory": _check_memory,
    "controllers": _check_controllers,
    "event_loop": _check_event_loop,
}
