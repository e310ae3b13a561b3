"""Usage limits of an agent's account: detected in the agent's output, and shared by all jobs of the account."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

__all__ = ["MAX_PAUSE_SECONDS", "AccountBreaker", "UsageLimitReached", "describe_pause", "find_usage_limit_end"]

DEFAULT_PAUSE_SECONDS = 900.0  #: seconds, if the agent does not report the end of the limit
MAX_PAUSE_SECONDS = 86_400.0  #: seconds
_LIMIT_TEXT = re.compile(
    r"usage.?limit|rate.?limit|too many requests|quota|\b429\b|insufficient_quota|resource.?exhausted", re.IGNORECASE
)
_SECONDS_BY_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RELATIVE_RESET = re.compile(
    r"(?:resets?|retry|try again|available)[\w\s-]{0,20}?\s(?:in|after):?\s*"
    r"((?:\d+(?:\.\d+)?\s*(?:s|m|h|d)[a-z]*[\s,]*(?:and\s*)?)+)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)", re.IGNORECASE)
_RETRY_AFTER = re.compile(r"retry-after\\?\"?[:=]\s*\\?\"?(\d+)", re.IGNORECASE)
_EPOCH_RESET = re.compile(r"(?:reset\w*\D{0,12}|\|)(1[6-9]\d{8}|[2-9]\d{9})\b", re.IGNORECASE)
_ISO_RESET = re.compile(
    r"resets?\D{0,12}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)", re.IGNORECASE
)
#: Codex: local time of this machine, without seconds
_CLOCK_RESET = re.compile(r"(?:try again|resets?) at (\d{1,2}):(\d\d) ([AP])M", re.IGNORECASE)


class UsageLimitReached(Exception):
    """The agent's account has reached its usage limit. until: end of the limit, in seconds since 1970."""

    def __init__(self, message: str, until: float) -> None:
        super().__init__(message)
        self.until = until


def find_usage_limit_end(text: str, now: float) -> float | None:
    """Parse the end of a usage limit from a text, in seconds since 1970; None if it reports none."""
    if not _LIMIT_TEXT.search(text):
        return None
    until = now + DEFAULT_PAUSE_SECONDS
    # Durations before times of day: they need neither this machine's clock nor its time zone.
    if relative := _RELATIVE_RESET.search(text):
        until = now + sum(
            float(number) * _SECONDS_BY_UNIT[unit.lower()] for number, unit in _AMOUNT.findall(relative[1])
        )
    elif after := _RETRY_AFTER.search(text):
        until = now + float(after[1])
    elif epoch := _EPOCH_RESET.search(text):
        until = float(epoch[1])
    elif moment := _ISO_RESET.search(text):
        # An agent's log may quote anything, such as a month 13: an exception would end the reading of the log.
        with contextlib.suppress(ValueError):
            stamp = datetime.fromisoformat(moment[1])
            until = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    elif clock := _CLOCK_RESET.search(text):
        until = _find_next_moment(int(clock[1]) % 12 + (12 if clock[3].upper() == "P" else 0), int(clock[2]), now)
    # A misread date must neither block an account for years nor make its jobs spin.
    return min(max(until, now + 1), now + MAX_PAUSE_SECONDS)


def _find_next_moment(hour: int, minute: int, now: float) -> float:
    """Return the end of the next minute with this local time, in seconds since 1970."""
    today = datetime.fromtimestamp(now).astimezone()
    moment = today.replace(hour=hour, minute=min(minute, 59), second=0, microsecond=0) + timedelta(minutes=1)
    return (moment if moment > today else moment + timedelta(days=1)).timestamp()


class AccountBreaker:
    """Circuit breaker of one account: blocks all its jobs after one has reached the usage limit."""

    def __init__(self) -> None:
        self._until = 0.0
        self.share: Callable[[float], Awaitable[None]] | None = None  #: notifies the account's other workers, if set

    async def block_and_report_until(self, until: float) -> None:
        """Block the account until then, here and on other workers. until: seconds since 1970."""
        is_known = until <= self._until
        self.block_until(until)
        # Once only: every job that the limit stops reports it here.
        if self.share is not None and not is_known:
            await self.share(until)

    def block_until(self, until: float) -> None:
        """Block the account until then, on this worker only. until: seconds since 1970."""
        # Never shortened: reports of several jobs arrive in any order.
        self._until = max(self._until, until)

    def raise_if_blocked(self) -> None:
        """Raise UsageLimitReached while the account is blocked."""
        if time.time() < self._until:
            raise UsageLimitReached(
                "Another job, here or of another worker, has reached the usage limit of this account.", self._until
            )


def describe_pause(agent_name: str, limit: UsageLimitReached) -> str:
    """Describe why a job is paused, and until when."""
    until = datetime.fromtimestamp(limit.until, UTC)
    return f"Usage limit of {agent_name}: paused until {until:%Y-%m-%d %H:%M:%S} UTC."
