"""Concurrent builds of the same thing share one run, and all of their callers receive its output."""

from __future__ import annotations

import asyncio

from agora.runtimes.builds.single_flight import MAX_REPLAYED_LINES, SingleFlight
from agora.runtimes.port import Progress


class HeldRun:
    """A run that tells some lines, waits until it is released, and tells the last line."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.started = asyncio.Event()
        self.released = asyncio.Event()

    async def tell_lines(self, progress: Progress) -> str:
        for line in self.lines:
            progress(line)
        self.started.set()
        await self.released.wait()
        progress("last")
        return "built"


async def _join_late(run: HeldRun) -> tuple[list[str], list[str]]:
    """The lines that two callers were told, of whom the second joined a run that had told all but its last line."""
    flights: SingleFlight[str] = SingleFlight()
    told: tuple[list[str], list[str]] = ([], [])
    first = asyncio.ensure_future(flights.run_or_join("key", told[0].append, run.tell_lines))
    await run.started.wait()
    second = asyncio.ensure_future(flights.run_or_join("key", told[1].append, run.tell_lines))
    await asyncio.sleep(0)  # the second caller joins
    run.released.set()
    assert await asyncio.gather(first, second) == ["built", "built"]
    return told


async def test_who_joins_late_is_told_the_earlier_lines() -> None:
    first, second = await _join_late(HeldRun(["one", "two"]))
    assert first == second == ["one", "two", "last"]


async def test_a_long_output_is_replayed_from_its_end() -> None:
    lines = [str(number) for number in range(MAX_REPLAYED_LINES + 5)]
    first, second = await _join_late(HeldRun(lines))
    assert first == [*lines, "last"]
    assert second == [*lines[5:], "last"]
