"""Behaviour specific to PostgreSQL: shared transactions, locks, lost connections."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from agora.store.port import Query, StoredEvent, StoreFailure, Tx
from agora.store.postgres import OutcomeUnknown, PostgresStore, connections, peers
from agora_sdk.errors import DeadlineExceeded, NotFound, Overloaded
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    Setting,
    append,
    append_if_absent,
    event,
    get,
    increment,
    listed,
    logged,
    put,
    read_all,
    setting,
    value_of,
)
from tests.polling import eventually, run_loop_turns

RUNS_ON = RunsOn.POSTGRES


@pytest.fixture
async def store(postgres: PostgresEngine) -> AsyncIterator[PostgresStore]:
    store = postgres.store()
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def console(postgres: PostgresEngine) -> AsyncIterator[asyncpg.Connection]:
    """A separate connection to the same database."""
    connection = await asyncpg.connect(postgres.url)
    yield connection
    if not connection.is_closed():
        await connection.close()


async def wait_until_blocked(console: asyncpg.Connection, application: str = "agora") -> int:
    """Wait until a session of an application, by default the store, waits for a lock. Returns its process. (The query
    in ``pg_stat_activity`` may still be the previous one.)"""
    query = "select pid from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'"
    return int(await eventually(lambda: console.fetchval(query, application), lambda pid: pid is not None))


async def numbers(store: PostgresStore) -> dict[str, float]:
    return dict(await store.measure_health())


# -- batches -------------------------------------------------------------------------------------------


async def test_calls_share_transactions(store: PostgresStore) -> None:
    before = (await numbers(store))["commits"]
    await asyncio.gather(*[store.write(TENANT, append_if_absent(f"n{n}", "")) for n in range(200)])
    assert (await numbers(store))["commits"] - before < 20


async def test_call_that_changes_rows_leaves_the_batch_and_its_kind_is_remembered(store: PostgresStore) -> None:
    await store.write(TENANT, append(setting("counter", "0")))
    calls = [append_if_absent(f"n{n}", "") for n in range(10)]

    async def round_of_calls() -> float:
        before = (await numbers(store))["ejections"]
        writes = [store.write(TENANT, call, label="append") for call in calls]
        await asyncio.gather(*writes, store.write(TENANT, increment("counter"), label="increment"))
        return (await numbers(store))["ejections"] - before

    assert [await round_of_calls() for _ in range(3)] == [1, 0, 0]
    assert await value_of(store, "counter") == "3"


async def test_kind_that_stops_changing_rows_is_batched_again(store: PostgresStore) -> None:
    await store.write(TENANT, append(setting("counter", "0")))
    for _ in range(3):
        await store.write(TENANT, increment("counter"), label="mixed")
    before = (await numbers(store))["commits"]
    for _ in range(3):
        await asyncio.gather(*[store.write(TENANT, append_if_absent(f"n{n}", ""), label="mixed") for n in range(100)])
    assert (await numbers(store))["commits"] - before < 120


async def test_failing_call_does_not_split_its_batch(store: PostgresStore) -> None:
    before = await numbers(store)
    works = [append(setting(f"n{n}")) for n in range(256)]
    works[100] = append(setting("null"), setting(None))  # type: ignore[arg-type]
    results = await asyncio.gather(*[store.write(TENANT, work) for work in works], return_exceptions=True)
    assert [n for n, result in enumerate(results) if result is not None] == [100]
    after = await numbers(store)
    assert after["commits"] - before["commits"] < 30
    assert 0 < after["replays"] - before["replays"] < 30


async def test_nul_character_fails_only_its_call(store: PostgresStore) -> None:
    works: list[Any] = [append(setting(f"n{n}")) for n in range(20)]
    works[5] = append(setting("nul", "a\0b"))
    works[6] = append_if_absent("nul\0", "")
    results = await asyncio.gather(*[store.write(TENANT, work) for work in works], return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [StoreFailure, StoreFailure]
    assert len(await read_all(store, listed)) == 18


async def test_a_tenant_with_nul_is_refused(store: PostgresStore) -> None:
    with pytest.raises(StoreFailure, match="NUL"):
        await store.write("a\0", append(setting("x", tenant="a\0")))


async def test_many_tenants_are_served_concurrently(store: PostgresStore) -> None:
    tenants = [f"t{n}" for n in range(40)]
    calls = [store.write(tenant, append_if_absent(f"n{n}", "")) for n in range(10) for tenant in tenants]
    await asyncio.gather(*calls)
    assert sorted(await store.tenants()) == sorted([*tenants, "default"])
    assert [len(await logged(store, tenant)) for tenant in tenants] == [10] * 40


async def test_parameter_of_a_wrong_type_is_named(store: PostgresStore) -> None:
    async def work(tx: Tx) -> None:
        await tx.one(get, name=5)

    with pytest.raises(StoreFailure, match="expected str, got int"):
        await store.write(TENANT, work)


async def test_query_over_arrays_is_not_batched(store: PostgresStore) -> None:
    await store.write(TENANT, append(*[setting(f"n{n}") for n in range(6)]))
    among = Query(
        "select name from settings where tenant_id = :tenant and name = any(:names) order by name",
        str,
        types={"names": "text[]"},
    )

    def work(*names: str) -> Any:
        async def run(tx: Tx) -> list[str]:
            return list(await tx.all(among, names=list(names)))

        return run

    calls = [store.write(TENANT, work(*names)) for names in (("n1", "n2"), ("n5",), ("n2", "n1"), ())]
    assert await asyncio.gather(*calls) == [["n1", "n2"], ["n5"], ["n1", "n2"], []]


async def test_batched_statement_returns_each_call_its_own_row(store: PostgresStore) -> None:
    await store.write(TENANT, append(*[setting(f"n{n}", str(n), n) for n in range(6)]))

    def work(name: str) -> Any:
        async def run(tx: Tx) -> Any:
            return await tx.one(get, name=name)

        return run

    for n, answer in enumerate(await asyncio.gather(*[store.write(TENANT, work(f"n{n}")) for n in range(6)])):
        assert answer == Setting(name=f"n{n}", value=str(n), changed_at=n)


# -- locks -------------------------------------------------------------------------------------------


async def test_locked_row_blocks_only_calls_that_need_it(store: PostgresStore, console: asyncpg.Connection) -> None:
    await store.write(TENANT, append(setting("counter", "0")))
    transaction = console.transaction()
    await transaction.start()
    await console.execute("update settings set value = '10'")
    waiting = asyncio.ensure_future(store.write(TENANT, increment("counter")))
    await wait_until_blocked(console)
    assert await store.write(TENANT, append_if_absent("other", "1")) == "1"
    assert await value_of(store, "counter") == "0"
    assert not waiting.done()
    await transaction.commit()
    assert await waiting == 11


async def test_loser_of_a_race_for_a_key_sees_the_winner(store: PostgresStore, console: asyncpg.Connection) -> None:
    """The other row is uncommitted when the call reads, and committed when the call's own insert is refused."""
    transaction = console.transaction()
    await transaction.start()
    await console.execute("insert into settings values ($1, 'key', 'theirs', 0, 'console')", TENANT)
    calls = [asyncio.ensure_future(store.write(TENANT, append_if_absent("key", f"ours{n}"))) for n in range(5)]
    await wait_until_blocked(console)
    await transaction.commit()
    assert await asyncio.gather(*calls) == ["theirs"] * 5
    assert await logged(store) == []


