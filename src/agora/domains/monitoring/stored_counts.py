"""Periodic counts of agents, tasks, messages and instances by state, for the metrics endpoint."""

from __future__ import annotations

import time
from collections import Counter

from agora.core.jobs import Controller, JobContext
from agora.telemetry import Measures

from . import stored_count_queries as statements

__all__ = ["StoredCounts"]

COUNT_INTERVAL = 15.0
IDLE_AFTER_SECONDS = 300.0  # seconds after the last request of metrics during which counting continues
ZERO_COUNTS = {(name, state): 0 for name, states in statements.STATES_BY_NAME.items() for state in states}
MAX_TIME_SHARE = 0.02  # maximum share of time spent counting: the interval grows with the duration of a count


class StoredCounts(Controller):
    """Counts only while metrics are collected (``measures.last_scraped_at``)."""

    name = "census"
    interval = COUNT_INTERVAL

    def __init__(self, context: JobContext, measures: Measures) -> None:
        super().__init__(context)
        self._measures = measures

    async def step(self) -> None:
        looked = self._measures.last_scraped_at
        # Counting scans whole tables, which nobody should pay for who collects no metrics.
        if looked is None or time.monotonic() - looked > IDLE_AFTER_SECONDS:
            return
        started_at, counts = time.perf_counter(), Counter(ZERO_COUNTS)
        for tenant in await self.context.store.tenants():
            for name, query in statements.COUNT_QUERIES.items():
                for row in await self.read(tenant, query):
                    counts[name, row.state] += row.number
        self._measures.row_counts = counts
        self.interval = max(COUNT_INTERVAL, (time.perf_counter() - started_at) / MAX_TIME_SHARE)
