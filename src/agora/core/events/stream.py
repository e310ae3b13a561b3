"""Live streams: a reader of a log from any position, continuing live.

An event stream reads the log of events; a log stream one log, such as a task's, to its end.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from agora.net.backpressure import Connection
from agora.store.port import Reader, Store
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest, StorageUnavailable, field_error

from ..call import Entry, EventStreamSpec, LogPage, LogStreamSpec
from .channel import Channel
from .filter import OPERATOR_VIEWER, EventFilter, Viewer
from .frames import LOG_ENDED, Batch, CloseReason, EncodedEntry, EncodedEvent, Item
from .positions import Positions
from .sink import NULL_SINK, QueueSink, Sink, offer_batch

__all__ = ["Check", "EventStream", "LiveStream", "LogStream"]

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]  #: raises an AgoraError if a stream may not continue


class Supervisor(Protocol):
    """The interface of the feed to its streams: see ``Feed``."""

    positions: Positions
    buffer_limit: int
    stall_seconds: float
    grace_seconds: float

    async def load_channel(self, tenant: str) -> Channel: ...
    def head(self, tenant: str) -> int: ...
    def remove_stream(self, stream: LiveStream) -> None: ...


class LiveStream(ABC):
    """An open stream. Attach one sink, or iterate it.

    It ends when closed, when its log has ended, when its check fails, when its reader is too slow, or
    when the server drains; ``close_reason`` is the reason.
    """

    __slots__ = (
        "_check",
        "_feed",
        "_position",
        "close_reason",
        "groups",
        "sink",
        "slot",
        "subscription_id",
        "tenant",
        "viewer",
    )

    def __init__(self, feed: Supervisor, tenant: str, viewer: Viewer, position: int, check: Check | None) -> None:
        self._feed, self.tenant, self._check = feed, tenant, check
        self.viewer, self._position = viewer, position
        self.subscription_id: str | None = None
        self.sink: Sink = NULL_SINK
        self.close_reason: CloseReason | None = None
        self.slot: int | None = None
        self.groups: Sequence[
            tuple[str, str]
        ] = ()  # registrar and account that share a limit of streams with its reader

    @property
    def grace_seconds(self) -> float:
        """Time for a reader that was cut off to read the last message."""
        return self._feed.grace_seconds

    @property
    def position(self) -> int:
        """Number of the last item written to the sink."""
        return self._position

    @property
    @abstractmethod
    def live(self) -> bool:
        """Whether it has caught up with its log."""

    @property
    @abstractmethod
    def lag(self) -> int:
        """Upper bound of the reader's lag in items, if known."""

    @abstractmethod
    async def _run(self) -> None:
        """Send the log after the position to the sink, then live items."""

    async def attach(self, sink: Sink) -> None:
        """Send the log after the position, then live items. Runs until the stream ends; close the stream afterwards."""
        self.sink = sink
        if self.close_reason is not None:
            sink.end(self.close_reason)
            return
        try:
            await self._run()
        except TimeoutError:
            self.end(CloseReason.too_slow())
        except AgoraError as error:
            self.end(CloseReason.from_error(error))
        except Exception:
            log.exception("the log of a stream could not be read")
            self.end(
                CloseReason.from_error(InternalError("The log could not be read.", fix="Resume from the last item."))
            )

    async def _send_page(self, items: Sequence[Item], position: int) -> None:
        """Write a page of the log to the sink and wait for room for the next."""
        if items and (close_reason := offer_batch(self.sink, Batch(items, position))):
            self.end(close_reason)
            return
        self._position = position
        async with asyncio.timeout(self._feed.stall_seconds):
            await self.sink.drain()
        await asyncio.sleep(0)  # a long log must not block the event loop

    def write_heartbeat(self) -> None:
        """Write a heartbeat, if the stream is live."""
        if self.live and (close_reason := offer_batch(self.sink, Batch((), self.position))):
            self.end(close_reason)

    async def recheck_access(self) -> None:
        """End the stream if its caller may not continue. While the storage is unavailable, it continues until the next check."""
        if self._check is None or self.close_reason is not None:
            return
        try:
            await self._check()
        except StorageUnavailable:
            return
        except AgoraError as error:
            self.end(CloseReason.from_error(error))
        except Exception:
            log.exception("whether a stream may go on could not be checked; it goes on until the next check")

    def acknowledge(self, sequence: int) -> None:
        """Advance the durable subscription this stream reads; raises InvalidRequest."""
        if self.subscription_id is None:
            raise InvalidRequest(
                "This stream reads no durable subscription.",
                fix="Open it with subscription_id, or resume with last_event_id.",
                errors=[field_error("ack", "no subscription")],
            )
        if not 0 <= sequence <= self.position:
            raise InvalidRequest(
                f"{sequence} was not delivered on this stream, which is at {self.position}.",
                fix="Acknowledge the sequence of an event or heartbeat you received.",
                errors=[field_error("ack", "not delivered yet")],
            )
        self._feed.positions.advance_position(self.tenant, self.subscription_id, sequence)

    def end(self, close_reason: CloseReason) -> None:
        """End the stream. Idempotent; the first reason is kept."""
        if self.close_reason is not None:
            return
        # The position is read before leaving: while joined it is the channel's head, afterwards the stored number.
        self._position, self.close_reason = self.position, close_reason
        self._unsubscribe()
        self._feed.remove_stream(self)
        self.sink.end(close_reason)

    @abstractmethod
    def _unsubscribe(self) -> None:
        """Leave the channel or subscription that keeps the stream live."""

    def close(self) -> None:
        """End the stream because its reader is done."""
        self.end(CloseReason())

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        """Iterate over the items as Python objects. Raises the error that ended the stream."""
        return self.iterate()

    async def iterate(self, connection: Connection | None = None) -> AsyncGenerator[Any, None]:
        """Iterate over the stream, counting its queue against the memory limit of a connection."""
        sink = QueueSink(self._feed.buffer_limit, connection)
        with nullcontext() if connection is None else connection.count_queue(sink):
            reading = asyncio.create_task(self.attach(sink))
            try:
                while batches := await sink.wait_for_batches():
                    for batch in batches:
                        for item in batch.items:
                            yield item.model()
                if sink.close_reason is not None and sink.close_reason.error is not None:
                    raise sink.close_reason.error
            finally:
                self.close()
                reading.cancel()


