"""Restart policy of ended programs: soon at first, then with increasing delays."""

from __future__ import annotations

from agora.clock import SECOND
from agora.net.backoff import compute_exponential_delay
from agora.value_classes import value_class

__all__ = ["RestartPolicy"]


@value_class
class RestartPolicy:
    """A policy; times are microseconds.

    first_delay, max_delay: first and maximum delay. settled_after: running time after which earlier failures no longer count.
    crash_loop_failures:
    consecutive failures that count as a crash loop.
    """

    first_delay: int = SECOND
    max_delay: int = 300_000_000
    settled_after: int = 600_000_000
    crash_loop_failures: int = 5

    def compute_restart_delay(self, failures: int) -> int:
        """Compute the time from the end of the last run to the next start."""
        return int(compute_exponential_delay(failures, self.first_delay, self.max_delay))

    def is_crash_loop(self, failures: int) -> bool:
        return failures >= self.crash_loop_failures
