"""Budgets, credit and invoices on every engine."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from pydantic_core import from_json

from agora.clock import to_datetime
from agora.domains.billing.metering import Run
from agora_sdk.contract.currencies import CODES
from agora_sdk.errors import (
    BudgetExceeded,
    CreditExhausted,
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    PermissionDenied,
)
from tests.conformance.billing.billing_calls import HOUR, SECOND, Till, costs, rows
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

BUDGET, CREDIT = "billing.budget", "billing.credit"


@pytest.fixture
def till(market: Market) -> Till:
    return Till(market)


async def priced(market: Market, name: str = "Worker", price: float = 1, type: str = "per_request", **more: Any) -> Any:
    agent = await market.agent(name)
    await market.call(agent, "billing.set_price", agent_id=name, type=type, price=price, **more)
    return agent


def told(market: Market, what: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(f"agora.billing.{what}")]


# -- budgets ---------------------------------------------------------------------------------------


async def test_hard_limit_is_never_exceeded_and_a_warning_precedes_it(market: Market, till: Till) -> None:
    agent = await priced(market, price=0.3)
    acme = till.customer("acme")
    made = await market.call(acme, BUDGET, hard_limit=1)
    assert (made.soft_limit, made.hard_limit, made.state, made.spent, made.set_by) == (0.8, 1, "ok", 0, "account")
    for key in "ab":
        await till.execute(key, "acme", agent)
    assert not told(market, "budget_warning")
    await till.execute("c", "acme", agent)
    (warning,) = told(market, "budget_warning")
    assert (warning["account_id"], warning["spent"], warning["hard_limit"]) == ("acme", 0.9, 1)
    (last,) = told(market, "budget_exhausted")
    assert last["spent"] == 0.9, "another one would not be allowed"
    for key in "de":
        with pytest.raises(BudgetExceeded, match=r"0\.9 USD are spent, and this costs 0\.3") as refused:
            await till.execute(key, "acme", agent)
    assert isinstance(refused.value, PaymentRequired)
    assert refused.value.status == 402
    assert await costs(market) == 0.9
    assert len(told(market, "budget_exhausted")) == 1
    await till.execute("free", "acme", await market.agent("Free"))
    await till.execute("x", "other", agent)
    (found,) = (await market.call(acme, "billing.budgets")).budgets
    assert (found.spent, found.state) == (0.9, "exhausted")


async def test_concurrent_calls_do_not_exceed_a_limit(market: Market, till: Till) -> None:
    agent = await priced(market, price=0.1)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    tries = [till.execute(str(n), "acme", agent) for n in range(30)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 20
    assert await costs(market) == 1
    assert len(told(market, "budget_warning")) == len(told(market, "budget_exhausted")) == 1


async def test_running_time_that_reaches_a_limit_blocks_further_use(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_hour", price=1)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=0.5)
    start = market.clock.now()
    for minutes, state in ((10, None), (25, None), (29, None), (31, "budget")):
        run = Run("inst_1", 1, "acme", agent.subject, start, start + minutes * 60 * SECOND, 0)
        await till.run(run)
        assert await till.blocked("acme", agent) == state
    assert len(await rows(market)) == 4, "under a limit nothing accrues unseen"
    assert (len(told(market, "budget_warning")), len(told(market, "budget_exhausted"))) == (1, 1)
    assert await till.blocked("acme", await market.agent("Free")) is None
    assert await till.blocked("other", agent) is None
    await market.call(market.operator, BUDGET, account="acme", hard_limit=2)
    assert await till.blocked("acme", agent) is None


async def test_limit_applies_per_month(market: Market, till: Till) -> None:
    agent = await priced(market, price=1)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    await till.execute("a", "acme", agent)
    assert await till.blocked("acme", agent) == "budget"
    market.clock.advance(31 * 86_400)
    assert await till.blocked("acme", agent) is None
    await till.execute("b", "acme", agent)
    assert len(told(market, "budget_exhausted")) == 2


async def test_limits_apply_to_agents_and_to_one_accounts_use_of_an_agent(market: Market, till: Till) -> None:
    agent, other = await priced(market, "One", price=1), await priced(market, "Two", price=1)
    acme = till.customer("acme")
    await market.call(acme, BUDGET, agent_id="One", account="acme", hard_limit=1)
    await market.call(agent, BUDGET, agent_id="One", hard_limit=2)
    await till.execute("a", "acme", agent)
    with pytest.raises(BudgetExceeded, match="account acme for agent_"):
        await till.execute("b", "acme", agent)
    await till.execute("c", "acme", other)
    await till.execute("d", "else", agent)
    with pytest.raises(BudgetExceeded, match="agent agent_"):
        await till.execute("e", "third", agent)
    assert {(shown.account_id, shown.spent) for shown in (await market.call(acme, "billing.budgets")).budgets} == {
        ("acme", 1)
    }
    assert [shown.spent for shown in (await market.call(agent, "billing.budgets")).budgets] == [2]
    page = await market.call(market.operator, "billing.budgets", limit=1)
    rest = await market.call(market.operator, "billing.budgets", cursor=page.next_cursor)
    assert page.count + rest.count == 2


async def test_reversal_frees_the_limit(market: Market, till: Till) -> None:
    agent = await priced(market, price=1)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    await till.execute("a", "acme", agent)
    await till.reverse("a")
    await till.execute("b", "acme", agent)


async def test_limit_below_the_spent_amount_is_reported_immediately(market: Market, till: Till) -> None:
    agent = await priced(market, price=5)
    await till.execute("a", "acme", agent)
    made = await market.call(till.customer("acme"), BUDGET, soft_limit=1, hard_limit=4)
    assert (made.state, made.spent) == ("exhausted", 5)
    assert len(told(market, "budget_warning")) == len(told(market, "budget_exhausted")) == 1
    lifted = await market.call(till.customer("acme"), BUDGET)
    assert lifted.hard_limit is None
    await till.execute("b", "acme", agent)
    assert not (await market.call(market.operator, "billing.budgets")).budgets


async def test_each_currency_has_its_own_limit(market: Market, till: Till) -> None:
    agent = await priced(market, price=5, currency="EUR")
    await till.execute("a", "acme", agent)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    with pytest.raises(BudgetExceeded, match="no budget in EUR"):
        await till.execute("b", "acme", agent)
    assert await till.blocked("acme", agent) == "budget"
    with pytest.raises(PermissionDenied, match="operator"):
        await market.call(till.customer("acme"), BUDGET, hard_limit=1000, currency="EUR")
    await market.call(market.operator, BUDGET, account="acme", hard_limit=6, currency="EUR")
    assert await till.blocked("acme", agent) is None
    with pytest.raises(BudgetExceeded, match="6 EUR"):
        await till.execute("b", "acme", agent)


async def test_budgets_are_set_only_by_authorized_callers(market: Market, till: Till) -> None:
    await priced(market)
    acme = till.customer("acme")
    with pytest.raises(PermissionDenied):
        await market.call(acme, BUDGET, account="other", hard_limit=1)
    with pytest.raises(PermissionDenied):
        await market.call(acme, BUDGET, agent_id="Worker", hard_limit=1)
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    changes: list[dict[str, Any]] = [{"hard_limit": 100}, {}]
    for change in changes:
        with pytest.raises(PermissionDenied, match="operator"):
            await market.call(acme, BUDGET, **change)
    mistakes: list[dict[str, Any]] = [
        {"soft_limit": 2, "hard_limit": 1},
        {"hard_limit": -1},
        {"prepaid": True, "agent_id": "Worker", "account": "acme"},
        {"hard_limit": 1, "currency": "dollars"},
    ]
    for wrong in mistakes:
        with pytest.raises(InvalidRequest):
            await market.call(market.operator, BUDGET, **wrong)


async def test_budgets_are_bounded(market: Market, till: Till) -> None:
    acme = till.customer("acme")
    agent = await priced(market, price=1)
    currencies = sorted(CODES)[:100]
    for currency in currencies:
        await market.call(acme, BUDGET, hard_limit=1, currency=currency)
        await market.call(acme, BUDGET, agent_id=agent.subject, account="acme", hard_limit=1, currency=currency)
    with pytest.raises(InvalidRequest, match="200 budgets"):
        await market.call(acme, BUDGET, hard_limit=1, currency="USD")
    await market.call(acme, BUDGET, currency=currencies[0])
    await market.call(acme, BUDGET, hard_limit=1, currency="USD")
    await market.call(till.customer("other"), BUDGET, hard_limit=1)


async def test_billing_events_are_visible_to_the_account(market: Market, till: Till) -> None:
    agent = await priced(market, price=1)
    member = (await market.call(till.customer("acme"), "agent.register", agent_name="Member")).agent_id
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    await till.execute("a", "acme", agent)
    (event,) = market.of_type("agora.billing.budget_exhausted")
    assert event.subject == "acme"
    assert event.audience is not None
    assert member in event.audience
    assert agent.subject not in event.audience


# -- credit ----------------------------------------------------------------------------------------


async def test_prepaid_account_cannot_exceed_its_credit(market: Market, till: Till) -> None:
    agent = await priced(market, price=2)
    await market.call(market.operator, BUDGET, account="acme", prepaid=True)
    with pytest.raises(CreditExhausted, match="credit is 0 USD"):
        await till.execute("a", "acme", agent)
    assert await till.blocked("acme", agent) == "credit"
    given = await market.call(market.operator, CREDIT, account="acme", amount=5, reason="welcome", credit_key="w")
    again = await market.call(market.operator, CREDIT, account="acme", amount=5, reason="welcome", credit_key="w")
    assert (given.entry_id, given.amount) == (again.entry_id, -5)
    with pytest.raises(IdempotencyConflict):
        await market.call(market.operator, CREDIT, account="acme", amount=6, credit_key="w")
    await till.execute("b", "acme", agent)
    await till.execute("c", "acme", agent)
    with pytest.raises(CreditExhausted, match="costs 2 USD; the credit is 1 USD"):
        await till.execute("d", "acme", agent)
    (balance,) = (await market.call(till.customer("acme"), "billing.balance")).balances
    assert (balance.credited, balance.charged, balance.balance, balance.prepaid) == (5, 4, 1, True)
    assert await costs(market) == 4, "credit is no cost"


async def test_running_time_consumes_credit(market: Market, till: Till) -> None:
    agent = await priced(market, type="per_minute", price=1)
    await market.call(market.operator, "token.create", label="key of acme", account="acme")
    await market.call(market.operator, CREDIT, account="acme", amount=2)
    await market.call(market.operator, BUDGET, account="acme", prepaid=True)
    start = market.clock.now()
    await till.run(Run("inst_1", 1, "acme", agent.subject, start, start + 60 * SECOND, 0))
    assert await till.blocked("acme", agent) is None
    await till.run(Run("inst_1", 1, "acme", agent.subject, start, start + 150 * SECOND, 0, closed=True))
    assert await till.blocked("acme", agent) == "credit"
    (event,) = told(market, "budget_exhausted")
    assert event["balance"] == -0.5
    await market.call(market.operator, CREDIT, account="acme", amount=1, kind="payment")
    assert await till.blocked("acme", agent) is None


@pytest.mark.parametrize(
    "wrong", [{"amount": 0}, {"amount": -5}, {"amount": 1e9}, {"amount": 0.0000001}, {"kind": "gift"}]
)
async def test_invalid_credit_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"account": "acme", "amount": 1} | wrong
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, CREDIT, **given)


async def test_balances_are_listed_in_pages(market: Market) -> None:
    for account, currency in (("a", "EUR"), ("a", "USD"), ("b", "USD")):
        await market.call(market.operator, "token.create", label=f"key of {account}", account=account)
        await market.call(market.operator, CREDIT, account=account, amount=1, currency=currency)
    page = await market.call(market.operator, "billing.balance", limit=2)
    rest = await market.call(market.operator, "billing.balance", limit=2, cursor=page.next_cursor)
    found = [(shown.account_id, shown.currency) for shown in (*page.balances, *rest.balances)]
    assert found == [("a", "EUR"), ("a", "USD"), ("b", "USD")]


# -- invoices --------------------------------------------------------------------------------------


def go_to(market: Market, *moment: int) -> int:
    """Set the clock to a moment in UTC."""
    at = int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[misc, arg-type]
    market.clock.added = at - market.clock.system.now()
    return at


async def invoices(market: Market, **asked: Any) -> list[Any]:
    found = (await market.call(market.operator, "billing.invoices", **asked)).invoices
    return [await market.call(market.operator, "billing.invoice", invoice=shown.number) for shown in found]


async def test_month_is_invoiced_after_its_end(market: Market, till: Till) -> None:
    go_to(market, 2030, 11, 5)
    agent = await priced(market, price=1)
    await till.execute("a", "acme", agent)
    await till.execute("b", "acme", agent)
    await market.call(market.operator, CREDIT, account="acme", amount=0.5)
    draft = await market.call(till.customer("acme"), "billing.invoice")
    assert (draft.status, draft.number, draft.charges, draft.amount_due, draft.period) == (
        "open",
        None,
        2,
        1.5,
        "2030-11",
    )
    await till.keeper.step()
    go_to(market, 2030, 12, 1, 0, 30)
    await till.keeper.step()
    assert not await invoices(market)
    go_to(market, 2030, 12, 1, 1, 10)
    await till.keeper.step()
    await till.keeper.step()
    (invoice,) = await invoices(market)
    assert (invoice.number, invoice.status, invoice.period, invoice.account_id) == (
        "INV-000001",
        "closed",
        "2030-11",
        "acme",
    )
    assert (invoice.opening_balance, invoice.credits, invoice.charges, invoice.closing_balance) == (0, 0.5, 2, -1.5)
    assert [(line.description, line.quantity, line.amount) for line in invoice.lines] == [
        ("Credit", 1, -0.5),
        ("Executions, Worker", 2, 2),
    ]
    (event,) = told(market, "invoice_issued")
    assert (event["number"], event["amount_due"]) == ("INV-000001", 1.5)
    assert not (await market.call(till.customer("acme"), "billing.invoice")).lines
    assert (await market.call(till.customer("acme"), "billing.invoice")).opening_balance == -1.5


async def test_issued_invoice_is_final_and_late_usage_is_on_the_next(market: Market, till: Till) -> None:
    then = go_to(market, 2030, 11, 5)
    agent = await priced(market, price=1)
    await till.execute("a", "acme", agent)
    go_to(market, 2030, 12, 2)
    await market.call(market.operator, "billing.close", period="2030-11")
    (first,) = await invoices(market)
    late: dict[str, Any] = {"account": "acme", "agent_id": "Worker", "requests": 3, "at": to_datetime(then + HOUR)}
    await market.call(market.operator, "billing.record", usage_key="late", **late)
    await till.reverse("a")
    await till.execute("b", "acme", agent)
    await market.agent("Renamed")
    assert (await market.call(market.operator, "billing.close", period="2030-11")).issued == []
    assert await invoices(market) == [first]
    go_to(market, 2031, 1, 2)
    assert (await market.call(market.operator, "billing.close", period="2030-12")).issued == ["INV-000002"]
    second, same = await invoices(market)
    assert same == first
    assert [(line.period, line.quantity, line.amount) for line in second.lines] == [
        ("2030-11", 2, 2),
        ("2030-12", 1, 1),
    ]
    assert (second.opening_balance, second.closing_balance) == (-1, -4)
    assert second.charges + first.charges == await costs(market)


async def test_missed_months_are_invoiced_one_by_one(market: Market, till: Till) -> None:
    go_to(market, 2030, 9, 5)
    agent, euro = await priced(market, price=1), await priced(market, "Euro", price=1, currency="EUR")
    for month in (9, 10, 12):
        go_to(market, 2030, month, 6)
        await till.execute(f"a{month}", "acme", agent)
    await till.execute("e", "acme", euro)
    await till.execute("o", "other", agent)
    await till.execute("f", "free", await market.agent("Free"))
    go_to(market, 2031, 3, 1, 2)
    await till.keeper.step()
    found = await invoices(market)
    shown = sorted((invoice.account_id, invoice.currency, invoice.period) for invoice in found)
    assert shown == [
        ("acme", "EUR", "2030-12"),
        ("acme", "USD", "2030-09"),
        ("acme", "USD", "2030-10"),
        ("acme", "USD", "2030-12"),
        ("other", "USD", "2030-12"),
    ]
    assert sorted(invoice.number for invoice in found) == [f"INV-{n:06d}" for n in range(1, 6)]
    assert [invoice.account_id for invoice in await invoices(market, account="other")] == ["other"]
    assert len(await invoices(market, period="2030-12")) == 3


async def test_invoice_numbers_of_several_servers_have_no_gaps(market: Market, till: Till) -> None:
    go_to(market, 2030, 11, 5)
    agent = await priced(market, price=1)
    for n in range(12):
        await till.execute(str(n), f"account-{n}", agent)
    go_to(market, 2030, 12, 2)
    others = [Till(market) for _ in range(3)]
    await asyncio.gather(till.keeper.step(), *(other.keeper.step() for other in others))
    found = await invoices(market)
    assert [invoice.number for invoice in found] == [f"INV-{n:06d}" for n in range(12, 0, -1)]
    assert sorted(invoice.account_id for invoice in found) == sorted(f"account-{n}" for n in range(12))
    page = await market.call(market.operator, "billing.invoices", limit=5)
    assert (
        len((await market.call(market.operator, "billing.invoices", limit=50, cursor=page.next_cursor)).invoices) == 7
    )


async def test_invoice_is_visible_only_to_its_account(market: Market, till: Till) -> None:
    go_to(market, 2030, 11, 5)
    await till.execute("a", "acme", await priced(market, price=1))
    go_to(market, 2030, 12, 2)
    await till.keeper.step()
    (mine,) = (await market.call(till.customer("acme"), "billing.invoices")).invoices
    assert (await market.call(till.customer("acme"), "billing.invoice", invoice=mine.invoice_id)).number == mine.number
    other = till.customer("other")
    for ref in (mine.number, mine.invoice_id, "INV-000099", "inv_" + "0" * 32):
        for name in ("invoice", "document"):
            with pytest.raises(NotFound, match=f"no invoice {ref}"):
                await market.call(other, f"billing.{name}", invoice=ref)
    for ref in ("INV-1", "1", "../x", "INV-" + "9" * 13):
        with pytest.raises(InvalidRequest):
            await market.call(other, "billing.invoice", invoice=ref)
    for period in ("2030-12", "2031-01", "2030-13", "now"):
        with pytest.raises(InvalidRequest):
            await market.call(market.operator, "billing.close", period=period)


async def test_exported_invoice_contains_no_formulas(market: Market, till: Till) -> None:
    go_to(market, 2030, 11, 5)
    for name in ("=HYPERLINK(1)", "+SUM(A1)", "<script>alert(1)<&script>", 'Quote", "d'):
        await till.execute(name, "<b>acme</b>", await priced(market, name, price=1.5))
    go_to(market, 2030, 12, 2)
    await till.keeper.step()
    table = await market.call(market.operator, "billing.document", invoice="INV-000001", format="csv")
    found = list(csv.DictReader(io.StringIO(table.content)))
    names = {"'=HYPERLINK(1)", "'+SUM(A1)", "<script>alert(1)<&script>", 'Quote", "d'}
    assert {row["agent_name"] for row in found} == names
    assert [(row["amount"], row["currency"], row["quantity"]) for row in found] == [("1.50", "USD", "1")] * 4
    page = await market.call(market.operator, "billing.document", invoice="INV-000001")
    assert page.filename == "INV-000001.html"
    assert "<script" not in page.content
    assert "<b>acme" not in page.content
    assert "&lt;b&gt;acme&lt;/b&gt;" in page.content
    assert "6.00" in page.content


async def test_invoices_cannot_be_changed(market: Market, till: Till, engine: Engine) -> None:
    go_to(market, 2030, 11, 5)
    await till.execute("a", "acme", await priced(market, price=1))
    go_to(market, 2030, 12, 2)
    await till.keeper.step()
    for table in ("billing_invoices", "billing_invoice_lines"):
        for sql in (f"update {table} set currency = 'XXX'", f"delete from {table}"):
            with pytest.raises((sqlite3.IntegrityError, asyncpg.PostgresError), match="never"):
                await engine.run(sql)


# -- tasks -----------------------------------------------------------------------------------------


async def finish(market: Market, giver: Any, agent: Any, outcome: str = "complete", **given: Any) -> str:
    task = await market.call(giver, "task.assign", task_type="review", assignee=agent.name)
    claimed = (await market.call(agent, "task.claim", task_types=["review"])).task
    await market.call(agent, f"task.{outcome}", task_id=claimed.task_id, fencing_token=claimed.fencing_token, **given)
    return str(task.task_id)


async def test_completed_task_is_charged_to_its_requester(market: Market, till: Till) -> None:
    agent, giver = await priced(market, price=2), await market.agent("Giver")
    await till.keeper.step()
    done = await finish(market, giver, agent, result=1)
    await finish(market, giver, agent, "fail", error="no", retry=False)
    await finish(market, till.customer("acme"), agent, result=1)
    await finish(market, market.operator, agent, result=1)
    for _ in range(2):
        await till.keeper.step()
    found = await rows(market)
    assert [(row["account_id"], row["kind"], row["amount"]) for row in found] == [
        (giver.subject, "task", 2_000_000),
        ("acme", "task", 2_000_000),
        ("default", "task", 2_000_000),
    ]
    assert found[0]["key"] == f"task:{done}"
    assert (await market.call(giver, "billing.cost")).task_executions == 1


async def test_tasks_completed_before_the_first_price_are_free(market: Market, till: Till) -> None:
    agent = await market.agent("Worker")
    await finish(market, market.operator, agent, result=1)
    await market.call(agent, "billing.set_price", agent_id="Worker", type="hybrid", task_price=3)
    await finish(market, market.operator, agent, result=1)
    await market.call(agent, "billing.set_price", agent_id="Worker", type="per_hour", price=3)
    await finish(market, market.operator, agent, result=1)
    await asyncio.gather(till.keeper.step(), Till(market).keeper.step())
    assert [row["amount"] for row in await rows(market)] == [3_000_000]


async def test_task_is_never_charged_above_the_agreed_price(market: Market, till: Till) -> None:
    """Neither a price raised after the assignment applies, nor the price of an agent that claims the task from the
    pool."""
    agent = await priced(market, price=1, name="Greedy")
    await market.call(market.operator, "task.assign", task_type="review", assignee="Greedy")
    await market.call(market.operator, "task.assign", task_type="review")
    await market.call(market.operator, "task.assign", task_type="review", assignee="Unknown")
    await market.call(agent, "billing.set_price", agent_id="Greedy", type="per_request", price=1_000_000)
    squatter = await priced(market, price=1_000_000, name="Unknown")
    for worker in (agent, agent, squatter):
        claimed = (await market.call(worker, "task.claim", task_types=["review"])).task
        await market.call(worker, "task.complete", task_id=claimed.task_id, fencing_token=claimed.fencing_token)
    await till.keeper.step()
    assert [row["amount"] for row in await rows(market)] == [1_000_000]
