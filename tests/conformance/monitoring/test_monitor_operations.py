"""Operations of the monitor: message log, search, statistics, exports, interventions."""

from __future__ import annotations

from typing import Any

import pytest

from agora.clock import SystemClock
from agora.core.call import Caller
from agora.core.usage import Traffic
from agora.domains.monitoring import message_log as log
from agora_sdk.contract.monitor import Monitor
from agora_sdk.errors import Halted, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def talk(market: Market, count: int = 6) -> tuple[Caller, Caller, Caller]:
    """Send messages from Alice to Bob, and one broadcast from Carol."""
    alice, bob, carol = [await market.agent(name) for name in ("Alice", "Bob", "Carol")]
    for number in range(count):
        await market.call(
            alice, "messaging.send", to_agent="Bob", content=f"Report No. {number}: 100% done", correlation_id="c1"
        )
    await market.call(bob, "messaging.send", to_agent="Alice", content="Thank you", message_type="reply")
    await market.call(carol, "messaging.send", to_agent="broadcast", content="Hear, hear", priority="high")
    return alice, bob, carol


def texts(page: Any) -> list[str]:
    return [message.content for message in page.items]


async def exported(market: Market, caller: Caller, **filters: Any) -> list[bytes]:
    stream = await market.app.dispatcher.open_stream(Monitor.operations["export"], caller, filters)
    return [entry.json async for entry in stream]


async def test_log_shows_all_messages_newest_first(market: Market) -> None:
    await talk(market, 2)
    page = await market.call(market.operator, "monitor.messages")
    assert texts(page) == ["Hear, hear", "Thank you", "Report No. 1: 100% done", "Report No. 0: 100% done"]
    broadcast, reply, report, _ = page.messages
    assert (broadcast.to_agent, broadcast.status, broadcast.broadcast) == ("broadcast", None, True)
    assert (reply.type, reply.from_name, reply.to_agent, reply.status) == ("reply", "Bob", "Alice", "queued")
    assert (report.correlation_id, report.priority, page.has_more) == ("c1", "normal", False)


@pytest.mark.parametrize(("length", "pages"), [(10_000, [8]), (600, [4, 4]), (1, [1] * 8)])
async def test_page_of_long_messages_is_shorter(
    market: Market, monkeypatch: pytest.MonkeyPatch, length: int, pages: list[int]
) -> None:
    market.app.configuration.current = market.app.settings.model_copy(update={"page_bytes": length})
    monkeypatch.setattr(log, "MESSAGES_PER_READ", 2)
    await talk(market, 6)
    whole = texts(await market.call(market.operator, "monitor.messages", limit=1))
    seen, cursor, counts = list[str](), None, list[int]()
    while cursor or not counts:
        page = await market.call(market.operator, "monitor.messages", limit=500, cursor=cursor)
        seen, cursor = seen + texts(page), page.next_cursor
        counts.append(page.count)
    assert (counts, len(set(seen)), seen[:1]) == (pages, 8, whole)


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({"type": "reply"}, 1),
    ({"agent": "Bob"}, 7),
    ({"agent": "Carol"}, 1),
    ({"from_agent": "Alice"}, 6),
    ({"to_agent": "Alice"}, 1),
    ({"to_agent": "broadcast"}, 1),
    ({"from_agent": "Nobody"}, 0),
    ({"priority": "high"}, 1),
    ({"correlation_id": "c1", "q": "NO. report 3"}, 1),
    ({"q": "100%"}, 6),
    ({"q": "1_0"}, 0),
    ({"q": "~"}, 0),
    ({"until": "2001-01-01T00:00:00Z"}, 0),
    ({"since": "2001-01-01T00:00:00Z"}, 8),
    ({"since": "2100-01-01T00:00:00Z"}, 0),
]


async def test_log_is_filtered(talked: Market) -> None:
    for filters, found in FILTERS:
        assert (await talked.call(talked.operator, "monitor.messages", **filters)).count == found, filters
        assert (await talked.call(talked.operator, "monitor.count", **filters)).total == found, filters
        assert len(await exported(talked, talked.operator, **filters)) == found, filters


async def test_message_is_read_by_id(talked: Market) -> None:
    every = (await talked.call(talked.operator, "monitor.messages")).messages
    for wanted in (every[0], every[-1]):
        for more in ({}, {"type": wanted.type}, {"from_agent": wanted.from_agent, "limit": 1}):
            page = await talked.call(talked.operator, "monitor.messages", message_id=wanted.message_id, **more)
            assert (page.messages, page.has_more, page.next_cursor) == ([wanted], False, None)
        assert (await talked.call(talked.operator, "monitor.count", message_id=wanted.message_id)).total == 1
        assert len(await exported(talked, talked.operator, message_id=wanted.message_id)) == 1
    carol = await talked.agent("Onlooker")
    (private, *_) = [each for each in every if not each.broadcast]
    assert (await talked.call(carol, "monitor.messages", message_id=private.message_id)).messages == []
    assert (await talked.call(talked.operator, "monitor.messages", message_id="msg_" + "0" * 32)).messages == []
    with pytest.raises(InvalidRequest, match="msg_ and 32 hexadecimal"):
        await talked.call(talked.operator, "monitor.messages", message_id="x")


