"""What every engine promises: the behaviour of the port, on each of them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import random
from collections.abc import Sequence
from typing import Any

import pytest

from agora.clock import new_id
from agora.store.port import (
    NewEvent,
    Query,
    Reader,
    Row,
    Store,
    StoredEvent,
    StoreFailure,
    SuspendedInTransaction,
    Table,
    Tx,
    TxClosed,
)
from agora_sdk.errors import NotFound, Overloaded
from tests.conformance.engines import Engine
from tests.conformance.work import (
    RATINGS,
    SETTINGS,
    TENANT,
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
    rename,
    setting,
    tokens_of,
    value_of,
)

TOKENS = Table(
    "tokens",
    (
        ("tenant_id", "text"),
        ("token_id", "text"),
        ("kind", "text"),
        ("label", "text"),
        ("account_id", "text"),
        ("digest", "bytea"),
        ("scopes", "text"),
        ("service_tier", "text"),
        ("authority", "bigint"),
        ("created_at", "bigint"),
        ("expires_at", "bigint"),
        ("revoked_at", "bigint"),
    ),
)


async def together(store: Store, *works: Any, tenant: str = TENANT) -> list[Any]:
    """Submit work at the same moment, so that it shares batches; answers results and exceptions."""
    return await asyncio.gather(*[store.write(tenant, work) for work in works], return_exceptions=True)


# -- commit and rollback -----------------------------------------------------------------------------


async def test_what_was_written_is_read_after_the_commit(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))
    assert await value_of(store, "a") == "1"


async def test_nothing_is_seen_before_the_commit(store: Store) -> None:
    future = store.write(TENANT, append(setting("a", "1")))
    assert await value_of(store, "a") in (None, "1")
    await future
    assert await value_of(store, "a") == "1"


async def test_work_answers_its_result(store: Store) -> None:
    async def work(tx: Tx) -> dict[str, int]:
        return {"answer": 42}

    assert await store.write(TENANT, work) == {"answer": 42}


async def test_a_call_that_raises_leaves_nothing_and_the_others_stay(store: Store) -> None:
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


async def test_a_direct_write_of_a_call_that_raises_is_undone(store: Store) -> None:
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
    assert {row["name"]: row["value"] for row in await read_all(store, listed)} == {
        "a": "before",
        "b": "after",
        "c": "",
    }


async def test_rows_that_cannot_be_stored_fail_only_their_call(store: Store) -> None:
    """The engine finds out when it writes the rows, long after the work ended well."""
    works: list[Any] = [append(setting(f"s{n}")) for n in range(40)]
    works[11] = append(setting("twice"), setting("twice"))
    works[29] = append((TENANT, None, "", 0, "test"))
    results = await together(store, *works)
    assert [n for n, result in enumerate(results) if result is not None] == [11, 29]
    assert all(isinstance(results[n], StoreFailure) for n in (11, 29))
    assert len(await read_all(store, listed)) == 38


async def test_work_that_is_cancelled_from_inside_fails_alone(store: Store) -> None:
    async def work(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        raise asyncio.CancelledError

    results = await together(store, append(setting("a")), work, append(setting("b")))
    assert isinstance(results[1], asyncio.CancelledError)
    assert [row["name"] for row in await read_all(store, listed)] == ["a", "b"]


# -- what a call sees --------------------------------------------------------------------------------


async def test_a_call_reads_what_it_appended(store: Store) -> None:
    async def work(tx: Tx) -> tuple[Any, list[str]]:
        tx.append(SETTINGS, setting("a", "1"))
        tx.append(SETTINGS, setting("b", "2"))
        row = await tx.one(get, name="a")
        tx.append(SETTINGS, setting("c", "3"))
        return row and row["value"], [row["name"] for row in await tx.all(listed)]

    results = await together(store, work, append(setting("z")))
    assert results[0][0] == "1"
    assert set(results[0][1]) - {"z"} == {"a", "b", "c"}


async def test_a_call_updates_what_it_appended(store: Store) -> None:
    async def work(tx: Tx) -> tuple[int, list[int]]:
        tx.append(SETTINGS, setting("a", "1", 5))
        changed = await tx.execute(put, name="a", value="2")
        added = [row["changed_at"] for row in await tx.returning(add, name="a", n=3)]
        tx.append(SETTINGS, setting("b"))
        return changed, added

    results = await together(store, append(setting("z")), work)
    assert results[1] == (1, [8])
    assert {row["name"]: row["value"] for row in await read_all(store, listed)} == {"a": "2", "b": "", "z": ""}


async def test_a_call_reads_what_it_updated(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))

    async def work(tx: Tx) -> Any:
        await tx.execute(put, name="a", value="2")
        assert await tx.execute(put, name="nobody", value="2") == 0
        row = await tx.one(get, name="a")
        return row and row["value"]

    assert await store.write(TENANT, work) == "2"


async def test_of_many_that_want_the_same_key_one_wins_and_the_others_see_it(store: Store) -> None:
    results = await together(store, *[append_if_absent("key", f"v{n}") for n in range(30)])
    assert len(set(results)) == 1
    assert await value_of(store, "key") == results[0]
    assert len(await logged(store)) == 1


async def test_wanting_the_same_key_in_turns_of_the_loop(store: Store) -> None:
    """Submitted apart, so that the calls meet in different transactions."""

    async def later(turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
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


async def test_locks_taken_in_opposite_orders_end(store: Store) -> None:
    """Two calls that lock each other out: one is run again."""
    await store.write(TENANT, append(setting("a", "0"), setting("b", "0")))

    def both(first: str, second: str) -> Any:
        async def work(tx: Tx) -> None:
            for name in (first, second):
                await increment(name)(tx)

        return work

    results = await together(store, *[both("a", "b") if n % 2 else both("b", "a") for n in range(6)])
    assert results == [None] * 6
    assert await value_of(store, "a") == await value_of(store, "b") == "6"


async def test_reads_of_many_calls_answer_each_its_own(store: Store) -> None:
    rows = [setting(f"n{n:02}", f"v{n % 5}", n) for n in range(50)]
    await store.write(TENANT, append(*rows))
    newest = Query(
        "select changed_at, name from settings where tenant_id = :tenant and value = :value "
        "order by changed_at desc limit :limit",
        types={"limit": "bigint"},
    )

    def reading(n: int) -> Any:
        async def work(tx: Tx) -> tuple[Any, ...]:
            page = await tx.all(newest, value=f"v{n % 7}", limit=n % 4)
            first = await tx.one(newest, value=f"v{n % 7}", limit=10)
            own = await tx.one(get, name=f"n{n:02}")
            return [tuple(row) for row in page], first and dict(first), own and [*own], own and list(own.keys())

        return work

    def expected(n: int) -> tuple[Any, ...]:
        having = [(at, name) for _, name, value, at, _ in reversed(rows) if value == f"v{n % 7}"]
        first = {"changed_at": having[0][0], "name": having[0][1]} if having else None
        own = [f"n{n:02}", f"v{n % 5}", n] if n < 50 else None
        return having[: n % 4], first, own, own and ["name", "value", "changed_at"]

    assert await together(store, *[reading(n) for n in range(60)]) == [expected(n) for n in range(60)]


async def test_rows_are_read_by_name_and_by_position(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1", 7), setting("b", "2", 8)))

    async def work(tx: Tx) -> list[Any]:
        row = await tx.one(get, name="b")
        assert row is not None
        return [row["changed_at"], row[0], row[2], len(row), list(row.keys())]  # type: ignore[arg-type]

    expected = ["b", 8, 3, ["name", "value", "changed_at"]]
    for result in await together(store, work, work, append_if_absent("a", "")):
        assert result in ([8, *expected], "1")


async def test_a_parameter_that_was_not_given_fails_the_call(store: Store) -> None:
    async def work(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        await tx.one(get)

    results = await together(store, work, append(setting("a")))
    assert isinstance(results[0], Exception)
    assert [row["name"] for row in await read_all(store, listed)] == ["a"]


# -- events ------------------------------------------------------------------------------------------


async def test_events_are_numbered_without_gaps_in_the_order_of_commits(engine: Engine) -> None:
    store, published = engine.store(), list[StoredEvent]()
    store.on_commit = published.extend
    await store.start()
    await store.write(TENANT, append(setting("counter", "0"), setting("taken")))

    def mixed(n: int) -> Any:
        async def work(tx: Tx) -> None:
            tx.emit(event(f"first{n}"))
            if n % 5 == 1:
                raise NotFound("after the event")
            if n % 5 == 2:
                tx.append(SETTINGS, setting("taken"))
            if n % 5 == 3:
                await increment("counter")(tx)
            tx.emit(event(f"last{n}"))

        return work

    async def later(n: int) -> None:
        for _ in range(n % 11):
            await asyncio.sleep(0)
        with contextlib.suppress(NotFound, StoreFailure):
            await store.write(TENANT, mixed(n), label=str(n % 5))

    await asyncio.gather(*[later(n) for n in range(100)])
    sequence = await logged(store)
    kept = 3 * 20 * 2 + 20  # two of five kinds fail; one of the others emits three
    assert [seq for seq, _ in sequence] == list(range(1, kept + 1))
    assert [(stored.seq, stored.event.subject) for stored in published] == sequence
    assert {stored.tenant_id for stored in published} == {TENANT}
    await store.close()


async def test_events_of_a_call_stay_together_and_in_order(store: Store) -> None:
    def emitting(n: int) -> Any:
        async def work(tx: Tx) -> None:
            tx.emit(event(f"{n}a"))
            await tx.one(get, name="x")
            tx.emit(event(f"{n}b"))

        return work

    await together(store, *[emitting(n) for n in range(20)])
    subjects = [subject for _, subject in await logged(store)]
    assert [s[:-1] for s in subjects[::2]] == [s[:-1] for s in subjects[1::2]]
    assert {s[-1] for s in subjects[::2]} == {"a"}


async def test_events_are_published_before_the_call_answers(store: Store) -> None:
    published: list[StoredEvent] = []
    store.on_commit = published.extend

    async def work(tx: Tx) -> None:
        tx.emit(event("done"))

    await store.write(TENANT, work)
    assert [stored.event.subject for stored in published] == ["done"]
    assert await logged(store) == [(1, "done")]


async def test_a_publisher_that_fails_does_not_fail_the_call(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def broken(events: Sequence[StoredEvent]) -> None:
        raise RuntimeError("nobody listens")

    store.on_commit = broken
    assert await store.write(TENANT, append_if_absent("a", "1")) == "1"
    assert "nobody listens" in caplog.text


async def test_an_event_is_stored_as_it_was_emitted(store: Store) -> None:

    new = NewEvent(new_id("evt"), "agora.x.y", "/a", None, 2**53, bytes(range(256)), ("agent_1", "ü"))

    async def work(tx: Tx) -> None:
        tx.emit(new)

    await together(store, work, append_if_absent("a", ""))
    query = Query("select * from events where tenant_id = :tenant and event_id = :id")
    (row,) = await read_all(store, query, id=new.event_id)
    assert (row["type"], row["source"], row["subject"], row["time"]) == ("agora.x.y", "/a", None, 2**53)
    assert bytes(row["data"]) == bytes(range(256))
    assert row["audience"] == '["agent_1","ü"]'


# -- tenants -----------------------------------------------------------------------------------------


async def test_a_statement_is_bound_to_the_tenant(store: Store) -> None:
    for tenant in ("one", "two"):
        await store.write(tenant, append_if_absent("a", tenant))

    async def reach(tx: Tx) -> tuple[Any, int]:
        row = await tx.one(get, name="a", tenant="two")
        return row and row["value"], await tx.execute(put, name="a", value="changed", tenant="two")

    assert await store.write("one", reach) == ("one", 1)
    assert [await value_of(store, "a", tenant) for tenant in ("one", "two", "three")] == ["changed", "two", None]


async def test_each_tenant_has_its_own_sequence(store: Store) -> None:
    tenants = ["one", "two", "o'brien", "日本"]
    calls = [store.write(tenant, append_if_absent(f"n{n}", "")) for n in range(15) for tenant in tenants]
    await asyncio.gather(*calls)
    for tenant in tenants:
        assert [seq for seq, _ in await logged(store, tenant)] == list(range(1, 16))
    assert sorted(await store.tenants()) == sorted([*tenants, "default"])


async def test_a_store_without_rows_has_the_home_tenant(store: Store) -> None:
    assert list(await store.tenants()) == ["default"]


# -- misuse ------------------------------------------------------------------------------------------


async def test_awaiting_something_else_fails_that_call_alone(store: Store) -> None:
    async def sleeps(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        await asyncio.sleep(0)

    async def waits(tx: Tx) -> None:
        await tx.one(get, name="x")
        tx.append(SETTINGS, setting("no"))
        await asyncio.get_running_loop().create_future()

    results = await together(store, append_if_absent("a", ""), sleeps, waits, append_if_absent("b", ""))
    assert [type(result) for result in results] == [str, SuspendedInTransaction, SuspendedInTransaction, str]
    assert [row["name"] for row in await read_all(store, listed)] == ["a", "b"]


async def test_a_timeout_inside_a_transaction_cannot_touch_the_others(store: Store) -> None:
    async def impatient(tx: Tx) -> None:
        async with asyncio.timeout(0):
            await tx.one(get, name="x")
        tx.append(SETTINGS, setting("no"))

    results = await together(store, append_if_absent("a", ""), impatient, append_if_absent("b", ""))
    assert isinstance(results[1], RuntimeError)
    assert [results[0], results[2]] == ["", ""]
    assert await value_of(store, "no") is None


async def test_a_transaction_cannot_be_used_after_its_call(store: Store) -> None:
    kept: list[Tx] = []

    async def keeps(tx: Tx) -> None:
        kept.append(tx)

    async def fails(tx: Tx) -> None:
        kept.append(tx)
        raise NotFound("no")

    await together(store, keeps, fails)
    for tx in kept:
        with pytest.raises(TxClosed):
            tx.append(SETTINGS, setting("late"))
        with pytest.raises(TxClosed):
            tx.emit(event())
        for statement in (tx.one, tx.all):
            with pytest.raises(TxClosed):
                await statement(get, name="a")
        for change in (tx.execute, tx.returning):
            with pytest.raises(TxClosed):
                await change(put, name="a", value="")


async def test_a_reader_cannot_write(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))
    sneaky = Query("update settings set value = 'x' where tenant_id = :tenant and name = 'a' returning value")
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await read_all(store, sneaky)
    assert await value_of(store, "a") == "1"


# -- context -----------------------------------------------------------------------------------------

caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="nobody")


async def test_a_call_runs_in_the_context_it_was_submitted_in(store: Store) -> None:
    def work(name: str) -> Any:
        async def run(tx: Tx) -> tuple[str, str, str]:
            first = caller.get()
            caller.set(f"changed by {name}")
            await tx.one(get, name="x")
            second = caller.get()
            await tx.all(listed)
            return first, second, caller.get()

        return run

    async def submit(name: str) -> Any:
        caller.set(name)
        result = await store.write(TENANT, work(name))
        return (*result, caller.get())

    for name, result in zip("abcdef", await asyncio.gather(*map(submit, "abcdef")), strict=True):
        assert result == (name, f"changed by {name}", f"changed by {name}", name)
    assert caller.get() == "nobody"


async def test_a_call_that_is_run_again_starts_in_its_own_context(store: Store) -> None:
    runs: list[str] = []

    async def work(tx: Tx) -> None:
        runs.append(caller.get())
        caller.set("left over")
        tx.append(SETTINGS, setting("same"))

    results = await together(store, work, work, work)
    assert sum(result is None for result in results) == 1
    assert set(runs) == {"nobody"}


# -- the queue ---------------------------------------------------------------------------------------


async def test_a_full_queue_says_when_to_retry(store: Store) -> None:
    limit = int((await store.check())["queue_limit"])
    accepted: list[Any] = [store.write(TENANT, append(setting(f"n{n}"))) for n in range(limit)]
    with pytest.raises(Overloaded) as refused:
        store.write(TENANT, append(setting("one too many")))
    assert refused.value.retry_after >= 1
    await asyncio.gather(*accepted)
    (row,) = await read_all(store, Query("select count(*) as n from settings where tenant_id = :tenant"))
    assert row["n"] == limit
    await store.write(TENANT, append(setting("after")))


async def test_a_call_cancelled_before_it_starts_is_skipped(store: Store) -> None:
    ran: list[int] = []

    def work(n: int) -> Any:
        async def run(tx: Tx) -> None:
            ran.append(n)
            tx.append(SETTINGS, setting(f"n{n}"))

        return run

    futures: list[Any] = [store.write(TENANT, work(n)) for n in range(10)]
    for future in futures[::2]:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
    assert sorted(ran) == [1, 3, 5, 7, 9]
    assert len(await read_all(store, listed)) == 5


async def test_closing_finishes_what_is_queued(engine: Engine) -> None:
    store = engine.store()
    await store.start()
    await store.write(TENANT, append(setting("counter", "0")))
    futures = [store.write(TENANT, append_if_absent(f"n{n}", "")) for n in range(300)]
    futures += [store.write(TENANT, increment("counter")) for _ in range(5)]  # type: ignore[misc]
    await store.close()
    assert all(future.done() and future.exception() is None for future in futures)  # type: ignore[attr-defined]
    with pytest.raises(Overloaded):
        await store.write(TENANT, append(setting("late")))
    assert (await engine.run("select count(*) as n from settings")) == [{"n": 301}]


async def test_a_check_is_a_round_trip_with_numbers(store: Store) -> None:
    numbers = await store.check()
    assert numbers["round_trip_ms"] > 0
    assert numbers["queue_depth"] == 0
    assert numbers["queue_limit"] > 0
    assert numbers["size_bytes"] > 10_000
    assert all(isinstance(value, float) for value in numbers.values())


# -- what is kept ------------------------------------------------------------------------------------


async def test_a_restart_keeps_everything(engine: Engine) -> None:
    store = engine.store()
    await store.start()
    await together(store, *[append_if_absent(f"n{n}", str(n)) for n in range(10)])
    await store.close()
    published: list[StoredEvent] = []
    store = engine.store()
    store.on_commit = published.extend
    await store.start()
    assert [row["value"] for row in await read_all(store, listed)] == [str(n) for n in range(10)]
    await store.write(TENANT, append_if_absent("after", ""))
    assert [stored.seq for stored in published] == [11]
    assert [seq for seq, _ in await logged(store)] == list(range(1, 12))
    await store.close()


TEXTS = [
    "",
    "'; drop table settings; --",
    'quote " backslash \\ percent % dollar $1 colon :name',
    "naïve Ünïcödé 日本語 العربية",
    "🏳️‍🌈 👩‍👩‍👧‍👦 \U0001d4b3 \U0010fffd",
    "line\nbreak\ttab\r\n\x01\x1f\x7f\u2028",
    '{"nul": "\\u0000"}',
    "x" * 2_000_000,
]


@pytest.mark.parametrize("alone", [True, False])
async def test_text_comes_back_as_it_was(store: Store, alone: bool) -> None:
    rows = [append(setting(f"n{n}", text)) for n, text in enumerate(TEXTS)]
    if alone:
        for row in rows:
            await store.write(TENANT, row)
    else:
        assert await together(store, *rows) == [None] * len(rows)
    by_value = Query("select name from settings where tenant_id = :tenant and value = :value")

    def finding(text: str) -> Any:
        async def work(tx: Tx) -> list[Any]:
            return [row["name"] for row in await tx.all(by_value, value=text)]

        return work

    assert [row["value"] for row in await read_all(store, listed)] == TEXTS
    assert await together(store, *map(finding, TEXTS)) == [[f"n{n}"] for n in range(len(TEXTS))]


@pytest.mark.parametrize("count", [1, 6])
async def test_blobs_come_back_as_they_were(store: Store, count: int) -> None:
    blobs = [bytes(range(256)), b"", b"\0", b"\xff" * 2000, b"\\x00", b"'"][:count]
    rows = [
        (TENANT, f"t{n}", "key", "", "default", blob, "[]", "basic", 0, 1, None, None) for n, blob in enumerate(blobs)
    ]
    assert await together(store, *[append(row, table=TOKENS) for row in rows]) == [None] * count
    assert [bytes(row["digest"]) for row in await read_all(store, tokens_of)] == blobs
    by_digest = Query(
        "select token_id from tokens where tenant_id = :tenant and digest = :digest", types={"digest": "bytea"}
    )
    assert [row[0] for row in await read_all(store, by_digest, digest=blobs[0])] == ["t0"]


async def test_numbers_come_back_as_they_were(store: Store) -> None:
    values = [(2**62, 0.1), (-1, -2.5e300), (0, 3.0)]
    rows = [(TENANT, "a", f"r{n}", real, "", whole) for n, (whole, real) in enumerate(values)]
    await together(store, *[append(row, table=RATINGS) for row in rows])
    query = Query(
        "select sum(rated_at) as total, avg(rating) as mean, count(*) as n, max(rated_at) as most, "
        "sum(case when rated_at > 0 then 1 else 0 end) as positive from ratings where tenant_id = :tenant "
        "and rater_id <> 'r1'"
    )
    (row,) = await read_all(store, query)
    assert (row["total"], row["mean"], row["n"], row["most"], row["positive"]) == (2**62, 1.55, 2, 2**62, 1)
    assert isinstance(row["total"], int)
    kept = await read_all(
        store, Query("select rated_at, rating from ratings where tenant_id = :tenant order by rater_id")
    )
    assert [tuple(row) for row in kept] == values


async def test_names_are_ordered_by_code_point(store: Store) -> None:
    names = ["Zoë", "ada", "Ada", "a_b", "a-b", "éa", "a", "Á", "z", "Z0", "msg_01", "msg_0a"]
    await together(store, *[append_if_absent(name, "") for name in names])
    assert [row["name"] for row in await read_all(store, listed)] == sorted(names)


async def test_a_read_is_of_one_moment_or_later(store: Store) -> None:
    """A reader never sees half of a call."""
    await store.write(TENANT, append(setting("a", "0"), setting("b", "0")))
    both = Query("select value from settings where tenant_id = :tenant and name in ('a', 'b') order by name")

    def move(n: int) -> Any:
        async def work(tx: Tx) -> None:
            await tx.execute(put, name="a", value=str(n))
            await tx.execute(put, name="b", value=str(n))

        return work

    async def look() -> set[str]:
        return {row["value"] for row in await read_all(store, both)}

    writes = [store.write(TENANT, move(n)) for n in range(30)]
    seen = await asyncio.gather(*[look() for _ in range(30)])
    await asyncio.gather(*writes)
    assert all(len(values) == 1 for values in seen)


async def test_reads_of_one_reader_may_run_at_once(store: Store) -> None:
    await store.write(TENANT, append(*[setting(f"n{n}", str(n)) for n in range(10)]))

    async def work(reader: Reader) -> list[Row | None]:
        return await asyncio.gather(*[reader.one(get, name=f"n{n}") for n in range(10)])

    assert [row and row["value"] for row in await store.read(TENANT, work)] == [str(n) for n in range(10)]


# -- all of it at once -------------------------------------------------------------------------------


class Model:
    """What the store should hold, told by the answers of calls in whatever order they committed."""

    def __init__(self) -> None:
        self.added = dict.fromkeys(("k0", "k1", "k2", "k3"), 0)
        self.first: dict[str, set[str]] = {}
        self.events = 0

    async def run(self, store: Store, n: int, dice: random.Random) -> None:
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(0)
        act = dice.choice((self.add, self.add, self.claim, self.claim, self.claim, self.fail, self.move))
        await act(store, n, f"k{dice.randrange(4)}")

    async def add(self, store: Store, n: int, key: str) -> None:
        async def work(tx: Tx) -> None:
            assert await tx.execute(add, name=key, n=n) == 1
            tx.emit(event(f"add {n}"))

        await store.write(TENANT, work, label="add")
        self.added[key] += n
        self.events += 1

    async def claim(self, store: Store, n: int, key: str) -> None:
        name = f"{key}-{n % 17}"
        self.first.setdefault(name, set()).add(await store.write(TENANT, append_if_absent(name, str(n)), label="claim"))

    async def fail(self, store: Store, n: int, key: str) -> None:
        async def work(tx: Tx) -> None:
            tx.append(SETTINGS, setting(f"failed{n}"))
            tx.emit(event("failed"))
            if n % 2:
                await tx.execute(add, name=key, n=1_000_000)
            raise NotFound(key)

        with pytest.raises(NotFound):
            await store.write(TENANT, work, label="fail")

    async def move(self, store: Store, n: int, key: str) -> None:
        """To a name that is taken: refused by the database in the middle of the work."""

        async def work(tx: Tx) -> None:
            tx.append(SETTINGS, setting(f"failed{n}"))
            await tx.execute(rename, name=key, new="k0" if key != "k0" else "k1")

        with pytest.raises(StoreFailure):
            await store.write(TENANT, work, label="move")


@pytest.mark.parametrize("seed", [1, 2])
async def test_500_mixed_calls_leave_what_their_answers_say(store: Store, seed: int) -> None:
    model, dice = Model(), random.Random(seed)
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    await store.write(TENANT, append(*[setting(key) for key in model.added]))
    await asyncio.gather(*[model.run(store, n, dice) for n in range(500)])
    rows = {row["name"]: (row["value"], row["changed_at"]) for row in await read_all(store, listed)}
    for key, total in model.added.items():
        assert rows.pop(key) == ("", total)
    assert all(len(answers) == 1 for answers in model.first.values())
    assert rows == {name: (answers.pop(), 0) for name, answers in model.first.items()}
    sequence = await logged(store)
    assert [seq for seq, _ in sequence] == list(range(1, model.events + len(rows) + 1))
    assert [(stored.seq, stored.event.subject) for stored in published] == sequence


async def test_a_call_that_fails_takes_no_rows_of_others_with_it(store: Store) -> None:
    """It changes rows of its own, sees those of the calls before it, and is rolled back."""
    await store.write(TENANT, append(setting("counter", "0")))

    async def fails(tx: Tx) -> None:
        await increment("counter")(tx)
        assert await tx.all(listed)
        await tx.execute(rename, name="a", new="b")
        raise NotFound("after all")

    calls = [
        store.write(TENANT, append(setting("a"))),
        store.write(TENANT, fails),
        store.write(TENANT, append(setting("c"))),
    ]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), NotFound, type(None)]
    assert {row["name"] for row in await read_all(store, listed)} == {"a", "c", "counter"}
