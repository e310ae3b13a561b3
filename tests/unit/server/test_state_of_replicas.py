"""In-memory state that follows the commits of several servers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agora.core.override_queries import select_active_overrides
from agora.server.app import App
from agora.store.port import Query, R, Reader, Reading, T
from agora.store.sqlite import SqliteStore
from tests.harness import make_settings
from tests.market import Market
from tests.polling import wait_until


class RecordingReader:
    """Passes reads on, and records their queries."""

    def __init__(self, reader: Reader, queries: list[Query[Any]]) -> None:
        self.tenant, self._reader, self._queries = reader.tenant, reader, queries

    async def one(self, query: Query[R], /, **parameters: Any) -> R | None:
        self._queries.append(query)
        return await self._reader.one(query, **parameters)

    async def all(self, query: Query[R], /, **parameters: Any) -> Sequence[R]:
        self._queries.append(query)
        return await self._reader.all(query, **parameters)


class SlowStore(SqliteStore):
    """Reads of overrides that have their rows, but return only when ``released`` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.released, self.reached = asyncio.Event(), asyncio.Event()
        self.released.set()

    async def read(self, tenant: str, work: Reading[T]) -> T:
        queries: list[Query[Any]] = []
        result = await super().read(tenant, lambda reader: work(RecordingReader(reader, queries)))
        if select_active_overrides in queries:
            self.reached.set()
            await self.released.wait()
        return result


async def test_halt_committed_here_survives_a_reload_for_another_server(tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "agora.db")
    app = App(make_settings(tmp_path), store=store)
    await app.start()
    market = Market(app, app.clock)  # type: ignore[arg-type]
    pause = {"action": "pause", "target_id": "system_wide", "reason": "a drill"}
    await market.call(market.operator, "admin.override", **pause)

    store.released.clear()
    store.reached.clear()
    app.replicas.remote_commits.schedule_delivery_up_to("default", app.feed.head("default"))
    async with asyncio.timeout(60):
        await store.reached.wait()
    await market.call(market.operator, "admin.override", **{**pause, "action": "emergency_halt"})
    assert app.overrides.is_halted("default")
    store.released.set()
    await wait_until(lambda: app.replicas.remote_commits.is_idle)

    assert app.overrides.is_halted("default")
    await app.stop()
