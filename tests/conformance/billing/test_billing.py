"""Prices, and charges computed from them, on every engine."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agora.clock import to_datetime
from agora_sdk.errors import (
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from tests.conformance.billing.billing_calls import COST, HOUR, PRICE, SECOND, Till, costs, priced, rows, till
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["till"]


# -- prices ----------------------------------------------------------------------------------------


async def test_price_changes_create_versions(market: Market) -> None:
    agent = await market.agent("Worker")
    assert (await market.call(agent, "billing.prices", agent_id="Worker")).prices == []
    first = await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=0.01)
    assert (first.version, first.price, first.currency, first.agent_name) == (1, 0.01, "USD", "Worker")
    second = await market.call(agent, PRICE, agent_id="Worker", type="per_hour", price=1.5)
    (now,) = (await market.call(agent, "billing.prices", agent_id="Worker")).prices
    assert now == second
    history = await market.call(agent, "billing.prices", agent_id="Worker", history=True, limit=1)
    assert (history.prices, history.has_more) == ([second], True)
    rest = await market.call(agent, "billing.prices", agent_id="Worker", history=True, cursor=history.next_cursor)
    assert rest.prices == [first]
    assert [event.subject for event in market.of_type("agora.billing.price_set")] == [agent.subject] * 2


async def test_price_may_take_effect_later(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    later = to_datetime(market.clock.now() + 60 * SECOND)
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=2, effective_from=later)
    assert (await till.execute("a", "acme", agent)).amount == 1_000_000
    market.clock.advance(61)
    assert (await till.execute("b", "acme", agent)).amount == 2_000_000
    await market.call(
        agent,
        PRICE,
        agent_id="Worker",
        type="per_request",
        price=4,
        effective_from=to_datetime(market.clock.now() + HOUR),
    )
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=3)
    market.clock.advance(7200)
    assert (await till.execute("c", "acme", agent)).amount == 3_000_000, "what had not begun was replaced"


async def test_prices_are_visible_to_callers_that_see_the_agent(market: Market) -> None:
    await priced(market, "Open", type="per_request", price=1)
    hidden = await market.agent("Hidden", visibility="private")
    await market.call(hidden, PRICE, agent_id="Hidden", type="per_minute", price=1)

    async def seen(caller: Any) -> list[str]:
        return [price.agent_name for price in (await market.call(caller, "billing.prices")).prices]

    assert await seen(market.operator) == ["Open", "Hidden"]
    assert await seen(hidden) == ["Open", "Hidden"]
    assert await seen(await market.agent("Other")) == ["Open"]
    page = await market.call(market.operator, "billing.prices", limit=1)
    assert [
        price.agent_name
        for price in (await market.call(market.operator, "billing.prices", cursor=page.next_cursor)).prices
    ] == ["Hidden"]


async def test_only_the_developer_sets_the_price_of_an_agent(market: Market, till: Till) -> None:
    await market.agent("Worker")
    for caller in (await market.agent("Rival"), till.customer("acme")):
        with pytest.raises(PermissionDenied):
            await market.call(caller, PRICE, agent_id="Worker", type="free")
    developer = till.customer("makers")
    registration = await market.call(developer, "agent.register", agent_name="Theirs")
    await market.call(developer, PRICE, agent_id=registration.agent_id, type="per_request", price=1)
    await market.call(market.operator, PRICE, agent_id="Worker", type="free")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "per_request"},
        {"type": "per_request", "price": -1},
        {"type": "per_request", "price": 0.0000001},
        {"type": "per_request", "price": 1e7},
        {"type": "per_request", "price": float("nan")},
        {"type": "per_request", "price": 1, "base_price": 1},
        {"type": "per_request", "price": 1, "usage_unit": "hour"},
        {"type": "per_request", "price": 1, "currency": "usd"},
        {"type": "free", "price": 1},
        {"type": "hybrid"},
        {"type": "token_based", "price": 1},
        {"type": "per_day", "price": 1},
        {"type": "per_request", "price": 1, "effective_from": "2020-01-01T00:00:00Z"},
        {"type": "per_request", "price": 1, "effective_from": "2999-01-01T00:00:00Z"},
    ],
)
async def test_invalid_price_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    await market.agent("Worker")
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, PRICE, agent_id="Worker", **wrong)
    assert (await market.call(market.operator, "billing.prices")).prices == []


async def test_number_of_price_changes_per_day_is_bounded(market: Market) -> None:
    agent = await market.agent("Worker")
    for _ in range(100):
        await market.call(agent, PRICE, agent_id="Worker", type="free")
    with pytest.raises(RateLimited):
        await market.call(agent, PRICE, agent_id="Worker", type="free")
    market.clock.advance(86_401)
    await market.call(agent, PRICE, agent_id="Worker", type="free")


# -- charging --------------------------------------------------------------------------------------


async def test_execution_is_charged_once_at_its_price(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    first = await till.execute("x", "acme", agent, "inst_1")
    assert await till.execute("x", "acme", agent, "inst_1") == first
    await till.execute("y", "acme", agent, "inst_1", is_unused_key=True)
    cost = await market.call(market.operator, COST, instance_id="inst_1")
    assert (cost.total_cost, cost.task_executions, cost.cost_breakdown.task_cost) == (0.02, 2, 0.02)
    assert cost.currency == "USD"


async def test_concurrent_charges_with_one_key_create_one_entry(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    entries = await asyncio.gather(*(till.execute("x", "acme", agent) for _ in range(20)))
    assert len({entry.entry_id for entry in entries}) == len(await rows(market)) == 1
    assert await costs(market) == 0.01


async def test_failed_execution_is_reversed_once(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    await till.execute("x", "acme", agent)
    assert await till.reverse("unknown") is None
    first = await till.reverse("x")
    assert (await till.reverse("x")).entry_id == first.entry_id
    cost = await market.call(market.operator, COST)
    assert (cost.total_cost, cost.task_executions, len(await rows(market))) == (0, 0, 2)
    with pytest.raises(InvalidRequest, match="reversal"):
        await market.call(market.operator, "billing.reverse", entry_id=first.entry_id, reason="no")
    with pytest.raises(NotFound):
        await market.call(market.operator, "billing.reverse", entry_id="use_" + "0" * 32, reason="no")


@pytest.mark.parametrize(
    ("price", "usage", "parts"),
    [
        ({"type": "free"}, {"requests": 2, "seconds": 60}, (0, 0, 0)),
        ({"type": "per_request", "price": 0.25}, {"requests": 3, "seconds": 60}, (0, 0, 0.75)),
        ({"type": "per_minute", "price": 0.1}, {"requests": 3, "seconds": 90}, (0, 0.15, 0)),
        ({"type": "per_hour", "price": 1}, {"seconds": 1}, (0, 0.000278, 0)),
        ({"type": "hybrid", "price": 3.6, "task_price": 0.5}, {"requests": 1, "seconds": 10}, (0, 0.01, 0.5)),
        (
            {"type": "hybrid", "price": 3, "usage_unit": "minute", "base_price": 5},
            {"requests": 1, "seconds": 10},
            (0, 0.5, 0),
        ),
        (
            {"type": "token_based", "input_price": 0.15, "output_price": 0.6},
            {"input_tokens": 1000, "output_tokens": 10},
            (0, 0.000156, 0),
        ),
    ],
)
async def test_each_pricing_type_computes_its_charge(
    market: Market, price: dict[str, Any], usage: dict[str, Any], parts: tuple[float, float, float]
) -> None:
    await priced(market, **price)
    record = await market.call(
        market.operator, "billing.record", usage_key="k", account="acme", agent_id="Worker", **usage
    )
    cost = await market.call(market.operator, COST, account="acme")
    shown = cost.cost_breakdown
    assert (shown.base_cost, shown.usage_cost, shown.task_cost) == parts
    assert cost.total_cost == record.total_cost == pytest.approx(sum(parts))
    assert (cost.usage_time, cost.task_executions) == (usage.get("seconds", 0), usage.get("requests", 0))
    assert (cost.input_tokens, cost.output_tokens) == (usage.get("input_tokens", 0), usage.get("output_tokens", 0))


async def test_usage_is_recorded_once_for_each_key(market: Market) -> None:
    await priced(market, type="per_request", price=1)
    usage: dict[str, Any] = {"usage_key": "k", "account": "acme", "agent_id": "Worker", "requests": 2, "seconds": 1.5}
    first = await market.call(market.operator, "billing.record", **usage)
    assert await market.call(market.operator, "billing.record", **usage) == first
    for other in ({"requests": 3}, {"seconds": 0}, {"input_tokens": 1}, {"account": "else"}):
        with pytest.raises(IdempotencyConflict):
            await market.call(market.operator, "billing.record", **(usage | other))
    assert await costs(market) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"requests": -1},
        {"requests": 10**13},
        {"seconds": -1},
        {"seconds": float("inf")},
        {"seconds": 1, "instance_id": "inst_1"},
        {"requests": 1, "at": "2999-01-01T00:00:00Z"},
        {"requests": 1, "at": "2001-01-01T00:00:00Z"},
        {"requests": 1, "usage_key": "two words"},
        {"requests": 1, "usage_key": "k" * 151},
        {"requests": 1, "account": "x\ny"},
        {"requests": 1, "agent_id": "Nobody"},
        {"requests": 1, "instance_id": "../x"},
        {"requests": 10**8},  # a hundred million units in one report
    ],
)
async def test_invalid_usage_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    await priced(market, type="per_request", price=1)
    with pytest.raises((InvalidRequest, NotFound)):
        await market.call(
            market.operator, "billing.record", **({"usage_key": "k", "account": "acme", "agent_id": "Worker"} | wrong)
        )
    assert not await rows(market)


async def test_agents_and_customers_cannot_record_usage(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    usage: dict[str, Any] = {"usage_key": "k", "account": "acme", "agent_id": "Worker", "requests": 1}
    for caller in (agent, till.customer("acme")):
        for name, given in (
            ("record", usage),
            ("credit", {"account": "acme", "amount": 5}),
            ("close", {"period": "2020-01"}),
        ):
            with pytest.raises(PermissionDenied):
                await market.call(caller, f"billing.{name}", **given)
    meter = replace(till.customer("context"), scopes=frozenset({"meter:billing"}))
    await market.call(meter, "billing.record", **usage)


async def test_late_usage_is_charged_at_the_price_of_its_time(market: Market) -> None:
    agent = await priced(market, type="per_request", price=1)
    then = to_datetime(market.clock.now())
    market.clock.advance(60)
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=5)
    given: dict[str, Any] = {"account": "acme", "agent_id": "Worker", "requests": 1}
    assert (await market.call(market.operator, "billing.record", usage_key="1", at=then, **given)).total_cost == 1
    assert (await market.call(market.operator, "billing.record", usage_key="2", **given)).total_cost == 5
    before: dict[str, Any] = {"at": then - timedelta(days=1)}
    assert (await market.call(market.operator, "billing.record", usage_key="3", **before, **given)).total_cost == 0
