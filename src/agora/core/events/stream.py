"""A live stream: one reader of a log, from any point of it on into the present."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from agora.net.backpressure import Connection
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest, StorageUnavailable, field_error

from .filter import Viewer
from .frames import Batch, CloseReason, Item
from .sink import NULL_SINK, QueueSink, Sink, offer_batch

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["Check", "LiveStream"]

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]  #: raises the AgoraError for which a stream may not go on


class LiveStream(ABC):
    """An opened stream: attach one sink, or iterate it.

    It ends when closed, when its log has ended, when its check fails, when its reader is too slow, or
    when the server drains; ``farewell`` then says why.
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

    def __init__(self, feed: Feed, tenant: str, viewer: Viewer, position: int, check: Check | None) -> None:
        self._feed, self.tenant, self._check = feed, tenant, check
        self.viewer, self._position = viewer, position
        self.subscription_id: str | None = None
        self.sink: Sink = NULL_SINK
        self.close_reason: CloseReason | None = None
        self.slot: int | None = None
        self.groups: Sequence[tuple[str, str]] = ()  # with whom its reader shares what is free

    @property
    def position(self) -> int:
        """Everything up to this number was given to the sink."""
        return self._position

    @property
    @abstractmethod
    def live(self) -> bool:
        """Whether it has caught up with its log."""

    @property
    @abstractmethod
    def lag(self) -> int:
        """How many items its reader is behind, at most, where that is known."""

    @abstractmethod
    async def _run(self) -> None:
        """Give the sink what the log has, then what comes."""

    async def attach(self, sink: Sink) -> None:
        """Send what the log has after the position, then what comes. Leave it running, and close the stream."""
        self.sink = sink
        if self.close_reason is not None:
            sink.end(self.close_reason)
            return
        try:
            await self._run()
        except TimeoutError:
            self.end(CloseReason.too_slow())
        except AgoraError as error:
            self.end(CloseReason.of(error))
        except Exception:
            log.exception("the log of a stream could not be read")
            self.end(CloseReason.of(InternalError("The log could not be read.", fix="Resume from the last item.")))

    async def _send(self, items: Sequence[Item], position: int) -> None:
        """Give the sink a page of the log; return when there is room for the next."""
        if items and (close_reason := offer_batch(self.sink, Batch(items, position))):
            self.end(close_reason)
            return
        self._position = position
        async with asyncio.timeout(self._feed.stall_seconds):
            await self.sink.drain()
        await asyncio.sleep(0)  # a long log must not hold the loop

    def beat(self) -> None:
        """Write a heartbeat, if the stream is live."""
        if self.live and (close_reason := offer_batch(self.sink, Batch((), self.position))):
            self.end(close_reason)

    async def recheck(self) -> None:
        """End the stream if it may not go on. While the storage is unavailable, it goes on until the next check."""
        if self._check is None or self.close_reason is not None:
            return
        try:
            await self._check()
        except StorageUnavailable:
            return
        except AgoraError as error:
            self.end(CloseReason.of(error))
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
        self._feed.positions.advance(self.tenant, self.subscription_id, sequence)

    def end(self, close_reason: CloseReason) -> None:
        """End the stream; the first reason stays."""
        if self.close_reason is not None:
            return
        self._position, self.close_reason = self.position, close_reason
        self._leave()
        self._feed.forget(self)
        self.sink.end(close_reason)

    @abstractmethod
    def _leave(self) -> None:
        """Take leave of whatever keeps the stream live."""

    def close(self) -> None:
        """End the stream because its reader is done."""
        self.end(CloseReason())

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        """Items as Python callers get them; raises the error for which the stream ended."""
        return self.iterate()

    async def iterate(self, connection: Connection | None = None) -> AsyncGenerator[Any, None]:
        """The same, counting what waits for the reader of a connection."""
        sink = QueueSink(self._feed.buffer_limit, connection)
        with nullcontext() if connection is None else connection.watch(sink):
            reading = asyncio.create_task(self.attach(sink))
            try:
                while batches := await sink.take():
                    for batch in batches:
                        for item in batch.items:
                            yield item.model()
                if sink.close_reason is not None and sink.close_reason.error is not None:
                    raise sink.close_reason.error
            finally:
                self.close()
                reading.cancel()
