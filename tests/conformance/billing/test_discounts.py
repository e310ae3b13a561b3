"""Discounts, free quotas and coupons are ledger entries, so every operation reports the same debt."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from agora.clock import to_datetime
from agora.core.call import Call, Caller
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.money import divide_half_up
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def customer(market: Market, account: str) -> Caller:
    made = await market.call(market.operator, "token.create", label=f"key of {account}", account=account)
    return await market.app.authenticator.authenticate(made.token)


async def record(market: Market, agent: Caller, account: str, key: str, requests: int = 1) -> Any:
    usage = {"usage_key": key, "account": account, "agent_id": agent.subject, "requests": requests}
    return await market.call(market.operator, "billing.record", **usage)


async def owed(market: Market, account: str) -> int:
    """Return the debt of an account in millionths; the same from each operation."""
    ask = market.operator
    cost = await market.call(ask, "billing.cost", account=account)
    parts = cost.cost_breakdown
    (balance,) = (await market.call(ask, "billing.balance", account=account)).balances
    invoice = await market.call(ask, "billing.invoice", account=account)
    entries = (await market.call(ask, "billing.usage", account=account, limit=500)).usage
    answers = {
        "cost": cost.total_cost,
        "parts": parts.base_cost + parts.usage_cost + parts.task_cost + parts.reductions,
        "balance": balance.charged,
        "invoice": invoice.charges,
        "lines": sum(line.amount for line in invoice.lines if line.kind not in ("credit", "payment")),
        "entries": sum(e.amount for e in entries if e.kind not in ("credit", "payment")),
    }
    micros = {name: round(value * 1_000_000) for name, value in answers.items()}
    assert len(set(micros.values())) == 1, micros
    return micros["cost"]


async def test_discounts_and_quotas_are_lines_of_every_bill(market: Market) -> None:
    agent = await market.agent("Sold")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=0.333333)
    acme = await customer(market, "acme")
    with pytest.raises(PermissionDenied):
        await market.call(acme, "billing.set_discount", account="acme", percent=50)
    with pytest.raises(PermissionDenied):
        await market.call(acme, "billing.set_free_quota", agent_id=agent.subject, quantity=100)
    with pytest.raises(NotFound):
        await market.call(market.operator, "billing.set_discount", account="amce", percent=50)
    with pytest.raises(InvalidRequest):
        await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=1.5)
    await market.call(market.operator, "billing.set_discount", account="acme", percent=12.5)
    await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=2)
    await record(market, agent, "acme", "a", requests=5)
    rest = 3 * 333_333
    assert await owed(market, "acme") == rest - divide_half_up(rest * 1250, 10_000)
    entries = (await market.call(acme, "billing.usage")).usage
    assert {(e.kind.value, e.amount_micros) for e in entries} == {
        ("request", 5 * 333_333),
        ("free_quota", -2 * 333_333),
        ("discount", -divide_half_up(rest * 1250, 10_000)),
    }
    shown = await market.call(acme, "billing.reductions")
    assert [(d.account_id, d.percent) for d in shown.discounts] == [("acme", 12.5)]
    assert [(q.agent_name, q.quantity, q.unit) for q in shown.free_quotas] == [("Sold", 2.0, "request")]
    stranger = await customer(market, "stranger")
    assert (await market.call(stranger, "billing.reductions", account="acme")).discounts == []

    charge = next(e for e in entries if e.kind == "request")
    await market.call(market.operator, "billing.reverse", entry_id=charge.entry_id, reason="broken")
    assert await owed(market, "acme") == 0
    await record(market, agent, "acme", "b", requests=2)
    assert await owed(market, "acme") == 0, "the quota is available again"
    await market.call(market.operator, "billing.set_discount", account="acme", percent=0)
    await record(market, agent, "acme", "c")
    assert await owed(market, "acme") == 333_333
    await record(market, agent, "other", "d", requests=3)
    assert await owed(market, "other") == 333_333, "each account has a quota of its own"


async def test_discount_expires_and_is_shown_on_its_task(market: Market) -> None:
    agent = await market.agent("Worker")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=1.0)
    acme = await customer(market, "acme")
    until = to_datetime(market.clock.now()) + timedelta(hours=1)
    await market.call(market.operator, "billing.set_discount", account="acme", percent=25, until=until)
    task = (await market.call(acme, "task.assign", task_type="t", assignee="Worker")).task_id
    claim = (await market.call(agent, "task.claim")).tasks[0]
    await market.call(agent, "task.complete", task_id=task, fencing_token=claim.fencing_token)
    entries = (await market.call(acme, "billing.usage", task_id=task)).usage
    assert sorted((e.kind.value, e.amount, e.task_id) for e in entries) == [
        ("discount", -0.25, task),
        ("task", 1.0, task),
    ]
    market.clock.advance(3601)
    await record(market, agent, "acme", "later")
    assert await owed(market, "acme") == 1_750_000


async def test_concurrent_charges_use_a_quota_once(market: Market) -> None:
    agent = await market.agent("Sold")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=1.0)
    await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=3)
    await customer(market, "acme")
    await asyncio.gather(*(record(market, agent, "acme", f"k{number}") for number in range(8)))
    assert await owed(market, "acme") == 5_000_000


async def test_prepaid_account_uses_its_quota_without_credit(market: Market) -> None:
    agent = await market.agent("Sold")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=1.0)
    await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=1)
    await customer(market, "acme")
    await market.call(market.operator, "billing.budget", account="acme", hard_limit=1.0)
    await record(market, agent, "acme", "k", requests=2)
    budget = (await market.call(market.operator, "billing.budgets", account="acme")).budgets[0]
    assert budget.spent == 1.0


async def test_coupon_credits_each_account_once(market: Market) -> None:
    coupon = {"code": "WELCOME", "amount": 10.0, "max_redemptions": 2}
    await market.call(market.operator, "billing.create_coupon", **coupon)
    with pytest.raises(Conflict):
        await market.call(market.operator, "billing.create_coupon", **coupon)
    acme, other, third = [await customer(market, name) for name in ("acme", "other", "third")]
    entries = await asyncio.gather(*(market.call(acme, "billing.redeem_coupon", code="WELCOME") for _ in range(5)))
    assert len({entry.entry_id for entry in entries}) == 1
    (balance,) = (await market.call(acme, "billing.balance")).balances
    assert balance.credited == 10.0
    with pytest.raises(PermissionDenied):
        await market.call(other, "billing.redeem_coupon", code="WELCOME", account="acme")
    await market.call(other, "billing.redeem_coupon", code="WELCOME")
    with pytest.raises(Conflict, match="used up"):
        await market.call(third, "billing.redeem_coupon", code="WELCOME")
    with pytest.raises(NotFound):
        await market.call(third, "billing.redeem_coupon", code="WELCOM")
    (shown,) = (await market.call(market.operator, "billing.coupons")).coupons
    assert shown.redemptions == 2
    ends = to_datetime(market.clock.now()) + timedelta(seconds=60)
    await market.call(market.operator, "billing.create_coupon", code="SHORT", amount=1.0, expires_at=ends)
    market.clock.advance(61)
    with pytest.raises(Conflict, match="expired"):
        await market.call(third, "billing.redeem_coupon", code="SHORT")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 11))])
async def test_bills_agree_after_random_charges_and_reversals(market: Market, seed: int) -> None:
    """Random charges, reversals and changes of discount and quota, compared with a small model."""
    chance = random.Random(seed)
    agent = await market.agent("Sold")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=0.123457)
    await customer(market, "acme")
    points = quota = used = total = 0
    open_charges: list[tuple[str, int, int]] = []
    for number in range(20):
        match chance.choice(("charge", "charge", "charge", "reverse", "discount", "quota")):
            case "discount":
                points = chance.choice((0, 1, 333, 5000, 10_000))
                await market.call(market.operator, "billing.set_discount", account="acme", percent=points / 100)
            case "quota":
                quota = chance.choice((0, 3, 10, 50))
                await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=quota)
            case "reverse" if open_charges:
                entry_id, count, paid = open_charges.pop(chance.randrange(len(open_charges)))
                await market.call(market.operator, "billing.reverse", entry_id=entry_id, reason="r")
                used, total = used - count, total - paid
            case _:
                count = chance.randint(1, 7)
                charged = await record(market, agent, "acme", f"k{number}", requests=count)
                rest = count * 123_457 - 123_457 * min(count, max(0, quota - used))
                paid = rest - divide_half_up(rest * points, 10_000)
                open_charges.append((charged.entries[0].entry_id, count, paid))
                used, total = used + count, total + paid
        if total or open_charges:
            assert await owed(market, "acme") == total


async def test_charges_with_new_keys_use_a_quota_once(market: Market) -> None:
    """A charge under a new key reads no entry, so nothing but the sum of the quota writes the buffered ones."""
    agent = await market.agent("Sold")
    await market.call(agent, "billing.set_price", agent_id=agent.subject, type="per_request", price=1.0)
    await market.call(agent, "billing.set_free_quota", agent_id=agent.subject, quantity=3)
    await customer(market, "acme")

    async def charge_twice(call: Call, number: int) -> None:
        for part in range(2):
            charge = Charge(f"execution:{number}/{part}", "acme", agent.subject, EntryKind.REQUEST, 1)
            await Ledger(call).charge_unless_recorded(charge, is_unused_key=True)

    write = market.app.dispatcher.write_as_system
    await asyncio.gather(*(write("default", partial(charge_twice, number=number)) for number in range(4)))
    assert await owed(market, "acme") == 5_000_000
