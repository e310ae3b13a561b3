"""Waiting for what happens in another process, which tells nobody: ask again until a condition holds, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["eventually", "passing", "poll_until", "wait_until"]

T = TypeVar("T")
TIMEOUT = 90.0  # seconds until a condition that does not hold is a failure
PAUSE = 0.01  # seconds between two questions


def poll_until(condition: Callable[[], T], what: str | Callable[[], str], timeout: float = TIMEOUT) -> T:
    """The first truthy value of a condition.

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


async def eventually(ask: Callable[[], Awaitable[T]], is_right: Callable[[T], bool], timeout: float = TIMEOUT) -> T:
    """The first right answer. Raises AssertionError after ``timeout`` seconds, with the last answer."""
    end = time.monotonic() + timeout
    while not is_right(answer := await ask()):
        assert time.monotonic() < end, f"not within {timeout:g} s; last: {answer!r}"
        await passing(PAUSE)
    return answer


async def wait_until(condition: Callable[[], T], what: str, timeout: float = TIMEOUT) -> T:
    """As :func:`poll_until`, while the loop of the test goes on."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {timeout:g} s: {what}; last: {value!r}"
        await passing(PAUSE)
    return value


async def passing(seconds: float) -> None:
    """Time in which something must not happen. Also where tests replace ``asyncio.sleep``."""
    moment = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, moment.set_result, None)
    await moment
