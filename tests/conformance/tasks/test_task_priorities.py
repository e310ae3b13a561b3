"""Priorities of pending tasks: changed by their requester or an operator, and followed by claims."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from agora.clock import to_datetime
from agora.core.call import Caller
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_task_with_raised_priority_is_claimed_before_older_ones(market: Market) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    first = await assign(market, giver, assignee="Worker")
    second = await assign(market, giver, assignee="Worker")
    third = await assign(market, giver, assignee="Worker")
    for _ in range(2):  # idempotent
        await market.call(giver, "task.prioritize", task_id=third, priority="urgent")
    await market.call(market.operator, "task.prioritize", task_id=first, priority="low")
    assert [(await claim(market, worker)).task_id for _ in range(3)] == [third, second, first]


async def test_only_requester_and_operators_change_the_priority_of_an_open_task(market: Market) -> None:
    giver, worker, stranger = [await market.agent(name) for name in ("Giver", "Worker", "Stranger")]
    task_id = await assign(market, giver, assignee="Worker")
    with pytest.raises(PermissionDenied):
        await market.call(worker, "task.prioritize", task_id=task_id, priority="urgent")
    with pytest.raises((NotFound, PermissionDenied)):
        await market.call(stranger, "task.prioritize", task_id=task_id, priority="urgent")
    await market.call(giver, "task.cancel", task_id=task_id)
    with pytest.raises(Conflict, match="cancelled"):
        await market.call(giver, "task.prioritize", task_id=task_id, priority="urgent")


async def assign_many(market: Market, giver: Caller, count: int, **arguments: Any) -> list[str]:
    return [await assign(market, giver, assignee="Worker", **arguments) for _ in range(count)]


async def claim_all(market: Market, worker: Caller, count: int, *, at_once: bool) -> list[str]:
    if at_once:
        return [task.task_id for task in (await market.call(worker, "task.claim", limit=count)).tasks]
    return [(await claim(market, worker)).task_id for _ in range(count)]


@pytest.mark.parametrize("at_once", [False, True])
async def test_task_is_moved_directly_before_or_after_another(market: Market, at_once: bool) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    a, b, c, d, e = await assign_many(market, giver, 5)

    async def move(task_id: str, **place: str) -> None:
        await market.call(giver, "task.prioritize", task_id=task_id, **place)

    await move(e, before=b)
    await move(d, before=b)  # between the task moved there and the one it was moved before
    await move(c, after=a)
    await move(c, after=a)  # idempotent
    await move(a, after=b)
    expected = [c, e, d, b, a]
    page = await market.call(giver, "task.list", sort="priority", limit=3)
    rest = await market.call(giver, "task.list", sort="priority", limit=3, cursor=page.next_cursor)
    assert [task.task_id for task in (*page.tasks, *rest.tasks)] == expected
    assert await claim_all(market, worker, 5, at_once=at_once) == expected
    moves = [json.loads(event.data) for event in market.of_type("agora.task.prioritized")]
    assert [(move.get("before"), move.get("after"), move["priority"]) for move in moves][:2] == [
        (b, None, "normal"),
        (b, None, "normal"),
    ]


async def test_claims_follow_the_order_of_random_moves(market: Market) -> None:
    """The same moves are made in a list, which gives the expected order of claims."""
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    expected = await assign_many(market, giver, 12)
    random_ = random.Random("moves")
    for _ in range(120):
        moved, other = random_.sample(expected, 2)
        side = random_.choice(["before", "after"])
        await market.call(giver, "task.prioritize", task_id=moved, **{side: other})
        expected.remove(moved)
        expected.insert(expected.index(other) + (side == "after"), moved)
    assert await claim_all(market, worker, 12, at_once=False) == expected


async def test_hundreds_of_moves_to_one_place_keep_their_order(market: Market) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    first, second, *others = await assign_many(market, giver, 8)
    expected = [first, second]
    for turn in range(240):
        moved = others[turn % len(others)]
        await market.call(giver, "task.prioritize", task_id=moved, before=second)
        expected = [each for each in expected if each != moved]
        expected.insert(expected.index(second), moved)
    assert await claim_all(market, worker, 8, at_once=False) == expected


async def test_moved_task_takes_the_priority_of_the_other_until_a_new_one_is_set(market: Market) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    (urgent,) = await assign_many(market, giver, 1, priority="urgent")
    soon = await assign(market, giver, assignee="Worker", deadline=to_datetime(market.clock.now()) + timedelta(hours=1))
    a, b = await assign_many(market, giver, 2)
    update = await market.call(giver, "task.prioritize", task_id=b, before=urgent)
    assert update.status == "pending"
    assert (await market.call(giver, "task.get", task_id=b)).priority == "urgent"
    await market.call(giver, "task.prioritize", task_id=a, before=soon)
    await market.call(giver, "task.prioritize", task_id=b, priority="normal")
    assert await claim_all(market, worker, 4, at_once=False) == [urgent, a, soon, b]


async def test_invalid_moves_are_refused(market: Market) -> None:
    giver, worker, other = [await market.agent(name) for name in ("Giver", "Worker", "Other")]
    a, b = await assign_many(market, giver, 2)
    (theirs,) = await assign_many(market, other, 1)
    for place, error in (
        ({}, InvalidRequest),
        ({"before": a, "after": b}, InvalidRequest),
        ({"before": b}, InvalidRequest),
        ({"before": a, "priority": "urgent"}, InvalidRequest),
        ({"before": theirs}, (NotFound, PermissionDenied)),
        ({"after": "task_" + "0" * 32}, NotFound),
    ):
        with pytest.raises(error):
            await market.call(giver, "task.prioritize", task_id=b, **place)
    assert (await claim(market, worker)).task_id == a
    with pytest.raises(Conflict, match="no place in a queue"):
        await market.call(giver, "task.prioritize", task_id=b, before=a)
    await market.call(market.operator, "task.prioritize", task_id=theirs, before=b)
    assert await claim_all(market, worker, 2, at_once=False) == [theirs, b]


def _move_all(tasks: list[str], moves: Iterable[tuple[str, str]]) -> list[str]:
    """Move each task directly before another."""
    for task, place in moves:
        tasks.remove(task)
        tasks.insert(tasks.index(place), task)
    return tasks


async def test_concurrent_moves_are_both_applied(market: Market) -> None:
    giver, worker = await market.agent("Giver"), await market.agent("Worker")
    a, b, c, d = await assign_many(market, giver, 4)
    moves = ((c, a), (d, a), (a, b), (b, a))
    calls = (market.call(giver, "task.prioritize", task_id=task, before=place) for task, place in moves)
    await asyncio.gather(*calls)
    claimed = await claim_all(market, worker, 4, at_once=False)
    assert claimed in [_move_all([a, b, c, d], order) for order in permutations(moves)], "as if one followed the other"