async def test_deadlock_with_another_client_is_resolved(
    store: PostgresStore, console: asyncpg.Connection, postgres: PostgresEngine
) -> None:
    """A session checks for deadlocks once, some time after it began to wait: the store waits last, and so is the
    victim."""
    await store.write(TENANT, append(setting("a", "0"), setting("gate", "0"), setting("b", "0")))
    await console.execute("set application_name = 'console'")
    await console.execute("set deadlock_timeout = '60s'")
    runs: list[str] = []

    async def work(tx: Tx) -> None:
        runs.append("run")
        for name in ("a", "gate", "b"):
            await increment(name)(tx)

    gatekeeper = await asyncpg.connect(postgres.url)
    gate, transaction = gatekeeper.transaction(), console.transaction()
    await gate.start()
    await transaction.start()
    await gatekeeper.execute("update settings set value = value where name = 'gate'")
    await console.execute("update settings set value = value where name = 'b'")
    write = asyncio.ensure_future(store.write(TENANT, work))
    await wait_until_blocked(gatekeeper)
    update = asyncio.ensure_future(console.execute("update settings set value = value where name = 'a'"))
    await wait_until_blocked(gatekeeper, "console")
    await gate.commit()
    await gatekeeper.close()
    await update
    await transaction.commit()
    await write
    assert len(runs) > 1
    assert await value_of(store, "a") == await value_of(store, "b") == "1"


