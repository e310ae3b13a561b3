"""Exponential backoff: delays after consecutive failures."""

from __future__ import annotations

import random

__all__ = ["Backoff", "compute_exponential_delay", "compute_jittered_delay"]


def compute_exponential_delay(failures: int, first: float, longest: float) -> float:
    """Compute the delay: ``first`` after one failure, doubled after each further one, at most ``longest``; in the unit
    of both."""
    # The exponent is bounded, because a float overflows after 1,024 doublings.
    return min(first * 2.0 ** min(max(failures - 1, 0), 62), longest)


def compute_jittered_delay(failures: int, first: float, longest: float) -> float:
    """Compute the delay, randomised between half and all of it, so that clients do not retry together."""
    return compute_exponential_delay(failures, first, longest) * random.uniform(0.5, 1.0)  # noqa: S311


class Backoff:
    """The delays of one repeated attempt. first, longest: seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest, self.failures = first, longest, 0

    def next_delay(self) -> float:
        """Return the seconds until the next attempt after another failure."""
        self.failures += 1
        return compute_jittered_delay(self.failures, self._first, self._longest)

    def reset_failures(self) -> None:
        self.failures = 0
