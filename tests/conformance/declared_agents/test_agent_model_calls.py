"""Model calls of declared agents: reserved in advance, charged once, paid by the original requester."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import BudgetExceeded, Conflict, InvalidRequest, PermissionDenied, StaleLease
from tests.conformance.declared_agents.test_agent_tool_calls import AgentAtWork, declare, put_to_work
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
TOKENS = 99_000  # a request that costs at most 0.1, with an answer of a thousand tokens


@dataclass
class Thinker:
    """A declared agent that holds a task, and calls models for it."""

    work: AgentAtWork

    async def _call(self, operation: str, step: int, **arguments: Any) -> Any:
        held = {"task_id": self.work.task_id, "fencing_token": self.work.token, "step": step}
        return await self.work.market.call(self.work.caller, f"declared_agent.{operation}", **held, **arguments)

    async def reserve(self, *models: str, step: int = 0) -> tuple[str, float, bool]:
        """Reserve a call. Returns the model, the reserved amount, and whether a limit determined the model."""
        names = [f"local:{model}" for model in models or ("dear",)]
        answer = await self._call("reserve_model_call", step, models=names, input_tokens=TOKENS)
        return answer.model.removeprefix("local:"), answer.reserved, answer.is_cheaper

    async def release(self, step: int = 0) -> bool:
        return bool((await self._call("release_model_call", step)).is_released)

    async def record(self, tokens: int, model: str = "dear", step: int = 0, **options: Any) -> Any:
        use = {"input_tokens": tokens}
        return await self._call("record_model_call", step, model=f"local:{model}", tokens=use, **options)


async def sell_models(market: Market) -> None:
    """Create a provider whose model ``dear`` costs 1 per million tokens, and ``cheap`` a tenth of it; ``free`` has no
    price."""
    await market.call(market.operator, "model_provider.set", name="local", base_url="http://127.0.0.1:4000/v1")
    for model, amount in (("dear", 1), ("cheap", 0.1)):
        price = {"input_cost_per_m": amount, "output_cost_per_m": amount}
        await market.call(market.operator, "token_billing.set_price", provider="local", model=model, **price)


async def begin_work(market: Market, asker: Caller, name: str = "Ada", limits: Any = None, **fields: Any) -> Thinker:
    """Declare an agent, and assign a task that it claims."""
    fields = {"model": "local:dear", "limits": {"output_tokens": 1000} | (limits or {})} | fields
    return Thinker(await put_to_work(market, await declare(market, name, **fields), asker))


async def standing(market: Market, caller: Caller) -> tuple[float, float]:
    """Return the charged and the reserved amount of a caller's account."""
    balances = (await market.call(caller, "billing.balance")).balances
    return (balances[0].charged, balances[0].reserved) if balances else (0, 0)


