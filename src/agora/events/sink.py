"""Sinks: where a stream's items go, and the way into one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

from agora_sdk.errors import InternalError

from .frames import TOO_SLOW, Batch, Farewell

__all__ = ["NOWHERE", "QueueSink", "Sink", "offer"]

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where a stream's items go. Nothing here may block, but ``drain``.

    pending: how many items were taken that nobody has got yet, where that is known.
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
        self.pending += len(batch.items)
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


NOWHERE: Sink = _Nowhere()  #: the sink of a stream that has none yet


def offer(sink: Sink, batch: Batch) -> Farewell | None:
    """Write a batch to a sink; answers why its stream has to end, if it has to."""
    try:
        return None if sink.write(batch) else Farewell.too_slow()
    except Exception:
        log.exception("a stream failed and is closed")
        return Farewell.of(InternalError("The stream failed.", fix="Resume from the last event."))
