"""Streams over one log, such as a task's: entries from a position to the end of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agora.store.port import Reader, Store

from ..call import Entry, EventStreamSpec, LogPage, LogStreamSpec
from .channel import Channel
from .event_stream import EventStream
from .filter import EVERYONE, EventFilter
from .frames import ENDED, Batch, CloseReason, EncodedEntry
from .stream import Check, LiveStream

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["LogStream"]


class LogStream(LiveStream):
    """Entries after a position, page by page, until the log has ended.

    The log is read; an event about its subject is only the hint that there is more. The stream listens
    for hints before the read that finds nothing, so none comes too late, and reads again at each
    heartbeat, should one not come at all. ``attach`` returns when the stream has ended.
    """

    __slots__ = ("_bell", "_following", "_hints", "_store", "_waits")

    def __init__(
        self, feed: Feed, store: Store, tenant: str, following: LogStreamSpec, check: Check | None = None
    ) -> None:
        super().__init__(feed, tenant, following.viewer, following.position, check)
        self._store, self._following = store, following
        self._bell = _WakeSink()
        self._hints: EventStream | None = None
        self._waits = False

    @property
    def live(self) -> bool:
        return self._waits

    @property
    def lag(self) -> int:
        return self.sink.pending

    async def _run(self) -> None:
        channel = await self._feed.channel(self.tenant)
        try:
            while self.close_reason is None:
                await self._wake_on_events(channel)
                self._bell.rung.clear()
                await self._send_next_page(channel)
        finally:
            if self._hints is not None:
                self._hints.close()

    async def _wake_on_events(self, channel: Channel) -> None:
        """Have the bell rung by whatever happens to the subject from now on."""
        if self._hints is None or self._hints.close_reason is not None:
            opening = EventStreamSpec(EventFilter.of(subject=self._following.subject), EVERYONE, channel.head)
            self._hints = EventStream(self._feed, self.tenant, opening)
            await self._hints.attach(self._bell)

    async def _send_next_page(self, channel: Channel) -> None:
        """Send the next page; without one, wait for the bell."""
        page_events = await self._store.read(self.tenant, self._read)
        if self.close_reason is not None:
            return
        for part in _split_entries(page_events.entries, self._feed.buffer_limit // 4):
            if self.close_reason is None:
                channel.delivered += len(part)
                await self._send(part, part[-1].number)
        if page_events.done:
            self.end(ENDED)
        elif not page_events.entries:
            self._waits = True
            await self._bell.rung.wait()
            self._waits = False

    async def _read(self, reader: Reader) -> LogPage:
        return await self._following.read(reader, self._position)

    def beat(self) -> None:
        super().beat()
        self._bell.rung.set()

    def _leave(self) -> None:
        self._waits = False
        self._bell.rung.set()


def _split_entries(entries: Sequence[Entry], limit: int) -> Iterator[list[EncodedEntry]]:
    """Entries in parts of at most so many bytes, or of one: the reader makes room between them."""
    part: list[EncodedEntry] = []
    size = 0
    for entry in map(EncodedEntry, entries):
        if part and size + entry.size > limit:
            yield part
            part, size = [], 0
        part.append(entry)
        size += entry.size
    if part:
        yield part


class _WakeSink:
    """A sink that wakes whoever waits for what comes into it."""

    pending = 0

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def write(self, batch: Batch, /) -> bool:
        self.rung.set()
        return True

    async def drain(self) -> None: ...

    def end(self, close_reason: CloseReason, /) -> None:
        self.rung.set()