class EventStream(LiveStream):
    """Events that match a specification.

    Events after its position are read from the log page by page; then the stream joins the live events in one step, so
    that none is lost or repeated. ``attach`` returns when it has joined.
    """

    __slots__ = ("_channel", "_heartbeat_rounds", "_round", "filter")

    def __init__(self, feed: Supervisor, tenant: str, spec: EventStreamSpec, check: Check | None = None) -> None:
        super().__init__(feed, tenant, spec.viewer, spec.position, check)
        self.filter: EventFilter = spec.filter
        self.subscription_id = spec.subscription_id
        self._heartbeat_rounds, self._round = spec.heartbeat_rounds, 0
        self._channel: Channel | None = None

    @property
    def position(self) -> int:
        return self._position if self._channel is None else self._channel.head

    @property
    def live(self) -> bool:
        return self._channel is not None

    @property
    def lag(self) -> int:
        return max(self._feed.head(self.tenant) - self.position, 0) + self.sink.pending

    async def _run(self) -> None:
        channel = await self._feed.load_channel(self.tenant)
        while self.close_reason is None:
            if self._position > channel.head:
                await channel.wait_until_delivered(self._position)
            elif self._position == channel.head:
                # No await since the comparison, so no event can be committed between the last page and the join.
                channel.add_stream(self)
                self._channel = channel
                return
            else:
                await self._send_log_page(channel)

    async def _send_log_page(self, channel: Channel) -> None:
        page = await channel.read(self._position, self.filter, self.viewer)
        if self.close_reason is None:
            channel.delivered += len(page.events)
            await self._send_page([EncodedEvent(stored) for stored in page.events], page.position)

    def write_heartbeat(self) -> None:
        self._round = (self._round + 1) % self._heartbeat_rounds
        if self._round == 0:
            super().write_heartbeat()

    def _unsubscribe(self) -> None:
        if self._channel is not None:
            self._channel.remove_stream(self)
            self._channel = None


