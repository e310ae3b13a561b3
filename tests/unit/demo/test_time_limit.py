"""The demo waits a limited time for each observation, and only once for a server that hangs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.demo import director
from agora.demo.scenarios import Expectation

STEP = director.STEP_SECONDS


class Clock:
    """The clock of the running loop, which a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self.moved, time = 0.0, self.loop.time
        monkeypatch.setattr(self.loop, "time", lambda: time() + self.moved)

    async def move(self, seconds: float) -> None:
        """Move the clock, and let the timers that are due run."""
        self.moved += seconds
        for _ in range(5):
            await asyncio.sleep(0)


class Reporter:
    def print_finding(self, finding: Any) -> None:
        """Print nothing: the test reads the returned findings."""


async def observe(observers: list[Any]) -> list[bool]:
    expectations = [Expectation(str(number), each) for number, each in enumerate(observers)]
    findings = await director.observe_expectations(expectations, None, Reporter())  # type: ignore[arg-type]
    return [finding.fulfilled for finding in findings]


async def test_a_slow_machine_has_the_limit_for_each_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    async def observe_slowly(_: Any) -> str:
        await clock.move(STEP * 0.75)
        return "seen"

    assert await observe([observe_slowly] * 3) == [True, True, True]


async def test_a_server_that_hangs_costs_the_limit_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    async def hang(_: Any) -> str:
        if not clock.moved:
            await clock.move(STEP * 1.25)
        await asyncio.Event().wait()
        return "never"

    assert await observe([hang] * 3) == [False, False, False]
    assert clock.moved == STEP * 1.25
