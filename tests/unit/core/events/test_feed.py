"""The event feed: hints in; every event once and in order out; heartbeats, supervision, ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agora.core.call import EventStreamSpec
from agora.core.events.feed import Feed
from agora.core.events.filter import EventFilter, Viewer
from agora.core.events.frames import CLOSE_NORMAL, CLOSE_RESTARTING, CLOSE_TOO_SLOW
from agora.core.events.sink import QueueSink
from agora.core.events.stream import EventStream
from agora.domains.admin import retention_queries as upkeep
from agora.domains.workers.service import HEARTBEAT_ROUNDS
from agora.store.port import StoredEvent, Tx
from agora.store.sqlite import SqliteStore
from agora_sdk.errors import CursorTooOld, Overloaded, StorageUnavailable, Unauthenticated
from tests.failing_stores import FailingSqliteStore
from tests.polling import wait_until
from tests.unit.core.events.feed_parts import Journal, ManualTime, Reader, open_stream


async def attached(feed: Feed, position: int = 0, **wishes: Any) -> tuple[EventStream, Reader]:
    stream, reader = open_stream(feed, position, **wishes), Reader()
    await stream.attach(reader)
    assert stream.live
    return stream, reader


async def test_live_events_arrive_in_order(feed: Feed, journal: Journal) -> None:
    _, reader = await attached(feed)
    for _ in range(3):
        await journal.emit()
    assert reader.sequences == [1, 2, 3]


async def test_events_of_one_commit_are_one_write(feed: Feed, journal: Journal) -> None:
    _, reader = await attached(feed)
    first = await journal.emit()
    await journal.write(
        first.event.__class__("evt_2", "a", "s", None, 0, b"1"), first.event.__class__("evt_3", "b", "s", None, 0, b"1")
    )
    assert [len(batch.items) for batch in reader.batches] == [1, 2]


async def test_replay_continues_live_without_loss_or_repetition(feed: Feed, journal: Journal) -> None:
    for _ in range(3):
        await journal.emit()
    _, reader = await attached(feed, 1)
    await journal.emit()
    assert reader.sequences == [2, 3, 4]


async def test_events_committed_during_a_replay_come_after_it(feed: Feed, journal: Journal) -> None:
    for _ in range(2):
        await journal.emit()
    stream, reader = open_stream(feed, 0), Reader()
    reader.room.clear()
    attaching = asyncio.create_task(stream.attach(reader))
    await wait_until(lambda: reader.sequences == [1, 2])
    await journal.emit()
    assert not stream.live
    reader.room.set()
    await attaching
    await journal.emit()
    assert reader.sequences == [1, 2, 3, 4]


async def test_unordered_and_repeated_hints_are_corrected(store: SqliteStore, feed: Feed) -> None:
    journal = Journal(store)
    journal.watch()
    _, reader = await attached(feed)
    for _ in range(4):
        await journal.emit()
    feed.publish(journal.hints[1])
    assert reader.sequences == []
    feed.publish(journal.hints[0])
    feed.publish(journal.hints[3])
    await wait_until(lambda: feed.head("default") == 4)
    feed.publish(journal.hints[2])
    feed.publish(journal.hints[3])
    assert reader.sequences == [1, 2, 3, 4]


async def test_stream_opened_ahead_of_the_hints_gets_no_duplicates(store: SqliteStore, feed: Feed) -> None:
    journal = Journal(store)
    journal.watch()
    await attached(feed)
    for _ in range(3):
        await journal.emit()
    _, reader = await attached(feed, 2)
    for hint in journal.hints:
        feed.publish(hint)
    assert reader.sequences == [3]


async def test_tenants_are_isolated(store: SqliteStore, feed: Feed, journal: Journal) -> None:
    other = Journal(store, "other", journal.hints, journal.events)
    _, mine = await attached(feed)
    _, theirs = await attached(feed, tenant="other")
    await journal.emit()
    await other.emit()
    await other.emit()
    assert (mine.sequences, theirs.sequences) == ([1], [1, 2])
    assert (feed.head("default"), feed.head("other"), feed.head("nobody")) == (1, 2, 0)


async def test_new_feed_begins_at_the_end_of_the_log(store: SqliteStore, journal: Journal) -> None:
    await journal.emit()
    again = Feed(store)
    await again.load_heads_and_start_heartbeats()
    assert again.head("default") == 1
    await again.stop()


async def test_private_events_reach_only_their_audience_and_overseers(feed: Feed, journal: Journal) -> None:
    _, overseer = await attached(feed)
    _, one = await attached(feed, viewer=Viewer("agent_1"))
    _, two = await attached(feed, viewer=Viewer("agent_2"))
    _, filtered = await attached(feed, viewer=Viewer("agent_1"), types=["secret"])
    await journal.emit("secret", audience=("agent_1",))
    await journal.emit("news")
    await journal.emit("secret", audience=("agent_2", "agent_3"))
    assert overseer.sequences == [1, 2, 3]
    assert one.sequences == [1, 2]
    assert two.sequences == [2, 3]
    assert filtered.sequences == [1]


async def test_commit_of_public_and_private_events_is_filtered_per_reader(feed: Feed, journal: Journal) -> None:
    readers = [(await attached(feed, viewer=Viewer(f"agent_{n}")))[1] for n in range(3)]
    event = (await journal.emit()).event
    make = event.__class__
    await journal.write(
        make("evt_a", "a", "s", None, 0, b"1", ("agent_0",)),
        make("evt_b", "b", "s", None, 0, b"1"),
        make("evt_c", "c", "s", None, 0, b"1", ("agent_0", "agent_1")),
    )
    assert [reader.sequences for reader in readers] == [[1, 2, 3, 4], [1, 3, 4], [1, 3]]


async def test_filter_by_agent_and_subject(feed: Feed, journal: Journal) -> None:
    _, by_agent = await attached(feed, agent="agent_b")
    stream = feed.open("default", EventStreamSpec(EventFilter.from_request(subject="task_1"), Viewer("x"), 0))
    by_subject = Reader()
    await stream.attach(by_subject)
    await journal.emit(source="agent_b")
    await journal.emit(source="agent_a", subject="task_1")
    await journal.emit(source="agent_a", subject="agent_b")
    assert by_agent.sequences == [1, 3]
    assert by_subject.sequences == [2]
    stream.close()
    await journal.emit(subject="task_1")
    assert by_subject.sequences == [2]


async def test_lagging_reader_is_disconnected_and_can_resume(feed: Feed, journal: Journal) -> None:
    stream, reader = await attached(feed)
    _, other = await attached(feed)
    await journal.emit()
    reader.accepts = False
    await journal.emit()
    assert reader.close_reason is not None
    assert (reader.close_reason.code, stream.position) == (CLOSE_TOO_SLOW, 2)
    assert (feed.live["cut_off"], feed.live["subscribers"]) == (1, 1)
    await journal.emit()
    _, resumed = await attached(feed, reader.sequences[-1])
    assert resumed.sequences == [2, 3]
    assert other.sequences == [1, 2, 3]


async def test_reader_that_stalls_during_replay_is_disconnected(store: SqliteStore, journal: Journal) -> None:
    await journal.emit()
    feed = Feed(store, stall_seconds=0)
    stream, reader = open_stream(feed, 0), Reader()
    reader.room.clear()
    await stream.attach(reader)
    assert reader.close_reason is not None
    assert reader.close_reason.code == CLOSE_TOO_SLOW


async def test_reader_that_refuses_an_event_is_disconnected(feed: Feed, journal: Journal) -> None:
    await journal.emit()
    stream, reader = open_stream(feed, 0), Reader()
    reader.accepts = False
    await stream.attach(reader)
    assert reader.close_reason is not None
    assert (reader.close_reason.code, stream.position) == (CLOSE_TOO_SLOW, 0)


async def test_hint_of_a_missing_event_is_ignored(
    feed: Feed, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    _, reader = await attached(feed)
    event = (await journal.emit()).event
    feed.publish([StoredEvent("default", 9, event)])
    await wait_until(lambda: "the log ends at 1" in caplog.text)
    await journal.emit()
    assert reader.sequences == [1, 2]


async def test_failing_sink_does_not_affect_others(
    feed: Feed, journal: Journal, time: ManualTime, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Reader):
        def try_write(self, batch: Any, /) -> bool:
            raise OSError("no such socket")

    broken = Broken()
    await open_stream(feed, 0).attach(broken)
    _, reader = await attached(feed)
    await journal.emit()
    assert reader.sequences == [1]
    assert broken.close_reason is not None
    assert broken.close_reason.code == 1011
    assert "a stream failed" in caplog.text
    broken = Broken()
    await open_stream(feed, 1).attach(broken)
    await time.advance(feed.heartbeat)
    assert broken.close_reason is not None
    assert reader.heartbeats == [1]


async def test_every_stream_gets_one_heartbeat_per_interval_with_its_position(
    feed: Feed, journal: Journal, time: ManualTime
) -> None:
    _, everything = await attached(feed)
    _, nothing = await attached(feed, types=["never"])
    await journal.emit()
    await journal.emit()
    await time.advance(feed.heartbeat)
    assert (everything.heartbeats, nothing.heartbeats) == ([2], [2])
    await journal.emit()
    await time.advance(feed.heartbeat)
    assert nothing.heartbeats == [2, 3]


async def test_stream_may_skip_heartbeats(feed: Feed, journal: Journal, time: ManualTime) -> None:
    """A worker's stream has a heartbeat every 30 seconds, as its protocol requires; others have one every 15."""
    reader, usual = Reader(), Reader()
    opening = EventStreamSpec(EventFilter(), Viewer("x"), 0, heartbeat_rounds=HEARTBEAT_ROUNDS)
    await feed.open("default", opening).attach(reader)
    await feed.open("default", EventStreamSpec(EventFilter(), Viewer("x"), 0)).attach(usual)
    assert feed.heartbeat == 15
    for seconds, beats in ((15, 0), (15, 1), (15, 1), (15, 2)):
        await time.advance(seconds)
        assert len(reader.heartbeats) == beats
    assert len(usual.heartbeats) == 4


