"""Visibility and immutability of the ledger, on every engine."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from agora.clock import to_datetime
from agora.domains.billing.money import to_micros
from agora.domains.billing.records import LEDGER
from agora_sdk.contract.billing import EntryKind, InvoiceCustomer
from agora_sdk.errors import (
    InvalidRequest,
    NotFound,
)
from tests.conformance.billing.billing_calls import COST, HOUR, PRICE, Till, a_run, costs, priced, rows, till
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["till"]


# -- visibility ------------------------------------------------------------------------------------


async def test_account_sees_only_its_own_entries(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_request", price=1)
    acme, other = till.customer("acme"), till.customer("other")
    entry = await till.execute("x", "acme", agent, "inst_1")
    await till.execute("y", "other", agent)
    assert await costs(market) == 2
    for caller, asked in ((acme, {}), (acme, {"account": "acme"}), (market.operator, {"account": "acme"})):
        assert await costs(market, caller, **asked) == 1
        page = await market.call(caller, "billing.usage", **asked)
        assert [found.entry_id for found in page.usage] == [entry.entry_id]
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
    private = {"name": "Acme Ltd", "address": "1 Road", "tax_id": "T1", "email": "a@acme.test"}
    await market.call(acme, "billing.set_profile", **private)
    assert (await market.call(acme, "billing.invoice")).customer.model_dump() == private
    for account in ("acme", "nobody"):
        preview = await market.call(other, "billing.invoice", account=account)
        assert (preview.lines, preview.customer) == ([], InvoiceCustomer())


async def test_caller_without_an_account_pays_for_itself(market: Market, till: Till) -> None:
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
        await market.call(stranger, "billing.reverse", entry_id=entry.entry_id, reason="mine")
    with pytest.raises(NotFound):
        await market.call(stranger, PRICE, agent_id=agent.subject, type="free")


async def test_developers_see_earnings_of_their_agents(market: Market, till: Till) -> None:
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
    made = [(await till.execute(str(n), "acme", agent, f"inst_{n % 2}")).entry_id for n in range(5)]
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
    assert await ids(kind="time") == await ids(since=to_datetime(market.clock.now() + HOUR)) == []
    assert len(await ids(until=to_datetime(market.clock.now() + HOUR))) == 6
    (entry,) = (await market.call(market.operator, "billing.usage", agent_id="Worker", limit=1)).usage
    assert (entry.amount, entry.amount_micros, entry.unit, entry.quantity) == (1, 1_000_000, "request", 1)
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "billing.usage", cursor="AAAA")


async def test_costs_are_grouped_by_day_and_agent(market: Market, till: Till) -> None:
    dear, cheap = (
        await priced(market, "Dear", type="per_request", price=3),
        await priced(market, "Cheap", type="per_request", price=1, currency="EUR"),
    )
    today = to_datetime(market.clock.now()).date()
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


async def test_dashboard_adds_up(market: Market, till: Till) -> None:
    agent = await priced(market, type="hybrid", price=3.6, task_price=1)
    await till.execute("x", "acme", agent, "inst_1")
    began = market.clock.now()
    market.clock.advance(1800)  # the dashboard's period ends now, even half an hour before midnight
    await till.run(a_run(market, agent, seconds=1800, closed=True, began=began))
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


# -- immutability ----------------------------------------------------------------------------------


async def test_ledger_entries_cannot_be_changed(market: Market, till: Till, engine: Engine) -> None:
    agent = await priced(market, type="per_request", price=1)
    await till.execute("x", "acme", agent)
    before = [[row[name] for name in LEDGER.column_names] for row in await rows(market)]
    for sql in (
        "update billing_ledger set amount = 0",
        "delete from billing_ledger",
        "update billing_prices set price = 0",
        "delete from billing_prices",
    ):
        with pytest.raises((sqlite3.IntegrityError, asyncpg.PostgresError), match="never"):
            await engine.run(sql)
    assert [[row[name] for name in LEDGER.column_names] for row in await rows(market)] == before
    assert before[0][6] == EntryKind.REQUEST
    assert to_micros(0.1) == 100_000


async def test_entries_of_tasks_and_workflows_include_reversals(market: Market) -> None:
    worker = await market.agent("Worker")
    await market.call(
        worker, "billing.set_price", agent_id="Worker", type="hybrid", price=1, usage_unit="hour", task_price=2
    )
    steps = [{"name": "one", "agent": "Worker"}, {"name": "two", "agent": "Worker"}]
    flow = await market.call(market.operator, "workflow.create", workflow_name="Paid", steps=steps)
    tasks = []
    for number in range(2):
        status = await market.call(market.operator, "workflow.status", workflow_id=flow.workflow_id)
        tasks.append(status.steps[number].task_id)
        await market.call(worker, "task.complete", task_id=tasks[-1])
    other = await market.call(market.operator, "task.assign", task_type="other", assignee="Worker")
    await market.call(worker, "task.complete", task_id=other.task_id)

    async def amounts(**filters: Any) -> list[tuple[str, float]]:
        page = await market.call(market.operator, "billing.usage", **filters)
        return sorted((entry.task_id, entry.amount) for entry in page.items)

    assert await amounts(workflow_id=flow.workflow_id) == sorted((task, 2) for task in tasks)
    charge = (await market.call(market.operator, "billing.usage", task_id=tasks[0])).items[0]
    await market.call(market.operator, "billing.reverse", entry_id=charge.entry_id, reason="spoilt")
    assert await amounts(task_id=tasks[0]) == [(tasks[0], -2), (tasks[0], 2)]
    assert await amounts(workflow_id=flow.workflow_id) == sorted([(tasks[0], -2), (tasks[0], 2), (tasks[1], 2)])
    assert await amounts(task_id=other.task_id, workflow_id=flow.workflow_id) == []
