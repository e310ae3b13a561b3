"""Running time of instances: measured time is billed, nothing else; exhausted limits pause them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.domains.instances.ports import LOCAL_HOST
from agora.store.port import Query
from agora_sdk.errors import BudgetExceeded, CreditExhausted
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import Site, site, whatever_the_store
from tests.harness import ManualClock
from tests.polling import eventually, passing

RUNS_ON = RunsOn.BOTH_IF_LONG

HOUR = 3600

MEASURED = Query(
    "select cast(sum(measured) as bigint) from billing_runs where tenant_id = :tenant and instance_id = :instance_id",
    int,
)


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    clock = ManualClock()
    async with site(tmp_path, engine, clock) as found:
        steady(found)
        yield found


def steady(here: Site) -> None:
    """Let the monotonic clock follow the test's clock."""
    here.app.context.ports.get(LOCAL_HOST).ticks = here.clock.now


async def seconds(here: Site, instance_id: str) -> float:
    """Return the running time in the bill, rounded to minutes: the duration of the test itself does not count."""
    cost = await here.call("billing.cost", instance_id=instance_id)
    return round(cost.usage_time / 60) * 60


async def test_only_running_time_is_billed(here: Site) -> None:
    await here.agent(pricing={"type": "per_hour", "price": 3.6})
    made = await here.create()
    here.clock.advance(HOUR)
    await here.checked()
    assert await seconds(here, made.instance_id) == HOUR
    here.clock.advance(1800)
    paused = await here.call("instance.pause", instance_id=made.instance_id)
    assert round(paused.billing_info.total_cost, 2) == 5.4
    here.clock.advance(10 * HOUR)
    await here.checked()
    await here.upkeep()
    assert await seconds(here, made.instance_id) == 1.5 * HOUR
    await here.call("instance.resume", instance_id=made.instance_id)
    here.clock.advance(HOUR)
    ended = await here.call("instance.terminate", instance_id=made.instance_id)
    assert round(ended.billing_info.total_cost, 2) == 9.0
    assert round(ended.resource_usage.uptime / 60) == 150
    here.clock.advance(HOUR)
    await here.upkeep()
    assert await seconds(here, made.instance_id) == 2.5 * HOUR


async def test_running_time_is_shown_live_and_billed_when_measured(here: Site) -> None:
    """Between two checks every page shows the same value, which never decreases and stands still while paused."""
    await here.agent(pricing={"type": "per_hour", "price": 3.6})
    made = await here.create(caller=here.customer("customer-uuid"))
    local = here.app.context.ports.get(LOCAL_HOST)
    assert local is not None
    ticks = {"at": here.clock.now()}
    local.ticks = lambda: ticks["at"]
    shown: list[tuple[float, float, float, float]] = []

    async def look() -> tuple[float, float, float, float]:
        one = await here.get(made.instance_id)
        (listed,) = (await here.call("instance.list")).instances
        board = await here.call("instance.dashboard", account="customer-uuid")
        bill = one.billing_info
        assert one.resource_usage.uptime == listed.resource_usage.uptime == bill.usage_time
        assert (board.summary.total_cost, board.billing.current_month_cost) == (bill.total_cost, bill.total_cost)
        assert [(each.total_cost, each.usage_time) for each in board.by_agent] == [(bill.total_cost, bill.usage_time)]
        assert bill.cost_breakdown.usage_cost == bill.total_cost
        assert (await here.call("billing.cost", instance_id=made.instance_id)).total_cost == bill.total_cost
        hours = board.summary.total_uptime_hours
        shown.append((bill.usage_time, bill.total_cost, board.summary.total_cost, hours))
        assert shown == sorted(shown), "it went back"
        return shown[-1]

    async def billed() -> float:
        """Return the measured seconds of the bill."""
        parameters = {"instance_id": made.instance_id}
        (measured,) = await here.app.store.read("default", lambda reader: reader.all(MEASURED, **parameters))
        return float(measured) / 1_000_000

    first, measured = await look(), await billed()
    ticks["at"] += 7_654_321
    second = await look()
    assert round(second[0] - first[0], 6) == 7.654321
    assert 0.007653 <= second[1] - first[1] <= 0.007655
    assert await billed() == measured, "looking bills nothing"
    await here.instances.check_and_meter_instances("default", await here.instance_rows())
    assert (await look())[0] == second[0] == await billed()
    ticks["at"] += 3_333_333
    before = await look()
    paused = await here.call("instance.pause", instance_id=made.instance_id)
    assert paused.billing_info.usage_time == before[0]
    ticks["at"] += 100_000_000
    assert (await look())[:2] == (before[0], paused.billing_info.total_cost)
    await here.call("instance.resume", instance_id=made.instance_id)
    ticks["at"] += 500_000
    assert round((await look())[0] - before[0], 6) == 0.5
    ticks["at"] += HOUR * 1_000_000
    assert (await look())[0] - before[0] <= 61, "it was not checked for that long"


