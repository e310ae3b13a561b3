"""Controllers of the server, on every engine: overrides, usage, positions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import Call
from agora.core.jobs import Controller, JobContext
from agora.core.usage import Meter
from agora.domains.a2a.remote_port import REMOTE_AGENTS
from agora.domains.admin.jobs import OverrideController
from agora.domains.events.jobs import PositionFlusher
from agora.domains.monitoring.health_monitor import HealthMonitor
from agora.domains.monitoring.jobs import UsageCounters
from agora.server.jobs import build_controllers
from agora.store.port import StoreFailure
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.job_fixtures import context, count, data, status
from tests.failing_stores import failing_store
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["context"]


# -- overrides -------------------------------------------------------------------------------------


async def test_expired_override_is_lifted_and_its_agent_continues(market: Market, context: JobContext) -> None:
    ada, overrides = await market.agent("Ada"), OverrideController(context)
    short: dict[str, Any] = {"target_id": "Ada", "action": "pause", "reason": "lunch", "expires_in": 60}
    first = await market.call(market.operator, "admin.override", **short)
    await market.call(market.operator, "admin.override", **short | {"expires_in": 120})
    await overrides.step()
    assert await status(market, ada) == "paused"
    market.clock.advance(61)
    await overrides.step()
    assert await status(market, ada) == "paused", "the other one stands"
    market.clock.advance(60)
    await overrides.step()
    await overrides.step()
    assert await status(market, ada) == "active"
    lifted, _ = events = data(market, "agora.override.expired")
    assert len({event["override_id"] for event in events}) == 2
    assert lifted == {
        "override_id": first.override_id,
        "target_id": ada.subject,
        "action": "pause",
        "authority": 255,
        "actor": "operator",
        "reason": "lunch",
        "expires_at": lifted["expires_at"],
        "status": "expired",
    }
    assert {event.subject for event in market.of_type("agora.override.expired")} == {ada.subject}


async def test_halt_of_the_marketplace_expires(market: Market, context: JobContext, engine: Engine) -> None:
    ada = await market.agent("Ada")
    halt: dict[str, Any] = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 10}
    await market.call(market.operator, "admin.override", **halt)
    market.clock.advance(11)
    await OverrideController(context).step()
    assert not market.app.overrides.is_halted("default"), "the gate follows the log"
    assert await count(engine, "overrides", "status = 'expired' and lifted_by = 'system'") == 1
    await market.call(ada, "agent.heartbeat")


async def test_agent_suspended_meanwhile_stays_suspended(market: Market, context: JobContext) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, "admin.override", target_id="Ada", action="pause", expires_in=60)
    await market.call(market.operator, "admin.manage", resource="agent", target="Ada", action="suspend")
    market.clock.advance(61)
    await OverrideController(context).step()
    assert await status(market, ada) == "suspended"
    assert len(market.of_type("agora.override.expired")) == 1


# -- usage and positions ---------------------------------------------------------------------------


async def test_usage_survives_a_restart_and_is_summed_over_servers(market: Market, context: JobContext) -> None:
    operation = market.app.registry.resolve("agora.agent.list")

    def server() -> UsageCounters:
        return UsageCounters(
            JobContext(
                context.store,
                context.dispatcher,
                context.feed,
                context.overrides,
                Meter(),
                context.server,
                context.clock,
            )
        )

    first, second = server(), server()
    for counters, calls in ((first, 3), (second, 2)):
        await counters.start_up()
        for number in range(calls):
            counters.context.meter.record(operation, 0.01, number > 0)
    await asyncio.gather(first.step(), second.step())
    first.context.meter.record(operation, 0.04, True)
    await first.shut_down()
    await first.step()
    assert (first.context.meter.usage(operation).calls, first.context.meter.usage(operation).errors) == (6, 2)

    third = server()
    await third.start_up()
    usage = third.context.meter.usage(operation)
    assert (usage.calls, usage.errors, sum(usage.buckets)) == (6, 2, 6)
    assert usage.duration_quantile(0.5) == pytest.approx(10, rel=0.13)
    assert usage.duration_quantile(1.0) == pytest.approx(40, rel=0.13)


async def test_counts_are_kept_if_the_store_fails(market: Market, context: JobContext) -> None:
    counters, operation = UsageCounters(context), market.app.registry.resolve("agora.agent.list")
    before = context.meter.usage(operation).calls
    context.meter.record(operation, 0.01, True)
    with failing_store(market.app).failing(), pytest.raises(StoreFailure):
        await counters.step()
    assert context.meter.usage(operation).calls == before + 1
    await counters.step()
    assert context.meter.usage(operation).calls == before + 1


async def test_counts_of_a_tenant_are_stored_although_those_of_another_are_not(
    market: Market, context: JobContext, engine: Engine
) -> None:
    counters, operation = UsageCounters(context), market.app.registry.resolve("agora.agent.list")
    tenants = ("acme", "globex")
    for tenant in tenants:
        await market.call(market.operator, "tenant.create", tenant_id=tenant)
    # Each of the two fails once: one of them is stored before the other.
    for failing, other in (tenants, tenants[::-1]):
        for tenant in tenants:
            context.meter.record(operation, 0.01, True, tenant)
        with failing_store(market.app).failing(reads=False, tenant=failing), pytest.raises(StoreFailure):
            await counters.step()
        calls = f"select calls from operation_usage where tenant_id = '{other}' and operation = 'agora.agent.list'"
        assert [row["calls"] for row in await engine.run(calls)] == [context.meter.usage(operation, other).calls]
        minutes = f"select sum(reads) as reads from call_minutes where tenant_id = '{other}'"
        assert [row["reads"] for row in await engine.run(minutes)] == [context.meter.usage(operation, other).calls]


async def test_read_positions_are_stored(market: Market, context: JobContext, engine: Engine) -> None:
    ada = await market.agent("Ada")
    made = await market.call(ada, "messaging.subscribe")
    context.feed.positions.advance_position("default", made.subscription_id, 7)
    await PositionFlusher(context).step()
    (row,) = await engine.run("select position from subscriptions")
    assert row["position"] == 7


# -- all controllers -------------------------------------------------------------------------------


async def test_every_controller_runs_on_an_empty_marketplace(market: Market) -> None:
    app = market.app
    monitor = HealthMonitor(app.store, market.clock, app.feed.live, app.settings.data_dir)
    loops = build_controllers(
        store=app.store,
        dispatcher=app.dispatcher,
        feed=app.feed,
        overrides=app.overrides,
        meter=app.meter,
        context=app.context,
        clock=market.clock,
        monitor=monitor,
        host=app.agent_host,
        a2a_clients=app.context.ports.get(REMOTE_AGENTS),
        bus=None,
        authenticate=app.authenticator.authenticate,
    )
    assert len({loop.name for loop in loops}) == len(loops) > 7
    for loop in loops:
        await loop.start_up()
        await loop.step()
        await loop.shut_down()
    assert list(monitor.loops) == loops
    assert monitor.find_outage_reason() is None


async def test_controllers_process_every_tenant(market: Market, context: JobContext, engine: Engine) -> None:
    async def elsewhere(call: Call) -> None:
        call.emit("tick", {})

    await market.app.dispatcher.write_as_system("default", elsewhere)
    await market.app.dispatcher.write_as_system("another", elsewhere)
    tended: list[str] = []

    class Tending(Controller):
        name, interval = "tending", 1.0

        async def reconcile(self, tenant: str) -> None:
            tended.append(tenant)
            if tenant == "another":
                raise OSError(tenant)

    with pytest.raises(OSError, match="another"):
        await Tending(context).step()
    assert tended == ["another", "default"]
