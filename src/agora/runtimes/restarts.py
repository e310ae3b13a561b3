"""When to restart an ended program: soon at first, then with increasing delays."""

from __future__ import annotations

from dataclasses import dataclass

from agora.clock import SECOND
from agora.net.backoff import compute_exponential_delay

__all__ = ["RestartPolicy"]


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """A policy; times are microseconds.

    first, longest: wait before the first restart, and before any. settled: running for that long, it counts as well
    again, and what was before is forgotten. loop: failures in a row that are a crash loop, to be shown to people.
    """

    first: int = SECOND
    longest: int = 300_000_000
    settled: int = 600_000_000
    loop: int = 5

    def restart_delay(self, failures: int) -> int:
        """Time from the end of the last run to the next start."""
        return int(compute_exponential_delay(failures, self.first, self.longest))

    def is_crash_loop(self, failures: int) -> bool:
        return failures >= self.loop
