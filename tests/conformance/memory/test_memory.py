"""Memory: key-value entries, recall by words, separation by owner, and bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.server.app import App
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PayloadTooLarge
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def call(market: Market, caller: Caller, action: str, /, **arguments: Any) -> Any:
    """Call a memory operation; ``key`` is its argument, not an idempotency key."""
    operation = market.app.registry.resolve(f"agora.memory.{action}")
    return (await market.app.dispatcher.invoke(operation, caller, arguments)).result


KEYS = ["alpha", "beta", "beta/1", "gamma", "Ünïcode 🐟"]


async def test_entry_is_stored_recalled_and_deleted(market: Market) -> None:
    alice, bob = await market.agent("Alice"), await market.agent("Bob")
    value = {"text": "Important Data", "n": [1, 2.5, None, True]}
    stored = await call(market, alice, "store", key="demo_key", value=value, tags=["demo"])
    assert (stored.version, stored.stored_by, stored.namespace) == (1, alice.subject, "default")
    recalled = await call(market, bob, "recall", key="demo_key")
    assert (recalled.value, recalled.tags) == (value, ["demo"])
    changed = await call(market, bob, "store", key="demo_key", value="other")
    assert (changed.version, changed.stored_by) == (2, bob.subject)
    assert (await call(market, alice, "forget", key="demo_key")).forgotten
    assert not (await call(market, alice, "forget", key="demo_key")).forgotten
    with pytest.raises(NotFound):
        await call(market, alice, "recall", key="demo_key")


async def test_entries_are_visible_only_to_their_owner(market: Market) -> None:
    alice, bob = await market.agent("Alice"), await market.agent("Bob")
    await call(market, alice, "store", key="secret", value="swordfish", namespace="own")
    with pytest.raises(NotFound):
        await call(market, bob, "recall", key="secret", namespace="own")
    with pytest.raises(InvalidRequest):
        await call(market, bob, "recall", key="secret", namespace=f"@{alice.subject}")
    assert (await call(market, bob, "search", query="swordfish")).count == 0
    assert not (await call(market, bob, "forget", key="secret", namespace="own")).forgotten
    assert (await call(market, bob, "list", namespace="own")).count == 0
    (found,) = (await call(market, alice, "search", query="swordfish")).memories
    assert (found.namespace, found.value) == ("own", "swordfish")
    (event,) = market.of_type("agora.memory.stored")
    assert event.audience == (alice.subject,)
    assert b"swordfish" not in event.data


async def test_update_of_an_outdated_version_is_refused(market: Market) -> None:
    alice = await market.agent("Alice")
    await call(market, alice, "store", key="k", value=1, if_version=0)
    for stale in (0, 2):
        with pytest.raises(Conflict) as refused:
            await call(market, alice, "store", key="k", value=2, if_version=stale)
        assert refused.value.extra["version"] == 1
    assert (await call(market, alice, "store", key="k", value=3, if_version=1)).version == 2
    with pytest.raises(Conflict):
        await call(market, alice, "store", key="new", value=3, if_version=1)


async def test_list_is_paged_by_key(market: Market) -> None:
    alice = await market.agent("Alice")
    for key in KEYS:
        await call(market, alice, "store", key=key, value=key, namespace="n")
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await call(market, alice, "list", namespace="n", limit=2, cursor=cursor)
        found += [memory.key for memory in page.memories]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(KEYS, key=lambda key: key.encode())
    begun = await call(market, alice, "list", namespace="n", prefix="beta")
    assert [memory.key for memory in begun.memories] == ["beta", "beta/1"]
    assert (await call(market, alice, "list")).count == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("quick fox", ["fox", "dog"]),
        ("FÔX", ["fox"]),
        ("animal", ["dog", "fox"]),
        ("42", ["number"]),
        ("nothing of that", []),
        ("'; drop table memories; --", []),
        ("!!!", []),
    ],
)
async def test_search_ranks_entries_by_matching_words(market: Market, query: str, expected: list[str]) -> None:
    alice = await market.agent("Alice")
    values: dict[str, Any] = {"fox": {"text": "the quick brown fox"}, "dog": ["a quick dog"], "number": {"n": 42}}
    for key, value in values.items():
        market.clock.advance(1)
        await call(market, alice, "store", key=key, value=value, tags=["animal"] if key != "number" else [])
    found = (await call(market, alice, "search", query=query)).memories
    assert [memory.key for memory in found] == expected


async def test_changed_value_is_not_found_by_its_old_words(market: Market) -> None:
    alice = await market.agent("Alice")
    await call(market, alice, "store", key="k", value="before")
    await call(market, alice, "store", key="k", value="after")
    assert (await call(market, alice, "search", query="before")).count == 0
    assert (await call(market, alice, "search", query="after")).memories[0].score == 1.0
    await call(market, alice, "forget", key="k")
    assert (await call(market, alice, "search", query="after")).count == 0


async def test_keys_and_values_are_bounded(market: Market) -> None:
    alice = await market.agent("Alice")
    with pytest.raises(PayloadTooLarge):
        await call(market, alice, "store", key="k", value="x" * 65_535)
    await call(market, alice, "store", key="k", value="word " * 13_000)
    for wrong in ({"key": ""}, {"key": "a\nb"}, {"key": "k" * 201}, {"key": "k", "namespace": "a b"}):
        with pytest.raises(InvalidRequest):
            await call(market, alice, "store", value=1, **wrong)


@pytest.fixture
async def small(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path / "data", memory_limit=2), clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


async def test_number_of_entries_is_bounded(small: Market) -> None:
    alice = await small.agent("Alice")
    for key in ("a", "b", "a"):
        await call(small, alice, "store", key=key, value=1)
    with pytest.raises(Conflict):
        await call(small, alice, "store", key="c", value=1)
    with pytest.raises(NotFound):
        await call(small, alice, "recall", key="c")
    await call(small, alice, "forget", key="a")
    await call(small, alice, "store", key="c", value=1)


async def test_limit_of_zero_admits_no_entry(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    app = App(make_settings(tmp_path / "data", memory_limit=0), clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    with pytest.raises(Conflict, match="limit of 0 memories"):
        await call(market, await market.agent("Alice"), "store", key="a", value=1)
    await app.stop()


async def test_conditional_store_does_not_create_a_deleted_entry_again(
    postgres: PostgresEngine, tmp_path: Path, clock: ManualClock
) -> None:
    app = App(make_settings(tmp_path / "data"), clock=clock, store=postgres.store(clock))
    await app.start()
    market = Market(app, clock)
    alice = await market.agent("Alice")
    await call(market, alice, "store", key="a", value=1)
    with pytest.raises(Conflict, match="does not exist"):
        await postgres.run_before("delete from memories", call(market, alice, "store", key="a", value=2, if_version=1))
    await app.stop()
