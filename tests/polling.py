"""Polling with a deadline, for tests that have no event to wait for, for example with another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["TIMEOUT", "eventually", "passing", "poll_until", "run_loop_turns", "wait_until"]

T = TypeVar("T")
TIMEOUT = 90.0  # seconds after which an unmet condition is a failure
PAUSE = 0.01  # seconds between two checks


def poll_until(condition: Callable[[], T], what: str | Callable[[], str], timeout: float = TIMEOUT) -> T:
    """Wait for a condition and return its first truthy value.

    what: the condition in words, or what computes them for the failure. Raises AssertionError after ``timeout`` seconds.
    """
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() >= end:
            raise AssertionError(
                f"not within {timeout:g} s: {what if isinstance(what, str) else what()}; last: {value!r}"
            )
        time.sleep(PAUSE)
    return value


async def eventually(ask: Callable[[], Awaitable[T]], is_right: Callable[[T], object], timeout: float = TIMEOUT) -> T:
    """Repeat a request until its answer is right. Raises AssertionError with the last answer after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not is_right(answer := await ask()):
        assert time.monotonic() < end, f"not within {timeout:g} s; last: {answer!r}"
        await passing(PAUSE)
    return answer


async def wait_until(condition: Callable[[], T], what: str = "condition", timeout: float = TIMEOUT) -> T:
    """Like :func:`poll_until`, without blocking the event loop."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {timeout:g} s: {what}; last: {value!r}"
        await passing(PAUSE)
    return value


async def passing(seconds: float) -> None:
    """Let time pass, for example while something must not happen. Also works where tests replace ``asyncio.sleep``."""
    moment = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, moment.set_result, None)
    await moment


async def run_loop_turns(count: int) -> None:
    """Run that number of event loop iterations, to interleave coroutines differently or to settle work without
    sockets."""
    for _ in range(count):
        await asyncio.sleep(0)
