"""Measurements of the store, on every engine."""

from __future__ import annotations

import asyncio

from agora.domains.monitoring.jobs import ReadinessController
from agora.domains.monitoring.stored_counts import StoredCounts
from agora.store.port import Store, Tx
from tests.conformance.engines import RunsOn
from tests.conformance.store.store_calls import TENANT
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_every_commit_is_reported_with_its_calls(store: Store) -> None:
    told: list[tuple[float, int]] = []
    store.on_transaction = lambda seconds, calls: told.append((seconds, calls))

    async def nothing(tx: Tx) -> None: ...

    await asyncio.gather(*(store.write(TENANT, nothing) for _ in range(20)))
    assert sum(calls for _, calls in told) == 20
    assert all(0 <= seconds < 60 for seconds, _ in told)


async def test_failed_calls_are_in_no_commit(store: Store) -> None:
    told: list[int] = []
    store.on_transaction = lambda seconds, calls: told.append(calls)

    async def fails(tx: Tx) -> None:
        raise ArithmeticError

    assert isinstance((await asyncio.gather(store.write(TENANT, fails), return_exceptions=True))[0], ArithmeticError)
    assert sum(told) <= 1  # SQLite commits the batch without it


async def test_probe_and_statistics_work_on_every_engine(market: Market) -> None:
    app = market.app
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, "task.assign", task_type="x", payload={}, assignee="Bob")
    await market.call(ada, "messaging.send", to_agent="Bob", content="hello")
    await next(c for c in app.controllers if isinstance(c, ReadinessController)).step()
    assert app.monitor.last_probe is not None
    assert app.monitor.last_probe.failure is None
    page, _ = app.exporter.render("")
    assert b"agora_store_up 1.0" in page
    await next(c for c in app.controllers if isinstance(c, StoredCounts)).step()
    counted = app.measures.row_counts
    assert counted["agents", "active"] == 2
    assert counted["tasks", "pending"] == 1
    assert counted["messages", "queued"] == 1
