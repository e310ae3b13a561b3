"""Rate limits: token buckets charged per call and for the CPU time of calls.

Each caller has a bucket, refilled by its service tier. In addition, agents registered by an agent or by an anonymous
caller share a bucket of their registrar; agents of an enrolment token share a bucket of the token, which is also
charged for its registrations; callers of an account share a bucket of the account. So additional identities do not
raise the rate.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from agora_sdk.errors import RateLimited

from .call import Caller

__all__ = ["RateLimiter"]

BURST_SECONDS = 2.0
MAX_REMEMBERED_BUCKETS = 50_000
COMMON_ACCOUNT = "default"  # shared by all callers without an account, so it has no common rate limit

Key = tuple[str, str]


class RateLimiter:
    """``rate(tier)`` returns calls per second. Bursts of two seconds are allowed.

    Tiers are those of callers, and ``anonymous``, ``registrar``, ``enrolment`` and ``account``.
    clock: monotonic seconds; tests stop it to prevent refills. call_seconds: CPU time included in the price of one
    call; additional time counts as further calls.
    """

    def __init__(
        self,
        rate: Callable[[str], float],
        clock: Callable[[], float] = time.monotonic,
        call_seconds: float = float("inf"),
    ) -> None:
        self._rate, self.clock, self._call_seconds = rate, clock, call_seconds
        self._buckets: dict[Key, tuple[float, float]] = {}
        #: calls admitted by other servers of callers that have not called this one, and since when
        self.remote_calls: dict[Key, tuple[float, float]] = {}
        #: calls charged since the last message to other servers; None without other servers
        self.unannounced_calls: Counter[Key] | None = None
        #: called when ``unannounced_calls`` gets its first entry
        self.on_first_unannounced: Callable[[], None] = lambda: None

    def charge_call(self, caller: Caller) -> None:
        """Charge one call. Raises RateLimited with ``retry_after`` seconds if a bucket is empty."""
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
        if len(self._buckets) > MAX_REMEMBERED_BUCKETS:
            self._buckets.clear()
        for key, level in levels:  # refused calls are not charged: they would empty shared buckets for hours
            self._buckets[key] = (level - 1, now)
            self._count_unannounced_calls(key, 1)

    def charge_follow_up(self, caller: Caller) -> None:
        """Charge one call that follows an admitted one, without refusing it. A bucket may become negative."""
        self._charge_calls(caller, 1)

    def charge_cpu_time(self, caller: Caller, seconds: float) -> None:
        """Charge a call's CPU time beyond the amount included per call. A bucket may become negative."""
        calls = seconds / self._call_seconds - 1
        if calls > 0:
            self._charge_calls(caller, round(calls, 2))

    def _charge_calls(self, caller: Caller, calls: float) -> None:
        for key, _, rate in self._list_bucket_limits(caller):
            level, since = self._buckets.get(key) or self._create_bucket(key, rate, self.clock())
            # ``since`` stays: the refill since then is added by the next call, and must be counted once.
            self._buckets[key] = (level - calls, since)
            self._count_unannounced_calls(key, calls)

    def _count_unannounced_calls(self, key: Key, calls: float) -> None:
        if self.unannounced_calls is not None:
            # Only the first entry arms the timer of the next message.
            if not self.unannounced_calls:
                self.on_first_unannounced()
            self.unannounced_calls[key] += calls  # type: ignore[assignment]

    def add_remote_calls(self, tenant: str, subject: str, count: float) -> None:
        """Charge a caller's calls that another server admitted."""
        key = (tenant, subject)
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (level - count, since)
            return
        # Callers that never come here would otherwise stay for ever.
        if len(self.remote_calls) > MAX_REMEMBERED_BUCKETS:
            self.remote_calls.clear()
        before, since = self.remote_calls.get(key, (0, self.clock()))
        # Kept apart from the buckets, because the refill rate is unknown until the caller calls this server.
        self.remote_calls[key] = (before + count, since)

    def _list_bucket_limits(self, caller: Caller) -> Sequence[tuple[Key, str, float]]:
        """Each rate-limit bucket of a caller: its key, its name in errors, and its calls per second."""
        # Operators must be able to lift a halt or raise a limit while everybody else is refused.
        if caller.kind in ("operator", "system"):
            return ()
        tenant = caller.tenant
        if caller.subject == "anonymous":
            # By address (``registrar``): one anonymous flood must not use up the calls of all newcomers.
            return [((tenant, caller.registrar or "anonymous"), "anonymous", self._rate("anonymous"))]
        rate = self._rate(caller.tier)
        limits = [((tenant, caller.subject), caller.tier, rate)]
        if caller.registrar is not None:
            # At least the caller's own rate: a premium agent must not be held to a lower common limit.
            limits.append(((tenant, f"registrar:{caller.registrar}"), "registrar", max(rate, self._rate("registrar"))))
        if caller.enrolment is not None:
            limits.append(((tenant, f"enrolment:{caller.enrolment}"), "enrolment", max(rate, self._rate("enrolment"))))
        if caller.account != COMMON_ACCOUNT:
            limits.append(((tenant, f"account:{caller.account}"), "account", max(rate, self._rate("account"))))
        return limits

    def _create_bucket(self, key: Key, rate: float, now: float) -> tuple[float, float]:
        """Create a full bucket, less the calls recently admitted by other servers."""
        count, since = self.remote_calls.pop(key, (0, now))
        return rate * BURST_SECONDS - count, since

    def _build_rate_limited_error(self, tier: str, rate: float, level: float) -> RateLimited:
        # Rounded up to whole seconds, as the Retry-After header takes them (RFC 9110 section 10.2.3).
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