# -- lost connections --------------------------------------------------------------------------------

_TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'agora'"


async def test_cut_idle_connections_are_replaced(store: PostgresStore, console: asyncpg.Connection) -> None:
    await asyncio.gather(*[store.write(TENANT, append_if_absent(f"n{n}", "")) for n in range(20)])
    await console.execute(_TERMINATE)
    assert await store.write(TENANT, append_if_absent("after", "1")) == "1"
    await console.execute(_TERMINATE)
    assert await value_of(store, "after") == "1"


@pytest.mark.parametrize("count", [1, 5])
async def test_connection_lost_during_the_commit_has_an_unknown_outcome(
    store: PostgresStore, console: asyncpg.Connection, count: int
) -> None:
    """A trigger at COMMIT waits for a lock; the connection is cut there."""
    await console.execute(
        """
        create function hold() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
        create constraint trigger hold after insert on settings deferrable initially deferred
            for each row execute function hold();
        """
    )
    await console.execute("select pg_advisory_lock(7)")
    runs: list[int] = []

    def work(n: int) -> Any:
        async def run(tx: Tx) -> None:
            runs.append(n)
            tx.append(SETTINGS, setting(f"n{n}"))
            tx.emit(event(str(n)))

        return run

    published: list[StoredEvent] = []
    store.on_commit = published.extend
    calls = [asyncio.ensure_future(store.write(TENANT, work(n))) for n in range(count)]
    await console.execute("select pg_terminate_backend($1)", await wait_until_blocked(console))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [OutcomeUnknown] * count
    assert "outcome is unknown" in str(results[0])
    assert "Idempotency-Key" in str(results[0])
    assert runs == list(range(count))
    assert published == []
    await console.execute("select pg_advisory_unlock(7)")
    await store.write(TENANT, append_if_absent("after", ""))
    assert [stored.seq for stored in published] == [1]


# -- reading -----------------------------------------------------------------------------------------


async def test_readers_wait_for_a_connection_until_a_timeout(postgres: PostgresEngine) -> None:
    store = postgres.store(readers=2, read_wait=0.05)
    await store.start()
    await store.write(TENANT, append(setting("a", "1")))
    go, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def long(reader: Any) -> Any:
        row = await reader.one(get, name="a")
        inside.release()
        await go.wait()
        return row.value

    busy = [asyncio.ensure_future(store.read(TENANT, long)) for _ in range(2)]
    for _ in busy:
        await inside.acquire()
    waiting = asyncio.ensure_future(store.read(TENANT, long))
    with pytest.raises(Overloaded) as refused:
        await value_of(store, "a")
    assert refused.value.retry_after >= 1
    assert await store.write(TENANT, append_if_absent("b", "2")) == "2"
    go.set()
    results = await asyncio.gather(*busy, waiting, return_exceptions=True)
    assert results[:2] == ["1", "1"]
    assert await value_of(store, "b") == "2"
    await store.close()


async def test_reader_without_statements_takes_no_connection(postgres: PostgresEngine) -> None:
    store = postgres.store(readers=1)
    await store.start()

    async def idle(reader: Any) -> str:
        assert await value_of(store, "a") is None
        return "done"

    assert await store.read(TENANT, idle) == "done"
    await store.close()


async def test_slow_query_times_out(postgres: PostgresEngine) -> None:
    slow = Query("select pg_sleep(60)::text as x where :tenant <> ''", str, scan=True)
    store = postgres.store(timeout=1)
    await store.start()
    with pytest.raises(DeadlineExceeded, match="took too long"):
        await read_all(store, slow)
    assert await value_of(store, "a") is None
    await store.close()


