"""Behaviour of every engine under concurrency."""

from __future__ import annotations

import asyncio
import random

import pytest

from agora.store.port import Store, StoredEvent, StoreFailure, Tx
from agora_sdk.errors import NotFound
from tests.conformance.engines import RunsOn
from tests.conformance.store.store_calls import (
    SETTINGS,
    TENANT,
    add,
    append,
    append_if_absent,
    event,
    increment,
    listed,
    logged,
    read_all,
    rename,
    setting,
)
from tests.polling import run_loop_turns

RUNS_ON = RunsOn.BOTH


class Model:
    """The expected content of the store, from the answers of calls in any commit order."""

    def __init__(self) -> None:
        self.added = dict.fromkeys(("k0", "k1", "k2", "k3"), 0)
        self.first: dict[str, set[str]] = {}
        self.events = 0

    async def run(self, store: Store, n: int, dice: random.Random) -> None:
        await run_loop_turns(dice.randrange(12))
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
        """Rename to a name in use: refused by the database in the middle of the work."""

        async def work(tx: Tx) -> None:
            tx.append(SETTINGS, setting(f"failed{n}"))
            await tx.execute(rename, name=key, new="k0" if key != "k0" else "k1")

        with pytest.raises(StoreFailure):
            await store.write(TENANT, work, label="move")


@pytest.mark.parametrize("seed", [1, 2])
async def test_500_mixed_calls_leave_the_state_implied_by_their_answers(store: Store, seed: int) -> None:
    model, dice = Model(), random.Random(seed)
    published: list[StoredEvent] = []
    store.on_commit = published.extend
    await store.write(TENANT, append(*[setting(key) for key in model.added]))
    await asyncio.gather(*[model.run(store, n, dice) for n in range(500)])
    rows = {row.name: (row.value, row.changed_at) for row in await read_all(store, listed)}
    for key, total in model.added.items():
        assert rows.pop(key) == ("", total)
    assert all(len(answers) == 1 for answers in model.first.values())
    assert rows == {name: (answers.pop(), 0) for name, answers in model.first.items()}
    sequence = await logged(store)
    assert [seq for seq, _ in sequence] == list(range(1, model.events + len(rows) + 1))
    assert [(stored.seq, stored.event.subject) for stored in published] == sequence


async def test_failed_call_rolls_back_no_rows_of_others(store: Store) -> None:
    """It changes its own rows, reads those of earlier calls, and is rolled back."""
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
    assert {row.name for row in await read_all(store, listed)} == {"a", "c", "counter"}
