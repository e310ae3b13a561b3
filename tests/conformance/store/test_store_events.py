"""Events, and misuse of transactions, on every engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from agora.clock import new_id
from agora.store.port import NewEvent, Query, Store, StoredEvent, StoreFailure, SuspendedInTransaction, Tx, TxClosed
from agora_sdk.errors import NotFound
from tests.conformance.engines import Engine, RunsOn
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
    put,
    read_all,
    setting,
    together,
    value_of,
)
from tests.dict_rows import DictQuery
from tests.polling import run_loop_turns

RUNS_ON = RunsOn.BOTH

# -- events ----------------------------------------------------------------------------------------


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
        await run_loop_turns(n % 11)
        with contextlib.suppress(NotFound, StoreFailure):
            await store.write(TENANT, mixed(n), label=str(n % 5))

    await asyncio.gather(*[later(n) for n in range(100)])
    sequence = await logged(store)
    kept = 3 * 20 * 2 + 20  # two of five kinds fail; one of the others emits three events
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


async def test_failing_publisher_does_not_fail_the_call(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def broken(events: Sequence[StoredEvent]) -> None:
        raise RuntimeError("nobody listens")

    store.on_commit = broken
    assert await store.write(TENANT, append_if_absent("a", "1")) == "1"
    assert "nobody listens" in caplog.text


async def test_event_is_stored_as_emitted(store: Store) -> None:

    new = NewEvent(new_id("evt"), "agora.x.y", "/a", None, 2**53, bytes(range(256)), ("agent_1", "ü"))

    async def work(tx: Tx) -> None:
        tx.emit(new)

    await together(store, work, append_if_absent("a", ""))
    query = DictQuery("select * from events where tenant_id = :tenant and event_id = :id")
    (row,) = await read_all(store, query, id=new.event_id)
    assert (row["type"], row["source"], row["subject"], row["time"]) == ("agora.x.y", "/a", None, 2**53)
    assert bytes(row["data"]) == bytes(range(256))
    assert row["audience"] == '["agent_1","ü"]'


# -- misuse ----------------------------------------------------------------------------------------


async def test_awaiting_something_else_fails_only_that_call(store: Store) -> None:
    async def sleeps(tx: Tx) -> None:
        tx.append(SETTINGS, setting("no"))
        await asyncio.sleep(0)

    async def waits(tx: Tx) -> None:
        await tx.one(get, name="x")
        tx.append(SETTINGS, setting("no"))
        await asyncio.get_running_loop().create_future()

    results = await together(store, append_if_absent("a", ""), sleeps, waits, append_if_absent("b", ""))
    assert [type(result) for result in results] == [str, SuspendedInTransaction, SuspendedInTransaction, str]
    assert [row.name for row in await read_all(store, listed)] == ["a", "b"]


async def test_timeout_inside_a_transaction_does_not_affect_others(store: Store) -> None:
    async def impatient(tx: Tx) -> None:
        async with asyncio.timeout(0):
            await tx.one(get, name="x")
        tx.append(SETTINGS, setting("no"))

    results = await together(store, append_if_absent("a", ""), impatient, append_if_absent("b", ""))
    assert isinstance(results[1], RuntimeError)
    assert [results[0], results[2]] == ["", ""]
    assert await value_of(store, "no") is None


async def test_transaction_cannot_be_used_after_its_call(store: Store) -> None:
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


async def test_reader_cannot_write(store: Store) -> None:
    await store.write(TENANT, append(setting("a", "1")))
    sneaky = Query("update settings set value = 'x' where tenant_id = :tenant and name = 'a' returning value", str)
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await read_all(store, sneaky)
    assert await value_of(store, "a") == "1"
