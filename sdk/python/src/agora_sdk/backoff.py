"""Backoff: the pauses between attempts.

Apart from :mod:`agora_sdk.retry`, so that a program which only needs pauses (``agora mcp``) does not load the contract.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Backoff"]


def _draw_random_fraction() -> float:
    return random.random()  # noqa: S311  (jitter, not security-relevant)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing pauses with jitter, so that clients that failed together do not return together.

    retries: number of attempts after the first. first, most: seconds.
    """

    retries: int = 3
    first: float = 0.1
    most: float = 10.0
    random: Callable[[], float] = _draw_random_fraction

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, the first being 0: between half and the whole of the step."""
        # The exponent is bounded because a float overflows at attempt 1024, which a long outage reaches.
        step = min(self.most, self.first * 2.0 ** min(attempt, 30))
        # At least half of the step, so that jitter never turns a pause into an immediate retry.
        return step * (0.5 + self.random() / 2)

    def count_failure(self, failures: int, seconds: float) -> int:
        """Return the number of failures in a row, after one more that ended a run of some seconds.

        A run as long as the longest pause has not failed at its start: the count begins anew.
        """
        return 1 if seconds >= self.most else failures + 1
