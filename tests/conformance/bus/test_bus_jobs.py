"""Background jobs of the bus: reclaiming, dead letters, trimming, and missing responses."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.bus.jobs import BusReconciler
from agora.server.app import App
from tests.conformance.bus.embedded_bus import EmbeddedBus
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


@pytest.fixture
def keeper(market: Market) -> BusReconciler:
    app = market.app
    return BusReconciler(
        JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    )


@pytest.fixture
async def a(market: Market) -> Caller:
    return await market.agent("A")


@pytest.fixture
async def b(market: Market) -> Caller:
    return await market.agent("B")


async def publish(market: Market, caller: Caller, **entry: Any) -> str:
    given = {"type": "assistance_request", "target": "B"} | entry
    return str((await market.call(caller, "bus.publish", **given)).message_id)


async def read(market: Market, caller: Caller, **options: Any) -> list[Any]:
    return list((await market.call(caller, "bus.read", **options)).entries)


def told(market: Market, type: str) -> list[Any]:
    return [json.loads(event.data) for event in market.of_type(type)]


async def test_entries_of_a_dead_consumer_go_to_the_next_one(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller
) -> None:
    sent = await publish(market, a)
    await read(market, b, consumer="dead")
    await keeper.step()
    waiting = asyncio.create_task(read(market, b, consumer="live", wait=20))
    await market.app.store.measure_health()
    market.clock.advance(31)
    await keeper.step()
    (entry,) = await asyncio.wait_for(waiting, 60)
    assert (entry.message_id, entry.deliveries) == (sent, 2)
    (event,) = told(market, "agora.bus.reclaimed")
    assert event == {"agent_id": b.subject, "refs": [sent], "consumers": ["dead"]}
    assert (await market.call(b, "bus.pending")).entries[0].consumer == "live"


async def test_entry_becomes_a_dead_letter_after_three_deliveries_without_readers(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller
) -> None:
    sent = await publish(market, a)
    for seconds in (31, 61):
        assert len(await read(market, b)) == 1
        market.clock.advance(seconds)
        await keeper.step()
    assert [e.deliveries for e in await read(market, b)] == [3]
    market.clock.advance(119)
    await keeper.step()
    assert told(market, "agora.bus.dead_lettered") == []
    market.clock.advance(2)
    await keeper.step()
    (event,) = told(market, "agora.bus.dead_lettered")
    assert event == {"ref": sent, "agent_id": b.subject, "deliveries": 3}
    assert await read(market, b) == []
    (message,) = (await market.call(b, "messaging.receive", status="dead_lettered")).messages
    assert message.message_id == sent


async def test_idle_consumers_are_deleted_after_their_entries_are_reclaimed(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller
) -> None:
    await publish(market, a)
    await read(market, b, consumer="gone")
    await read(market, b, consumer="idle")

    async def consumers() -> set[str]:
        (group,) = (await market.call(b, "bus.stats")).groups
        return {consumer.name for consumer in group.consumers}

    market.clock.advance(29)
    await keeper.step()
    assert await consumers() == {"gone", "idle"}
    market.clock.advance(62)
    await keeper.step()
    assert await consumers() == set(), "91 s; what was held was taken back first"
    assert len(await read(market, b, consumer="new")) == 1


async def test_intervals_and_limits_are_settings(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    settings = make_settings(tmp_path / "data", bus_stale=2, bus_deliveries=1, bus_response_low=1)
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    keeper = BusReconciler(
        JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, clock)
    )
    a, b = await market.agent("A"), await market.agent("B")
    await publish(market, a, priority="low")
    await read(market, b)
    clock.advance(3)
    await keeper.step()
    assert len(told(market, "agora.bus.dead_lettered")) == 1
    await publish(market, a, priority="low")
    clock.advance(61)
    await keeper.step()
    assert len(told(market, "agora.bus.response_missed")) == 1, "a dead letter needs no response"
    await app.stop()


async def test_entries_acknowledged_by_all_groups_are_deleted(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller
) -> None:
    bus = EmbeddedBus(market.app.store, market.clock)
    for _ in range(5):
        await publish(market, a)
    ids = [entry.entry_id for entry in await read(market, b)]
    await market.call(b, "bus.ack", message_ids=[*ids[:2], ids[3]])
    await keeper.step()
    assert await bus.count_entries(b.subject) == 3
    await market.call(b, "bus.ack", message_ids=[ids[2], ids[4]])
    market.clock.advance(61)
    await keeper.step()
    assert await bus.count_entries(b.subject) == 0
    await publish(market, a)
    assert len(await read(market, b)) == 1


async def test_deregistered_agents_leave_no_rows(market: Market, keeper: BusReconciler, a: Caller, b: Caller) -> None:
    bus = EmbeddedBus(market.app.store, market.clock)
    await publish(market, a)
    await read(market, b)
    await market.call(b, "agent.deregister", agent_id="B")
    await keeper.step()
    assert (await bus.count_entries(b.subject), await bus.list_groups(b.subject)) == (0, [])
    assert await bus.list_pending(b.subject, b.subject) == []


async def test_jobs_do_nothing_during_a_halt(market: Market, keeper: BusReconciler, a: Caller, b: Caller) -> None:
    await publish(market, a, priority="high")
    await read(market, b)
    await market.call(market.operator, "admin.override", target_id="system_wide", action="emergency_halt", reason="x")
    market.clock.advance(1000)
    await keeper.step()
    assert told(market, "agora.bus.reclaimed") == told(market, "agora.bus.response_missed") == []


# -- responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("priority", "minutes"), [("high", 5), ("medium", 30), ("low", 120)])
async def test_missing_response_is_reported(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller, priority: str, minutes: int
) -> None:
    sent = await publish(market, a, priority=priority, correlation_id="c")
    market.clock.advance(minutes * 60 - 1)
    await keeper.step()
    assert told(market, "agora.bus.response_missed") == []
    market.clock.advance(2)
    await keeper.step()
    await keeper.step()
    (event,) = told(market, "agora.bus.response_missed")
    due = event.pop("due_at")
    assert due.endswith("Z")
    assert event == {
        "ref": sent, "type": "assistance_request", "priority": priority, "sender": a.subject,
        "correlation_id": "c", "recipient": b.subject,
    }  # fmt: skip
    assert market.of_type("agora.bus.response_missed")[0].audience == (a.subject, b.subject)


async def test_only_responses_end_the_wait(market: Market, keeper: BusReconciler, a: Caller, b: Caller) -> None:
    acknowledged = await publish(market, a, priority="high")
    await market.call(b, "messaging.mark", message_ids=[acknowledged], status="acknowledged")
    replied = await publish(market, a, priority="high")
    await market.call(b, "messaging.send", to_agent="A", content="yes", reply_to=replied)
    await publish(market, a, priority="high", correlation_id="c-7")
    await publish(market, b, target="A", correlation_id="c-7", priority="low")
    started = await publish(market, a, type="task_assignment", content={"task_type": "t"}, priority="high")
    assert started.startswith("task_")
    await market.call(b, "task.claim")
    read_only = await publish(market, a, priority="high")
    assert len(await read(market, b)) >= 1
    market.clock.advance(301)
    await keeper.step()
    assert [event["ref"] for event in told(market, "agora.bus.response_missed")] == [read_only]


async def test_unclaimed_task_is_reported_as_missing_response(
    market: Market, keeper: BusReconciler, a: Caller, b: Caller
) -> None:
    task = await publish(market, a, type="task_assignment", target="broadcast", priority="high")
    market.clock.advance(301)
    await keeper.step()
    (event,) = told(market, "agora.bus.response_missed")
    assert (event["ref"], event["recipient"]) == (task, None)


async def test_broadcast_expects_no_response(market: Market, keeper: BusReconciler, a: Caller, b: Caller) -> None:
    await publish(market, a, target="broadcast", type="state_update", priority="high")
    market.clock.advance(100_000)
    await keeper.step()
    assert told(market, "agora.bus.response_missed") == []
    assert (await market.call(market.operator, "bus.stats")).awaiting_response == 0
