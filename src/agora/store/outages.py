"""Outages: one log line when the database begins to fail calls, by cause, and one with their number when it recovers.

A busy server has thousands of failed calls in a few seconds, so :class:`StoreUnavailable` is not logged per call. The
engine counts them here, and :mod:`agora.server.logging` drops their tracebacks.
"""

from __future__ import annotations

import logging
import time
from collections import Counter

from .port import StoreUnavailable

__all__ = ["Outages"]

log = logging.getLogger(__name__)


class Outages:
    """The current outage of the database, if any: failed calls by cause."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._outage_began = self._last_failure = 0.0

    def record_failure(self, error: StoreUnavailable) -> None:
        """Count a call that failed."""
        self._last_failure = time.monotonic()
        cause: str = error.extra["cause"]
        if not self._calls:
            self._outage_began = self._last_failure
        # Once for each cause: an outage may begin as a timeout, and turn out to be a full disk.
        if cause not in self._calls:
            log.error("storage unavailable (%s): %s %s", cause, error.detail, error.reason)
        self._calls[cause] += 1

    def end_outage_if_recovered(self, began_at: float) -> None:
        """End the outage if a call that began at ``began_at`` (monotonic seconds), after the last failure, was stored."""
        # A probe that began before the last failure says nothing about the time after it.
        if self._calls and began_at > self._last_failure:
            causes = ", ".join(f"{cause} {count}" for cause, count in self._calls.items())
            log.warning(
                "storage available again after %.1f s; calls that failed: %s", began_at - self._outage_began, causes
            )
            self._calls.clear()
