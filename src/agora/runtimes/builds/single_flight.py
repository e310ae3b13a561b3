"""One shared run for concurrent requests of the same thing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from agora.runtimes.port import Progress

__all__ = ["SingleFlight"]

T = TypeVar("T")

MAX_REPLAYED_LINES = 1_000  #: lines of a run's output that are kept for callers that join it later


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.listeners: list[Progress] = []
        self.lines: deque[str] = deque(maxlen=MAX_REPLAYED_LINES)
        self.task: asyncio.Task[T] | None = None
        self.waiter_count = 0

    def notify_listeners(self, line: str) -> None:
        self.lines.append(line)
        for listener in list(self.listeners):
            listener(line)


class SingleFlight(Generic[T]):
    """Runs by key. A run continues while it has waiters, and is cancelled when the last one leaves."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    async def run_or_join(self, key: str, progress: Progress, run: Callable[[Progress], Awaitable[T]]) -> T:
        """Wait for the run of a key; start it if there is none. Each caller receives the output from its beginning, or
        the last MAX_REPLAYED_LINES lines before it joined and all that follow."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight()
            flight.task = asyncio.ensure_future(self._run_flight(key, flight, run))
        assert flight.task is not None
        # Who joins a running build reads why it takes so long: the line that tells it may be the first one.
        for line in flight.lines:
            progress(line)
        flight.listeners.append(progress)
        flight.waiter_count += 1
        try:
            # A cancelled caller must not cancel the run of the others.
            return await asyncio.shield(flight.task)
        finally:
            flight.listeners.remove(progress)
            flight.waiter_count -= 1
            if not flight.waiter_count and not flight.task.done():
                # Removed first: a new request must not join a run that is being cancelled.
                self._remove_flight(key, flight)
                flight.task.cancel()
                await asyncio.wait([flight.task])
                if not flight.task.cancelled():
                    flight.task.exception()  # retrieved, so that asyncio does not log it: no caller is waiting

    async def _run_flight(self, key: str, flight: _Flight[T], run: Callable[[Progress], Awaitable[T]]) -> T:
        try:
            return await run(flight.notify_listeners)
        finally:
            self._remove_flight(key, flight)

    def _remove_flight(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