class LogStream(LiveStream):
    """Entries of a log after a position, in pages, until the log ends.

    Entries are read from the log; an event about its subject is only a hint that there may be more. The stream
    subscribes to hints before the read that finds no entry, so that none is missed, and reads again at each heartbeat
    in case a hint is lost. ``attach`` returns when the stream has ended.
    """

    __slots__ = ("_hints", "_is_waiting", "_spec", "_store", "_wake_sink")

    def __init__(
        self, feed: Supervisor, store: Store, tenant: str, spec: LogStreamSpec, check: Check | None = None
    ) -> None:
        super().__init__(feed, tenant, spec.viewer, spec.position, check)
        self._store, self._spec = store, spec
        self._wake_sink = _WakeSink()
        self._hints: EventStream | None = None
        self._is_waiting = False

    @property
    def live(self) -> bool:
        return self._is_waiting

    @property
    def lag(self) -> int:
        return self.sink.pending

    async def _run(self) -> None:
        channel = await self._feed.load_channel(self.tenant)
        try:
            while self.close_reason is None:
                # In this order: an event that comes between the subscription and the read sets the wakeup again, and is
                # not slept through.
                await self._subscribe_wake_sink(channel)
                self._wake_sink.wakeup.clear()
                await self._send_next_page(channel)
        finally:
            if self._hints is not None:
                self._hints.close()

    async def _subscribe_wake_sink(self, channel: Channel) -> None:
        """Wake the stream at every event about the subject."""
        if self._hints is None or self._hints.close_reason is not None:
            # The wake sink may see every event: it only wakes the stream, and the log is read with the reader's own rights.
            spec = EventStreamSpec(EventFilter.from_request(subject=self._spec.subject), OPERATOR_VIEWER, channel.head)
            self._hints = EventStream(self._feed, self.tenant, spec)
            await self._hints.attach(self._wake_sink)

    async def _send_next_page(self, channel: Channel) -> None:
        """Send the next page, or wait for a wake-up."""
        page = await self._store.read(self.tenant, self._read_page)
        if self.close_reason is not None:
            return
        for part in _split_entries(page.entries, self._feed.buffer_limit // 4):
            if self.close_reason is None:
                channel.delivered += len(part)
                await self._send_page(part, part[-1].number)
        if page.done:
            self.end(LOG_ENDED)
        elif not page.entries:
            self._is_waiting = True
            await self._wake_sink.wakeup.wait()
            self._is_waiting = False

    async def read_available_entries(self) -> list[Entry]:
        """Return the currently available entries without waiting, for a stream without a sink."""
        entries: list[Entry] = []
        while True:
            page = await self._store.read(self.tenant, self._read_page)
            if page.entries:
                entries += page.entries
                self._position = page.entries[-1].number
            if page.done or not page.entries:
                return entries

    async def _read_page(self, reader: Reader) -> LogPage:
        return await self._spec.read(reader, self._position)

    def write_heartbeat(self) -> None:
        super().write_heartbeat()
        self._wake_sink.wakeup.set()

    def _unsubscribe(self) -> None:
        self._is_waiting = False
        self._wake_sink.wakeup.set()


def _split_entries(entries: Sequence[Entry], limit: int) -> Iterator[list[EncodedEntry]]:
    """Split entries into parts of a maximum size, each with at least one entry, so that the reader can keep up."""
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
    """A sink that sets an event when something arrives."""

    pending = 0

    def __init__(self) -> None:
        self.wakeup = asyncio.Event()

    def try_write(self, batch: Batch, /) -> bool:
        self.wakeup.set()
        return True

    async def drain(self) -> None: ...

    def end(self, close_reason: CloseReason, /) -> None:
        self.wakeup.set()
