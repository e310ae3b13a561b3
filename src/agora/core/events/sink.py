"""Sinks: destinations of a stream's items."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

from agora.net.backpressure import HIGH_WATER_BYTES, Connection
from agora_sdk.errors import InternalError

from .frames import CLOSE_TOO_SLOW, Batch, CloseReason

__all__ = ["NULL_SINK", "QueueSink", "Sink", "exceeds_unread_limit", "offer_batch"]

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Destination of a stream's items. Only ``drain`` may block.

    pending: number of accepted items that were not delivered yet, if known.
    """

    pending: int

    def try_write(self, batch: Batch, /) -> bool:
        """Accept a batch. Returns False if the queue exceeds its limit."""

    async def drain(self) -> None:
        """Wait until there is room for a page of the log."""

    def end(self, close_reason: CloseReason, /) -> None:
        """End the sink and report the reason to the reader."""


class _NullSink:
    pending = 0

    def try_write(self, batch: Batch, /) -> bool:
        return True

    async def drain(self) -> None: ...

    def end(self, close_reason: CloseReason, /) -> None: ...


class QueueSink:
    """A bounded queue for one reader in this process.

    limit: maximum of waiting bytes; they are dropped when a slow reader is cut off. size: bytes that wait or are being
    written. connection: connection of the reader; the bytes waiting for its subject are limited, too.
    """

    def __init__(self, limit: int, connection: Connection | None = None) -> None:
        self._limit, self._connection = limit, connection
        self._batches: deque[Batch] = deque()
        self.size = self._consumed_size = 0
        self._filled_event, self._room_event = asyncio.Event(), asyncio.Event()
        self._room_event.set()
        self.pending = 0
        self.close_reason: CloseReason | None = None

    def try_write(self, batch: Batch, /) -> bool:
        if self.size > self._limit or exceeds_unread_limit(self._connection, self.size, batch):
            return False
        self._batches.append(batch)
        self.size += batch.size
        self.pending += len(batch.items)
        self._filled_event.set()
        # Half: the other half is for live events, so that a page of the log cannot cut its own reader off.
        if self.size > self._limit // 2:
            self._room_event.clear()
        if self._connection is not None and batch.size > HIGH_WATER_BYTES:
            self._connection.update_unsent_size()
        return True

    async def drain(self) -> None:
        await self._room_event.wait()

    def end(self, close_reason: CloseReason, /) -> None:
        self.close_reason = close_reason
        # What waits counts against the memory of its reader, who resumes from the log anyway.
        if close_reason.code == CLOSE_TOO_SLOW:
            self._drop_batches()
        self._filled_event.set()
        self._room_event.set()

    async def wait_for_batches(self) -> list[Batch]:
        """Wait for at least one batch and return all pending ones; an empty list after the end of the stream.

        Previously returned batches count as written.
        """
        self._release_bytes(self._consumed_size)
        self._consumed_size = 0
        while not self._batches and self.close_reason is None:
            self._filled_event.clear()
            await self._filled_event.wait()
        batches = list(self._batches)
        self._batches.clear()
        self._consumed_size, self.pending = self.size, 0
        return batches

    def _drop_batches(self) -> None:
        self._batches.clear()
        self.pending = 0
        self._release_bytes(self.size - self._consumed_size)

    def _release_bytes(self, size: int) -> None:
        self.size -= size
        if self.size <= self._limit // 2:
            self._room_event.set()


def exceeds_unread_limit(connection: Connection | None, waiting: int, batch: Batch) -> bool:
    """Whether a slow reader must be closed because its subject has too many unread bytes."""
    return (
        connection is not None
        and connection.exceeds_unread_limit
        and (waiting > HIGH_WATER_BYTES or batch.size > HIGH_WATER_BYTES)
    )


NULL_SINK: Sink = _NullSink()  #: the initial sink of a stream


def offer_batch(sink: Sink, batch: Batch) -> CloseReason | None:
    """Write a batch to a sink. Returns the reason if the stream must end."""
    try:
        return None if sink.try_write(batch) else CloseReason.too_slow()
    except Exception:
        log.exception("a stream failed and is closed")
        return CloseReason.from_error(InternalError("The stream failed.", fix="Resume from the last event."))
