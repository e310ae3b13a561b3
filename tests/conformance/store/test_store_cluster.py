"""Two servers on one database: one log per tenant, one clock, and only short mutual blocking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from agora.server.app import App
from agora.store.port import StoredEvent, StoreFailure, Tx
from agora.store.postgres import PostgresStore, connections
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.conformance.store.store_calls import TENANT, event, increment, logged, value_of
from tests.conformance.store.test_lost_connections import COMMIT, Proxy
from tests.harness import ManualClock, make_settings
from tests.polling import run_loop_turns

RUNS_ON = RunsOn.POSTGRES

Pair = tuple[PostgresStore, PostgresStore]


@pytest.fixture
async def pair(postgres: PostgresEngine) -> AsyncIterator[Pair]:
    """Two stores of separate servers."""
    await postgres.run(f"insert into settings values ('{TENANT}', 'counter', '0', 0, 'x')")
    stores = postgres.store(), postgres.store()
    for store in stores:
        await store.start()
    yield stores
    for store in stores:
        await store.close()


async def test_log_has_one_order_for_all_writers(pair: Pair) -> None:
    """Sequence numbers have no gaps and follow the order of commits: a reader at the end has missed nothing before it."""
    published: list[list[StoredEvent]] = [[], []]
    for store, heard in zip(pair, published, strict=True):
        store.on_commit = heard.extend
    seen: list[tuple[int, str]] = []
    done = asyncio.Event()

    async def follow() -> None:
        """Create a reader that continues from its last number."""
        while True:
            finished = done.is_set()
            rows = await logged(pair[1])
            assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), (
                "a later number was there before an earlier"
            )
            seen[:] = rows
            if finished:
                return

    def emitting(name: str) -> Any:
        async def work(tx: Tx) -> None:
            tx.emit(event(name + "a"))
            tx.emit(event(name + "b"))

        return work

    async def write(at: int, n: int) -> None:
        await run_loop_turns(n % 7)
        await pair[at].write(TENANT, increment("counter") if n % 4 == 0 else emitting(f"{at}.{n}."))

    following = asyncio.create_task(follow())
    await asyncio.gather(*[write(at, n) for n in range(60) for at in (0, 1)])
    done.set()
    await following
    assert len(seen) == 2 * (45 * 2 + 15)
    assert await value_of(pair[0], "counter") == "30"
    numbers = [[stored.seq for stored in heard] for heard in published]
    assert [sorted(each) for each in numbers] == numbers, "each server tells of its own in their order"
    assert sorted(numbers[0] + numbers[1]) == [seq for seq, _ in seen]


async def test_server_that_vanishes_during_its_commit_blocks_the_log_only_for_seconds(
    postgres: PostgresEngine, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has numbered its events and never responds again: the database ends its transaction."""
    monkeypatch.setitem(connections.SESSION_SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    directory = postgres.url.partition("host=")[2]
    proxy = _Silent(type(tmp_path)(directory) / ".s.PGSQL.5432", tmp_path / ".s.PGSQL.5432")
    async with proxy.serve():
        gone = PostgresStore(postgres.url.replace(directory, str(tmp_path)))
        here = postgres.store()
        await gone.start()
        monkeypatch.undo()  # only its connection has such a short timeout
        await here.start()

        async def work(tx: Tx) -> str:
            tx.emit(event("x"))
            return "kept"

        proxy.cut(COMMIT)
        lost = asyncio.ensure_future(gone.write(TENANT, work))
        await proxy.silent.wait()
        async with asyncio.timeout(60):
            assert await here.write(TENANT, work) == "kept"
        assert [seq for seq, _ in await logged(here)] == [1]
        proxy.go_on.set()
        with pytest.raises(StoreFailure):
            await lost
        await gone.close()
        await here.close()


class _Silent(Proxy):
    """Drops data without closing connections, like a broken network."""

    def __init__(self, *ends: Any) -> None:
        super().__init__(*ends)
        self.silent, self.go_on = asyncio.Event(), asyncio.Event()

    async def _cut(self, *said: Any) -> None:
        self._times = 0
        self.silent.set()
        await self.go_on.wait()


async def test_times_follow_the_databases_clock(postgres: PostgresEngine, tmp_path: Any) -> None:
    """A server whose clock is an hour slow grants leases that end by the common clock."""
    hour = 3600 * 1_000_000
    clock = ManualClock()
    clock.added = -hour
    store = postgres.store(wall_clock=lambda: clock.now() * 1000)
    app = App(make_settings(tmp_path), clock=clock, store=store)
    await app.start()
    try:
        assert abs(store.skew - hour) < 1_000_000
        told = (await postgres.run("select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now"))[0]["now"]
        assert abs(app.clock.now() - told) < 30_000_000
        clock.added = 0
        assert (await store.measure_health())["clock_skew_ms"] == 0  # the clock was corrected meanwhile
    finally:
        await app.stop()


async def test_synchronized_clocks_are_not_adjusted(pair: Pair) -> None:
    for store in pair:
        await store.measure_health()
        assert store.skew == 0


async def test_two_servers_start_concurrently_on_an_empty_database(postgres_server: Any) -> None:
    async with postgres_server.empty() as url:
        stores = [PostgresStore(url) for _ in range(3)]
        await asyncio.gather(*[store.start() for store in stores])
        for store in stores:
            await store.close()
        console = await asyncpg.connect(url)
        assert await console.fetchval("select bool_and(rls_enabled and rls_forced) from rls_status")
        await console.close()