async def test_time_after_a_failure_is_not_billed(here: Site) -> None:
    await here.agent(pricing={"type": "per_hour", "price": 3.6})
    made = await here.create(instance_config={"restart": "never"})
    here.clock.advance(HOUR)
    await here.checked()
    os.kill((await here.execute(made.instance_id, "/process")).result["pid"], signal.SIGKILL)
    await here.until(made.instance_id, "failed")
    billed = await seconds(here, made.instance_id)
    here.clock.advance(5 * HOUR)
    await here.upkeep()
    await here.call("instance.terminate", instance_id=made.instance_id)
    assert await seconds(here, made.instance_id) == billed == HOUR


@whatever_the_store
async def test_clock_changes_do_not_change_the_bill(engine: Engine, tmp_path: Path) -> None:
    """The engine's clock advances by a second while the wall clock is set by a day, forward and backward."""
    async with site(tmp_path, engine) as here:
        await here.agent(pricing={"type": "per_hour", "price": 3.6})
        ticks = {"at": 1_000_000}
        here.app.context.ports.get(LOCAL_HOST).ticks = lambda: ticks["at"]
        made = await here.create()
        for step in (24 * HOUR, -48 * HOUR, 36 * HOUR):
            here.clock.advance(step)
            ticks["at"] += 600 * 1_000_000
            await here.app.context.ports.get(LOCAL_HOST).engines["process"].check()
            rows = await here.instance_rows()
            await here.instances.check_and_meter_instances("default", rows)
        ended = await here.call("instance.terminate", instance_id=made.instance_id)
        assert ended.billing_info.usage_time == 1800


async def test_running_time_during_a_server_outage_is_billed(engine: Engine, tmp_path: Path) -> None:
    clock = ManualClock()
    async with site(tmp_path, engine, clock, keep=True) as here:
        steady(here)
        await here.agent(pricing={"type": "per_hour", "price": 3.6})
        lives, dies = await here.create(), await here.create()
        pid = (await here.execute(dies.instance_id, "/process")).result["pid"]
        at = (await here.execute(lives.instance_id, "/process")).result["pid"]
        here.clock.advance(HOUR)
        await here.checked()
    os.kill(pid, signal.SIGKILL)
    clock.advance(HOUR)
    async with site(tmp_path, engine, clock) as here:
        steady(here)
        clock.advance(31)
        again = await here.until(dies.instance_id, lambda found: found.generation == 2 and found.status == "running")
        assert again.restarts == 1
        assert (
            await seconds(here, dies.instance_id) == HOUR
        )  # it ended while the server was stopped, before the hour passed
        await here.checked()
        assert 2 * HOUR <= await seconds(here, lives.instance_id) <= 2 * HOUR + 60
        assert (await here.execute(lives.instance_id, "/process")).result["pid"] == at
        assert (await here.get(lives.instance_id)).generation == 1


