"""Connections cut by a proxy in front of PostgreSQL at chosen messages.

Work cut before COMMIT was sent is repeated once on another connection. If the connection is cut during the commit, the
outcome is reported as unknown, and the work was stored once or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agora.store.port import StoredEvent, Tx
from agora.store.postgres import ConnectionLost, OutcomeUnknown, PostgresStore, connections, writing
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    append,
    append_if_absent,
    event,
    get,
    increment,
    listed,
    logged,
    read_all,
    setting,
    value_of,
)
from tests.polling import eventually, wait_until
from tests.postgres_proxy import BEGIN, COMMIT, Proxy

RUNS_ON = RunsOn.POSTGRES

READ, INSERT = b"from settings", b"insert into settings"


@pytest.fixture
async def proxy(postgres: PostgresEngine, tmp_path: Path) -> AsyncIterator[tuple[Proxy, PostgresStore]]:
    """A proxy, and a store that connects to its database through it."""
    directory = Path(postgres.url.partition("host=")[2])
    proxy = Proxy(directory / ".s.PGSQL.5432", tmp_path / ".s.PGSQL.5432")
    async with proxy.serve():
        await postgres.run(f"insert into settings values ('{TENANT}', 'counter', '0', 0, 'x')")
        store = PostgresStore(postgres.url.replace(str(directory), str(tmp_path)))
        await store.start()
        yield proxy, store
        await store.close()


async def test_store_waits_for_a_starting_server(proxy: tuple[Proxy, PostgresStore]) -> None:
    wire, store = proxy
    await store.close()
    wire.refuse(2)
    await store.start()
    assert await stored(store) == set()


async def batch(store: PostgresStore) -> list[Any]:
    """Make calls that share a transaction."""
    calls = [store.write(TENANT, append_if_absent(f"n{n}", str(n))) for n in range(8)]
    return await asyncio.gather(*calls, return_exceptions=True)


async def solo(store: PostgresStore) -> list[Any]:
    """Make a call with its own transaction."""

    async def work(tx: Tx) -> str:
        await increment("counter")(tx)
        tx.append(SETTINGS, setting("alone"))
        return "done"

    return await asyncio.gather(store.write(TENANT, work), return_exceptions=True)


async def quiet_batch(store: PostgresStore) -> list[Any]:
    """Make calls that share a transaction, and log no event."""
    calls = [store.write(TENANT, append(setting(f"q{n}"))) for n in range(8)]
    return await asyncio.gather(*calls, return_exceptions=True)


async def quiet_solo(store: PostgresStore) -> list[Any]:
    """Make a call with its own transaction that logs no event."""

    async def work(tx: Tx) -> str:
        tx.append(SETTINGS, setting("quiet"))
        assert await tx.one(get, name="quiet") is not None  # its own row, so that no call shares its transaction
        return "done"

    return await asyncio.gather(store.write(TENANT, work), return_exceptions=True)


async def reading(store: PostgresStore) -> list[Any]:
    """Run readers with two statements each."""

    async def work(reader: Any) -> list[str]:
        first = await reader.one(get, name="counter")
        return [first.value, *[row.name for row in await reader.all(listed)]]

    return await asyncio.gather(*[store.read(TENANT, work) for _ in range(3)], return_exceptions=True)


Kind = Callable[[PostgresStore], Awaitable[list[Any]]]
EXPECTED: dict[Kind, list[Any]] = {
    batch: [str(n) for n in range(8)],
    solo: ["done"],
    quiet_batch: [None] * 8,
    quiet_solo: ["done"],
    reading: [["0", "counter"]] * 3,
}
STORED: dict[Kind, set[str]] = {
    batch: {f"n{n}" for n in range(8)},
    solo: {"alone"},
    quiet_batch: {f"q{n}" for n in range(8)},
    quiet_solo: {"quiet"},
    reading: set(),
}
EVENTS: dict[Kind, int] = {batch: 8, solo: 1, quiet_batch: 0, quiet_solo: 0, reading: 0}


async def stored(store: PostgresStore) -> set[str]:
    return {row.name for row in await read_all(store, listed)} - {"counter"}


@pytest.mark.parametrize("before", [True, False], ids=["unsent", "unanswered"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [(batch, BEGIN), (batch, READ), (batch, INSERT), (solo, READ), (solo, INSERT), (reading, BEGIN), (reading, READ)],
)
async def test_work_cut_before_its_commit_is_done_once(
    proxy: tuple[Proxy, PostgresStore], kind: Kind, words: bytes, before: bool
) -> None:
    wire, store = proxy
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    wire.cut(words, before=before)
    assert await kind(store) == EXPECTED[kind]
    assert wire.cuts == 1
    assert await stored(store) == STORED[kind]
    assert (
        [stored.seq for stored in published]
        == [seq for seq, _ in await logged(store)]
        == list(range(1, EVENTS[kind] + 1))
    )
    if kind is solo:
        assert await value_of(store, "counter") == "1"


@pytest.mark.parametrize("before", [True, False], ids=["unsent", "unanswered"])
@pytest.mark.parametrize("kind", [batch, solo, quiet_batch, quiet_solo])
async def test_work_cut_during_its_commit_has_an_unknown_outcome(
    proxy: tuple[Proxy, PostgresStore], kind: Kind, before: bool
) -> None:
    wire, store = proxy
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    wire.cut(COMMIT, before=before)
    assert [type(result) for result in await kind(store)] == [OutcomeUnknown] * len(EXPECTED[kind])
    assert wire.cuts == 1
    assert await stored(store) == (set() if before else STORED[kind])
    assert published == []
    done = EVENTS[kind] if not before else 0
    assert [seq for seq, _ in await logged(store)] == list(range(1, done + 1))

    async def after(tx: Tx) -> None:
        tx.emit(event("after"))

    await store.write(TENANT, after)
    assert published[-1].seq == done + 1, "the log continues without a gap"


@pytest.mark.parametrize("kind", [batch, solo, quiet_batch, quiet_solo])
async def test_no_call_is_answered_before_its_commit(proxy: tuple[Proxy, PostgresStore], kind: Kind) -> None:
    """While the COMMIT is in transit, no caller has an answer, and no reader sees the row."""
    wire, store = proxy
    wire.hold(COMMIT)
    calling = asyncio.ensure_future(kind(store))
    await wire.held.wait()
    done, _ = await asyncio.wait({calling}, timeout=0.05)
    assert not done, "answered before the commit"
    assert await stored(store) == set()
    wire.pass_on()
    assert await calling == EXPECTED[kind]
    assert await stored(store) == STORED[kind]


async def test_session_ended_by_postgresql_is_replaced(
    postgres: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction was idle for too long, as in a suspended server: PostgreSQL ends its session, and the pool takes
    the connection back before the next statement. Nothing was stored, so the work is repeated."""
    monkeypatch.setitem(connections.SESSION_SETTINGS, "idle_in_transaction_session_timeout", "50ms")
    store = postgres.store()
    await store.start()
    # Calls that log events wait for this lock in an open transaction: no public seam is between two statements.
    tail = writing._get_tenant_lock(store._writer._append_locks, TENANT)
    async with tail:
        late = store.write(TENANT, append_if_absent("late", "1"))
        await wait_until(lambda: store._connections.in_use)
        await wait_until(lambda: not store._connections.in_use)
    assert await late == "1"
    assert await stored(store) == {"late"}
    assert len(await logged(store)) == 1
    await store.close()


@pytest.mark.parametrize("kind", [batch, solo, reading])
async def test_repeatedly_cut_work_fails_and_the_store_recovers(proxy: tuple[Proxy, PostgresStore], kind: Kind) -> None:
    wire, store = proxy
    wire.cut(BEGIN, times=1000)
    results = await kind(store)
    assert {type(result) for result in results} == {ConnectionLost}
    wire.cut(b"", times=0)
    assert await kind(store) == EXPECTED[kind]
    assert await stored(store) == STORED[kind]
    # each is returned after its call was answered
    await eventually(store.measure_health, lambda state: not state["connections"])
