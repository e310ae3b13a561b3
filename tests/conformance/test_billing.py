"""Billing behaves the same on every engine: prices, the ledger, and what it comes to."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from agora.clock import moment
from agora.services.billing import Run
from agora.services.billing.money import micros, rounded
from agora.store.statements.billing import LEDGER
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import (
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from tests.conformance.billing import DAY, HOUR, SECOND, Till, costs, rows
from tests.conformance.engines import Engine
from tests.market import Market

PRICE, COST = "billing.set_price", "billing.cost"


@pytest.fixture
def till(market: Market) -> Till:
    return Till(market)


async def priced(market: Market, name: str = "Worker", **price: Any) -> Any:
    agent = await market.agent(name)
    await market.call(agent, PRICE, agent_id=name, **price)
    return agent


# -- prices ----------------------------------------------------------------------------------------


async def test_a_price_has_versions(market: Market) -> None:
    agent = await market.agent("Worker")
    assert (await market.call(agent, "billing.prices", agent_id="Worker")).prices == []
    first = await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=0.01)
    assert (first.version, first.price, first.currency, first.agent_name) == (1, 0.01, "USD", "Worker")
    second = await market.call(agent, PRICE, agent_id="Worker", type="per_hour", price=1.5, currency="EUR")
    (now,) = (await market.call(agent, "billing.prices", agent_id="Worker")).prices
    assert now == second
    history = await market.call(agent, "billing.prices", agent_id="Worker", history=True, limit=1)
    assert (history.prices, history.has_more) == ([second], True)
    rest = await market.call(agent, "billing.prices", agent_id="Worker", history=True, cursor=history.next_cursor)
    assert rest.prices == [first]
    assert [event.subject for event in market.of_type("agora.billing.price_set")] == [agent.subject] * 2


async def test_a_price_may_begin_later(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    later = moment(market.clock.now() + 60 * SECOND)
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=2, effective_from=later)
    assert (await till.execute("a", "acme", agent))["amount"] == 1_000_000
    market.clock.advance(61)
    assert (await till.execute("b", "acme", agent))["amount"] == 2_000_000
    await market.call(
        agent, PRICE, agent_id="Worker", type="per_request", price=4, effective_from=moment(market.clock.now() + HOUR)
    )
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=3)
    market.clock.advance(7200)
    assert (await till.execute("c", "acme", agent))["amount"] == 3_000_000, "what had not begun was replaced"


async def test_prices_are_listed_for_who_may_see_the_agent(market: Market) -> None:
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


async def test_only_its_developer_prices_an_agent(market: Market, till: Till) -> None:
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
async def test_a_price_that_makes_no_sense_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    await market.agent("Worker")
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, PRICE, agent_id="Worker", **wrong)
    assert (await market.call(market.operator, "billing.prices")).prices == []


async def test_prices_do_not_change_all_day(market: Market) -> None:
    agent = await market.agent("Worker")
    for _ in range(100):
        await market.call(agent, PRICE, agent_id="Worker", type="free")
    with pytest.raises(RateLimited):
        await market.call(agent, PRICE, agent_id="Worker", type="free")
    market.clock.advance(86_401)
    await market.call(agent, PRICE, agent_id="Worker", type="free")


# -- charging --------------------------------------------------------------------------------------


async def test_an_execution_costs_what_the_price_says_once(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    first = await till.execute("x", "acme", agent, "inst_1")
    assert await till.execute("x", "acme", agent, "inst_1") == first
    await till.execute("y", "acme", agent, "inst_1", fresh=True)
    cost = await market.call(market.operator, COST, instance_id="inst_1")
    assert (cost.total_cost, cost.task_executions, cost.cost_breakdown.task_cost) == (0.02, 2, 0.02)
    assert cost.currency == "USD"


async def test_one_key_at_once_is_one_entry(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    entries = await asyncio.gather(*(till.execute("x", "acme", agent) for _ in range(20)))
    assert len({entry["entry_id"] for entry in entries}) == len(await rows(market)) == 1
    assert await costs(market) == 0.01


async def test_what_fails_is_taken_back_once(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=0.01)
    await till.execute("x", "acme", agent)
    assert await till.reverse("unknown") is None
    first = await till.reverse("x")
    assert (await till.reverse("x"))["entry_id"] == first["entry_id"]
    cost = await market.call(market.operator, COST)
    assert (cost.total_cost, cost.task_executions, len(await rows(market))) == (0, 0, 2)
    with pytest.raises(InvalidRequest, match="reversal"):
        await market.call(market.operator, "billing.reverse", entry_id=first["entry_id"], reason="no")
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
async def test_each_type_of_price(
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
        {"requests": 10**8},  # a hundred million units at once
    ],
)
async def test_usage_that_makes_no_sense_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    await priced(market, type="per_request", price=1)
    with pytest.raises((InvalidRequest, NotFound)):
        await market.call(
            market.operator, "billing.record", **({"usage_key": "k", "account": "acme", "agent_id": "Worker"} | wrong)
        )
    assert not await rows(market)


async def test_only_meters_record_usage(market: Market, till: Till) -> None:
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
    meter = replace(till.customer("house"), scopes=frozenset({"meter:billing"}))
    await market.call(meter, "billing.record", **usage)


async def test_usage_of_then_has_the_price_of_then(market: Market) -> None:
    agent = await priced(market, type="per_request", price=1)
    then = moment(market.clock.now())
    market.clock.advance(60)
    await market.call(agent, PRICE, agent_id="Worker", type="per_request", price=5)
    given: dict[str, Any] = {"account": "acme", "agent_id": "Worker", "requests": 1}
    assert (await market.call(market.operator, "billing.record", usage_key="1", at=then, **given)).total_cost == 1
    assert (await market.call(market.operator, "billing.record", usage_key="2", **given)).total_cost == 5
    before: dict[str, Any] = {"at": then - timedelta(days=1)}
    assert (await market.call(market.operator, "billing.record", usage_key="3", **before, **given)).total_cost == 0


# -- time ------------------------------------------------------------------------------------------


def a_run(
    market: Market,
    agent: Any,
    *,
    number: int = 1,
    seconds: float = 0,
    closed: bool = False,
    began: int | None = None,
    instance: str = "inst_1",
) -> Run:
    start = 1_795_000_000 * SECOND if began is None else began
    return Run(instance, number, "acme", agent.subject, start, start + int(seconds * SECOND), closed)


async def test_running_time_is_billed_by_what_was_measured(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=1)
    start = market.clock.now()
    for seconds in (0, 30, 60, 45, 60, 90):  # also again, and less than before
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


async def test_the_parts_come_to_the_whole(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=0.01)
    start, length = market.clock.now(), 0
    for number in range(1, 40):
        for step in (0.7, 3.3, 1.9):
            await till.run(a_run(market, agent, number=number, seconds=step, began=start + number * DAY // 100))
        length += int(3.3 * SECOND)
        await till.run(a_run(market, agent, number=number, seconds=3.3, closed=True, began=start + number * DAY // 100))
    billed = sum(row["amount"] for row in await rows(market))
    assert billed == rounded(10_000 * length, HOUR)
    assert sum(row["quantity"] for row in await rows(market)) == length


async def test_a_long_run_is_entered_each_hour_and_cut_where_the_price_changes(market: Market, till: Till) -> None:
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
    assert sum(row["amount"] for row in found[1:]) == rounded(
        2_000_000 * sum(row["quantity"] for row in found[1:]), HOUR
    )


async def test_a_run_over_the_end_of_a_month_is_cut_there(market: Market, till: Till) -> None:
    agent = await market.agent("Worker")
    december = datetime(2030, 12, 1, tzinfo=UTC)
    start = int((december - timedelta(minutes=30)).timestamp()) * SECOND
    market.clock.added = start - market.clock.system.now()
    await market.call(agent, PRICE, agent_id="Worker", type="per_hour", price=1)
    await till.run(a_run(market, agent, seconds=3600, closed=True, began=start + 10 * SECOND))
    found = await rows(market)
    assert [row["day"] for row in found] == [20301130, 20301201]
    assert moment(found[0]["ended"]) == december
    assert sum(row["amount"] for row in found) == 1_000_000


async def test_a_base_is_paid_once_by_each_instance(market: Market, till: Till) -> None:
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


async def test_runs_are_billed_by_several_servers_at_once(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=1)
    start = market.clock.now()
    runs = [a_run(market, agent, number=number, seconds=100, closed=True, began=start) for number in (1, 2, 3)]
    await asyncio.gather(*(till.run(*order) for order in (runs, runs[::-1], runs, runs[1:], runs[:1])))
    found = await rows(market)
    assert sum(row["quantity"] for row in found) == 300 * SECOND
    assert sum(row["amount"] for row in found) == rounded(300 * 1_000_000, 3600)


# -- who sees what ---------------------------------------------------------------------------------


async def test_an_account_sees_its_own(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    acme, other = till.customer("acme"), till.customer("other")
    entry = await till.execute("x", "acme", agent, "inst_1")
    await till.execute("y", "other", agent)
    assert await costs(market) == 2
    for caller, asked in ((acme, {}), (acme, {"account": "acme"}), (market.operator, {"account": "acme"})):
        assert await costs(market, caller, **asked) == 1
        page = await market.call(caller, "billing.usage", **asked)
        assert [found.entry_id for found in page.usage] == [entry["entry_id"]]
    for asked in (
        {"account": "acme"},
        {"account": "nobody"},
        {"instance_id": "inst_1"},
        {"agent_id": "Worker", "account": "acme"},
    ):
        assert await costs(market, other, **asked) == 0
        for name in ("usage", "balance", "budgets", "invoices"):
            if name == "usage" or ("account" in asked and "agent_id" not in asked):
                assert not (await market.call(other, f"billing.{name}", **asked)).count
    assert (await market.call(other, "billing.dashboard", account="acme")).summary.total_cost == 0
    assert not (await market.call(other, "billing.invoice", account="acme")).lines


async def test_who_has_no_account_pays_for_itself(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    stranger = await market.agent("Stranger")
    await till.execute("x", stranger.subject, agent)
    assert await costs(market, stranger) == 1
    assert await costs(market, await market.agent("Another")) == 0


async def test_another_tenant_sees_nothing(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    entry = await till.execute("x", "acme", agent)
    stranger = replace(market.operator, tenant="elsewhere")
    assert await costs(market, stranger) == 0
    assert not (await market.call(stranger, "billing.usage")).count
    with pytest.raises(NotFound):
        await market.call(stranger, "billing.reverse", entry_id=entry["entry_id"], reason="mine")
    with pytest.raises(NotFound):
        await market.call(stranger, PRICE, agent_id=agent.subject, type="free")


async def test_developers_see_what_their_agents_earn(market: Market, till: Till) -> None:
    maker = till.customer("makers")
    made = [(await market.call(maker, "agent.register", agent_name=name)).agent_id for name in ("One", "Two")]
    rival = await priced(market, "Rival", type="per_request", price=9)
    for agent_id in made:
        await market.call(maker, PRICE, agent_id=agent_id, type="per_request", price=2)
    one = replace(rival, subject=made[0], account="makers")
    for key, account in (("a", "acme"), ("b", "acme"), ("c", "other")):
        await till.execute(key, account, one)
    await till.execute("d", "acme", rival)
    (found,) = (await market.call(maker, "billing.revenue")).revenue
    assert (found.agent_name, found.revenue, found.task_executions, found.customers) == ("One", 6, 3, 2)
    assert [shown.revenue for shown in (await market.call(rival, "billing.revenue")).revenue] == [9]
    assert {shown.revenue for shown in (await market.call(market.operator, "billing.revenue")).revenue} == {6, 9}
    with pytest.raises(NotFound):
        await market.call(maker, "billing.revenue", agent_id="Rival")
    page = await market.call(market.operator, "billing.revenue", limit=1)
    rest = await market.call(market.operator, "billing.revenue", cursor=page.next_cursor)
    assert {shown.revenue for shown in [*page.revenue, *rest.revenue]} == {6, 9}
    assert not (await market.call(maker, "billing.revenue", since="2020-01-01", until="2020-12-31")).revenue


async def test_usage_is_listed_in_pages(market: Market, till: Till) -> None:
    agent, other = await priced(market, type="per_request", price=1), await market.agent("Other")
    made = [(await till.execute(str(n), "acme", agent, f"inst_{n % 2}"))["entry_id"] for n in range(5)]
    await till.execute("free", "acme", other)

    async def ids(**asked: Any) -> list[str]:
        found, cursor = [], None
        while True:
            page = await market.call(market.operator, "billing.usage", limit=2, cursor=cursor, **asked)
            found += [entry.entry_id for entry in page.usage]
            cursor = page.next_cursor
            if not page.has_more:
                return found

    assert await ids(agent_id="Worker") == made[::-1]
    assert await ids(instance_id="inst_1") == [made[3], made[1]]
    assert len(await ids()) == len(await ids(account="acme")) == len(await ids(kind="request")) == 6
    assert await ids(kind="time") == await ids(since=moment(market.clock.now() + HOUR)) == []
    assert len(await ids(until=moment(market.clock.now() + HOUR))) == 6
    (entry,) = (await market.call(market.operator, "billing.usage", agent_id="Worker", limit=1)).usage
    assert (entry.amount, entry.amount_micros, entry.unit, entry.quantity) == (1, 1_000_000, "request", 1)
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "billing.usage", cursor="AAAA")


async def test_costs_of_days_and_agents(market: Market, till: Till) -> None:
    dear, cheap = (
        await priced(market, "Dear", type="per_request", price=3),
        await priced(market, "Cheap", type="per_request", price=1, currency="EUR"),
    )
    today = moment(market.clock.now()).date()
    await till.execute("a", "acme", dear)
    await till.execute("b", "acme", cheap)
    cost = await market.call(market.operator, COST, account="acme")
    assert (cost.total_cost, cost.currency) == (3, "USD")
    assert [(agent.agent_name, agent.total_cost) for agent in cost.by_agent] == [("Dear", 3)]
    assert [(other.currency, other.total_cost) for other in cost.other_currencies] == [("EUR", 1)]
    assert (await market.call(market.operator, COST, currency="EUR")).total_cost == 1
    assert (await market.call(market.operator, COST, agent_id="Cheap")).currency == "EUR"
    assert await costs(market, since=today, until=today) == 3
    assert await costs(market, until=today - timedelta(days=1)) == 0
    for wrong in ({"since": "2030-01-02", "until": "2030-01-01"}, {"since": "2030-01-01", "instance_id": "x"}):
        with pytest.raises(InvalidRequest):
            await market.call(market.operator, COST, **wrong)


async def test_the_dashboard_adds_up(market: Market, till: Till) -> None:
    agent = await priced(market, type="hybrid", price=3.6, task_price=1)
    await till.execute("x", "acme", agent, "inst_1")
    await till.run(a_run(market, agent, seconds=1800, closed=True, began=market.clock.now()))
    await market.call(market.operator, "billing.credit", account="acme", amount=10)
    acme = till.customer("acme")
    await market.call(acme, "billing.budget", hard_limit=20)
    board = await market.call(acme, "billing.dashboard")
    assert (board.customer_id, board.summary.total_cost, board.summary.total_uptime_hours) == ("acme", 2.8, 0.5)
    assert board.billing.balance == 7.2
    assert sum(day.cost for day in board.days) == pytest.approx(2.8)
    assert len(board.days) == 30
    assert [shown.agent_name for shown in board.by_agent] == ["Worker"]
    assert [budget.hard_limit for budget in board.budgets] == [20]
    assert (await market.call(market.operator, "billing.dashboard")).summary.total_cost == 2.8


# -- the ledger stays as it is ---------------------------------------------------------------------


async def test_nobody_changes_the_ledger(market: Market, till: Till, engine: Engine) -> None:
    agent = await priced(market, type="per_request", price=1)
    await till.execute("x", "acme", agent)
    before = [[row[name] for name in LEDGER.names] for row in await rows(market)]
    for sql in (
        "update billing_ledger set amount = 0",
        "delete from billing_ledger",
        "update billing_prices set price = 0",
        "delete from billing_prices",
    ):
        with pytest.raises((sqlite3.IntegrityError, asyncpg.PostgresError), match="never"):
            await engine.run(sql)
    assert [[row[name] for name in LEDGER.names] for row in await rows(market)] == before
    assert before[0][6] == EntryKind.REQUEST
    assert micros(0.1) == 100_000
