"""Priorities of tasks that wait: changed by their requester or an operator, and claims go by them."""

from __future__ import annotations

import pytest

from agora_sdk.errors import Conflict, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_a_raised_task_is_claimed_before_older_ones(market: Market) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    first = await assign(market, giver, assignee="Worker")
    second = await assign(market, giver, assignee="Worker")
    third = await assign(market, giver, assignee="Worker")
    for _ in range(2):  # idempotent
        await market.call(giver, "task.prioritize", task_id=third, priority="urgent")
    await market.call(market.operator, "task.prioritize", task_id=first, priority="low")
    assert [(await claim(market, worker)).task_id for _ in range(3)] == [third, second, first]


async def test_only_its_requester_and_operators_change_it_and_only_while_it_has_not_ended(market: Market) -> None:
    giver, worker, stranger = [await market.agent(name) for name in ("Giver", "Worker", "Stranger")]
    task_id = await assign(market, giver, assignee="Worker")
    with pytest.raises(PermissionDenied):
        await market.call(worker, "task.prioritize", task_id=task_id, priority="urgent")
    with pytest.raises((NotFound, PermissionDenied)):
        await market.call(stranger, "task.prioritize", task_id=task_id, priority="urgent")
    await market.call(giver, "task.cancel", task_id=task_id)
    with pytest.raises(Conflict, match="cancelled"):
        await market.call(giver, "task.prioritize", task_id=task_id, priority="urgent")
