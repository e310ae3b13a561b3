"""Usage limits of an agent's account: recognised in what the agent says, and waited for once for all jobs."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

__all__ = ["LONGEST_PAUSE", "AccountBreaker", "UsageLimitReached", "describe_pause", "parse_usage_limit"]

DEFAULT_PAUSE = 900.0  #: seconds, where the agent does not say when the limit is lifted
LONGEST_PAUSE = 86_400.0  #: seconds
_LIMIT = re.compile(
    r"usage.?limit|rate.?limit|too many requests|quota|\b429\b|insufficient_quota|resource.?exhausted", re.IGNORECASE
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RELATIVE = re.compile(
    r"(?:resets?|retry|try again|available)[\w\s-]{0,20}?\s(?:in|after):?\s*"
    r"((?:\d+(?:\.\d+)?\s*(?:s|m|h|d)[a-z]*[\s,]*(?:and\s*)?)+)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)", re.IGNORECASE)
_RETRY_AFTER = re.compile(r"retry-after\\?\"?[:=]\s*\\?\"?(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"(?:reset\w*\D{0,12}|\|)(1[6-9]\d{8}|[2-9]\d{9})\b", re.IGNORECASE)
_ISO = re.compile(
    r"resets?\D{0,12}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)", re.IGNORECASE
)
#: of Codex: in the local time of this machine, without seconds
_CLOCK = re.compile(r"(?:try again|resets?) at (\d{1,2}):(\d\d) ([AP])M", re.IGNORECASE)


class UsageLimitReached(Exception):
    """The agent's account has reached its usage limit. until: seconds since 1970, when it may go on."""

    def __init__(self, message: str, until: float) -> None:
        super().__init__(message)
        self.until = until


def parse_usage_limit(text: str, now: float) -> float | None:
    """When a usage limit that a text tells of is lifted, in seconds since 1970; None if it tells of none."""
    if not _LIMIT.search(text):
        return None
    until = now + DEFAULT_PAUSE
    if relative := _RELATIVE.search(text):
        until = now + sum(float(number) * _UNITS[unit.lower()] for number, unit in _AMOUNT.findall(relative[1]))
    elif after := _RETRY_AFTER.search(text):
        until = now + float(after[1])
    elif epoch := _EPOCH.search(text):
        until = float(epoch[1])
    elif moment := _ISO.search(text):
        stamp = datetime.fromisoformat(moment[1])
        until = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    elif clock := _CLOCK.search(text):
        until = _find_next_moment(int(clock[1]) % 12 + (12 if clock[3].upper() == "P" else 0), int(clock[2]), now)
    return min(max(until, now + 1), now + LONGEST_PAUSE)


def _find_next_moment(hour: int, minute: int, now: float) -> float:
    """The end of the next minute with this local time."""
    today = datetime.fromtimestamp(now).astimezone()
    moment = today.replace(hour=hour, minute=min(minute, 59), second=0, microsecond=0) + timedelta(minutes=1)
    return (moment if moment > today else moment + timedelta(days=1)).timestamp()


class AccountBreaker:
    """Keeps every job of one account from its usage limit, once one has met it."""

    def __init__(self) -> None:
        self._until = 0.0
        self.share: Callable[[float], Awaitable[None]] | None = (
            None  #: tells the account's other workers, once it is set
        )

    async def report_limit(self, until: float) -> None:
        """The account has reached its limit: use it no more until then, here or elsewhere. until: seconds since 1970."""
        is_known = until <= self._until
        self.open_until(until)
        if self.share is not None and not is_known:
            await self.share(until)

    def open_until(self, until: float) -> None:
        """The account is not to be used before then; in seconds since 1970."""
        self._until = max(self._until, until)

    def check_limit(self) -> None:
        """Raises UsageLimitReached while the account is not to be used."""
        if time.time() < self._until:
            raise UsageLimitReached(
                "Another job, here or of another worker, has reached the usage limit of this account.", self._until
            )


def describe_pause(agent_name: str, limit: UsageLimitReached) -> str:
    """Why a job is paused, and until when."""
    until = datetime.fromtimestamp(limit.until, UTC)
    return f"Usage limit of {agent_name}: paused until {until:%Y-%m-%d %H:%M:%S} UTC."
