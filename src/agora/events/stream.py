"""A live stream: one reader of events, from any point of the log on into the present."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from agora_sdk.contract.events import Event
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest

from ..event_filter import EventFilter, Viewer
from ..services.base import Opening
from .channel import Channel
from .frames import TOO_SLOW, Batch, Encoded, Farewell
from .group import offer

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["Check", "LiveStream", "QueueSink", "Sink"]

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]  #: raises the AgoraError for which a stream may not go on


class Sink(Protocol):
    """Where a stream's events go. Nothing here may block, but ``drain``.

    pending: how many events were taken that nobody has got yet, where that is known.
    """

    pending: int

    def write(self, batch: Batch, /) -> bool:
        """Take a batch; False when what waits in front of it has passed its bound."""

    async def drain(self) -> None:
        """Return when little enough waits that a page of the log may follow."""

    def end(self, farewell: Farewell, /) -> None:
        """Nothing follows; tell the reader why."""


class _Nowhere:
    pending = 0

    def write(self, batch: Batch, /) -> bool:
        return True

    async def drain(self) -> None: ...

    def end(self, farewell: Farewell, /) -> None: ...


class QueueSink:
    """A bounded queue for one reader in this process.

    limit: bytes that may wait; what is waiting when the reader is cut off for slowness is dropped.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._batches: deque[Batch] = deque()
        self._size = 0
        self._filled, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self.pending = 0
        self.farewell: Farewell | None = None

    def write(self, batch: Batch, /) -> bool:
        if self._size > self._limit:
            return False
        self._batches.append(batch)
        self._size += batch.size
        self.pending += len(batch.events)
        self._filled.set()
        if self._size > self._limit // 2:
            self._room.clear()
        return True

    async def drain(self) -> None:
        await self._room.wait()

    def end(self, farewell: Farewell, /) -> None:
        self.farewell = farewell
        if farewell.code == TOO_SLOW:
            self._clear()
        self._filled.set()
        self._room.set()

    async def take(self) -> list[Batch]:
        """Everything that waits, at least one batch; an empty list when the stream has ended."""
        while not self._batches and self.farewell is None:
            self._filled.clear()
            await self._filled.wait()
        batches = list(self._batches)
        self._clear()
        return batches

    def _clear(self) -> None:
        self._batches.clear()
        self._size = self.pending = 0
        self._room.set()


class LiveStream:
    """An opened stream: attach one sink, or iterate it.

    Events after its position are read from the log page by page; then, in one step, it joins what is
    live: nothing is lost, nothing repeated. It ends when closed, when its check fails, when its reader
    is too slow, or when the server drains; ``farewell`` then says why.
    """

    __slots__ = (
        "_channel",
        "_check",
        "_feed",
        "_position",
        "farewell",
        "filter",
        "sink",
        "slot",
        "subscription_id",
        "tenant",
        "viewer",
    )

    def __init__(self, feed: Feed, tenant: str, opening: Opening, check: Check | None = None) -> None:
        self._feed, self.tenant, self._check = feed, tenant, check
        self.filter: EventFilter = opening.filter
        self.viewer: Viewer = opening.viewer
        self.subscription_id = opening.subscription_id
        self._position = opening.position
        self._channel: Channel | None = None
        self.sink: Sink = _Nowhere()
        self.farewell: Farewell | None = None
        self.slot: int | None = None

    @property
    def position(self) -> int:
        """Everything up to this sequence number was given to the sink."""
        return self._position if self._channel is None else self._channel.head

    @property
    def live(self) -> bool:
        """Whether it has caught up with the log."""
        return self._channel is not None

    async def attach(self, sink: Sink) -> None:
        """Send what the log has after the position, then join; returns when joined, or when ended."""
        self.sink = sink
        if self.farewell is not None:
            sink.end(self.farewell)
            return
        try:
            await self._catch_up()
        except TimeoutError:
            self.end(Farewell.too_slow())
        except AgoraError as error:
            self.end(Farewell.of(error))
        except Exception:
            log.exception("a stream could not be replayed from the log")
            self.end(Farewell.of(InternalError("Events could not be read.", fix="Resume from the last event.")))

    async def _catch_up(self) -> None:
        channel = await self._feed.channel(self.tenant)
        while self.farewell is None:
            if self._position > channel.head:
                await channel.reach(self._position)
            elif self._position == channel.head:
                channel.join(self)  # no await since the comparison
                self._channel = channel
            else:
                await self._replay(channel)
            if self._channel is not None:
                return

    async def _replay(self, channel: Channel) -> None:
        page = await channel.read(self._position, self.filter, self.viewer)
        if self.farewell is not None:
            return
        if page.events:
            channel.delivered += len(page.events)
            batch = Batch([Encoded(stored) for stored in page.events], page.position)
            if farewell := offer(self.sink, batch):
                self.end(farewell)
                return
        self._position = page.position
        async with asyncio.timeout(self._feed.stall_seconds):
            await self.sink.drain()
        await asyncio.sleep(0)  # a long log must not hold the loop

    def beat(self) -> None:
        """Write a heartbeat, if the stream is live."""
        if self.live and (farewell := offer(self.sink, Batch((), self.position))):
            self.end(farewell)

    async def recheck(self) -> None:
        """End the stream if it may not go on."""
        if self._check is None or self.farewell is not None:
            return
        try:
            await self._check()
        except AgoraError as error:
            self.end(Farewell.of(error))
        except Exception:
            log.exception("whether a stream may go on could not be checked; it goes on until the next check")

    def acknowledge(self, sequence: int) -> None:
        """Advance the durable subscription this stream reads; raises InvalidRequest."""
        if self.subscription_id is None:
            raise InvalidRequest(
                "This stream reads no durable subscription.",
                fix="Open it with subscription_id, or resume with last_event_id.",
                errors=[{"field": "ack", "message": "no subscription"}],
            )
        if not 0 <= sequence <= self.position:
            raise InvalidRequest(
                f"{sequence} was not delivered on this stream, which is at {self.position}.",
                fix="Acknowledge the sequence of an event or heartbeat you received.",
                errors=[{"field": "ack", "message": "not delivered yet"}],
            )
        self._feed.positions.advance(self.tenant, self.subscription_id, sequence)

    def end(self, farewell: Farewell) -> None:
        """End the stream; the first reason stays."""
        if self.farewell is not None:
            return
        self._position, self.farewell = self.position, farewell
        if self._channel is not None:
            self._channel.leave(self)
            self._channel = None
        self._feed.forget(self)
        self.sink.end(farewell)

    def close(self) -> None:
        """End the stream because its reader is done."""
        self.end(Farewell())

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events as results; raises the error for which the stream ended."""
        sink = QueueSink(self._feed.buffer_limit)
        replay = asyncio.create_task(self.attach(sink))
        try:
            while batches := await sink.take():
                for batch in batches:
                    for encoded in batch.events:
                        yield encoded.model()
            if sink.farewell is not None and sink.farewell.error is not None:
                raise sink.farewell.error
        finally:
            self.close()
            replay.cancel()
