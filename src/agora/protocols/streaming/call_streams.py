"""Streams opened by calls over a WebSocket, in addition to the socket's event stream.

``{"id": 7, "operation": "agora.task.stream", "arguments": {...}}`` is answered by ``{"id": 7, "position": N}``,
then by ``{"id": 7, "item": {...}}`` for each item. The last answer is ``{"id": 7, "result": null, "done": true}``
when the log has ended, or ``{"id": 7, "error": PROBLEM}``. ``{"cancel": 7}`` ends the stream: ``done`` is then false.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.frames import CLOSE_RESTARTING, LOG_ENDED, CloseReason
from agora.core.events.sink import QueueSink
from agora.core.events.stream import LiveStream
from agora.net.backpressure import Connection
from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, Overloaded, field_error

__all__ = ["CallStreams", "Id"]

MAX_STREAMS = 16  #: open at once over one socket

Id = int | str


class CallStreams:
    """The streams opened over one socket. ``answer`` sends a text once there is buffer space."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        caller: Callable[[], Awaitable[Caller]],
        answer: Callable[[bytes], Awaitable[None]],
        connection: Connection | None = None,
    ) -> None:
        self._dispatcher, self._caller, self._answer, self._connection = dispatcher, caller, answer, connection
        self._open: dict[Id, LiveStream | None] = {}  # None while it is being opened
        self._running: set[asyncio.Task[None]] = set()

    async def open_stream(
        self, call_id: Id | None, operation: Operation, caller: Caller, arguments: Mapping[str, Any]
    ) -> None:
        """Open a stream whose items carry the id of the call. Raises an AgoraError if it cannot be opened."""
        # Items carry only this id: two streams with one id could not be told apart.
        if call_id is None or call_id in self._open:
            problem = "is missing" if call_id is None else "is that of an open stream"
            raise InvalidRequest(
                f"The id {problem}.", fix="Use a different id for each stream.", errors=[field_error("id", problem)]
            )
        if len(self._open) >= MAX_STREAMS:
            raise Overloaded(
                f"{MAX_STREAMS} streams of this socket are open.", fix="Cancel one first, or use another socket."
            )
        # Reserved before the stream is opened: calls run concurrently, and another one may have the same id.
        self._open[call_id] = None
        try:
            stream = await self._dispatcher.open_stream(
                operation, caller, arguments, valid=self._require_valid_credential
            )
        # Also when cancelled: a reservation that stays would block the id as long as the socket lives.
        except BaseException:
            del self._open[call_id]
            raise
        self._open[call_id] = stream
        task = asyncio.create_task(self._run_stream(call_id, stream))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _require_valid_credential(self) -> None:
        await self._caller()

    async def _run_stream(self, call_id: Id, stream: LiveStream) -> None:
        sink = QueueSink(self._dispatcher.feed.buffer_limit, self._connection)
        attaching = asyncio.create_task(stream.attach(sink))
        watching = contextlib.nullcontext() if self._connection is None else self._connection.count_queue(sink)
        try:
            with watching, contextlib.suppress(OSError):  # the client disconnected
                await self._send_items(to_json(call_id), stream.position, sink)
                del self._open[call_id]  # before the client learns that its id can be reused
                await self._answer(_encode_last_answer(call_id, sink.close_reason or CloseReason()))
        finally:
            self._open.pop(call_id, None)
            stream.close()
            attaching.cancel()
            await asyncio.gather(attaching, return_exceptions=True)

    async def _send_items(self, call_id: bytes, position: int, sink: QueueSink) -> None:
        """Send items until the stream ends. The socket sends its own heartbeats."""
        await self._answer(b'{"id":%b,"position":%d}' % (call_id, position))
        while batches := await sink.wait_for_batches():
            for batch in batches:
                for item in batch.items:
                    await self._answer(b'{"id":%b,"item":%b}' % (call_id, item.json))

    def cancel_stream(self, call_id: Id) -> None:
        """End a stream; ignored if it is not open."""
        stream = self._open.get(call_id)
        if stream is not None:
            stream.close()

    async def close(self, *, finish: bool = False) -> None:
        """Wait until the ended streams have sent their last answers, or abandon them."""
        # A copy: each task removes itself when it ends.
        for task in () if finish else tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _encode_last_answer(call_id: Id, close_reason: CloseReason) -> bytes:
    """Encode the last answer of a stream."""
    error = close_reason.error
    # An error, not "done": the log has not ended, and the client can resume elsewhere.
    if close_reason.code == CLOSE_RESTARTING:
        error = Overloaded("The server stops.", fix="Resume after the last item in a moment.", retry_after=2)
    if error is not None:
        return to_json({"id": call_id, "error": error.problem()})
    return to_json({"id": call_id, "result": None, "done": close_reason == LOG_ENDED})
