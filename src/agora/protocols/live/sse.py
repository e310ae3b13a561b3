"""Server-sent events: a stream as a long response that every HTTP client can read.

``id`` is an item's number, ``event`` its kind, ``data`` its document. Comments are heartbeats. The last
message is ``event: closing`` with the reason; a client that reconnects sends ``Last-Event-ID``, unless the
code is 1000: then the log has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError

from ...events.frames import TOO_SLOW, Farewell, closing_chunk
from ...events.sink import QueueSink
from ...events.stream import LiveStream
from ..http import Receive, Scope, Send, problem
from .request import Live, StreamRequest, drop

__all__ = ["EventSource"]

RETRY_MILLISECONDS = 2000
GRACE_SECONDS = 5.0  # for a reader that was cut off to take the last message
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventSource(Live):
    """ASGI application of every route of a stream, such as ``GET /events``."""

    async def __call__(
        self, operation: Operation, path: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request for an operation; ``path`` are the arguments that the path holds."""
        try:
            stream, _ = await self.open(StreamRequest.read(scope, operation, path))
        except AgoraError as error:
            await problem(send, error, instance=scope["path"])
            return
        try:
            await self._stream(stream, receive, send)
        finally:
            stream.close()

    async def _stream(self, stream: LiveStream, receive: Receive, send: Send) -> None:
        start = b"retry: %d\nid: %d\n: connected\n\n" % (RETRY_MILLISECONDS, stream.position)
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": start, "more_body": True})
        sink = _EventSourceSink(self.dispatcher.feed.buffer_limit)
        writing = asyncio.create_task(_write(stream, sink, send))
        leaving = asyncio.create_task(_gone(receive))
        tasks = [writing, leaving, asyncio.create_task(stream.attach(sink))]
        try:
            await asyncio.wait((writing, leaving, sink.cut), return_when=asyncio.FIRST_COMPLETED)
            if sink.cut.done():
                await asyncio.wait((writing,), timeout=GRACE_SECONDS)
                if not writing.done() and drop(send):
                    await asyncio.wait((leaving,), timeout=GRACE_SECONDS)
        finally:
            stream.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _EventSourceSink(QueueSink):
    """A queue that tells when its reader was cut off: nothing may wait for that reader any more."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, farewell: Farewell, /) -> None:
        super().end(farewell)
        if farewell.code == TOO_SLOW and not self.cut.done():
            self.cut.set_result(None)


async def _write(stream: LiveStream, sink: QueueSink, send: Send) -> None:
    """Send what comes, as much as waits in one piece; at the end, say why."""
    sequence = stream.position
    while batches := await sink.take():
        sequence = batches[-1].sequence
        body = b"".join([batch.chunk for batch in batches])
        await send({"type": "http.response.body", "body": body, "more_body": True})
    if sink.farewell is not None:
        body = closing_chunk(sink.farewell, sequence)
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def _gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
