"""A2A streams: server-sent events whose ids are positions to resume from.

A client that reconnects with ``Last-Event-ID`` gets the following events, also after a restart of the server. Comments
are heartbeats; A2A defines no event names, so none are sent.

Only items end with a blank line: several clients, such as the official 0.3 SDK, read a block that contains only
``retry`` or a comment as an empty item, and fail. So ``retry`` is a field of the first item, and a comment is a single
line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agora.core.events.frames import CLOSE_RESTARTING, Batch, CloseReason, escape_line_ends
from agora.protocols.http import Receive, Send
from agora.protocols.http_streams import RETRY_MILLISECONDS, STREAM_HEADERS, follow_stream
from agora_sdk.errors import AgoraError

from .operations import OpenedStream

__all__ = ["SseEncoder", "send_error_stream", "send_stream"]


class SseEncoder:
    """Encodes the items of a stream and its final error as documents. Implements the encoder of
    :mod:`..http_streams`."""

    def __init__(self, encode_item: Callable[[bytes], bytes], encode_error: Callable[[AgoraError], bytes]) -> None:
        self._encode_item, self._encode_error = encode_item, encode_error
        self._start = b"retry: %d\n" % RETRY_MILLISECONDS  # sent with the first item

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        return b"".join([self._encode_batch(batch) for batch in batches])

    def _encode_batch(self, batch: Batch) -> bytes:
        if not batch.items:
            return b": heartbeat\n"
        return b"".join([self.encode_numbered_item(item.number, item.json) for item in batch.items])

    def encode_numbered_item(self, number: int, json: bytes) -> bytes:
        """Encode an item of the stream with its number; the first one also with the time after which to reconnect."""
        # Only once: retry applies to the whole connection.
        start, self._start = self._start, b""
        return start + _encode_sse_message(number, self._encode_item(json))

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        if close_reason.error is not None:
            return _encode_sse_message(None, self._encode_error(close_reason.error))
        return b": the server stops; resume with Last-Event-ID\n" if close_reason.code == CLOSE_RESTARTING else b""


async def send_stream(opened: OpenedStream, encoder: SseEncoder, receive: Receive, send: Send, limit: int) -> None:
    """Send the response: the first item, then those of the stream, until it ends or the client disconnects.

    limit: maximum bytes that the client may lag behind.
    """
    more = opened.stream is not None
    try:
        await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        opening = b"" if opened.first is None else encoder.encode_numbered_item(*opened.first)
        await send({"type": "http.response.body", "body": opening, "more_body": more})
        if opened.stream is not None:
            await follow_stream(opened.stream, encoder, receive, send, limit)
    finally:
        opened.close()


async def send_error_stream(document: bytes, send: Send) -> None:
    """Send an error as the only item of a stream."""
    await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
    await send({"type": "http.response.body", "body": _encode_sse_message(None, document)})


def _encode_sse_message(number: int | None, document: bytes) -> bytes:
    document = escape_line_ends(document)
    return b"data: %b\n\n" % document if number is None else b"id: %d\ndata: %b\n\n" % (number, document)
