"""Counters and histograms, updated in line: each update costs a look-up and a few additions.

Only the event loop writes and reads them, so no lock is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any, Final

__all__ = ["BUCKET_BOUNDS", "CallSeries", "Histogram", "Measures", "ModelSeries"]

OWN_PREFIX: Final = "agora."
OTHER_LABEL: Final = "other"

MAX_MODEL_SERIES: Final = (
    200  #: maximum pairs of agent and model with their own series; further ones are counted as OTHER_LABEL
)
TOKEN_KINDS: Final = ("input", "output", "cache_read", "cache_write", "reasoning")

#: upper bounds of duration buckets, in seconds
BUCKET_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Histogram:
    """Durations in seconds: counts per bucket (not cumulative), and their total."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKET_BOUNDS) + 1)
        self.total = 0.0

    def observe_duration(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKET_BOUNDS, seconds)] += 1
        self.total += seconds


class CallSeries(Histogram):
    """Calls of one operation over one protocol: durations, and failures by error code."""

    __slots__ = ("failures",)

    def __init__(self) -> None:
        super().__init__()
        self.failures: Counter[str] = Counter()


class ModelSeries:
    """Calls of one model by one agent: tokens by kind, cost by currency, and the time to the first token.

    Cache tokens are included in the input tokens, reasoning tokens in the output tokens.
    """

    __slots__ = ("calls", "cost", "first_token", "tokens")

    def __init__(self) -> None:
        self.calls: Counter[bool] = Counter()  # by whether the tokens are an estimate
        self.tokens: Counter[str] = Counter()
        self.cost: dict[str, Decimal] = {}
        self.first_token = Histogram()


class Measures:
    """Counters of this process since its start.

    calls: by protocol and operation. responses: HTTP responses by protocol and status. events: committed here, by type.
    lease_expiries: tasks with an expired lease. commits: durations of commits; committed_calls: calls in them.
    last_scraped_at: time of the last read, by the monotonic clock. row_counts: number of stored rows by kind and state at the
    last count. models: calls of language models charged by this server, by agent id and model.
    """

    def __init__(self) -> None:
        self.calls: dict[tuple[str, Hashable], CallSeries] = {}
        self.responses: Counter[tuple[str, int]] = Counter()
        self.events: Counter[str] = Counter()
        self.lease_expiries = 0
        self.commits = Histogram()
        self.committed_calls = 0
        self.last_scraped_at: float | None = None
        self.row_counts: Counter[tuple[str, str]] = Counter()
        self.models: dict[tuple[str, str], ModelSeries] = {}

    def record_call(self, protocol: str, operation: Hashable, seconds: float, failure: str | None) -> None:
        """Count one call. operation: a declared one, or a name. failure: the error's code, if any."""
        key = (protocol, operation)
        try:
            series = self.calls[key]
        except KeyError:
            series = self.calls[key] = CallSeries()
        series.counts[bisect_left(BUCKET_BOUNDS, seconds)] += 1
        series.total += seconds
        if failure is not None:
            series.failures[failure] += 1

    def count_event(self, kind: str) -> None:
        """Count a committed event. Types defined by users are counted as one."""
        self.events[kind if kind.startswith(OWN_PREFIX) else OTHER_LABEL] += 1

    def record_commit(self, seconds: float, calls: int) -> None:
        """Record a committed transaction and the number of calls in it."""
        self.commits.observe_duration(seconds)
        self.committed_calls += calls

    def record_model_call(self, charge: Mapping[str, Any]) -> None:
        """Record a charged call of a language model. charge: data of the event ``agora.billing.model_called``."""
        key = (str(charge.get("agent_id") or OTHER_LABEL), f"{charge['provider']}:{charge['model']}")
        if key not in self.models and len(self.models) >= MAX_MODEL_SERIES:
            # A series costs memory here and in Prometheus for good, and names of models come from agents.
            key = (OTHER_LABEL, OTHER_LABEL)
        series = self.models.setdefault(key, ModelSeries())
        series.calls[bool(charge.get("is_estimate"))] += 1
        for kind in TOKEN_KINDS:
            series.tokens[kind] += int(charge.get(f"{kind}_tokens") or 0)
        currency = str(charge["currency"])
        series.cost[currency] = series.cost.get(currency, Decimal()) + Decimal(str(charge["cost"]))
        if (seconds := charge.get("time_to_first_token")) is not None:
            series.first_token.observe_duration(float(seconds))
