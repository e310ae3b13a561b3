"""Conformance of bus engines: one suite for the embedded engine, on both stores, and for Redis Streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from agora.domains.bus.engines.port import Bus, RedeliveryPolicy
from agora.domains.bus.engines.redis import RedisBus
from agora_sdk.errors import NotFound, Overloaded
from tests.conformance.bus.embedded_bus import EmbeddedBus
from tests.conformance.engines import RunsOn, an_engine
from tests.harness import ManualClock
from tests.postgres import PostgresServer
from tests.valkey import broker, valkey_server

RUNS_ON = RunsOn.BOTH

__all__ = ["broker", "valkey_server"]

KINDS = ("sqlite", "postgres", "redis")
STREAM = "xnai:agent_bus"


class Place:
    """The location of engines, and a clock."""

    async def make(self, terms: RedeliveryPolicy | None = None, **options: Any) -> Bus:
        raise NotImplementedError

    async def age(self, group: str, seconds: float, stream: str = STREAM) -> None:
        """Make all pending entries older."""
        raise NotImplementedError


class InStore(Place):
    def __init__(self, store: Any, clock: ManualClock) -> None:
        self.store, self.clock = store, clock

    async def make(self, terms: RedeliveryPolicy | None = None, **options: Any) -> Bus:
        return EmbeddedBus(self.store, self.clock, policy=terms, **options)

    async def age(self, group: str, seconds: float, stream: str = STREAM) -> None:
        self.clock.advance(seconds)


class InRedis(Place):
    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url, self.stack = url, stack

    async def make(self, terms: RedeliveryPolicy | None = None, **options: Any) -> Bus:
        bus = RedisBus(self.url, policy=terms, **options)
        await bus.start()
        self.stack.push_async_callback(bus.close)
        return bus

    async def age(self, group: str, seconds: float, stream: str = STREAM) -> None:
        async with redis.asyncio.Redis.from_url(self.url) as client:
            for entry in await client.xpending_range(stream, group, "-", "+", 1000):
                idle = int(entry["time_since_delivered"] + seconds * 1000)
                await client.xclaim(stream, group, entry["consumer"], 0, [entry["message_id"]], idle=idle, justid=True)


@pytest.fixture(params=KINDS)
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, postgres_server: PostgresServer
) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        if request.param == "redis":
            yield InRedis(request.getfixturevalue("broker"), stack)
        else:
            engine = await stack.enter_async_context(an_engine(request.param, tmp_path, postgres_server))
            store = engine.store(clock)
            await store.start()
            stack.push_async_callback(store.close)
            yield InStore(store, clock)


@pytest.fixture
async def bus(place: Place) -> Bus:
    return await place.make()


def entry(number: int) -> dict[str, str]:
    return {"message_id": f"m{number}", "content": '{"text": "Grüße\\n"}', "empty": ""}


async def filled(bus: Bus, count: int, *groups: str) -> list[str]:
    for group in groups:
        await bus.create_group(STREAM, group)
    return [await bus.publish(STREAM, entry(number)) for number in range(count)]


# -- publish and read ----------------------------------------------------------------------------


async def test_entries_are_delivered_complete_and_in_order(bus: Bus) -> None:
    ids = await filled(bus, 5, "g")
    found = await bus.read(STREAM, "g", "c", count=3)
    assert [e.entry_id for e in found] == ids[:3]
    assert [dict(e.fields) for e in found] == [entry(n) for n in range(3)]
    assert [e.deliveries for e in found] == [1, 1, 1]
    assert [e.entry_id for e in await bus.read(STREAM, "g", "c", count=10)] == ids[3:]
    assert await bus.read(STREAM, "g", "c") == []


async def test_every_group_gets_every_entry_independently(bus: Bus) -> None:
    ids = await filled(bus, 3, "a", "b")
    assert [e.entry_id for e in await bus.read(STREAM, "a", "c")] == ids
    assert [e.entry_id for e in await bus.read(STREAM, "b", "c")] == ids
    await bus.ack(STREAM, "a", ids)
    assert len(await bus.list_pending(STREAM, "b")) == 3


async def test_consumers_of_a_group_share_its_entries(bus: Bus) -> None:
    ids = await filled(bus, 40, "g")
    shares = await asyncio.gather(*(bus.read(STREAM, "g", f"c{n}", count=10) for n in range(4)))
    assert sorted(e.entry_id for share in shares for e in share) == sorted(ids)
    assert {c.name: c.pending for c in await bus.list_consumers(STREAM, "g")} == {f"c{n}": 10 for n in range(4)}


async def test_concurrently_published_entries_are_delivered_once(bus: Bus) -> None:
    await bus.create_group(STREAM, "g")
    ids = await asyncio.gather(*(bus.publish(STREAM, entry(number)) for number in range(300)))
    assert len(set(ids)) == 300
    found = []
    while some := await bus.read(STREAM, "g", "c", count=70):
        found += some
    assert sorted(e.fields["message_id"] for e in found) == sorted(f"m{n}" for n in range(300))
    assert {e.entry_id: e.fields["message_id"] for e in found} == {i: f"m{n}" for n, i in enumerate(ids)}


async def test_read_waits_for_entries(bus: Bus) -> None:
    await bus.create_group(STREAM, "g")
    reading = asyncio.create_task(bus.read(STREAM, "g", "c", block=10))
    others = [asyncio.create_task(bus.read("other", "g", "c", block=0)) for _ in range(1)]
    with pytest.raises(NotFound):
        await others[0]
    entry_id = await bus.publish(STREAM, entry(1))
    assert [e.entry_id for e in await asyncio.wait_for(reading, 60)] == [entry_id]
    assert await bus.read(STREAM, "g", "c", block=0.01) == []


async def test_group_can_begin_at_the_end(bus: Bus) -> None:
    await filled(bus, 3, "whole")
    assert await bus.create_group(STREAM, "late", from_start=False)
    assert not await bus.create_group(STREAM, "late", from_start=True), "it exists already and keeps its position"
    assert await bus.read(STREAM, "late", "c") == []
    entry_id = await bus.publish(STREAM, entry(9))
    assert [e.entry_id for e in await bus.read(STREAM, "late", "c")] == [entry_id]


async def test_reading_an_unknown_group_fails(bus: Bus) -> None:
    await bus.publish(STREAM, entry(1))
    for asked in (bus.read(STREAM, "g", "c"), bus.recover(STREAM, "g", "c")):
        with pytest.raises(NotFound):
            await asked
    assert await bus.list_groups(STREAM) == []
    assert await bus.list_consumers(STREAM, "g") == []


# -- acknowledgement and recovery ----------------------------------------------------------------


async def test_acknowledged_entries_are_not_redelivered(bus: Bus, place: Place) -> None:
    ids = await filled(bus, 3, "g")
    await bus.read(STREAM, "g", "c")
    assert await bus.ack(STREAM, "g", ids[:2]) == 2
    assert await bus.ack(STREAM, "g", ids[:2]) == 0, "again it is nothing"
    assert await bus.ack(STREAM, "g", ["nonsense", "1-x", "-", "", "0-0", "9" * 50, "²-1"]) == 0
    await place.age("g", 1000)
    assert [e.entry_id for e in (await bus.recover(STREAM, "g", "d")).entries] == ids[2:]


async def test_stale_entries_are_claimed_by_another_consumer(bus: Bus, place: Place) -> None:
    ids = await filled(bus, 4, "g")
    await bus.read(STREAM, "g", "dead", count=2)
    assert not (await bus.recover(STREAM, "g", "live")).entries, "not yet"
    await place.age("g", 31)
    await bus.read(STREAM, "g", "busy", count=2)
    recovered = (await bus.recover(STREAM, "g", "live")).entries
    assert [(e.entry_id, e.deliveries) for e in recovered] == [(ids[0], 2), (ids[1], 2)]
    assert dict(recovered[0].fields) == entry(0)
    assert {p.entry_id: p.consumer for p in await bus.list_pending(STREAM, "g")} == dict(
        zip(ids, ["live", "live", "busy", "busy"], strict=True)
    )
    assert not (await bus.recover(STREAM, "g", "third")).entries, "the time begins anew"


async def test_idle_time_doubles_until_the_entry_is_a_dead_letter(bus: Bus, place: Place) -> None:
    (entry_id,) = await filled(bus, 1, "g")
    await bus.read(STREAM, "g", "a")
    await place.age("g", 31)
    assert (await bus.recover(STREAM, "g", "b")).entries[0].deliveries == 2
    await place.age("g", 31)
    assert not (await bus.recover(STREAM, "g", "c")).entries, "the second time it takes 60 s"
    await place.age("g", 30)
    assert (await bus.recover(STREAM, "g", "c")).entries[0].deliveries == 3
    await place.age("g", 61)
    last = await bus.recover(STREAM, "g", "d")
    assert (list(last.entries), list(last.dead)) == ([], [])
    await place.age("g", 60)
    last = await bus.recover(STREAM, "g", "d")
    assert list(last.entries) == []
    assert [(e.entry_id, e.deliveries) for e in last.dead] == [(entry_id, 3)]
    assert await bus.list_pending(STREAM, "g") == []
    await bus.create_group(f"{STREAM}/dead", "undertaker")
    (letter,) = await bus.read(f"{STREAM}/dead", "undertaker", "c")
    assert letter.fields["message_id"] == "m0"
    assert letter.fields["dead_entry_id"] == entry_id
    assert (letter.fields["dead_group"], letter.fields["dead_deliveries"]) == ("g", "3")


async def test_idle_time_and_delivery_count_are_configurable(place: Place) -> None:
    bus = await place.make(RedeliveryPolicy(stale_seconds=5, silent_seconds=90, max_deliveries=1))
    await filled(bus, 1, "g")
    await bus.read(STREAM, "g", "a")
    await place.age("g", 6)
    assert len((await bus.recover(STREAM, "g", "b")).dead) == 1


async def test_recovery_accepts_an_idle_time(bus: Bus) -> None:
    ids = await filled(bus, 150, "g")
    await bus.read(STREAM, "g", "a", count=150)
    found = (await bus.recover(STREAM, "g", "b", idle=0, count=100)).entries
    assert [e.entry_id for e in found] == ids[:100]


async def test_maintenance_reclaims_stale_entries(bus: Bus, place: Place) -> None:
    ids = await filled(bus, 2, "g")
    await bus.read(STREAM, "g", "dead")
    assert list((await bus.maintain(STREAM, "g")).taken_back) == []
    await place.age("g", 31)
    assert list((await bus.maintain(STREAM, "g")).taken_back) == ids
    assert [p.consumer for p in await bus.list_pending(STREAM, "g")] == [None, None]
    assert all(p.idle >= 31 for p in await bus.list_pending(STREAM, "g"))
    assert list((await bus.maintain(STREAM, "g")).taken_back) == [], "once"
    found = (await bus.recover(STREAM, "g", "live", idle=3600)).entries
    assert [(e.entry_id, e.deliveries) for e in found] == [(i, 2) for i in ids], "immediately, for any caller"


async def test_maintenance_dead_letters_undeliverable_entries(bus: Bus, place: Place) -> None:
    (entry_id,) = await filled(bus, 1, "g")
    await bus.read(STREAM, "g", "a")
    for seconds in (31, 61):
        await place.age("g", seconds)
        assert list((await bus.maintain(STREAM, "g")).taken_back) == [entry_id]
        await bus.recover(STREAM, "g", "a")
    await place.age("g", 121)
    done = await bus.maintain(STREAM, "g")
    assert (list(done.taken_back), [e.entry_id for e in done.dead]) == ([], [entry_id])
    assert await bus.list_pending(STREAM, "g") == []
    assert await bus.count_entries(f"{STREAM}/dead") == 1


async def test_idle_consumers_are_deleted_unless_they_hold_entries(place: Place) -> None:
    bus = await place.make(RedeliveryPolicy(stale_seconds=30, silent_seconds=0, max_deliveries=3))
    ids = await filled(bus, 2, "g")
    await bus.read(STREAM, "g", "holds", count=1)
    await bus.read(STREAM, "g", "idle", count=1)
    await bus.ack(STREAM, "g", ids[1:])
    assert list((await bus.maintain(STREAM, "g")).removed) == ["idle"]
    await place.age("g", 31)
    done = await bus.maintain(STREAM, "g")
    assert (list(done.taken_back), list(done.removed)) == (ids[:1], ["holds"])
    assert await bus.list_consumers(STREAM, "g") == []
    assert [e.entry_id for e in (await bus.recover(STREAM, "g", "next")).entries] == ids[:1]


async def test_concurrent_recoveries_claim_different_entries(bus: Bus, place: Place) -> None:
    ids = await filled(bus, 50, "g")
    await bus.read(STREAM, "g", "dead", count=50)
    await place.age("g", 31)
    shares = await asyncio.gather(*(bus.recover(STREAM, "g", f"c{n}", count=50) for n in range(4)))
    assert sorted(e.entry_id for share in shares for e in share.entries) == sorted(ids)


# -- inspection and trimming ---------------------------------------------------------------------


async def test_group_info_reports_the_position(bus: Bus) -> None:
    await filled(bus, 5, "b", "a")
    await bus.read(STREAM, "a", "c", count=2)
    found = await bus.list_groups(STREAM)
    assert [(g.name, g.pending, g.lag, g.consumers) for g in found] == [("a", 2, 3, 1), ("b", 0, 5, 0)]
    assert await bus.count_entries(STREAM) == 5


async def test_trimming_keeps_undelivered_entries(bus: Bus) -> None:
    ids = await filled(bus, 10, "a", "b")
    await bus.read(STREAM, "a", "c", count=10)
    await bus.ack(STREAM, "a", ids)
    assert await bus.trim_stream(STREAM) == 0, "b has read nothing"
    await bus.read(STREAM, "b", "c", count=6)
    await bus.ack(STREAM, "b", [*ids[:3], *ids[4:6]])
    assert await bus.trim_stream(STREAM, 8) == 2
    assert await bus.trim_stream(STREAM) == 1, "b holds the fourth"
    assert ([g.lag for g in await bus.list_groups(STREAM)], await bus.count_entries(STREAM)) == ([0, 4], 7)
    assert [e.entry_id for e in await bus.read(STREAM, "b", "c")] == ids[6:]
    await bus.ack(STREAM, "b", ids)
    assert await bus.trim_stream(STREAM) == 7
    assert await bus.count_entries(STREAM) == 0
    (entry_id,) = [await bus.publish(STREAM, entry(1))]
    assert [e.entry_id for e in await bus.read(STREAM, "a", "c")] == [entry_id]


async def test_stream_without_groups_is_trimmed_to_a_length(bus: Bus) -> None:
    await filled(bus, 30)
    assert await bus.trim_stream(STREAM, 10) == 20
    assert await bus.count_entries(STREAM) == 10
    assert await bus.trim_stream("nothing", 10) == 0


@pytest.mark.parametrize("name", ["s p a c e", "ünïcode:世界", "'; drop table bus_entries; --", "*", "a\nb"])
async def test_unusual_names_are_accepted(bus: Bus, name: str) -> None:
    await bus.create_group(name, name)
    entry_id = await bus.publish(name, {name: name, "": ""})
    (found,) = await bus.read(name, name, name)
    assert (found.entry_id, dict(found.fields)) == (entry_id, {name: name, "": ""})
    assert await bus.ack(name, name, [entry_id]) == 1


async def test_oversized_requests_are_refused(place: Place) -> None:
    bus = await place.make(buffer=10)
    await bus.create_group(STREAM, "g")
    results = await asyncio.gather(*(_publish(bus, n) for n in range(30)), return_exceptions=True)
    refused = [r for r in results if isinstance(r, Overloaded)]
    assert 0 < len(refused) <= 20
    assert await bus.count_entries(STREAM) == 30 - len(refused), "accepted entries are stored"


async def _publish(bus: Bus, number: int) -> str:
    return await bus.publish(STREAM, entry(number))


async def test_acknowledged_entries_of_a_group_are_listed(bus: Bus) -> None:
    ids = await filled(bus, 6, "g")
    assert set(await bus.find_acknowledged(STREAM, "g", ids)) == set()
    await bus.read(STREAM, "g", "c", count=4)
    await bus.ack(STREAM, "g", [ids[0], ids[2]])
    assert set(await bus.find_acknowledged(STREAM, "g", [*ids, "nonsense"])) == {ids[0], ids[2]}
    assert set(await bus.find_acknowledged(STREAM, "nobody", ids)) == set()
    assert set(await bus.find_acknowledged(STREAM, "g", [])) == set()


async def test_dead_lettering_acknowledges_the_entry(bus: Bus) -> None:
    ids = await filled(bus, 2, "g")
    first, _ = await bus.read(STREAM, "g", "c")
    await bus.dead_letter_entry(STREAM, "g", first, "it is wrong")
    assert [p.entry_id for p in await bus.list_pending(STREAM, "g")] == ids[1:]
    assert [(letter.entry_id, letter.fields["dead_group"]) for letter in await bus.read_dead(STREAM)] == [(ids[0], "g")]
    await bus.create_group(f"{STREAM}/dead", "undertaker")
    (letter,) = await bus.read(f"{STREAM}/dead", "undertaker", "c")
    assert (letter.fields["message_id"], letter.fields["dead_reason"]) == ("m0", "it is wrong")
    assert bus.connected
    assert bus.error is None


async def test_resetting_the_idle_time_delays_recovery(bus: Bus, place: Place) -> None:
    ids = await filled(bus, 3, "g")
    await bus.read(STREAM, "g", "slow", count=2)
    await bus.read(STREAM, "g", "other", count=1)
    await place.age("g", 31)
    await bus.reset_idle_time(STREAM, "g", "slow", [*ids, "nonsense"])
    await bus.reset_idle_time(STREAM, "g", "slow", [])
    assert [e.entry_id for e in (await bus.recover(STREAM, "g", "next")).entries] == ids[2:]
    assert [p.deliveries for p in await bus.list_pending(STREAM, "g")] == [1, 1, 2]


async def test_existing_entries_are_found(bus: Bus) -> None:
    ids = await filled(bus, 2, "g")
    assert set(await bus.find_existing(STREAM, [*ids, "nonsense", "1-99"])) == set(ids)
    assert set(await bus.find_existing(STREAM, [])) == set()


@pytest.mark.parametrize("place", ["redis"], indirect=True)  # a stream in the store is named by its owner's id
async def test_changing_the_owner_of_a_stream_empties_it(bus: Bus) -> None:
    await filled(bus, 2, "g")
    assert await bus.set_owner(STREAM, "one"), "it had no owner"
    assert (await bus.count_entries(STREAM), await bus.list_groups(STREAM)) == (0, [])
    await filled(bus, 2, "g")
    await bus.read(STREAM, "g", "c")
    assert not await bus.set_owner(STREAM, "one")
    assert await bus.count_entries(STREAM) == 2
    assert await bus.set_owner(STREAM, "other")
    assert (await bus.count_entries(STREAM), await bus.list_groups(STREAM)) == (0, [])
    (entry_id,) = await filled(bus, 1, "g")
    assert [e.entry_id for e in await bus.read(STREAM, "g", "c")] == [entry_id]
