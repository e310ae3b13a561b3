"""The write queue and the context of queued calls, on every engine."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from agora.store.port import Query, Store, Tx
from agora_sdk.errors import Overloaded
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    append,
    append_if_absent,
    get,
    increment,
    listed,
    read_all,
    setting,
    together,
)

RUNS_ON = RunsOn.BOTH

# -- context ---------------------------------------------------------------------------------------


caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="nobody")


async def test_call_runs_in_the_context_of_its_submission(store: Store) -> None:
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


async def test_repeated_call_starts_in_its_own_context(store: Store) -> None:
    runs: list[str] = []

    async def work(tx: Tx) -> None:
        runs.append(caller.get())
        caller.set("left over")
        tx.append(SETTINGS, setting("same"))

    results = await together(store, work, work, work)
    assert sum(result is None for result in results) == 1
    assert set(runs) == {"nobody"}


# -- the queue -------------------------------------------------------------------------------------


async def test_full_queue_error_has_retry_after(store: Store) -> None:
    limit = int((await store.measure_health())["queue_limit"])
    accepted: list[Any] = [store.write(TENANT, append(setting(f"n{n}"))) for n in range(limit)]
    with pytest.raises(Overloaded) as refused:
        store.write(TENANT, append(setting("one too many")))
    assert refused.value.retry_after >= 1
    await asyncio.gather(*accepted)
    (count,) = await read_all(store, Query("select count(*) as n from settings where tenant_id = :tenant", int))
    assert count == limit
    await store.write(TENANT, append(setting("after")))


async def test_call_cancelled_before_its_start_is_skipped(store: Store) -> None:
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


async def test_close_finishes_queued_calls(engine: Engine) -> None:
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


async def test_check_makes_a_round_trip_and_returns_statistics(store: Store) -> None:
    numbers = await store.measure_health()
    assert numbers["round_trip_ms"] > 0
    assert numbers["queue_depth"] == 0
    assert numbers["queue_limit"] > 0
    assert numbers["size_bytes"] > 10_000
    assert all(isinstance(value, float) for value in numbers.values())