async def test_agents_see_only_their_messages(talked: Market) -> None:
    dave = await talked.agent("Dave")
    await talked.call(talked.operator, "messaging.send", to_agent="Dave", content="for Dave alone")
    for name in ("messages", "count"):
        page = await talked.call(dave, f"monitor.{name}")
        assert (page.count if name == "messages" else page.total) == 2  # including the broadcast
    assert (await talked.call(dave, "monitor.search", q="Report")).results == []
    assert len(await exported(talked, dave)) == 2
    assert (await talked.call(dave, "monitor.messages", agent="Bob")).messages == []


async def test_tenant_sees_only_its_own_messages(talked: Market) -> None:
    tenant = await talked.call(talked.operator, "tenant.create", tenant_id="other")
    other = await talked.app.authenticator.authenticate(tenant.token)
    assert (await talked.call(other, "monitor.messages", agent="Alice")).messages == []
    assert (await talked.call(other, "monitor.count")).total == 0
    assert await exported(talked, other) == []
    found = await talked.call(other, "monitor.stats")
    assert (found.agents, found.messages_last_hour, found.calls_last_hour) == (0, 0, 0)
    with pytest.raises(NotFound):
        await talked.call(other, "monitor.intervene", agent_id="Alice", message="?")


@pytest.mark.parametrize("stretch", [1, 3, 1000])
async def test_pages_and_exports_are_complete_for_any_page_size(
    talked: Market, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr(log, "WINDOW_MESSAGES", stretch)
    monkeypatch.setattr(log, "WORD_WINDOW_MESSAGES", stretch)
    monkeypatch.setattr(log, "MAX_WINDOWS", 2)
    everything = texts(await talked.call(talked.operator, "monitor.messages", limit=500))
    for filters, wanted in (({}, 8), ({"from_agent": "Alice"}, 6), ({"q": "hear"}, 1), ({"q": "nothing of it"}, 0)):
        found, cursor, rounds = [], None, 0
        while cursor is not None or rounds == 0:
            page = await talked.call(talked.operator, "monitor.messages", limit=2, cursor=cursor, **filters)
            found += texts(page)
            cursor, rounds = page.next_cursor, rounds + 1
            assert page.has_more is (cursor is not None)
            assert rounds < 50
        assert len(found) == len(set(found)) == wanted
        assert len(await exported(talked, talked.operator, **filters)) == wanted
    counted = await talked.call(talked.operator, "monitor.count")
    assert counted.total == len(everything) or counted.total_is_estimate


async def test_export_resumes_where_it_ended(talked: Market) -> None:
    stream = await talked.app.dispatcher.open_stream(Monitor.operations["export"], talked.operator, {})
    numbers = [entry.number async for entry in stream]
    assert numbers == sorted(numbers)
    assert len(numbers) == 8
    stream = await talked.app.dispatcher.open_stream(
        Monitor.operations["export"], talked.operator, {"last_event_id": str(numbers[5])}
    )
    assert [entry.number async for entry in stream] == numbers[6:]
    with pytest.raises(InvalidRequest):
        await exported(talked, talked.operator, last_event_id="9" * 60)


async def test_search_text_is_bounded(market: Market) -> None:
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "monitor.search", q=" ".join(map(str, range(21))))
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "monitor.search", q="   ")


async def test_agents_are_listed_with_waiting_messages(talked: Market) -> None:
    bob = await talked.call(talked.operator, "monitor.agents", search="Bob")
    (found,) = bob.agents
    assert (found.agent_name, found.waiting_messages, found.active_tasks) == ("Bob", 6, 0)
    await talked.call(talked.operator, "task.assign", assignee="Bob", task_type="dig")
    caller = Caller("default", found.agent_id, "Bob", "agent", frozenset({"*"}))
    await talked.call(caller, "task.claim")
    assert (await talked.call(talked.operator, "monitor.agents", search="Bob")).agents[0].active_tasks == 1


