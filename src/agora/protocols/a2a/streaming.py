"""Streams of A2A: server-sent events whose ids are the places to resume from.

A client that lost its stream asks again with ``Last-Event-ID`` and gets what followed, whether its connection
broke or the server was started anew. Comments are heartbeats; A2A knows no event names, so there are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from agora_sdk.errors import AgoraError

from ...events.frames import RESTARTING, TOO_SLOW, Batch, Farewell
from ...events.sink import QueueSink
from ...events.stream import LiveStream
from ..http import Receive, Send
from .core import Opened

__all__ = ["Render", "failed", "stream"]

RETRY_MILLISECONDS: Final = 2000
GRACE_SECONDS: Final = 5.0  #: for a reader that was cut off to take the last message
HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
#: what some clients take for the end of a line, in UTF-8 and as JSON may say it
_LINE_ENDS: Final = ((b"\xc2\x85", rb"\u0085"), (b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))


class Render:
    """How items of a stream, and the error it ends with, are written as documents."""

    def __init__(self, item: Callable[[bytes], bytes], error: Callable[[AgoraError], bytes]) -> None:
        self.item, self.error = item, error


async def stream(opened: Opened, render: Render, receive: Receive, send: Send, limit: int) -> None:
    """Send the response: the first item, then those of the stream, until it ends or the client leaves.

    limit: bytes that the client may lag behind.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    start = b"retry: %d\n\n" % RETRY_MILLISECONDS
    if opened.first is not None:
        number, document = opened.first
        start += _message(number, render.item(document))
    more = opened.stream is not None
    await send({"type": "http.response.body", "body": start, "more_body": more})
    if opened.stream is not None:
        await _follow(opened.stream, render, receive, send, limit)


async def failed(document: bytes, send: Send) -> None:
    """Answer with the error for which there is no stream, as its only item."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": _message(None, document)})


async def _follow(live: LiveStream, render: Render, receive: Receive, send: Send, limit: int) -> None:
    sink = _Sink(limit)
    writing = asyncio.create_task(_write(sink, render, send))
    leaving = asyncio.create_task(_gone(receive))
    tasks = [writing, leaving, asyncio.create_task(live.attach(sink))]
    try:
        await asyncio.wait((writing, leaving, sink.cut), return_when=asyncio.FIRST_COMPLETED)
        if sink.cut.done():
            await asyncio.wait((writing,), timeout=GRACE_SECONDS)
    finally:
        live.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Sink(QueueSink):
    """A queue that tells when its reader was cut off: nothing may wait for that reader any more."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, farewell: Farewell, /) -> None:
        super().end(farewell)
        if farewell.code == TOO_SLOW and not self.cut.done():
            self.cut.set_result(None)


async def _write(sink: QueueSink, render: Render, send: Send) -> None:
    """Send what comes, as much as waits in one piece; at the end, the error, if it is one."""
    while batches := await sink.take():
        body = b"".join([_chunk(batch, render) for batch in batches])
        await send({"type": "http.response.body", "body": body, "more_body": True})
    farewell, last = sink.farewell, b""
    if farewell is not None and farewell.error is not None:
        last = _message(None, render.error(farewell.error))
    elif farewell is not None and farewell.code == RESTARTING:
        last = b": the server stops; resume with Last-Event-ID\n\n"
    await send({"type": "http.response.body", "body": last, "more_body": False})


def _chunk(batch: Batch, render: Render) -> bytes:
    if not batch.items:
        return b": heartbeat\n\n"
    return b"".join([_message(item.number, render.item(item.json)) for item in batch.items])


def _message(number: int | None, document: bytes) -> bytes:
    for raw, escaped in _LINE_ENDS:
        document = document.replace(raw, escaped)
    return b"data: %b\n\n" % document if number is None else b"id: %d\ndata: %b\n\n" % (number, document)


async def _gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
