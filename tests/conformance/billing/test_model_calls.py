"""Charges for model calls on every engine: price, payer, and limits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agora.core.call import Call
from agora.domains.billing.model_calls import (
    CallPayer,
    ModelOffer,
    ModelReport,
    charge_model_call,
    release_model_call_reservation,
    release_reservations_of_ended_tasks,
    reserve_first_affordable_model,
)
from agora.domains.billing.model_prices import resolve_model_price
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.errors import (
    BudgetExceeded,
    CreditExhausted,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    StaleLease,
)
from tests.conformance.billing.billing_calls import Till
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

BUDGET, PRICE = "billing.budget", "token_billing.set_price"
TASK = f"task_{1:032x}"


@pytest.fixture
def till(market: Market) -> Till:
    return Till(market)


class ModelTill:
    """Calls of models, like those of the agent runner. A token of 'dear' costs a millionth, one of 'cheap' a tenth of
    that."""

    def __init__(self, till: Till, agent: Any, account: str = "acme") -> None:
        self.till, self.agent, self.account, self.requester = till, agent, account, ""

    def payer(self, task: str = TASK, project: str = "") -> CallPayer:
        return CallPayer(
            account=self.account, agent_id=self.agent.subject, task_id=task, project=project, subject=self.requester
        )

    async def reserve(
        self, amount: int, *models: str, task: str = TASK, call_id: str = "1.1", project: str = ""
    ) -> tuple[str, bool]:
        """Reserve that many tokens. Returns the model, and whether it is a cheaper one."""

        async def work(call: Call) -> tuple[str, bool]:
            tokens = ModelTokens(input_tokens=amount)
            rates = [await resolve_model_price(call, "own", model) for model in models or ("dear",)]
            offers = [ModelOffer(rate, rate.compute_cost(tokens)) for rate in rates]
            offer = await reserve_first_affordable_model(call, self.payer(task, project), call_id, offers)
            return offer.rates.model, offer is not offers[0]

        return await self.till.act(work)

    async def charge(
        self, amount: int, model: str = "dear", task: str = TASK, call_id: str = "1.1", project: str = ""
    ) -> Any:
        async def work(call: Call) -> Any:
            rates = await resolve_model_price(call, "own", model)
            report = ModelReport(call_id=call_id, tokens=ModelTokens(input_tokens=amount))
            return await charge_model_call(call, self.payer(task, project), rates, report)

        return await self.till.act(work)


@pytest.fixture
async def models(market: Market, till: Till) -> ModelTill:
    for model, price in (("dear", 1), ("cheap", 0.1)):
        await market.call(
            market.operator, PRICE, provider="own", model=model, input_cost_per_m=price, output_cost_per_m=price
        )
    return ModelTill(till, await market.agent("Thinker"))


# -- prices ----------------------------------------------------------------------------------------


async def test_tenant_overrides_the_servers_model_prices(market: Market) -> None:
    async def price(**names: str) -> Any:
        (found,) = (await market.call(market.operator, "token_billing.pricing", **names)).pricing
        return found

    seeded = await price(provider="anthropic", model="claude-opus-4-5")
    assert (seeded.input_cost_per_m, seeded.output_cost_per_m, seeded.set_by) == (5, 25, "package")
    assert seeded.as_of == "2026-11-23"
    names = {"provider": "anthropic", "model": "claude-opus-4-5"}
    amounts = {"input_cost_per_m": 6, "output_cost_per_m": 30.5, "cache_read_cost_per_m": 0.6, "markup_percent": 12.5}
    await market.call(market.operator, PRICE, **names, **amounts)
    found = await price(**names)
    assert (found.input_cost_per_m, found.output_cost_per_m, found.cache_read_cost_per_m) == (6, 30.5, 0.6)
    assert (found.cache_write_cost_per_m, found.markup_percent, found.set_by) == (6, 12.5, "operator")
    page = await market.call(market.operator, "token_billing.pricing", limit=2)
    assert [each.set_by for each in page.pricing] == ["operator", "package"]
    rest = await market.call(market.operator, "token_billing.pricing", limit=2, cursor=page.next_cursor)
    assert {each.id for each in page.pricing}.isdisjoint(each.id for each in rest.pricing)
    await market.call(market.operator, "token_billing.delete_price", **names)
    assert (await price(**names)).set_by == "package"
    with pytest.raises(NotFound):
        await market.call(market.operator, "token_billing.delete_price", **names)
    with pytest.raises(PermissionDenied):
        await market.call(await market.agent("Stranger"), PRICE, **names, input_cost_per_m=0, output_cost_per_m=0)


async def test_operators_price_applies_to_a_model_named_without_its_provider(market: Market) -> None:
    prices = {"input_cost_per_m": 7, "output_cost_per_m": 9}
    await market.call(market.operator, PRICE, provider="openai", model="gpt-5", **prices)
    (found,) = (await market.call(market.operator, "token_billing.pricing", model="gpt-5")).pricing
    assert (found.id, found.set_by, found.input_cost_per_m) == ("openai:gpt-5", "operator", 7)


async def test_unknown_model_is_refused_or_priced_explicitly(market: Market, till: Till) -> None:
    names = {"provider": "own", "model": "unheard-of"}
    with pytest.raises(InvalidRequest, match="has no price") as refused:
        await market.call(market.operator, "token_billing.pricing", **names)
    assert "agora token-billing set-price own unheard-of" in str(refused.value.fix)
    report = {"call_key": "c1", **names, "tokens": {"input_tokens": 1000, "output_tokens": 10}}
    agent = await market.agent("Reporter")
    with pytest.raises(InvalidRequest, match="has no price"):
        await market.call(agent, "token_billing.report", **report)
    await market.call(market.operator, PRICE, provider="own", model="*", input_cost_per_m=1, output_cost_per_m=2)
    assert (await market.call(agent, "token_billing.report", **report)).cost == 0.00102


# -- calls -----------------------------------------------------------------------------------------


async def test_call_is_charged_once_as_an_entry_with_its_tokens(market: Market, models: ModelTill) -> None:
    await models.reserve(500_000, call_id="1.1")
    first = await models.charge(250_000, call_id="1.1", project="apollo")
    again = await models.charge(999_999, call_id="1.1", project="apollo")
    await models.charge(100_000, "cheap", call_id="1.2")
    assert again.entry_id == first.entry_id
    acme = models.till.customer("acme")
    calls = (await market.call(acme, "token_billing.recent")).calls
    assert [(call.model, call.input_tokens, call.cost, call.project) for call in calls] == [
        ("cheap", 100_000, 0.01, None),
        ("dear", 250_000, 0.25, "apollo"),
    ]
    assert {call.agent_id for call in calls} == {models.agent.subject}
    (second, entry) = (await market.call(acme, "billing.usage", task_id=TASK)).usage
    assert (entry.kind, entry.quantity, entry.unit, entry.amount) == ("model", 250_000, "token", 0.25)
    assert (entry.task_id, entry.description, entry.entry_id) == (TASK, "own:dear", first.entry_id)
    summary = await market.call(acme, "token_billing.summary")
    assert (summary.totals.request_count, summary.totals.input_tokens, summary.totals.cost_dollars) == (
        2,
        350_000,
        0.26,
    )
    assert [(each.model, each.cost_dollars) for each in summary.by_model] == [("dear", 0.25), ("cheap", 0.01)]
    assert (await market.call(acme, "billing.cost")).total_cost == 0.26
    balance = (await market.call(acme, "billing.balance")).balances[0]
    assert (balance.charged, balance.reserved) == (0.26, 0)
    # A reversal removes the call from every sum.
    await market.call(market.operator, "billing.reverse", entry_id=entry.entry_id, reason="not theirs")
    after = await market.call(acme, "token_billing.summary")
    assert (after.totals.request_count, after.totals.input_tokens, after.totals.cost_dollars) == (1, 100_000, 0.01)
    assert (await market.call(acme, "billing.cost")).total_cost == 0.01
    assert second.amount == 0.01


async def test_charge_includes_discounts_and_markup(market: Market, models: ModelTill) -> None:
    await market.call(market.operator, "token_billing.billing_model", billing_model="metered", markup_percent=20)
    await market.call(market.operator, BUDGET, account="acme", soft_limit=1)
    await market.call(market.operator, "billing.set_discount", account="acme", percent=50)
    call = await models.charge(100_000)
    assert (call.base_cost, call.cost) == (100_000, 60_000)
    assert (await market.call(models.till.customer("acme"), "billing.cost")).total_cost == 0.06
    acme = models.till.customer("acme")
    with pytest.raises(PermissionDenied):
        await market.call(acme, "token_billing.billing_model", billing_model="metered", markup_percent=0)


async def test_months_accounts_and_tenants_are_summed_separately(market: Market, models: ModelTill) -> None:
    await models.charge(100_000, call_id="1")
    other = ModelTill(models.till, models.agent, "other")
    await other.charge(300_000, task="tsk_2", call_id="1")
    month = (await market.call(market.operator, "token_billing.summary")).month
    market.clock.advance(timedelta(days=31).total_seconds())
    await models.charge(50_000, call_id="2")

    async def cost(caller: Any, **options: Any) -> float:
        return float((await market.call(caller, "token_billing.summary", **options)).totals.cost_dollars)

    acme = models.till.customer("acme")
    assert await cost(acme) == 0.05
    assert await cost(acme, month=month) == 0.1
    assert await cost(acme, month=month, account="other") == 0
    assert await cost(market.operator, month=month) == 0.4
    assert [call.cost for call in (await market.call(acme, "token_billing.recent")).calls] == [0.05, 0.1]
    page = await market.call(acme, "token_billing.recent", limit=1)
    (last,) = (await market.call(acme, "token_billing.recent", limit=1, cursor=page.next_cursor)).calls
    assert last.cost == 0.1
    assert (await market.call(models.till.customer("third"), "token_billing.recent")).calls == []
    elsewhere = Till(market, "elsewhere")
    neighbour = elsewhere.customer("acme")
    assert (await market.call(neighbour, "token_billing.recent")).calls == []
    assert await cost(neighbour, month=month) == 0
    with pytest.raises(InvalidRequest, match="has no price"):
        await market.call(neighbour, "token_billing.pricing", provider="own", model="dear")


# -- limits ----------------------------------------------------------------------------------------


async def test_concurrent_calls_do_not_exceed_a_limit(market: Market, models: ModelTill) -> None:
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    tries = [models.reserve(100_000, task=f"tsk_{number}") for number in range(30)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    refusals = [result for result in results if isinstance(result, BudgetExceeded)]
    assert len(refusals) == 20
    assert refusals[0].status == 402
    (budget,) = (await market.call(models.till.customer("acme"), "billing.budgets")).budgets
    assert (budget.spent, budget.reserved, budget.state) == (0, 1, "exhausted")
    held = next(number for number, result in enumerate(results) if not isinstance(result, BaseException))
    await models.charge(40_000, task=f"tsk_{held}")
    (budget,) = (await market.call(models.till.customer("acme"), "billing.budgets")).budgets
    assert (budget.spent, budget.reserved) == (0.04, 0.9)


async def test_cheapest_model_is_used_near_a_limit_and_none_at_it(market: Market, models: ModelTill) -> None:
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    assert await models.reserve(100_000, "dear", "cheap") == ("dear", False)
    await models.charge(790_000)
    assert await models.reserve(10_000, "dear", "cheap", call_id="2") == ("dear", False)
    await models.charge(10_000, call_id="2")
    assert await models.reserve(10_000, "dear", "cheap", call_id="3") == ("cheap", True)
    await models.charge(2_000_000, "cheap", call_id="3")
    with pytest.raises(BudgetExceeded, match="The hard limit of the account acme"):
        await models.reserve(10_000, "dear", "cheap", call_id="4")
    check = await market.call(models.till.customer("acme"), "token_billing.budget")
    assert (check.allowed, check.monthly_spend_dollars, check.monthly_limit_dollars) == (False, 1, 1)
    assert "hard limit of 1 USD" in check.reason


async def test_budgets_apply_to_models_and_projects(market: Market, models: ModelTill) -> None:
    acme = models.till.customer("acme")
    await market.call(acme, BUDGET, model="own:dear", hard_limit=0.1)
    await market.call(acme, BUDGET, project="apollo", hard_limit=0.05)
    await models.charge(60_000, call_id="1", project="apollo")
    with pytest.raises(BudgetExceeded, match="for the project apollo"):
        await models.reserve(10_000, "cheap", project="apollo")
    assert await models.reserve(40_000, "dear") == ("dear", False)
    with pytest.raises(BudgetExceeded, match="for the model own:dear"):
        await models.reserve(40_000, "dear", task="tsk_2")
    assert await models.reserve(40_000, "dear", "cheap", task="tsk_2") == ("cheap", True)
    budgets = (await market.call(acme, "billing.budgets")).budgets
    assert {(each.model, each.project, each.spent, each.reserved) for each in budgets} == {
        ("own:dear", None, 0.06, 0.04),
        (None, "apollo", 0.06, 0),
    }
    first = await market.call(acme, "billing.budgets", limit=1)
    rest = await market.call(acme, "billing.budgets", limit=1, cursor=first.next_cursor)
    assert {first.budgets[0].project, rest.budgets[0].project} == {None, "apollo"}
    # They count only model calls: the account itself is not limited by them.
    await models.till.execute("x", "acme", models.agent)
    await market.call(acme, BUDGET, model="own:dear")
    assert [each.project for each in (await market.call(acme, "billing.budgets")).budgets] == ["apollo"]


async def test_credit_covers_calls_of_prepaid_accounts(market: Market, models: ModelTill) -> None:
    acme = models.till.customer("acme")
    config = await market.call(acme, "token_billing.billing_model", billing_model="prepaid")
    assert (config.account_id, config.billing_model) == ("acme", "prepaid")
    with pytest.raises(CreditExhausted):
        await models.reserve(10_000)
    assert (await market.call(acme, "token_billing.budget")).reason == "The credit is used up."
    credit = await market.call(market.operator, "token_billing.credits", amount_cents=100, account="acme")
    assert credit.new_balance_dollars == 1
    await market.call(acme, "token_billing.spending_limit", monthly_limit_cents=50)
    check = await market.call(acme, "token_billing.budget")
    assert (check.billing_model, check.monthly_limit_dollars, check.allowed) == ("prepaid", 0.5, True)
    await models.reserve(500_000)
    with pytest.raises(BudgetExceeded):
        await models.reserve(1, task="tsk_2")


async def test_reservation_is_released(market: Market, models: ModelTill) -> None:
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    task = (
        await market.call(market.operator, "task.assign", task_type="think", assignee="Thinker", payload={})
    ).task_id
    for _ in range(3):  # a new reservation of a task replaces the previous one
        await models.reserve(600_000, task=task)

    async def reserved() -> float:
        (budget,) = (await market.call(models.till.customer("acme"), "billing.budgets")).budgets
        return float(budget.reserved)

    assert await reserved() == 0.6
    await models.till.act(lambda call: release_model_call_reservation(call, task))
    assert await reserved() == 0
    await models.reserve(600_000, task=task)
    await market.call(market.operator, "task.cancel", task_id=task)
    await models.till.act(release_reservations_of_ended_tasks)
    assert await reserved() == 0.6, "its last call may still be reported"
    market.clock.advance(61)
    await models.till.act(release_reservations_of_ended_tasks)
    assert await reserved() == 0


# -- reported usage --------------------------------------------------------------------------------


async def test_reported_usage_cannot_spend_money_of_others(market: Market, models: ModelTill) -> None:
    asker, worker = await market.agent("Asker"), await market.agent("Worker")
    task = (
        await market.call(
            asker, "task.assign", task_type="think", assignee="Worker", payload={}, metadata={"project": "apollo"}
        )
    ).task_id
    report = {"call_key": "c1", "provider": "own", "model": "dear", "tokens": {"input_tokens": 1000}, "task_id": task}
    with pytest.raises(NotFound):
        await market.call(worker, "token_billing.report", **report)
    (claim,) = (await market.call(worker, "task.claim")).tasks
    for _ in range(2):
        call = await market.call(worker, "token_billing.report", **report)
        assert (call.account_id, call.task_id, call.project, call.cost) == (worker.subject, task, "apollo", 0.001)
    totals = {"task_id": task, "fencing_token": claim.fencing_token, "model": "own:dear"}
    for count in (500, 500, 800, 700):
        usage = await market.call(worker, "task.report_usage", **totals, input_tokens=count, output_tokens=0)
        assert usage.is_charged
    unpriced = {**totals, "model": "own:other", "input_tokens": 10, "output_tokens": 1}
    assert not (await market.call(worker, "task.report_usage", **unpriced)).is_charged
    paid = {**unpriced, "provider_cost": 0.5, "currency": "USD"}
    assert (await market.call(worker, "task.report_usage", **paid)).is_charged
    summary = await market.call(worker, "token_billing.summary")
    assert (summary.totals.cost_dollars, summary.totals.input_tokens) == (0.5018, 1810)
    assert (await market.call(asker, "token_billing.summary")).totals.cost_dollars == 0
    assert len((await market.call(worker, "token_billing.recent", task_id=task)).calls) == 4


async def test_usage_without_a_price_is_charged_once_priced_unless_the_job_has_ended(market: Market) -> None:
    """A price applies from when it is set: usage shown as not charged is billed only to a job that continues."""
    asker, worker = await market.agent("Asker"), await market.agent("Worker")
    places = []
    for _ in range(2):
        await market.call(asker, "task.assign", task_type="coding.job", assignee="Worker", payload={"prompt": "Mend"})
        (claim,) = (await market.call(worker, "task.claim")).tasks
        places.append({"task_id": claim.task_id, "fencing_token": claim.fencing_token})
    ended, working = places

    async def report(place: dict[str, Any], tokens: int) -> Any:
        usage = {"model": "own/unheard-of", "input_tokens": tokens, "output_tokens": 0}
        return await market.call(worker, "task.report_usage", **place, **usage)

    assert [(await report(place, 1_000_000)).is_charged for place in places] == [False, False]
    await market.call(worker, "task.complete", **ended, result={})
    amounts = {"input_cost_per_m": 2, "output_cost_per_m": 2}
    await market.call(market.operator, PRICE, provider="own", model="unheard-of", **amounts)
    assert (await market.call(worker, "token_billing.summary")).totals.cost_dollars == 0, (
        "a price bills nothing retroactively"
    )
    assert (await report(working, 1_500_000)).is_charged
    assert (await market.call(worker, "token_billing.summary")).totals.cost_dollars == 3
    listed = (await market.call(worker, "billing.tokens")).tokens
    assert {usage.task_id: usage.is_charged for usage in listed} == {ended["task_id"]: False, working["task_id"]: True}


async def test_reported_totals_cannot_be_manipulated(market: Market, models: ModelTill) -> None:
    """A missing price makes nothing free, no sum is charged twice, and only the holder of the task may report."""
    asker, worker, other = [await market.agent(name) for name in ("Asker", "Worker", "Other")]
    order = {"task_type": "coding.job", "assignee": "Worker", "payload": {"codebase_id": "cb_1", "model": "own:cheap"}}
    task = (await market.call(asker, "task.assign", **order)).task_id
    (claim,) = (await market.call(worker, "task.claim")).tasks
    place = {"task_id": task, "fencing_token": claim.fencing_token, "output_tokens": 0}

    async def report(tokens: int, cost: float | None = None, model: str = "unheard/of", **changes: Any) -> Any:
        money = {} if cost is None else {"provider_cost": cost, "currency": "USD"}
        values = {**place, "model": model, "input_tokens": tokens, "is_estimate": True, **money, **changes}
        return await market.call(worker, "task.report_usage", **values)

    async def spent() -> float:
        return float((await market.call(worker, "token_billing.summary")).totals.cost_dollars)

    assert not (await report(10)).is_charged, "a model without a price"
    assert not (await report(20, 0.0)).is_charged, "a cost of nothing is no price"
    assert not (await report(20, model="")).is_charged, "a model without a name"
    assert await spent() == 0
    for tokens, cost, total in ((30, 0.5, 0.5), (40, 0.1, 0.5), (50, 0.5, 0.5), (60, 0.7, 0.7)):
        await report(tokens, cost)
        assert await spent() == pytest.approx(total), "a cost that falls and rises again is charged once"
    await report(1000, model="own:dear")
    entry = (await market.call(worker, "token_billing.recent", task_id=task)).calls[0]
    assert (entry.model, entry.agent_id, entry.account_id) == ("dear", worker.subject, worker.subject)
    assert (entry.task_id, entry.project, entry.is_estimate, entry.input_tokens) == (task, "cb_1", True, 1000)
    before = await spent()
    for bad in ({"tokens": -1}, {"tokens": 10**18}, {"tokens": 1, "cost": -1.0}, {"tokens": 1, "cost": float("nan")}):
        with pytest.raises(InvalidRequest):
            await report(**bad)  # type: ignore[arg-type]
    with pytest.raises(StaleLease):
        await report(2000, model="own:dear", fencing_token=claim.fencing_token + 1)
    values = {**place, "model": "own:dear", "input_tokens": 2000}
    with pytest.raises(NotFound):
        await market.call(other, "task.report_usage", **values)
    with pytest.raises((PermissionDenied, StaleLease)):
        await market.call(asker, "task.report_usage", **values)
    await market.call(worker, "task.complete", task_id=task, fencing_token=claim.fencing_token, result={})
    assert await spent() == before
    await report(1001, model="own:dear")  # the usage of its last turn arrives late
    assert await spent() > before
    market.clock.advance(61)
    with pytest.raises(StaleLease):
        await report(3000, model="own:dear")
    assert (await market.call(asker, "token_billing.summary")).totals.cost_dollars == 0


async def test_a_prepaid_account_with_budgets_of_its_models_has_one_balance(market: Market, models: ModelTill) -> None:
    acme = models.till.customer("acme")
    await market.call(market.operator, "token.create", label="key of acme", account="acme")
    await market.call(market.operator, "billing.credit", account="acme", amount=5)
    await market.call(acme, BUDGET, model="own:dear", hard_limit=1)
    await market.call(acme, BUDGET, project="apollo", hard_limit=1)
    await market.call(acme, BUDGET, prepaid=True)
    (balance,) = (await market.call(acme, "billing.balance")).balances
    assert (balance.balance, balance.prepaid) == (5, True)


async def test_a_markup_of_all_models_is_no_price_of_a_model_without_a_name(market: Market) -> None:
    asker, worker = await market.agent("Asker"), await market.agent("Worker")
    await market.call(market.operator, "token_billing.billing_model", billing_model="metered", markup_percent=20)
    await market.call(asker, "task.assign", task_type="coding.job", assignee="Worker", payload={"prompt": "Mend"})
    (claim,) = (await market.call(worker, "task.claim")).tasks
    usage = {"task_id": claim.task_id, "fencing_token": claim.fencing_token, "input_tokens": 9, "output_tokens": 0}
    assert not (await market.call(worker, "task.report_usage", **usage)).is_charged
    paid = {**usage, "input_tokens": 10, "provider_cost": 0.5, "currency": "USD"}
    assert (await market.call(worker, "task.report_usage", **paid)).is_charged
    assert (await market.call(worker, "token_billing.summary")).totals.cost_dollars == 0.6


@pytest.mark.parametrize("waits_for_an_answer", [False, True])
async def test_usage_of_a_cancelled_task_is_charged(
    market: Market, models: ModelTill, waits_for_an_answer: bool
) -> None:
    asker, worker, other = [await market.agent(name) for name in ("Asker", "Worker", "Other")]
    await market.call(asker, "task.assign", task_type="coding.job", assignee="Worker", payload={})
    (claim,) = (await market.call(worker, "task.claim")).tasks
    held = {"task_id": claim.task_id, "fencing_token": claim.fencing_token}
    if waits_for_an_answer:
        await market.call(worker, "task.message", **held, text="May I?", status="input_required")
    await market.call(asker, "task.cancel", task_id=claim.task_id)
    usage = {**held, "model": "own:dear", "input_tokens": 1000, "output_tokens": 0}
    assert (await market.call(worker, "task.report_usage", **usage)).is_charged
    for stranger in (asker, other):
        with pytest.raises((NotFound, StaleLease)):
            await market.call(stranger, "task.report_usage", **usage)
    market.clock.advance(61)
    with pytest.raises(StaleLease):
        await market.call(worker, "task.report_usage", **usage | {"input_tokens": 2000})


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_allowance_is_locked_before_budgets(market: Market, models: ModelTill, engine: PostgresEngine) -> None:
    """In the order of the other reservations, which would otherwise deadlock with that of a model call."""
    await market.call(market.operator, BUDGET, account="acme", hard_limit=1)
    await engine.run(
        "insert into billing_allowances (tenant_id, subject, currency, amount, used) "
        "values ('default', 'key_of_an_instance', 'USD', 1000000, 0)"
    )
    models.requester = "key_of_an_instance"
    await engine.run_before(
        "select from billing_allowances for update",
        models.reserve(1),
        then="select from billing_budgets for update nowait",
    )