async def test_statistics_count_messages(talked: Market) -> None:
    await talked.call(talked.operator, "task.assign", task_type="dig")
    with pytest.raises(NotFound):
        await talked.call(talked.operator, "agent.get", agent_id="nobody")
    found = await talked.call(talked.operator, "monitor.stats")
    assert found.agents == sum(found.agents_by_status.values()) == 3
    assert (found.tasks_open, found.tasks_by_status, found.queue_depth) == (1, {"pending": 1}, 1)
    assert (found.messages_last_hour, found.messages_waiting, len(found.minutes)) == (8, 7, 60)
    assert found.calls_last_hour == sum(minute.calls for minute in found.minutes) == 12
    assert (found.errors_last_hour, found.last_sequence, found.cost_today) == (1, talked.events[-1].seq, [])
    assert 0 < found.error_rate < 1
    assert found.p95_ms >= found.p50_ms > 0


async def test_minute_counters_survive_a_restart_and_count_once(talked: Market) -> None:
    (usage,) = [loop for loop in talked.app.controllers if loop.name == "usage"]
    before = (await talked.call(talked.operator, "monitor.stats")).calls_last_hour
    for _ in range(2):
        await usage.step()
    traffic = talked.app.meter.traffic
    assert traffic.take_unsaved_minutes("default").keys() <= {talked.clock.now() // 60_000_000}  # the queries since
    traffic.server = "run_another"
    traffic.forget_tenant("default")
    after = await talked.call(talked.operator, "monitor.stats")
    assert after.calls_last_hour == before
    assert after.p95_ms is not None
    talked.clock.advance(3601)
    assert (await talked.call(talked.operator, "monitor.stats")).calls_last_hour == 0
    traffic.record(Monitor.operations["intervene"], 40, True, "default")
    await usage.step()  # and deletes what is too old
    traffic.forget_tenant("default")
    traffic.server = "run_third"
    assert (await talked.call(talked.operator, "monitor.stats")).calls_last_hour == 1


def test_minute_counters_are_stored_after_a_failed_write() -> None:
    traffic = Traffic(SystemClock())
    traffic.record(Monitor.operations["intervene"], 40, False, "default")
    leaving = traffic.take_unsaved_minutes("default")
    (row,) = leaving.values()
    assert (row["calls"], row["reads"], row["errors"]) == (1, 0, 1)
    assert traffic.take_unsaved_minutes("default") == {}
    traffic.mark_unsaved("default", leaving)
    assert traffic.take_unsaved_minutes("default") == leaving


async def test_operator_intervenes_in_a_conversation(market: Market) -> None:
    alice, bob = await market.agent("Alice"), await market.agent("Bob")
    told = await market.call(
        market.operator, "monitor.intervene", agent_id="Bob", message="Stop that", reason="it is late"
    )
    (message,) = (await market.call(bob, "messaging.receive")).messages
    assert (message.message_id, message.from_agent, message.message_type) == (
        told.message_id,
        "operator",
        "intervention",
    )
    assert (message.priority, message.metadata) == ("high", {"intervention": True, "reason": "it is late"})
    paused = await market.call(market.operator, "monitor.intervene", agent_id="Bob", action="pause", reason="look")
    assert (paused.agent_id, paused.status, paused.success) == (bob.subject, "paused", True)
    with pytest.raises(Halted):
        await market.call(bob, "messaging.send", to_agent="Alice", content="?")
    for action in ("pause", "resume", "terminate", "emergency_halt"):
        with pytest.raises(PermissionDenied):
            await market.call(alice, "monitor.intervene", agent_id="Bob", action=action)
    await market.call(market.operator, "monitor.intervene", agent_id="Bob", action="resume")
    await market.call(bob, "messaging.send", to_agent="Alice", content="!")
    audit = await market.call(market.operator, "admin.audit", operation="agora.monitor.intervene")
    assert [(entry.target, entry.outcome) for entry in audit.entries] == [
        (bob.subject, "ok"),
        *[(None, "permission_denied")] * 4,
        (bob.subject, "ok"),
        (bob.subject, "ok"),
    ]


async def test_intervention_in_an_unknown_conversation_is_refused(market: Market) -> None:
    for ref in ("nobody", "system_wide", "broadcast", "wf_" + "0" * 32):
        for action in ("message", "pause", "emergency_halt"):
            with pytest.raises(NotFound):
                await market.call(market.operator, "monitor.intervene", agent_id=ref, action=action, message="?")
    bob = await market.agent("Bob")
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "monitor.intervene", agent_id=bob.subject, message="  ")


async def test_monitor_is_readable_during_a_halt(talked: Market) -> None:
    await talked.call(talked.operator, "admin.override", target_id="system_wide", action="emergency_halt")
    for name in ("stats", "agents", "workers", "messages", "count"):
        await talked.call(talked.operator, f"monitor.{name}")
    stream = await talked.app.dispatcher.open_stream(Monitor.operations["stream"], talked.operator, {})
    stream.close()


@pytest.fixture
async def talked(market: Market) -> Market:
    await talk(market)
    return market
