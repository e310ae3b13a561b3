"""Server-sent events: a stream as one long HTTP response.

``id`` is an item's number, ``event`` its kind, ``data`` its document. Comments are heartbeats. The last
message is ``event: closing`` with the reason; a client that reconnects sends ``Last-Event-ID``, unless the
code is 1000, which means that the log has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agora.core.events.frames import Batch, CloseReason, encode_sse_closing_message
from agora.core.events.stream import LiveStream
from agora.protocols.http import Receive, Scope, Send, send_problem
from agora.protocols.http_streams import RETRY_MILLISECONDS, STREAM_HEADERS, StreamEncoder, follow_stream
from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError

from . import task_offers
from .stream_requests import StreamingApp, StreamRequest

__all__ = ["SseApp"]


class SseApp(StreamingApp):
    """ASGI application of every route of a stream, such as ``GET /events``."""

    async def __call__(
        self, operation: Operation, path: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request for an operation. path: the path's arguments."""
        try:
            stream, _ = await self.open_stream(StreamRequest.from_scope(scope, operation, path))
        except AgoraError as error:
            await send_problem(send, error, instance=scope["path"])
            return
        try:
            encoder: StreamEncoder
            if operation.name == task_offers.STREAM_OPERATION:
                start, encoder = task_offers.encode_connected_chunk(stream.position), task_offers.OfferEncoder()
            else:
                start, encoder = b"id: %d\n: connected\n\n" % stream.position, _ChunkEncoder()
            await self._send_stream(stream, start, encoder, receive, send)
        finally:
            stream.close()

    async def _send_stream(
        self, stream: LiveStream, first: bytes, encoder: StreamEncoder, receive: Receive, send: Send
    ) -> None:
        start = b"retry: %d\n%b" % (RETRY_MILLISECONDS, first)
        await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        await send({"type": "http.response.body", "body": start, "more_body": True})
        await follow_stream(stream, encoder, receive, send, self.dispatcher.feed.buffer_limit)


class _ChunkEncoder:
    """Passes on messages that the feed has encoded once for all readers."""

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        return b"".join([batch.chunk for batch in batches])

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        return encode_sse_closing_message(close_reason, position)
