"""Billing of running time, on every engine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from agora.clock import to_datetime
from agora.domains.billing.money import divide_half_up
from tests.conformance.billing.billing_calls import (
    COST,
    DAY,
    HOUR,
    PRICE,
    SECOND,
    Till,
    a_run,
    costs,
    priced,
    rows,
    till,
)
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["till"]


async def test_running_time_is_billed_as_measured(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=1)
    start = market.clock.now()
    for seconds in (0, 30, 60, 45, 60, 90):  # a repeated and a smaller measurement are ignored
        await till.run(a_run(market, agent, seconds=seconds, began=start))
        cost = await market.call(market.operator, COST, instance_id="inst_1")
        assert cost.accrued_cost == cost.total_cost
    assert (cost.usage_time, cost.total_cost) == (90, 0.025)
    assert not await rows(market), "what accrues is no entry yet"
    await till.run(a_run(market, agent, seconds=100, closed=True, began=start))
    await till.run(a_run(market, agent, seconds=500, closed=True, began=start))
    cost = await market.call(market.operator, COST, instance_id="inst_1")
    assert (cost.usage_time, cost.total_cost, cost.accrued_cost) == (100, 0.027778, 0)
    (entry,) = await rows(market)
    assert (entry["kind"], entry["quantity"], entry["ended"] - entry["began"]) == ("time", 100 * SECOND, 100 * SECOND)


async def test_partial_charges_add_up_to_the_whole(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=0.01)
    start, length = market.clock.now(), 0
    for number in range(1, 40):
        for step in (0.7, 3.3, 1.9):
            await till.run(a_run(market, agent, number=number, seconds=step, began=start + number * DAY // 100))
        length += int(3.3 * SECOND)
        await till.run(a_run(market, agent, number=number, seconds=3.3, closed=True, began=start + number * DAY // 100))
    billed = sum(row["amount"] for row in await rows(market))
    assert billed == divide_half_up(10_000 * length, HOUR)
    assert sum(row["quantity"] for row in await rows(market)) == length


async def test_long_run_has_hourly_entries_split_at_price_changes(market: Market, till: Till) -> None:
    middle = int(datetime(2030, 11, 15, tzinfo=UTC).timestamp()) * SECOND  # no month ends within these hours
    market.clock.added = middle - market.clock.system.now()
    agent = await priced(market, type="per_hour", price=1)
    start = market.clock.now()
    market.clock.advance(1800)
    await market.call(agent, PRICE, agent_id="Worker", type="per_hour", price=2)
    await till.run(a_run(market, agent, seconds=3599, began=start))
    first, *others = await rows(market)
    assert not others
    assert abs(first["amount"] - 500_000) < 3000
    await till.run(a_run(market, agent, seconds=3 * 3600, began=start))
    found = await rows(market)
    assert [row["price_version"] for row in found] == [1, 2]
    assert found[0]["ended"] == found[1]["began"]
    await till.run(a_run(market, agent, seconds=4 * 3600, closed=True, began=start))
    found = await rows(market)
    assert sum(row["quantity"] for row in found) == 4 * HOUR
    assert sum(row["amount"] for row in found[1:]) == divide_half_up(
        2_000_000 * sum(row["quantity"] for row in found[1:]), HOUR
    )


async def test_run_is_split_at_the_end_of_a_month(market: Market, till: Till) -> None:
    agent = await market.agent("Worker")
    december = datetime(2030, 12, 1, tzinfo=UTC)
    start = int((december - timedelta(minutes=30)).timestamp()) * SECOND
    market.clock.added = start - market.clock.system.now()
    await market.call(agent, PRICE, agent_id="Worker", type="per_hour", price=1)
    await till.run(a_run(market, agent, seconds=3600, closed=True, began=start + 10 * SECOND))
    found = await rows(market)
    assert [row["day"] for row in found] == [20301130, 20301201]
    assert to_datetime(found[0]["ended"]) == december
    assert sum(row["amount"] for row in found) == 1_000_000


async def test_base_price_is_charged_once_per_instance(market: Market, till: Till) -> None:
    agent = await priced(market, type="hybrid", base_price=5, price=3.6, task_price=0.5)
    start = market.clock.now()
    for number in (1, 2):
        await till.run(a_run(market, agent, number=number, seconds=10, closed=True, began=start + number))
    await till.execute("x", "acme", agent, "inst_1")
    cost = await market.call(market.operator, COST, instance_id="inst_1")
    shown = cost.cost_breakdown
    assert (shown.base_cost, shown.usage_cost, shown.task_cost, cost.total_cost) == (5, 0.02, 0.5, 5.52)
    await till.run(a_run(market, agent, instance="inst_2", began=start))
    assert (await market.call(market.operator, COST, instance_id="inst_2")).total_cost == 5


async def test_several_servers_bill_runs_concurrently(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=1)
    start = market.clock.now()
    runs = [a_run(market, agent, number=number, seconds=100, closed=True, began=start) for number in (1, 2, 3)]
    await asyncio.gather(*(till.run(*order) for order in (runs, runs[::-1], runs, runs[1:], runs[:1])))
    found = await rows(market)
    assert sum(row["quantity"] for row in found) == 300 * SECOND
    assert sum(row["amount"] for row in found) == divide_half_up(300 * 1_000_000, 3600)


async def test_running_time_at_the_highest_price_is_billed(market: Market, till: Till) -> None:
    """Entries above ten million were refused once, and blocked the billing of every instance of the host."""
    dear = await priced(market, "Dear", type="per_minute", price=1_000_000)
    other = await priced(market, "Other", type="per_hour", price=1)
    began = market.clock.now()
    runs = [
        a_run(market, dear, seconds=3 * 3600, closed=True, began=began, instance="inst_1"),
        a_run(market, other, seconds=3600, closed=True, began=began, instance="inst_2"),
    ]
    await till.run(*runs)
    assert await costs(market) == 180_000_001