async def test_cancelled_read_releases_its_connection(postgres: PostgresEngine, console: asyncpg.Connection) -> None:
    store = postgres.store(readers=1)
    await store.start()
    await store.write(TENANT, append(setting("a", "1")))
    transaction = console.transaction()
    await transaction.start()
    await console.execute("lock table settings in access exclusive mode")
    reading_it = asyncio.ensure_future(value_of(store, "a"))
    await wait_until_blocked(console)
    reading_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading_it
    await transaction.rollback()
    assert await value_of(store, "a") == "1"
    await store.close()


async def test_raising_read_releases_its_connection(postgres: PostgresEngine) -> None:
    store = postgres.store(readers=1)
    await store.start()

    async def bad(reader: Any) -> None:
        await reader.all(listed)
        raise NotFound("nothing here")

    for _ in range(3):
        with pytest.raises(NotFound):
            await store.read(TENANT, bad)
    assert await value_of(store, "a") is None
    await store.close()


async def test_failed_statement_of_a_read_releases_its_connection(postgres: PostgresEngine) -> None:
    store = postgres.store(readers=1)
    await store.start()
    wrong = Query("select 1 / (length(:tenant) - length(:tenant)) as x", int)
    for _ in range(3):
        with pytest.raises(StoreFailure, match="division by zero"):
            await read_all(store, wrong)
    assert await value_of(store, "a") is None
    await store.close()


# -- opening -----------------------------------------------------------------------------------------


async def test_unreachable_server_is_named_without_its_password() -> None:
    store = PostgresStore("postgresql://me:s3cret@127.0.0.1:1/agora", wait=0)
    with pytest.raises(StoreFailure, match=r"postgresql://me:\*\*\*@127.0.0.1:1/agora cannot be reached") as failed:
        await store.start()
    assert "s3cret" not in str(failed.value)
    assert "s3cret" not in repr(store)
    await store.close()


async def test_invalid_url_error_shows_the_format() -> None:
    with pytest.raises(StoreFailure, match=r"percent-encoded \(# is %23\)") as failed:
        await connections.open_connection("postgresql://agora:se#cret@localhost/agora", 0)
    assert not any(piece in str(failed.value) for piece in ("'se'", "se#", "cret"))


async def test_missing_database_is_named(postgres: PostgresEngine) -> None:
    store = PostgresStore(postgres.url.replace("agora_", "nowhere_"), wait=60)
    with pytest.raises(StoreFailure, match=r'database "nowhere_[0-9]+" does not exist'):
        await store.start()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql://u:***@h:5432/d?sslmode=require"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/tmp&user=u&password=p", "postgresql:///d?host=/tmp&user=u&password=***"),
        ("postgresql://u:p%40:x@[::1]:5432/d", "postgresql://u:***@[::1]:5432/d"),
        ("postgresql://u:p@ss/w@h/d", "postgresql://u:***@h/d"),
    ],
)
def test_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert connections.redact_url(url) == shown


def test_missing_asyncpg_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("agora.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'agora-server\[postgres\]'"):
        importlib.import_module("agora.store.postgres")


async def test_lost_listener_reconnects(postgres: PostgresEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after an error for which the client has no specific class."""
    speak, listened = peers.Peers._send_next, asyncio.Semaphore(0)

    async def confused(self: peers.Peers, connection: Any) -> None:
        monkeypatch.setattr(peers.Peers, "_send_next", speak)
        raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")

    monkeypatch.setattr(peers.Peers, "_send_next", confused)
    store = postgres.store()
    store.peers.on_message = lambda origin, topic, text: listened.release()
    await store.start()
    async with asyncio.timeout(60):
        for _ in range(2):
            await listened.acquire()
    await store.close()


async def test_change_returns_its_row_count(store: PostgresStore) -> None:
    await store.write(TENANT, append(*[setting(f"n{n}") for n in range(3)]))

    async def work(tx: Tx) -> list[int]:
        return [await tx.execute(put, name=name, value="x") for name in ("n0", "n1", "nobody")]

    assert await store.write(TENANT, work) == [1, 1, 0]


async def test_reads_cancelled_at_any_moment_release_their_connections(store: PostgresStore) -> None:
    for steps in range(120):
        reads = [asyncio.create_task(read_all(store, listed)) for _ in range(2)]
        await run_loop_turns(steps % 40)
        reads[0].cancel()
        async with asyncio.timeout(60):
            await asyncio.wait(reads)
        assert reads[1].result() == []
    await eventually(store.measure_health, lambda state: not state["connections"])
