"""Fair scheduling on the event loop: members of a group share one share, with turns for each."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from agora.scheduling import LONE_SLICE_SECONDS, FairQueue, LoopScheduler, MeteredCoroutine, Share, StepClock

COST = 0.001  # duration of each turn in seconds
WEIGHT = 4.0


async def _run_turns(scheduler: LoopScheduler, shares: dict[str, tuple[Share, int]], turns: int) -> Counter[str]:
    """Let callers request turns repeatedly, each with that many calls at once. Returns the owners of the first
    turns."""
    order: list[str] = []

    async def call(name: str, share: Share) -> None:
        while len(order) < turns:
            await scheduler.wait_for_turn(share)
            order.append(name)
            scheduler.charge_time(share, COST)

    async with asyncio.timeout(60):
        await asyncio.gather(*(call(name, share) for name, (share, count) in shares.items() for _ in range(count)))
    return Counter(order[:turns])


def _scheduler_with_group(members: int) -> tuple[LoopScheduler, dict[str, Share], Share]:
    scheduler = LoopScheduler()
    group = scheduler.get_or_create_share(("t", "group"), WEIGHT)
    shares = {f"m{n}": scheduler.get_or_create_share(("t", f"m{n}"), 1.0, group) for n in range(members)}
    return scheduler, shares, scheduler.get_or_create_share(("t", "lone"))


async def test_members_of_a_group_share_its_share() -> None:
    scheduler, members, lone = _scheduler_with_group(50)
    callers = {name: (share, 4) for name, share in members.items()} | {"lone": (lone, 4)}
    turns = await _run_turns(scheduler, callers, 1_000)
    assert 150 <= turns["lone"] <= 250  # one of five
    assert {turns[name] for name in members} <= set(range(10, 25)), turns


async def test_single_member_gets_the_share_of_one_owner() -> None:
    scheduler, members, lone = _scheduler_with_group(2)
    turns = await _run_turns(scheduler, {"m0": (members["m0"], 100), "lone": (lone, 4)}, 500)
    assert 200 <= turns["lone"] <= 300
    turns = await _run_turns(scheduler, {"m0": (members["m0"], 100), "m1": (members["m1"], 2)}, 500)
    assert turns["m1"] >= 200


def test_queue_is_round_robin_over_owners() -> None:
    queue: FairQueue[str] = FairQueue(100)
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.push_item(("tenant", item[0]), item)
    queue.push_item(None, "urgent")
    order = list(queue)
    assert order == ["urgent", "a1", "b1", "c1", "a2", "c2", "a3"]
    assert [queue.pop_item() for _ in order] == order
    assert not queue
    with pytest.raises(KeyError):
        queue.pop_item()


def test_step_counts_cpu_time_not_suspended_time() -> None:
    monotonic, processor = iter([0.0, 5.0, 5.0002, 6.0, 9.0]), iter([0.0, 1.0, 1.5, 1.52])
    clock = StepClock(lambda: next(monotonic), lambda: next(processor))
    assert clock.measure_step(clock.begin_step()) == pytest.approx(0.0002)  # short: the processor's clock is not read
    assert clock.measure_step(clock.begin_step()) == pytest.approx(0.02)  # three seconds, of which 20 ms were CPU time


async def test_metered_coroutine_counts_each_step_and_propagates_errors() -> None:
    steps: list[float] = []

    async def work() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(10)
        await asyncio.sleep(0)
        return "done"

    assert await MeteredCoroutine(work(), steps.append, StepClock()) == "done"
    assert len(steps) >= 3
    assert all(seconds >= 0 for seconds in steps)


async def test_only_owner_gets_a_whole_slice_per_iteration() -> None:
    scheduler = LoopScheduler()
    share, waits = scheduler.get_or_create_share(("t", "alone")), 0
    for _ in range(200):  # together far more than a slice
        if scheduler.try_begin_turn(share):
            scheduler.charge_time(share, LONE_SLICE_SECONDS / 4)
        else:
            waits += 1
        await asyncio.sleep(0)
    assert waits == 0


async def test_second_owner_ends_whole_slices_of_the_first() -> None:
    scheduler = LoopScheduler()
    first, second = scheduler.get_or_create_share(("t", "first")), scheduler.get_or_create_share(("t", "second"))
    assert scheduler.try_begin_turn(first)
    scheduler.charge_time(first, LONE_SLICE_SECONDS / 2)
    assert scheduler.try_begin_turn(second)
    await asyncio.sleep(0)
    assert not scheduler.try_begin_turn(first)  # ahead of the second by more than a slice
