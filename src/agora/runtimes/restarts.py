"""Restart policy of ended programs: soon at first, then with increasing delays."""

from __future__ import annotations

from agora.clock import SECOND
from agora.net.backoff import compute_exponential_delay
from agora.value_classes import value_class

__all__ = ["RestartPolicy"]


@value_class
class RestartPolicy:
    """A policy; times are microseconds.

    first, longest: first and maximum delay. settled: running time after which earlier failures no longer count. loop:
    consecutive failures that count as a crash loop.
    """

    first: int = SECOND
    longest: int = 300_000_000
    settled: int = 600_000_000
    loop: int = 5

    def restart_delay(self, failures: int) -> int:
        """Compute the time from the end of the last run to the next start."""
        return int(compute_exponential_delay(failures, self.first, self.longest))

    def is_crash_loop(self, failures: int) -> bool:
        return failures >= self.loop
