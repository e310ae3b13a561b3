"""Task statistics."""

from __future__ import annotations

from pydantic import Field

from ..fields import Timestamp
from ..results import Result

__all__ = ["DurationSummary", "TaskStatistics"]


class DurationSummary(Result):
    """Durations in seconds of tasks that ended in the requested period."""

    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


class TaskStatistics(Result):
    """Task statistics."""

    total: int
    by_status: dict[str, int]
    by_priority: dict[str, int] = Field(default={}, description="Waiting tasks by priority.")
    waiting: int = Field(default=0, description="Tasks that can be claimed now.")
    since: Timestamp
    created: int = 0
    completed: int = 0
    failed: int = 0
    throughput_per_minute: float = 0
    wait_seconds: DurationSummary = DurationSummary.model_construct()
    run_seconds: DurationSummary = DurationSummary.model_construct()
    sampled: bool = Field(default=False, description="Whether the durations cover only the newest 10,000 tasks.")