async def test_call_is_charged_once_with_its_checkpoint_to_the_original_requester(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    await market.call(market.operator, "billing.budget", account=asker.subject, hard_limit=10)
    fields = {"model": "local:dear", "limits": {"output_tokens": 1000}}
    ada, bob = await declare(market, "Ada", **fields), await declare(market, "Bob", **fields)
    first = await put_to_work(market, ada, asker, metadata={"project": "apollo"})
    thinker = Thinker(await put_to_work(market, bob, ada, parent_id=first.task_id))
    for _ in range(2):  # a repeated reservation replaces the previous one
        assert await thinker.reserve() == ("dear", 0.1, False)
    (budget,) = (await market.call(asker, "billing.budgets")).budgets
    assert (budget.spent, budget.reserved) == (0, 0.1)
    state = {"checkpoint": {"step": 1}, "checkpoint_number": 7, "time_to_first_token": 0.5, "seconds": 2}
    charged = await thinker.record(50_000, **state)
    again = await thinker.record(50_000, **state)
    assert (charged.cost, charged.checkpoint_number, again.entry_id) == (0.05, 7, charged.entry_id)
    assert await standing(market, asker) == (0.05, 0)
    assert await standing(market, ada) == await standing(market, bob) == (0, 0)
    task = await market.call(market.operator, "task.get", task_id=thinker.work.task_id)
    assert task.checkpoint == {"step": 1}
    (call,) = (await market.call(asker, "token_billing.recent")).calls
    assert (call.account_id, call.agent_id, call.task_id) == (asker.subject, bob.subject, thinker.work.task_id)
    assert (call.project, call.input_tokens, call.time_to_first_token, call.seconds) == ("apollo", 50_000, 0.5, 2)


async def test_final_output_and_charge_are_stored_once(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    await thinker.reserve()
    for _ in range(2):  # the response to the first was lost
        charge = await thinker.record(50_000, output="Good morning", output_offset=0)
        assert (charge.cost, charge.output_size) == (0.05, 12)
    await thinker.reserve(step=1)
    assert (await thinker.record(50_000, step=1, output=", Ada", output_offset=12)).output_size == 17
    output = await market.call(asker, "task.output", task_id=thinker.work.task_id)
    assert output.content == "Good morning, Ada"
    assert await standing(market, asker) == (0.1, 0)


async def test_refused_output_does_not_make_a_call_free(market: Market) -> None:
    await sell_models(market)
    limit = {"resource": "configuration", "target": "task_output_limit", "action": "set", "value": 2000}
    await market.call(market.operator, "admin.manage", **limit)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    for step, (text, offset) in enumerate([("x" * 2001, 0), ("late", 3)]):  # too long; not at the end of the output
        await thinker.reserve(step=step)
        state = {"checkpoint": {"step": step}, "checkpoint_number": step}
        charge = await thinker.record(50_000, step=step, output=text, output_offset=offset, **state)
        assert (charge.cost, charge.output_size, charge.checkpoint_number) == (0.05, None, step)
    output = await market.call(asker, "task.output", task_id=thinker.work.task_id)
    assert output.content == ""
    assert await standing(market, asker) == (0.1, 0)


async def test_requesters_budget_blocks_the_next_call(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    await market.call(market.operator, "billing.budget", account=asker.subject, hard_limit=0.15)
    await thinker.reserve()
    await thinker.record(100_000)
    with pytest.raises(BudgetExceeded, match="hard limit of the account"):
        await thinker.reserve(step=1)
    assert await standing(market, asker) == (0.1, 0)
    rich = await begin_work(market, await market.agent("Rich"), "Eve")
    assert await rich.reserve() == ("dear", 0.1, False)


async def test_agents_budget_applies_to_all_requesters_and_selects_the_cheaper_model(market: Market) -> None:
    await sell_models(market)
    fields = {"fallbacks": ["local:cheap"], "budget": {"hard_limit": 1}}
    thinker = await begin_work(market, await market.agent("Asker"), **fields)
    await thinker.reserve("dear", "cheap")
    await thinker.record(790_000)
    assert await thinker.reserve("dear", "cheap", step=1) == ("dear", 0.1, False)
    await thinker.record(10_000, step=1)
    other = Thinker(await put_to_work(market, thinker.work.caller, await market.agent("Other")))
    assert await other.reserve("dear", "cheap") == ("cheap", 0.01, True)
    await other.record(1_990_000, "cheap")
    with pytest.raises(BudgetExceeded, match="hard limit of the agent"):
        await thinker.reserve("dear", "cheap", step=2)


async def test_task_ends_at_its_cost_limit(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker, limits={"cost": 0.15}, fallbacks=["local:cheap"])
    await thinker.reserve()
    await thinker.record(100_000)
    assert await thinker.reserve("dear", "cheap", step=1) == ("cheap", 0.01, True)
    with pytest.raises(BudgetExceeded, match=r"limit of 0.15 USD for a task is reached: 0.1 USD were used") as refused:
        await thinker.reserve(step=1)
    assert "limits.cost" in str(refused.value.fix)
    other = Thinker(await put_to_work(market, thinker.work.caller, asker))
    assert await other.reserve() == ("dear", 0.1, False)


async def test_only_declared_and_priced_models_are_called(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker, fallbacks=["local:free"])
    with pytest.raises(InvalidRequest, match="'local:free' has no price"):
        await thinker.reserve("free")
    assert (await thinker.reserve("free", "dear"))[0] == "dear"
    with pytest.raises(Conflict, match="newest declaration"):
        await thinker.reserve("cheap")
    thinker.work.caller = asker
    with pytest.raises(PermissionDenied):
        await thinker.reserve()


async def test_reserved_call_is_charged_after_a_lost_lease(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    await thinker.reserve()
    await market.call(asker, "task.cancel", task_id=thinker.work.task_id)
    with pytest.raises(StaleLease):
        await thinker.reserve(step=1)
    with pytest.raises(StaleLease):
        await thinker.record(50_000, step=1)
    charged = await thinker.record(50_000, checkpoint={"step": 1}, checkpoint_number=1)
    assert (charged.cost, charged.checkpoint_number) == (0.05, None)
    assert await standing(market, asker) == (0.05, 0)


async def list_calls(market: Market, caller: Caller) -> list[tuple[str, int, bool]]:
    """List model, input tokens, and whether they are estimated, of a caller's charged calls, oldest first."""
    page = await market.call(caller, "token_billing.recent")
    return [(call.model, call.input_tokens, call.is_estimate) for call in reversed(page.calls)]


async def test_interrupted_answer_is_charged_in_addition_to_its_repetition(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker, fallbacks=["local:cheap"])
    await thinker.reserve("dear", "cheap")
    for _ in range(2):  # a repeated report counts once
        await thinker.record(20_000, is_cut=True, is_estimate=True)
    assert await standing(market, asker) == (0.02, 0)
    await thinker.reserve("cheap")
    await thinker.record(30_000, "cheap", is_cut=True, is_estimate=True)
    await thinker.reserve("dear")
    await thinker.record(50_000)
    calls = [("dear", 20_000, True), ("cheap", 30_000, True), ("dear", 50_000, False)]
    assert await list_calls(market, asker) == calls
    assert await standing(market, asker) == (0.073, 0)


async def test_only_the_agent_releases_the_reservation_of_a_failed_call(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    await thinker.reserve()
    stranger = Thinker(AgentAtWork(market, await declare(market, "Eve"), thinker.work.task_id, thinker.work.token))
    assert not await stranger.release()
    assert not await thinker.release(step=1)
    assert (await thinker.release(), await thinker.release()) == (True, False)
    assert await standing(market, asker) == (0, 0)
    with pytest.raises(PermissionDenied):
        await Thinker(AgentAtWork(market, asker, thinker.work.task_id, thinker.work.token)).release()


async def test_input_of_a_lost_call_is_charged_with_the_next_one(market: Market) -> None:
    await sell_models(market)
    asker = await market.agent("Asker")
    thinker = await begin_work(market, asker)
    await thinker.reserve()
    held = {"task_id": thinker.work.task_id, "fencing_token": thinker.work.token}
    await market.call(thinker.work.caller, "task.release", **held)  # as when its lease ends, but sooner
    claim = await market.call(thinker.work.caller, "task.claim")
    thinker.work.token = claim.tasks[0].fencing_token
    assert await thinker.reserve() == ("dear", 0.1, False)
    assert await list_calls(market, asker) == [("dear", TOKENS, True)]
    await thinker.record(50_000)
    assert await standing(market, asker) == (0.149, 0)
