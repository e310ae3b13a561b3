"""Streams of one log: every entry once, live, to its end; supervised like other streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import LogPage, LogStreamSpec
from agora.core.events.feed import Feed
from agora.core.events.filter import Viewer
from agora.core.events.frames import CLOSE_NORMAL, CLOSE_RESTARTING, CLOSE_TOO_SLOW, LOG_ENDED
from agora.core.events.sink import QueueSink
from agora.core.events.stream import LogStream
from agora.domains.admin import retention_queries as upkeep
from agora.store.port import Tx
from agora.store.sqlite import SqliteStore
from agora_sdk.errors import InvalidRequest, NotFound, Overloaded, Unauthenticated
from tests.polling import run_loop_turns, wait_until
from tests.unit.core.events.feed_parts import Journal, ManualTime, Reader, open_stream
from tests.unit.core.events.task_entry_log import TaskLog


@pytest.fixture
def entries(store: SqliteStore, journal: Journal) -> TaskLog:
    """A log whose hints come with its commits."""
    return TaskLog(store)


class Follower:
    """A reader that follows a log until its end or until it leaves."""

    def __init__(self, feed: Feed, following: LogStreamSpec, check: Any = None) -> None:
        self.stream: LogStream = feed.open("default", following, check)
        self.reader = Reader()
        self.task = asyncio.create_task(self.stream.attach(self.reader))

    @property
    def numbers(self) -> list[int]:
        return self.reader.sequences

    async def caught_up(self) -> Follower:
        """Wait until it has read everything."""
        await wait_until(lambda: self.stream.live)
        return self

    async def end(self) -> Any:
        """Return why it ended."""
        await asyncio.wait_for(self.task, 60)
        assert self.reader.close_reason is not None
        return self.reader.close_reason


async def test_stream_has_stored_entries_then_live_ones_then_the_end(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a", "b")
    follower = await Follower(feed, entries.following()).caught_up()
    assert follower.numbers == [1, 2]
    await entries.append("c")
    await wait_until(lambda: follower.numbers == [1, 2, 3])
    await entries.append("d", done=True)
    assert await follower.end() == LOG_ENDED
    assert follower.numbers == [1, 2, 3, 4, 5]
    assert (len(feed), feed.has_readers("default")) == (0, False)


async def test_long_log_is_read_in_pages_as_the_reader_consumes(feed: Feed, store: SqliteStore) -> None:
    entries = TaskLog(store, page=2)
    await entries.append("a", "b", "c", "d", done=True)
    follower = Follower(feed, entries.following())
    follower.reader.room.clear()
    await wait_until(lambda: follower.numbers == [1, 2])
    assert entries.reads == [0]
    follower.reader.room.set()
    assert await follower.end() == LOG_ENDED
    assert (follower.numbers, entries.reads) == ([1, 2, 3, 4, 5], [0, 2, 4])


async def test_page_of_large_entries_is_split(store: SqliteStore) -> None:
    feed, entries = Feed(store, buffer_limit=40_000), TaskLog(store)
    await entries.append("x" * 4000, "x" * 4000, "x" * 30_000, "x", "x", done=True)
    follower = Follower(feed, entries.following())
    follower.reader.room.clear()
    await wait_until(lambda: follower.numbers == [1, 2])
    assert follower.stream.position == 2
    follower.reader.room.set()
    assert await follower.end() == LOG_ENDED
    assert [[item.number for item in batch.items] for batch in follower.reader.batches] == [[1, 2], [3], [4, 5, 6]]
    assert entries.reads == [0]


async def test_large_page_is_abandoned_when_the_stream_ends(store: SqliteStore) -> None:
    feed, entries = Feed(store, buffer_limit=4), TaskLog(store)
    await entries.append("a", "b", "c", done=True)
    follower = Follower(feed, entries.following())
    follower.reader.room.clear()
    await wait_until(lambda: follower.numbers == [1])
    follower.stream.close()
    follower.reader.room.set()
    await follower.task
    assert follower.numbers == [1]


async def test_entry_committed_during_an_empty_read_wakes_the_reader(feed: Feed, entries: TaskLog) -> None:
    async def late() -> None:
        await entries.append("late")

    entries.after_read.append(late)
    follower = await Follower(feed, entries.following()).caught_up()
    await wait_until(lambda: follower.numbers == [1])
    assert entries.reads[:2] == [0, 0]


async def test_hint_about_another_subject_wakes_no_reader(feed: Feed, entries: TaskLog, journal: Journal) -> None:
    await Follower(feed, entries.following()).caught_up()
    before = len(entries.reads)
    await journal.emit(subject="task_2")
    await journal.emit()
    await run_loop_turns(20)
    assert len(entries.reads) == before


async def test_hint_wakes_readers_that_cannot_see_the_event(feed: Feed, entries: TaskLog) -> None:
    follower = await Follower(feed, entries.following()).caught_up()
    await entries.append("a", audience=("agent_b",))
    await wait_until(lambda: follower.numbers == [1])


async def test_stream_resumes_after_a_position(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a", "b", "c")
    follower = await Follower(feed, entries.following(2)).caught_up()
    assert (follower.numbers, follower.stream.position) == ([3], 3)
    await entries.append(done=True)
    await follower.end()
    again = Follower(feed, entries.following(4))
    assert await again.end() == LOG_ENDED
    assert again.numbers == []
    assert again.stream.position == 4


async def test_heartbeat_compensates_for_a_lost_hint(feed: Feed, entries: TaskLog, time: ManualTime) -> None:
    follower = await Follower(feed, entries.following()).caught_up()
    await entries.append("a", hint=False)
    await time.advance(feed.heartbeat)
    await wait_until(lambda: follower.numbers == [1])
    assert follower.reader.heartbeats == [0]
    await follower.caught_up()
    await time.advance(feed.heartbeat)
    assert follower.reader.heartbeats == [0, 1]


async def test_failed_check_ends_the_stream(feed: Feed, entries: TaskLog, time: ManualTime) -> None:
    valid = [True]

    async def check() -> None:
        if not valid[0]:
            raise Unauthenticated("The key was revoked.")

    follower = await Follower(feed, entries.following(), check).caught_up()
    await feed.recheck_streams()
    await time.advance(feed.heartbeat)
    assert follower.reader.close_reason is None
    valid[0] = False
    await feed.recheck_streams()
    assert (await follower.end()).code == 4401
    await entries.append("a")
    assert follower.numbers == []
    assert not feed.has_readers("default")


async def test_stopping_server_ends_the_stream_with_a_resume_position(feed: Feed, entries: TaskLog) -> None:
    follower = await Follower(feed, entries.following()).caught_up()
    unread = feed.open("default", entries.following())
    feed.end_streams_and_refuse_new()
    assert (await follower.end()).code == CLOSE_RESTARTING
    late = Reader()
    await unread.attach(late)
    assert late.close_reason is not None
    assert late.close_reason.code == CLOSE_RESTARTING
    with pytest.raises(Overloaded, match="shutting down"):
        feed.open("default", entries.following())


async def test_close_ends_the_stream(feed: Feed, entries: TaskLog) -> None:
    follower = await Follower(feed, entries.following()).caught_up()
    follower.stream.close()
    close_reason = await follower.end()
    assert (close_reason.code, close_reason == LOG_ENDED) == (CLOSE_NORMAL, False)
    assert not follower.stream.live


async def test_leaving_during_a_page_frees_everything(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a")
    follower = Follower(feed, entries.following())
    follower.reader.room.clear()
    await wait_until(lambda: follower.numbers == [1])
    follower.stream.close()
    follower.task.cancel()
    await asyncio.wait([follower.task])
    assert (len(feed), feed.has_readers("default")) == (0, False)


async def test_stream_closed_during_a_read_writes_nothing_more(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a")
    follower = Follower(feed, entries.following())

    async def leave() -> None:
        follower.stream.close()

    entries.after_read.append(leave)
    await follower.end()
    assert follower.numbers == []


async def test_log_streams_are_counted_and_bounded(store: SqliteStore) -> None:
    feed, entries = Feed(store, max_streams=1), TaskLog(store)
    Journal(store).watch(feed.publish)
    follower = Follower(feed, entries.following())
    with pytest.raises(Overloaded, match="Too many streams"):
        open_stream(feed, 0)
    assert feed.live["subscribers"] == 1
    await entries.append("a", "b", done=True)
    await follower.end()
    assert dict(feed.live) == {"subscribers": 0, "delivered": 3 + 1, "cut_off": 0, "lag": 0}, "entries and the hint"


async def test_reader_that_consumes_nothing_is_disconnected(store: SqliteStore) -> None:
    feed, entries = Feed(store, stall_seconds=0), TaskLog(store)
    await entries.append("a")
    follower = Follower(feed, entries.following())
    follower.reader.room.clear()
    assert (await follower.end()).code == CLOSE_TOO_SLOW
    assert (feed.live["cut_off"], feed.live["subscribers"]) == (1, 0)


async def test_refusing_reader_is_disconnected_even_at_the_end(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a", done=True)
    follower = Follower(feed, entries.following())
    follower.reader.accepts = False
    assert (await follower.end()).code == CLOSE_TOO_SLOW
    assert follower.stream.position == 0


async def test_unread_entries_are_the_readers_lag(feed: Feed, entries: TaskLog, journal: Journal) -> None:
    await entries.append("a", "b")
    await journal.emit()
    sink, stream = QueueSink(10_000), feed.open("default", entries.following())
    attaching = asyncio.create_task(stream.attach(sink))
    await wait_until(lambda: stream.live)
    assert feed.live["lag"] == 2
    await sink.wait_for_batches()
    assert feed.live["lag"] == 0
    stream.close()
    await attaching


async def test_failed_read_ends_the_stream_with_the_error(
    feed: Feed, entries: TaskLog, caplog: pytest.LogCaptureFixture
) -> None:
    async def gone() -> None:
        raise NotFound("There is no such task.")

    async def broken() -> None:
        raise OSError("the disk is gone")

    entries.after_read += [gone, broken]
    assert (await Follower(feed, entries.following()).end()).code == 4404
    assert (await Follower(feed, entries.following()).end()).code == 1011
    assert "could not be read" in caplog.text


async def test_retention_of_events_does_not_affect_a_log(store: SqliteStore, feed: Feed, time: ManualTime) -> None:
    journal, entries = Journal(store), TaskLog(store)
    journal.watch()
    follower = await Follower(feed, entries.following()).caught_up()
    for content in "abc":
        await entries.append(content)

    async def prune(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=2**62, limit=1000)

    await store.write("default", prune)
    feed.publish(journal.hints[2])
    await wait_until(lambda: follower.numbers == [1, 2, 3])
    await follower.caught_up()
    await wait_until(lambda: feed.head("default") == 3)
    await entries.append("d")
    feed.publish(journal.hints[3])
    await wait_until(lambda: follower.numbers == [1, 2, 3, 4])


async def test_log_streams_cannot_be_acknowledged(feed: Feed, entries: TaskLog) -> None:
    with pytest.raises(InvalidRequest, match="no durable subscription"):
        feed.open("default", entries.following()).acknowledge(1)


async def test_log_stream_is_iterable(feed: Feed, entries: TaskLog) -> None:
    await entries.append("a")
    seen = []
    async for entry in feed.open("default", entries.following()):
        seen.append(entry)
        if entry.number == 1:
            await entries.append("b", done=True)
    assert [(entry.number, entry.kind) for entry in seen] == [(1, "output"), (2, "output"), (3, "done")]
    assert seen[0].json == b'{"type":"output","task_id":"task_1","number":1,"content":"a"}'
    assert len(feed) == 0


async def test_iteration_raises_the_reason_of_the_end(feed: Feed) -> None:
    async def read(*_: Any) -> LogPage:
        raise NotFound("There is no such task.")

    with pytest.raises(NotFound):
        async for _ in feed.open("default", LogStreamSpec(read, "task_1", Viewer("agent_a"))):
            pass
