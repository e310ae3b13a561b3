"""Retries: which failures are retried, the delays, and when to give up.

Independent of the kind of I/O: it uses the port :class:`IO`, blocking or asynchronous.
"""

from __future__ import annotations

import logging
import math
from typing import Protocol

from . import wire
from .backoff import Backoff
from .errors import AgoraError, DeadlineExceeded, Halted, RateLimited, ServerUnreachable, StorageUnavailable

__all__ = [
    "IO",
    "Backoff",
    "ConnectionLost",
    "TimedOut",
    "build_unreachable_error",
    "exchange_with_retries",
    "is_transient",
    "pause_after_early_poll",
]

logger = logging.getLogger("agora_sdk")

# 502 and 504 of an intermediary as well; 500 is a defect of the server, which a repetition would only meet again.
TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
# Keeps a client from a busy loop while a server that shuts down answers long polls at once.
MIN_LONG_POLL_SECONDS = 0.2  # seconds from one long poll to the next
REFUSAL_FIELDS = frozenset({"http_status", "upstream_code", "upstream_status"})  # definite refusals of the other side


class ConnectionLost(Exception):
    """No connection, or it broke before the answer was complete."""


class TimedOut(Exception):
    """The request timed out."""


class IO(Protocol):
    """I/O port of a call. The blocking kind never suspends, so no event loop is needed to run it."""

    async def exchange(self, request: wire.Request, seconds: float) -> wire.Answer:
        """Send a request and read the answer within a timeout in seconds; raises :class:`ConnectionLost` or
        :class:`TimedOut`."""
        ...

    async def pause(self, seconds: float) -> None: ...

    def now(self) -> float:
        """Return the seconds of a monotonic clock."""
        ...


async def pause_after_early_poll(io: IO, start: float) -> None:
    """Pause after an empty long poll that ended early, for example because the server is shutting down.

    start: start of the long poll, by ``io.now()``.
    """
    if io.now() - start < MIN_LONG_POLL_SECONDS:
        await io.pause(MIN_LONG_POLL_SECONDS)


def is_transient(error: AgoraError) -> bool:
    """Whether a long-lived caller may retry: server errors, limits, and halts."""
    return error.status >= 500 or isinstance(error, RateLimited | Halted)


def _is_final(error: AgoraError) -> bool:
    """Whether a retry is not allowed: the outcome elsewhere is unknown, or the upstream refused.

    If the server's own storage failed, a repetition is safe even if the outcome is unknown: the request has an
    idempotency key, or is idempotent.
    """
    if isinstance(error, StorageUnavailable):
        return False
    return error.extra.get("outcome") == "unknown" or not REFUSAL_FIELDS.isdisjoint(error.extra)


def build_unreachable_error(url: str, reason: object) -> ServerUnreachable:
    """Create the error of an unreachable server, with the fix."""
    return ServerUnreachable(
        f"No Agora server answers at {url} ({reason}).",
        fix="Start one with `make up` or `agora serve`, or set AGORA_URL to where it runs.",
        url=url,
    )


async def exchange_with_retries(
    io: IO, request: wire.Request, *, url: str, seconds: float, backoff: Backoff
) -> wire.Answer:
    """Send a request until it succeeds or fails permanently; returns the successful answer.

    seconds: total time, including retries and pauses. An outage of the server's storage may last as long as a restart
    of the database: it is retried until the time is up, regardless of the number of retries, unless that is 0.
    """
    deadline = io.now() + seconds
    attempt = 0
    while True:
        retry_after_seconds = None
        try:
            # Never 0, which httpx takes as a timeout that has already passed.
            answer = await io.exchange(request, max(deadline - io.now(), 0.001))
            if answer.status < 300:
                return answer
            error: AgoraError = wire.parse_error(answer, url)
            # 502 to 504 may come from an intermediary, without our problem document.
            if answer.status not in TRANSIENT_STATUSES or _is_final(error):
                raise error
            retry_after_seconds = wire.parse_retry_after_or_none(answer)
        except ConnectionLost as lost:
            error = build_unreachable_error(url, lost)
        except TimedOut:  # no retry: the time of the call is used up
            raise DeadlineExceeded(f"{url}{_strip_query(request)} did not answer within {seconds:g} seconds.") from None
        # The server's Retry-After is a minimum: it knows when its limit or its lock ends.
        pause = max(backoff.pause(attempt), retry_after_seconds or 0.0)
        retries = math.inf if backoff.retries and isinstance(error, StorageUnavailable) else backoff.retries
        # A pause beyond the deadline would only delay the same error.
        if attempt >= retries or io.now() + pause >= deadline:
            raise error
        attempt += 1
        logger.info(
            "%s %s: %s; try %d in %.1f s", request.method, _strip_query(request), error.code, attempt + 1, pause
        )
        await io.pause(pause)


def _strip_query(request: wire.Request) -> str:
    """Return the path without its query, which may contain private data."""
    return request.target.split("?", 1)[0]
