"""Calls that change rows and share a commit: each behaves as if it ran alone (ADR 23)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from agora.store.port import Query, Store, Tally, Tx, Work, Write
from agora.store.postgres import PostgresStore
from agora.store.records import record
from agora_sdk.errors import Conflict
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    append,
    event,
    listed,
    logged,
    read_all,
    setting,
    together,
    value_of,
)

RUNS_ON = RunsOn.BOTH


@record
class ChosenSetting:
    name: str
    changed_at: int


@record
class Change:
    tenant_id: str
    name: str
    n: int


lock = Query("select value from settings where tenant_id = :tenant and name = :name", str, lock=True, row="name")
change = Write("update settings set value = :value where tenant_id = :tenant and name = :name", row="name")
_TAKE = """
    update settings set value = :taker where tenant_id = :tenant and name = (
        select name from settings where tenant_id = :tenant and value = 'free' order by name limit 1 {skip})
    returning name
"""
take = Write(_TAKE.format(skip=""), str, postgres=_TAKE.format(skip="for update skip locked"), takes="name")
_CHOOSE = """
    update settings set value = :taker where tenant_id = :tenant and name = (
        select name from settings where tenant_id = :tenant and value = :wanted order by name limit 1 {skip})
    returning name, changed_at
"""
choose = Write(
    _CHOOSE.format(skip=""),
    ChosenSetting,
    postgres=_CHOOSE.format(skip="for update skip locked"),
    takes="name",
    alike=("wanted",),
    many="""
    update settings set value = _calls.taker
    from unnest(array(
        select name from settings where tenant_id = :tenant and value = :wanted order by name
        limit :calls for update skip locked)) with ordinality as free (name, place)
    join {calls} on _calls._ord = free.place
    where settings.tenant_id = :tenant and settings.name = free.name
    returning settings.name, settings.changed_at, _calls._ord
    """,
)
#: never below zero, so that the order of increments matters
ADDED = Tally(
    "settings",
    Change,
    key=("tenant_id", "name"),
    add=Write(
        """
        update settings set changed_at = case when changed_at + :n < 0 then 0 else changed_at + :n end
        where tenant_id = :tenant and name = :name
        """,
        types={"n": "bigint"},
    ),
)


def increment(name: str) -> Work[int]:
    async def work(tx: Tx) -> int:
        row = await tx.one(lock, name=name)
        assert row is not None
        value = int(row) + 1
        await tx.execute(change, name=name, value=str(value))
        tx.emit(event(name))
        return value

    return work


def taking(taker: str, *, then: Exception | None = None) -> Work[str | None]:
    """Take a free item. Returns its name. then: raised afterwards."""

    async def work(tx: Tx) -> str | None:
        rows = await tx.returning(take, taker=taker)
        if then is not None:
            raise then
        return rows[0] if rows else None

    return work


def freeing(name: str, reader: str = "closed") -> Work[bool]:
    """Close an item if it is still free: reads under a lock, then writes."""

    async def work(tx: Tx) -> bool:
        row = await tx.one(lock, name=name)
        if row is None or row != "free":
            return False
        await tx.execute(change, name=name, value=reader)
        return True

    return work


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    store = engine.store()
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def shared(postgres: PostgresEngine) -> AsyncIterator[PostgresStore]:
    store = postgres.store()
    await store.start()
    yield store
    await store.close()


async def numbers(store: PostgresStore) -> dict[str, float]:
    return dict(await store.measure_health())


# -- both engines -----------------------------------------------------------------------------------


async def test_calls_change_separate_rows(store: Store) -> None:
    await store.write(TENANT, append(*(setting(f"n{n}", str(n)) for n in range(40))))
    for _ in range(3):
        await together(store, *(increment(f"n{n}") for n in range(40)))
    assert {row.name: row.value for row in await read_all(store, listed)} == {f"n{n}": str(n + 3) for n in range(40)}
    assert len(await logged(store)) == 120


async def test_concurrent_changes_of_one_row_are_all_applied(store: Store) -> None:
    await store.write(TENANT, append(setting("n", "0")))
    assert sorted(await together(store, *(increment("n") for _ in range(30)))) == list(range(1, 31))
    assert await value_of(store, "n") == "30"


async def test_concurrent_claims_take_distinct_rows_until_none_is_left(store: Store) -> None:
    await store.write(TENANT, append(*(setting(f"n{n:02}", "free") for n in range(20))))
    taken = await together(store, *(taking(f"t{n}") for n in range(30)))
    assert sorted(name for name in taken if name) == [f"n{n:02}" for n in range(20)]
    assert taken.count(None) == 10
    kept = {row.name: row.value for row in await read_all(store, listed)}
    assert kept == {name: f"t{n}" for n, name in enumerate(taken) if name}


async def test_concurrent_claims_respect_their_filters(store: Store) -> None:
    rows = [setting(f"{kind}{n:02}", kind, n) for n in range(10) for kind in ("red", "blue")]
    await store.write(TENANT, append(*rows))

    def choosing(n: int) -> Work[tuple[Any, ...] | None]:
        async def work(tx: Tx) -> tuple[Any, ...] | None:
            chosen = await tx.returning(choose, wanted=("red", "blue", "green")[n % 3], taker=f"t{n}")
            return (chosen[0].name, chosen[0].changed_at) if chosen else None

        return work

    results = await together(store, *(choosing(n) for n in range(36)))
    for at, kind in enumerate(("red", "blue")):
        taken = [result for result in results[at::3] if result]
        assert sorted(taken) == [(f"{kind}{n:02}", n) for n in range(10)]
    assert set(results[2::3]) == {None}
    kept = {row.name: row.value for row in await read_all(store, listed)}
    assert kept == {result[0]: f"t{n}" for n, result in enumerate(results) if result}


async def test_call_that_fails_after_a_change_leaves_nothing(store: Store) -> None:
    await store.write(TENANT, append(*(setting(f"n{n}", "free") for n in range(5))))
    works = [taking(f"t{n}", then=Conflict("no") if n == 2 else None) for n in range(6)]
    results = await together(store, *works)
    assert isinstance(results.pop(2), Conflict)
    assert sorted(results) == [f"n{n}" for n in range(5)]


async def test_rolled_back_claim_does_not_refuse_later_ones(store: Store) -> None:
    """The only row is taken by a call that then fails: the next call gets it."""
    await store.write(TENANT, append(setting("only", "free")))
    for turn in range(5):
        first, second = await together(store, taking("first", then=Conflict("no")), taking("second"))
        assert isinstance(first, Conflict)
        assert second == "only", turn
        await store.write(TENANT, _back("only"))


def _back(name: str) -> Work[None]:
    async def work(tx: Tx) -> None:
        await tx.one(lock, name=name)
        await tx.execute(change, name=name, value="free")

    return work


async def test_row_is_either_taken_or_closed(store: Store) -> None:
    dice = random.Random(7)
    for turn in range(10):
        names = [f"r{turn}-{n}" for n in range(6)]
        await store.write(TENANT, append(*(setting(name, "free") for name in names)))
        works: list[Any] = [taking(f"t{n}") for n in range(8)] + [freeing(name) for name in names]
        order = list(range(len(works)))
        dice.shuffle(order)
        results = dict(zip(order, await together(store, *(works[at] for at in order)), strict=True))
        taken = [results[at] for at in range(8) if results[at]]
        closed = [name for at, name in enumerate(names, 8) if results[at]]
        assert sorted(taken + closed) == names
        values = {row.name: row.value for row in await read_all(store, listed) if row.name in names}
        assert values == {results[at]: f"t{at}" for at in range(8) if results[at]} | dict.fromkeys(closed, "closed")


async def test_increments_of_each_call_are_applied_in_order(store: Store) -> None:
    await store.write(TENANT, append(*(setting(f"n{n}", at=0) for n in range(5))))

    def adding(*changes: tuple[str, int]) -> Work[None]:
        async def work(tx: Tx) -> None:
            for name, n in changes:
                tx.append(ADDED, Change(tenant_id=TENANT, name=name, n=n))

        return work

    works = [adding((f"n{n % 5}", 3), (f"n{(n + 1) % 5}", 1)) for n in range(50)]
    await together(store, *works)
    assert [row.changed_at for row in await read_all(store, listed)] == [40] * 5
    # from zero: up then down is zero, down then up is one
    await together(store, adding(("n0", -40)), adding(("n1", -40)))
    await together(store, adding(("n0", 1), ("n0", -1)), adding(("n1", -1), ("n1", 1)))
    assert [row.changed_at for row in await read_all(store, listed)][:2] == [0, 1]


async def test_call_reads_its_own_increments(store: Store) -> None:
    async def work(tx: Tx) -> Any:
        tx.append(SETTINGS, setting("n", at=1))
        tx.append(ADDED, Change(tenant_id=TENANT, name="n", n=4))
        return await tx.one(Query("select changed_at from settings where tenant_id = :tenant and name = 'n'", int))

    assert (await together(store, work, append(setting("other"))))[0] == 5


async def test_increments_do_not_change_rows_of_another_tenant(store: Store) -> None:
    await store.write(TENANT, append(setting("n", at=1)))

    async def work(tx: Tx) -> None:
        tx.append(ADDED, Change(tenant_id=TENANT, name="n", n=4))

    assert isinstance((await together(store, work, tenant="other"))[0], ValueError)
    assert [row.changed_at for row in await read_all(store, listed)] == [1]


# -- PostgreSQL -------------------------------------------------------------------------------------


async def test_calls_that_change_rows_share_transactions(shared: PostgresStore) -> None:
    await shared.write(TENANT, append(*(setting(f"n{n}", "0") for n in range(100))))
    before = await numbers(shared)
    await together(shared, *(increment(f"n{n}") for n in range(100)))
    after = await numbers(shared)
    assert after["commits"] - before["commits"] < 10
    assert after["ejections"] == before["ejections"]


async def test_locked_row_does_not_block_the_batch(shared: PostgresStore, postgres: PostgresEngine) -> None:
    await shared.write(TENANT, append(*(setting(f"n{n}", "0") for n in range(10))))
    console = await asyncpg.connect(postgres.url)
    try:
        async with console.transaction():
            await console.execute("select from settings where name = 'n3' for update")
            waiting = asyncio.ensure_future(shared.write(TENANT, increment("n3")))
            others = await together(shared, *(increment(f"n{n}") for n in range(10) if n != 3))
            assert others == [1] * 9
            assert not waiting.done()
        assert await waiting == 1
    finally:
        await console.close()


async def test_call_that_changes_an_unlocked_row_runs_alone(shared: PostgresStore) -> None:
    await shared.write(TENANT, append(setting("a", "0"), setting("b", "0")))

    async def unlocked(tx: Tx) -> int:
        return await tx.execute(change, name="a", value="1")

    before = (await numbers(shared))["ejections"]
    assert await together(shared, unlocked, increment("b")) == [1, 1]
    assert (await numbers(shared))["ejections"] - before == 1
    assert await value_of(shared, "a") == "1"


async def test_missing_row_is_detected(shared: PostgresStore) -> None:
    results = await together(shared, freeing("nobody"), append(setting("x")))
    assert results[0] is False


async def test_call_that_takes_a_row_locked_in_its_batch_runs_alone(shared: PostgresStore) -> None:
    """One call of the batch has locked the row and reads on while the other takes it: within one transaction nothing
    separates them."""
    await shared.write(TENANT, append(setting("only", "free")))

    async def slowly(tx: Tx) -> bool:
        row = await tx.one(lock, name="only")
        for _ in range(3):
            await tx.all(listed)
        if row is None or row != "free":
            return False
        await tx.execute(change, name="only", value="closed")
        return True

    before = (await numbers(shared))["replays"]
    closed, taken = await together(shared, slowly, _after_a_read(taking("t")))
    assert (closed, taken) in [(True, None), (False, "only")]
    assert await value_of(shared, "only") == ("closed" if closed else "t")
    assert (await numbers(shared))["replays"] > before


def _after_a_read(then: Work[Any]) -> Work[Any]:
    async def work(tx: Tx) -> Any:
        await tx.all(listed)
        return await then(tx)

    return work