async def test_checks_run_with_heartbeats_and_sweeps(feed: Feed, journal: Journal, time: ManualTime) -> None:
    valid = {"one": True, "two": True}

    def check(name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            if not valid[name]:
                raise Unauthenticated("The key was revoked.")

        return run

    readers = {}
    for name in valid:
        readers[name] = Reader()
        opening = EventStreamSpec(EventFilter(), Viewer(name), 0)
        await feed.open("default", opening, check(name)).attach(readers[name])
    await feed.recheck_streams("other tenant")
    valid["one"] = False
    await feed.recheck_streams("other tenant")
    assert readers["one"].close_reason is None
    await feed.recheck_streams()
    assert readers["one"].close_reason is not None
    assert (readers["one"].close_reason.code, readers["two"].close_reason) == (4401, None)
    valid["two"] = False
    await time.advance(feed.heartbeat)
    assert readers["two"].close_reason is not None
    assert len(feed) == 0


async def test_failing_check_ends_no_stream(feed: Feed, time: ManualTime, caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        raise OSError("the database is busy")

    reader = Reader()
    await feed.open("default", EventStreamSpec(EventFilter(), Viewer("x"), 0), check).attach(reader)
    await time.advance(feed.heartbeat)
    await time.advance(feed.heartbeat)
    assert len(reader.heartbeats) == 2
    assert "could not be checked" in caplog.text


async def test_storage_outage_ends_no_stream(feed: Feed, time: ManualTime) -> None:
    async def check() -> None:
        raise StorageUnavailable("PostgreSQL restarts.", cause="unreachable", outcome="failed", retry_after=2)

    reader = Reader()
    await feed.open("default", EventStreamSpec(EventFilter(), Viewer("x"), 0), check).attach(reader)
    await time.advance(feed.heartbeat)
    await time.advance(feed.heartbeat)
    assert len(reader.heartbeats) == 2
    assert reader.close_reason is None


async def test_close_ends_all_streams_and_refuses_new_ones(feed: Feed, journal: Journal) -> None:
    stream, reader = await attached(feed)
    unattached = open_stream(feed, 0)
    waiting = asyncio.create_task(
        feed.wait_for_event("default", EventStreamSpec(EventFilter.from_request(["never"]), Viewer("x"), 0), 60)
    )
    await asyncio.sleep(0)
    feed.end_streams_and_refuse_new()
    assert reader.close_reason is not None
    assert (reader.close_reason.code, reader.close_reason.reason) == (CLOSE_RESTARTING, "resume later")
    late = Reader()
    await unattached.attach(late)
    assert late.close_reason is not None
    assert not await waiting
    assert not await feed.wait_for_event(
        "default", EventStreamSpec(EventFilter.from_request(["never"]), Viewer("x"), 0), 60
    )
    with pytest.raises(Overloaded, match="shutting down"):
        open_stream(feed, 0)
    await journal.emit()
    assert (reader.sequences, stream.position) == ([], 0)


async def test_number_of_streams_is_bounded(store: SqliteStore) -> None:
    feed = Feed(store, max_streams=1)
    stream = open_stream(feed, 0)
    with pytest.raises(Overloaded, match="Too many streams"):
        open_stream(feed, 0)
    stream.close()
    open_stream(feed, 0).close()


async def test_wait_returns_the_next_event(feed: Feed, journal: Journal, time: ManualTime) -> None:
    waiting = asyncio.create_task(
        feed.wait_for_event("default", EventStreamSpec(EventFilter.from_request(["mail"]), Viewer("agent_1"), 0), 30)
    )
    await time.advance(1)
    await journal.emit("mail", audience=("agent_2",))
    await journal.emit("other")
    await asyncio.sleep(0)
    assert not waiting.done()
    await journal.emit("mail", audience=("agent_1",))
    assert await waiting
    assert await feed.wait_for_event(
        "default", EventStreamSpec(EventFilter.from_request(["mail"]), Viewer("agent_1"), 2), 30
    ), "it is in the log already"
    over = asyncio.create_task(
        feed.wait_for_event("default", EventStreamSpec(EventFilter.from_request(["mail"]), Viewer("agent_1"), 3), 30)
    )
    await time.advance(29)
    assert not over.done()
    await time.advance(1)
    assert not await over
    assert not feed.has_readers("default")


async def test_stream_is_iterable(feed: Feed, journal: Journal) -> None:
    await journal.emit("first", b'{"n":1}')
    stream = open_stream(feed, 0)
    seen = []
    async for event in stream:
        seen.append(event)
        if len(seen) == 1:
            await journal.emit("second")
        else:
            stream.close()
    assert [(event.type, event.sequence, event.data) for event in seen] == [("first", 1, {"n": 1}), ("second", 2, None)]
    assert stream.close_reason is not None
    assert stream.close_reason.code == CLOSE_NORMAL
    assert len(feed) == 0


async def test_iteration_raises_the_reason_of_the_end(feed: Feed, journal: Journal) -> None:
    for n in range(3):
        await journal.emit(time=n)

    async def prune(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=2, limit=1000)

    await journal.store.write("default", prune)
    with pytest.raises(CursorTooOld) as gone:
        async for _ in open_stream(feed, 0):
            pass
    assert gone.value.oldest == 3


async def test_feed_overtaken_by_retention_reports_it(store: SqliteStore, feed: Feed) -> None:
    journal = Journal(store)
    journal.watch()
    _, reader = await attached(feed)
    for n in range(3):
        await journal.emit(time=n)

    async def prune(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=2, limit=1000)

    await store.write("default", prune)
    feed.publish(journal.hints[2])
    await wait_until(lambda: feed.head("default") == 3)
    assert reader.close_reason is not None
    assert isinstance(reader.close_reason.error, CursorTooOld)


async def test_failed_read_of_the_log_is_retried(
    store: FailingSqliteStore, feed: Feed, time: ManualTime, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(store)
    journal.watch()
    _, reader = await attached(feed)
    await journal.emit()
    await journal.emit()
    with store.failing():
        feed.publish(journal.hints[1])
        await wait_until(lambda: "reading the event log failed" in caplog.text)
    assert reader.sequences == []
    await time.advance(feed.heartbeat)
    assert reader.sequences == [1, 2]


async def test_failed_replay_ends_the_stream_with_an_error(
    store: FailingSqliteStore, feed: Feed, journal: Journal
) -> None:
    await journal.emit()
    reader = Reader()
    with store.failing():
        await open_stream(feed, 0).attach(reader)
    assert reader.close_reason is not None
    assert reader.close_reason.code == 1011


async def test_queue_is_bounded_and_emptied_on_disconnection(feed: Feed, journal: Journal) -> None:
    sink = QueueSink(2000)
    stream = open_stream(feed, 0)
    await stream.attach(sink)
    for _ in range(2):
        await journal.emit(data=b'"%b"' % (b"x" * 600))
    assert feed.live["lag"] == 2
    await journal.emit()
    assert sink.close_reason is not None
    assert sink.close_reason.code == CLOSE_TOO_SLOW
    assert await sink.wait_for_batches() == []


async def test_statistics_for_health(feed: Feed, journal: Journal) -> None:
    await attached(feed)
    await attached(feed, types=["work.*"])
    for _ in range(3):
        await journal.emit()
    assert dict(feed.live) == {"subscribers": 2, "delivered": 6, "cut_off": 0, "lag": 0}
    open_stream(feed, 1)
    assert feed.live["lag"] == 2
