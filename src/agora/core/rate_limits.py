"""Rate limits: token buckets, paid for by the call and by the processor time that calls use.

A caller has a bucket of its own, refilled by its service tier. Agents that an agent or a stranger registered share a
bucket of their registrar besides, those of one enrolment token one of the token, which its registrations draw from too,
and the callers of an account one of the account: more identities give no more room.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from agora_sdk.errors import RateLimited

from .call import Caller

__all__ = ["RateLimiter"]

BURST_SECONDS = 2.0
FORGET_ABOVE = 50_000
COMMON_ACCOUNT = "default"  # of all callers without an account, so it has no common rate

Key = tuple[str, str]


class RateLimiter:
    """``rate(tier)`` answers calls a second; a burst of two seconds' worth is allowed.

    Tiers are those of callers, and ``anonymous``, ``registrar``, ``enrolment`` and ``account``.
    clock: seconds that never go back; tests stop it, so that nothing is refilled.
    call_seconds: processor time that the price of one call includes; what a call uses beyond counts as further calls.
    """

    def __init__(
        self,
        rate: Callable[[str], float],
        clock: Callable[[], float] = time.monotonic,
        call_seconds: float = float("inf"),
    ) -> None:
        self._rate, self.clock, self._call_seconds = rate, clock, call_seconds
        self._buckets: dict[Key, tuple[float, float]] = {}
        self._remote_calls: dict[Key, tuple[float, float]] = {}  # calls of those never seen here, and since when
        #: what was taken since it was last told to other servers; None while there are none
        self.spent: Counter[Key] | None = None
        #: called when ``spent`` gets its first entry
        self.on_spent: Callable[[], None] = lambda: None

    def count_call(self, caller: Caller) -> None:
        """Count one call; RateLimited with ``retry_after`` seconds when a bucket is empty."""
        now = self.clock()
        levels = []
        # All buckets are checked before one is charged, without an await: a refused call costs none of them.
        for key, tier, rate in self._list_bucket_limits(caller):
            level, since = self._buckets.get(key) or self._create_bucket(key, rate, now)
            level = min(rate * BURST_SECONDS, level + (now - since) * rate)
            if level < 1:
                raise self._build_rate_limited_error(tier, rate, level)
            levels.append((key, level))
        # Bounded memory: forgetting gives each caller one more burst, and forgives what it owed.
        if len(self._buckets) > FORGET_ABOVE:
            self._buckets.clear()
        for key, level in levels:
            self._count_spent(key, 1)  # never what was refused: that would empty the buckets of others for hours
            self._buckets[key] = (level - 1, now)

    def charge_cpu_time(self, caller: Caller, seconds: float) -> None:
        """Count processor time that a call has used. What its price includes costs nothing; a bucket may be in debt."""
        calls = seconds / self._call_seconds - 1
        if calls <= 0:
            return
        calls = round(calls, 2)
        for key, _, rate in self._list_bucket_limits(caller):
            level, since = self._buckets.get(key) or self._create_bucket(key, rate, self.clock())
            # ``since`` stays: the refill since then is added by the next call, and must be counted once.
            self._buckets[key] = (level - calls, since)
            self._count_spent(key, calls)

    def _count_spent(self, key: Key, calls: float) -> None:
        if self.spent is not None:
            if not self.spent:
                self.on_spent()
            self.spent[key] += calls  # type: ignore[assignment]

    def add_remote_calls(self, tenant: str, subject: str, count: float) -> None:
        """Another server let so many calls of a caller pass."""
        key = (tenant, subject)
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (level - count, since)
            return
        if len(self._remote_calls) > FORGET_ABOVE:
            self._remote_calls.clear()
        before, since = self._remote_calls.get(key, (0, self.clock()))
        # Kept apart from the buckets: at which rate they refill is known only once the caller comes here.
        self._remote_calls[key] = (before + count, since)

    def _list_bucket_limits(self, caller: Caller) -> Sequence[tuple[Key, str, float]]:
        """Each rate-limit bucket of a caller: its key, its name in errors, and its calls per second."""
        if caller.kind in ("operator", "system"):
            return ()
        tenant = caller.tenant
        if caller.subject == "anonymous":
            return [((tenant, caller.registrar or "anonymous"), "anonymous", self._rate("anonymous"))]
        rate = self._rate(caller.tier)
        limits = [((tenant, caller.subject), caller.tier, rate)]
        if caller.registrar is not None:
            limits.append(((tenant, f"registrar:{caller.registrar}"), "registrar", max(rate, self._rate("registrar"))))
        if caller.enrolment is not None:
            limits.append(((tenant, f"enrolment:{caller.enrolment}"), "enrolment", max(rate, self._rate("enrolment"))))
        if caller.account != COMMON_ACCOUNT:
            limits.append(((tenant, f"account:{caller.account}"), "account", max(rate, self._rate("account"))))
        return limits

    def _create_bucket(self, key: Key, rate: float, now: float) -> tuple[float, float]:
        """A full bucket, less what other servers have let pass lately."""
        count, since = self._remote_calls.pop(key, (0, now))
        return rate * BURST_SECONDS - count, since

    def _build_rate_limited_error(self, tier: str, rate: float, level: float) -> RateLimited:
        wait = max(1, round((1 - level) / rate + 0.5))
        whose = {
            "registrar": " of all agents that your registrar has registered",
            "enrolment": " of all agents of your enrolment token",
            "account": " of all callers of your account",
        }.get(tier, "")
        heavy = self._call_seconds * 1000
        priced = f", where a call counts once for each {heavy:g} ms of processor time" if heavy < 1e6 else ""
        return RateLimited(
            f"More than {rate:g} calls a second{whose}{priced} (setting rate_{tier}).",
            fix=f"Wait {wait} s, ask for less at once, or ask an operator for a higher service tier.",
            retry_after=wait,
        )
