"""A circuit breaker for calls, and its parameters and those of connections."""

from __future__ import annotations

import time

from agora.net.backoff import Backoff
from agora.value_classes import value_class

__all__ = ["CircuitBreaker", "ConnectionParameters"]


@value_class
class ConnectionParameters:
    """Parameters in seconds and counts. first, longest: pauses between attempts.

    failures: consecutive failures that open the breaker. max_retry_wait: a call waits for the next attempt if it is so
    soon.
    connect: for a connection with its handshake. keepalive: between pings. relist: between listings.
    """

    first: float = 0.5
    longest: float = 60.0
    failures: int = 5
    max_retry_wait: float = 1.0
    connect: float = 30.0
    keepalive: float = 30.0
    relist: float = 600.0


class CircuitBreaker:
    """Opens after a number of consecutive failures; after a pause, another failure opens it again for longer."""

    def __init__(self, tuning: ConnectionParameters) -> None:
        self._limit, self._backoff = tuning.failures, Backoff(tuning.first, tuning.longest)
        self._failures, self._until = 0, 0.0
        self.reason = ""

    def seconds_open(self) -> float:
        """Return the seconds until calls are allowed again; 0 if they are allowed."""
        return max(0.0, self._until - time.monotonic())

    def record_failure(self, reason: str) -> None:
        """Record a failed call."""
        self._failures += 1
        if self._failures >= self._limit:
            # The count is kept: after the pause, a single failure opens the breaker again.
            self._until = time.monotonic() + self._backoff.next_delay()
            self.reason = f"{self._failures} consecutive calls failed, the last one with: {reason.rstrip('.')}"

    def record_success(self) -> None:
        self._failures, self._until = 0, 0.0
        self._backoff.reset_failures()
