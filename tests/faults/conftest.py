"""Fault tests fail with a stack trace if an event loop is blocked: their own, or that of a server that they started."""

from __future__ import annotations

import asyncio
import inspect
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType

import pytest

from tests.faults.loop_watch import LoopStalled, LoopWatch


@pytest.fixture(autouse=True)
async def loop_watchdog(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LoopWatch | None]:
    if not inspect.iscoroutinefunction(request.function):  # no running loop
        yield None
        return
    watch = LoopWatch(asyncio.get_running_loop(), tmp_path)

    def fail(number: int, frame: FrameType | None) -> None:
        raise LoopStalled(watch.reason)

    before = signal.signal(signal.SIGUSR2, fail)
    watch.start()
    yield watch
    watch.stopped.set()
    watch.join()
    signal.signal(signal.SIGUSR2, before)
