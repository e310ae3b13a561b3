"""The loop of a controller: steps, waits, survives errors, and finishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from agora.core.jobs import Controller, JobContext, split_batches
from agora.server.app import App
from tests.harness import ManualClock


@pytest.fixture
def context(app: App, clock: ManualClock) -> JobContext:
    return JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, clock)


class Counting(Controller):
    """Steps without a pause until stopped from within."""

    name = "counting"
    interval = 0.0

    def __init__(self, context: JobContext, job: Callable[[int], None]) -> None:
        super().__init__(context)
        self.job, self.steps, self.finished = job, 0, 0

    async def step(self) -> None:
        self.steps += 1
        self.job(self.steps)

    async def shut_down(self) -> None:
        self.finished += 1


async def test_controller_steps_until_stopped_and_then_finishes(context: JobContext, clock: ManualClock) -> None:
    stop = asyncio.Event()
    loop = Counting(context, lambda step: stop.set() if step == 3 else None)
    assert loop.last_run is None
    await loop.run(stop)
    assert (loop.steps, loop.finished) == (3, 1)
    assert loop.last_run is not None
    assert loop.last_run <= clock.now()
    assert loop.is_stopping


async def test_failing_step_is_survived_and_logged(context: JobContext, caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    seen: list[tuple[int, str | None]] = []

    def job(step: int) -> None:
        seen.append((loop.failures, loop.last_error))
        if step == 4:
            stop.set()
        elif step < 3:
            raise OSError("broken")

    loop = Counting(context, job)
    await loop.run(stop)
    assert seen == [(0, None), (1, "OSError: broken"), (2, "OSError: broken"), (0, None)]
    assert [record.message for record in caplog.records] == [
        "counting failed, 1 in a row",
        "counting failed, 2 in a row",
    ]


async def test_failing_finish_does_not_block_the_stop(context: JobContext) -> None:
    class Unfinished(Counting):
        async def shut_down(self) -> None:
            raise OSError("broken")

    stop = asyncio.Event()
    stop.set()
    loop = Unfinished(context, lambda step: None)
    await loop.run(stop)
    assert (loop.steps, loop.failures) == (0, 1)


async def test_failures_are_followed_by_growing_delays(context: JobContext) -> None:
    loop = Counting(context, lambda step: None)
    loop.interval, pauses = 5.0, []
    for loop.failures in (0, 1, 2, 3, 100):
        pauses.append(loop.seconds_until_next_step)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 300.0]
    loop.interval = 600.0
    assert loop.seconds_until_next_step == 600.0, "never shorter than without a failure"


async def test_stopping_does_not_wait_for_the_interval(context: JobContext) -> None:
    loop, stop = Counting(context, lambda step: None), asyncio.Event()
    loop.interval = 3600.0
    running = asyncio.create_task(loop.run(stop))
    stop.set()
    async with asyncio.timeout(60):
        await running
    assert (loop.steps, loop.finished) == (0, 1)


def test_batches_cover_everything() -> None:
    assert list(split_batches([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(split_batches([], 2)) == []
