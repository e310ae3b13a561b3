"""Behaviour of the store's port on every engine: commit, rollback, isolation, tenants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.store.port import Query, Store, StoreFailure, Tx
from agora.store.records import record
from agora_sdk.errors import NotFound
from tests.conformance.engines import RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    Setting,
    add,
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
    together,
    value_of,
)
from tests.polling import run_loop_turns

RUNS_ON = RunsOn.BOTH

# -- commit and rollback ---------------------------------------------------------------------------


@record
class NamedChange:
    name: str
    changed_at: int


async def test_written_rows_are_visible_after_the_commit(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))
    assert await value_of(store, "a") == "1"


async def test_nothing_is_visible_before_the_commit(store: Store) -> None:
    future = store.write(TENANT, append(setting("a", "1")))
    assert await value_of(store, "a") in (None, "1")
    await future
    assert await value_of(store, "a") == "1"


async def test_write_returns_the_result_of_its_work(store: Store) -> None:
    async def work(tx: Tx) -> dict[str, int]:
        return {"answer": 42}

    assert await store.write(TENANT, work) == {"answer": 42}


async def test_raising_call_is_rolled_back_alone(store: Store) -> None:
    async def bad(tx: Tx) -> None:
        assert await tx.one(get, name="nobody") is None
        tx.append(SETTINGS, setting("bad"))
        tx.emit(event("bad"))
        raise NotFound("no such thing")

    works: list[Any] = [append_if_absent(f"good{n}", str(n)) for n in range(20)]
    works[7] = works[13] = bad
    results = await together(store, *works)
    assert [type(result) for result in results].count(NotFound) == 2
    assert results[7] is not results[13]
    assert len(await read_all(store, listed)) == 18
    assert "bad" not in [subject for _, subject in await logged(store)]


async def test_direct_write_of_a_raising_call_is_undone(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "before"), setting("b", "before")))

    async def bad(tx: Tx) -> None:
        tx.append(SETTINGS, setting("new"))
        assert await tx.execute(put, name="a", value="after") == 1
        raise NotFound("too late")

    async def good(tx: Tx) -> int:
        return await tx.execute(put, name="b", value="after")

    results = await together(store, good, bad, append(setting("c")))
    assert results[0] == 1
    assert isinstance(results[1], NotFound)
    assert {row.name: row.value for row in await read_all(store, listed)} == {
        "a": "before",
        "b": "after",
        "c": "",
    }


async def test_rows_that_cannot_be_stored_fail_only_their_call(store: Store) -> None:
    """The engine detects it when it writes the rows, long after the work returned."""
    works: list[Any] = [append(setting(f"s{n}")) for n in range(40)]
    works[11] = append(setting("twice"), setting("twice"))
    works[29] = append(setting(None))  # type: ignore[arg-type]
    results = await together(store, *works)
    assert [n for n, result in enumerate(results) if result is not None] == [11, 29]
    assert all(isinstance(results[n], StoreFailure) for n in (11, 29))
    assert len(await read_all(store, listed)) == 38


async def test_work_cancelled_from_inside_fails_alone(store: Store) -> None:
    async def work(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        raise asyncio.CancelledError

    results = await together(store, append(setting("a")), work, append(setting("b")))
    assert isinstance(results[1], asyncio.CancelledError)
    assert [row.name for row in await read_all(store, listed)] == ["a", "b"]


# -- reads of own writes ---------------------------------------------------------------------------


async def test_call_reads_rows_it_appended(store: Store) -> None:
    async def work(tx: Tx) -> tuple[Any, list[str]]:
        tx.append(SETTINGS, setting("a", "1"))
        tx.append(SETTINGS, setting("b", "2"))
        row = await tx.one(get, name="a")
        tx.append(SETTINGS, setting("c", "3"))
        return row and row.value, [row.name for row in await tx.all(listed)]

    results = await together(store, work, append(setting("z")))
    assert results[0][0] == "1"
    assert set(results[0][1]) - {"z"} == {"a", "b", "c"}


async def test_call_updates_rows_it_appended(store: Store) -> None:
    async def work(tx: Tx) -> tuple[int, list[int]]:
        tx.append(SETTINGS, setting("a", "1", 5))
        changed = await tx.execute(put, name="a", value="2")
        added = list(await tx.returning(add, name="a", n=3))
        tx.append(SETTINGS, setting("b"))
        return changed, added

    results = await together(store, append(setting("z")), work)
    assert results[1] == (1, [8])
    assert {row.name: row.value for row in await read_all(store, listed)} == {"a": "2", "b": "", "z": ""}


async def test_call_reads_rows_it_updated(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))

    async def work(tx: Tx) -> Any:
        await tx.execute(put, name="a", value="2")
        assert await tx.execute(put, name="nobody", value="2") == 0
        row = await tx.one(get, name="a")
        return row and row.value

    assert await store.write(TENANT, work) == "2"


async def test_concurrent_inserts_of_a_key_have_one_winner_visible_to_others(store: Store) -> None:
    results = await together(store, *[append_if_absent("key", f"v{n}") for n in range(30)])
    assert len(set(results)) == 1
    assert await value_of(store, "key") == results[0]
    assert len(await logged(store)) == 1


async def test_inserts_of_a_key_in_separate_transactions_have_one_winner(store: Store) -> None:
    """Submitted separately, so that the calls meet in different transactions."""

    async def later(turns: int) -> str:
        await run_loop_turns(turns)
        return await store.write(TENANT, append_if_absent(f"key{turns % 3}", f"v{turns}"))

    results = await asyncio.gather(*[later(turns) for turns in range(60)])
    assert len(set(results)) == 3
    assert len(await logged(store)) == 3


@pytest.mark.parametrize("callers", [2, 40])
async def test_no_update_is_lost(store: Store, callers: int) -> None:
    await store.write(TENANT, append(setting("counter", "0")))
    results = await together(store, *[increment("counter") for _ in range(callers)])
    assert sorted(results) == list(range(1, callers + 1))
    assert await value_of(store, "counter") == str(callers)


async def test_locks_taken_in_opposite_orders_do_not_deadlock(store: Store) -> None:
    """One of two calls that block each other is repeated."""
    await store.write(TENANT, append(setting("a", "0"), setting("b", "0")))

    def both(first: str, second: str) -> Any:
        async def work(tx: Tx) -> None:
            for name in (first, second):
                await increment(name)(tx)

        return work

    results = await together(store, *[both("a", "b") if n % 2 else both("b", "a") for n in range(6)])
    assert results == [None] * 6
    assert await value_of(store, "a") == await value_of(store, "b") == "6"


async def test_batched_reads_return_each_call_its_own_rows(store: Store) -> None:
    rows = [setting(f"n{n:02}", f"v{n % 5}", n) for n in range(50)]
    await store.write(TENANT, append(*rows))
    newest = Query(
        "select changed_at, name from settings where tenant_id = :tenant and value = :value "
        "order by changed_at desc limit :limit",
        NamedChange,
        types={"limit": "bigint"},
    )

    def reading(n: int) -> Any:
        async def work(tx: Tx) -> tuple[Any, ...]:
            page = await tx.all(newest, value=f"v{n % 7}", limit=n % 4)
            first = await tx.one(newest, value=f"v{n % 7}", limit=10)
            own = await tx.one(get, name=f"n{n:02}")
            return page, first, own

        return work

    def expected(n: int) -> tuple[Any, ...]:
        having = [
            NamedChange(name=row.name, changed_at=row.changed_at) for row in reversed(rows) if row.value == f"v{n % 7}"
        ]
        own = Setting(name=f"n{n:02}", value=f"v{n % 5}", changed_at=n) if n < 50 else None
        return having[: n % 4], having[0] if having else None, own

    assert await together(store, *[reading(n) for n in range(60)]) == [expected(n) for n in range(60)]


async def test_rows_are_mapped_to_records_by_column_name(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1", 7), setting("b", "2", 8)))
    reordered = Query(
        "select changed_at, changed_by, value, name from settings where tenant_id = :tenant and name = :name", Setting
    )

    async def work(tx: Tx) -> Any:
        return await tx.one(reordered, name="b")

    for result in await together(store, work, work, append_if_absent("a", "")):
        assert result in (Setting(name="b", value="2", changed_at=8), "1")


async def test_missing_parameter_fails_the_call(store: Store) -> None:
    async def work(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        await tx.one(get)

    results = await together(store, work, append(setting("a")))
    assert isinstance(results[0], Exception)
    assert [row.name for row in await read_all(store, listed)] == ["a"]


# -- tenants ---------------------------------------------------------------------------------------


async def test_statement_is_bound_to_the_tenant(store: Store) -> None:
    for tenant in ("one", "two"):
        await store.write(tenant, append_if_absent("a", tenant))

    async def reach(tx: Tx) -> tuple[Any, int]:
        row = await tx.one(get, name="a", tenant="two")
        return row and row.value, await tx.execute(put, name="a", value="changed", tenant="two")

    assert await store.write("one", reach) == ("one", 1)
    assert [await value_of(store, "a", tenant) for tenant in ("one", "two", "three")] == ["changed", "two", None]


async def test_each_tenant_has_its_own_sequence(store: Store) -> None:
    tenants = ["one", "two", "o'brien", "日本"]
    calls = [store.write(tenant, append_if_absent(f"n{n}", "")) for n in range(15) for tenant in tenants]
    await asyncio.gather(*calls)
    for tenant in tenants:
        assert [seq for seq, _ in await logged(store, tenant)] == list(range(1, 16))
    assert sorted(await store.tenants()) == sorted([*tenants, "default"])


async def test_empty_store_has_the_home_tenant(store: Store) -> None:
    assert list(await store.tenants()) == ["default"]
