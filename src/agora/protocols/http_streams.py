"""Streams over HTTP: server-sent events as one long response.

The protocol encodes the messages; this module writes them, removes disconnected readers, and closes connections whose
reader has stopped reading.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Final, Protocol

from agora.core.events.frames import CLOSE_TOO_SLOW, Batch, CloseReason
from agora.core.events.sink import QueueSink
from agora.core.events.stream import LiveStream
from agora.net.backpressure import Connection
from agora.protocols.http import Receive, Send, StatusRecordingSend, abort_connection, wait_for_disconnect

__all__ = ["RETRY_MILLISECONDS", "STREAM_HEADERS", "CutoffSignallingSink", "StreamEncoder", "follow_stream"]

log = logging.getLogger(__name__)

RETRY_MILLISECONDS: Final = 2000
STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx would collect the events in its buffer.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class StreamEncoder(Protocol):
    """A protocol's encoder for the items of a stream."""

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        """Encode batches, including heartbeats."""

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        """Encode the last message, after the item with a number; may be empty."""


async def follow_stream(
    stream: LiveStream, encoder: StreamEncoder, receive: Receive, send: Send, limit: int, *, ends: bool = True
) -> None:
    """Send a stream as the rest of a started response until it ends or the client disconnects; then close the stream.

    limit: bytes that the client may lag behind. ends: whether the response ends with the stream; else more of it may
    follow.
    """
    connection = send.connection if isinstance(send, StatusRecordingSend) else None
    sink = CutoffSignallingSink(limit, connection)
    with nullcontext() if connection is None else connection.count_queue(sink):
        await _follow_until_closed(stream, sink, encoder, receive, send, ends=ends)


async def _follow_until_closed(
    stream: LiveStream, sink: CutoffSignallingSink, encoder: StreamEncoder, receive: Receive, send: Send, *, ends: bool
) -> None:
    writing = asyncio.create_task(_write_batches(stream, sink, encoder, send, ends=ends))
    disconnect = asyncio.create_task(wait_for_disconnect(receive))
    tasks = [writing, disconnect, asyncio.create_task(stream.attach(sink))]
    try:
        # The sink's signal ends the wait of a writer whose reader does not read: it would otherwise wait for room for ever.
        await asyncio.wait((writing, disconnect, sink.was_cut_off), return_when=asyncio.FIRST_COMPLETED)
        if sink.was_cut_off.done():
            await asyncio.wait((writing,), timeout=stream.grace_seconds)
            if not writing.done() and abort_connection(send):
                await asyncio.wait((disconnect,), timeout=stream.grace_seconds)
    finally:
        stream.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A lost connection is an OSError; any other error is a defect of an encoder, which nobody else would report.
        error = None if writing.cancelled() else writing.exception()
        if error is not None and not isinstance(error, OSError):
            log.error("a stream could not be written, and breaks off", exc_info=error)


class CutoffSignallingSink(QueueSink):
    """A queue that signals when its reader was cut off, so that its writer stops waiting."""

    def __init__(self, limit: int, connection: Connection | None = None) -> None:
        super().__init__(limit, connection)
        self.was_cut_off: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, close_reason: CloseReason, /) -> None:
        super().end(close_reason)
        if close_reason.code == CLOSE_TOO_SLOW and not self.was_cut_off.done():
            self.was_cut_off.set_result(None)


async def _write_batches(
    stream: LiveStream, sink: QueueSink, encoder: StreamEncoder, send: Send, *, ends: bool
) -> None:
    """Send batches, combined into one piece each time; at the end, send the close reason."""
    position = stream.position
    while batches := await sink.wait_for_batches():
        position = batches[-1].sequence
        await send({"type": "http.response.body", "body": encoder.encode_batches(batches), "more_body": True})
    if sink.close_reason is not None:
        last = encoder.encode_end(sink.close_reason, position)
        await send({"type": "http.response.body", "body": last, "more_body": not ends})