async def test_exhausted_budget_pauses_an_instance(here: Site) -> None:
    await here.agent(pricing={"type": "per_hour", "price": 1.0})
    acme = here.customer("acme")
    made, other = await here.create(caller=acme), await here.create(caller=here.customer("other"))
    await here.call("billing.budget", acme, hard_limit=2.0)
    here.clock.advance(2 * HOUR)
    await here.checked()
    await here.upkeep()
    paused = await here.until(made.instance_id, "paused")
    assert (paused.desired_status, paused.reason) == ("running", "The budget does not allow it to run.")
    kinds = [stored.event.type for stored in here.market.events]
    assert kinds.index("agora.billing.budget_exhausted") < kinds.index("agora.instance.blocked")
    assert (await here.get(other.instance_id)).status == "running"
    for call in ("resume", "execute"):
        with pytest.raises((BudgetExceeded, Exception), match=r"budget|paused"):
            await here.call(f"instance.{call}", acme, instance_id=made.instance_id)
    with pytest.raises(BudgetExceeded):
        await here.call("instance.create", acme, agent_id="Worker")
    await here.call("billing.budget", acme, hard_limit=10.0)
    await here.upkeep()
    assert (await here.until(made.instance_id, "running")).reason is None


async def test_exhausted_credit_pauses_an_instance(here: Site) -> None:
    await here.agent(pricing={"type": "per_hour", "price": 1.0})
    acme = here.customer("acme")
    await here.call("billing.budget", acme, prepaid=True)
    with pytest.raises(CreditExhausted):
        await here.call("instance.create", acme, agent_id="Worker")
    await here.call("billing.credit", account="acme", amount=1.0)
    made = await here.create(caller=acme)
    here.clock.advance(HOUR)
    await here.checked()
    await here.upkeep()
    assert (await here.until(made.instance_id, "paused")).reason == "The credit does not allow it to run."
    # Instances paused by a person stay paused after a payment.
    await here.call("instance.pause", acme, instance_id=made.instance_id)
    await here.call("billing.credit", account="acme", amount=5.0)
    await here.upkeep()
    await passing(0.3)
    assert (await here.get(made.instance_id)).status == "paused"


async def test_failed_execution_is_free_and_one_with_unknown_outcome_is_charged(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 0.25})
    made = await here.create()
    await here.execute(made.instance_id, "/process")
    for endpoint, given, more in (
        ("/status", {"status": 500}, {}),
        ("/status", {"status": 422}, {}),
        ("/hangup", None, {}),
        ("/slow", {"seconds": 60}, {"timeout": 0.2}),
    ):
        with pytest.raises(Exception, match=r"answered with HTTP|did not respond"):
            await here.execute(made.instance_id, endpoint, given, **more)
    cost = await here.call("billing.cost", instance_id=made.instance_id)
    assert (cost.total_cost, cost.task_executions) == (0.75, 3)
    listed = await here.call("instance.executions", instance_id=made.instance_id)
    assert [each.status for each in listed.executions] == ["unknown", "unknown", "failed", "failed", "completed"]
    assert [each.http_status for each in listed.executions][2:] == [422, 500, 200]
    info = (await here.call("instance.discover")).agents[0].marketplace_info
    assert info.performance_metrics.success_rate == 0.2


async def test_executions_of_a_killed_server_are_settled(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 0.25})
    made = await here.create()
    call: Any = here.execute(made.instance_id, "/slow", {"seconds": 20}, timeout=20)
    task = asyncio.create_task(call)
    await eventually(
        lambda: here.rows("select 1 from instance_executions where tenant_id = :tenant and ended_at is null"), bool
    )
    here.clock.advance(120)
    await here.upkeep()
    listed = await here.call("instance.executions", instance_id=made.instance_id)
    assert [each.status for each in listed.executions] == ["unknown"]
    assert (await here.call("billing.cost", instance_id=made.instance_id)).total_cost == 0.25
    await here.call("instance.terminate", instance_id=made.instance_id)
    with pytest.raises(Exception, match="did not respond"):
        await task
    assert (await here.call("billing.cost", instance_id=made.instance_id)).total_cost == 0.25


async def test_old_instances_are_deleted(here: Site) -> None:
    await here.agent()
    made = await here.create()
    await here.execute(made.instance_id, "/process")
    await here.call("instance.terminate", instance_id=made.instance_id)
    here.clock.advance(91 * 24 * HOUR)
    await here.upkeep()
    assert (await here.call("instance.list", ended=True)).count == 0
    for table in ("instances", "instance_intervals", "instance_executions"):
        assert await here.rows(f"select 1 from {table} where tenant_id = :tenant") == []
