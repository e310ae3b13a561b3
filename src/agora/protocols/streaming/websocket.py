"""WebSocket: pushed events, calls of operations, and further streams over one connection.

Events are CloudEvents, one per text frame; frames with ``control`` describe the stream. The same query
parameters as for SSE select and resume it. A rejected handshake is answered with its HTTP status and a
problem document; an open socket closes with the error's close code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.events.frames import CLOSE_RESTARTING, Batch, CloseReason
from agora.core.events.sink import QueueSink, Sink, exceeds_unread_limit
from agora.core.events.stream import LiveStream
from agora.net.backpressure import Connection
from agora.protocols.http import Receive, Scope, Send, find_connection
from agora.protocols.trace_context import open_incoming_span, read_trace_carrier
from agora.protocols.websockets import MAX_REASON_BYTES, refuse_handshake
from agora_sdk.contract import declared
from agora_sdk.errors import AgoraError, InternalError

from .stream_requests import StreamingApp, StreamRequest, abort_connection
from .websocket_calls import InvalidFrame, SocketCalls

__all__ = ["CLOSE_INVALID_FRAME", "SUBPROTOCOL", "WebSocketApp"]

log = logging.getLogger(__name__)

SUBPROTOCOL = "agora"
STREAM_OPERATION = declared("event", "stream")
CLOSE_INVALID_FRAME = 4400  #: close code: the client sent an invalid frame


class WebSocketApp(StreamingApp):
    """ASGI application of ``/ws``."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            with open_incoming_span(self.dispatcher.tracing, "WebSocket", read_trace_carrier(scope)):
                stream, caller = await self.open_stream(StreamRequest.from_scope(scope, STREAM_OPERATION))
        except AgoraError as error:
            await refuse_handshake(scope, receive, send, error)
            return
        try:
            with contextlib.suppress(OSError):  # the client disconnected
                await _Socket(self, stream, caller, scope, receive, send).run_connection()
        finally:
            stream.close()


class _Socket:
    """One open connection."""

    def __init__(
        self,
        app: WebSocketApp,
        stream: LiveStream,
        caller: Callable[[], Awaitable[Caller]],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._app, self._stream, self._scope, self._receive, self._send = app, stream, scope, receive, send
        self._connection = find_connection(scope)
        self._closing: asyncio.Future[CloseReason] = asyncio.get_running_loop().create_future()
        limit = app.settings.body_limit
        self._calls = SocketCalls(
            app.dispatcher,
            caller,
            limit,
            self._send_text,
            stream.acknowledge,
            read_trace_carrier(scope),
            self._connection,
        )

    async def run_connection(self) -> None:
        """Accept the connection, then receive and send frames until either side closes it."""
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in self._scope.get("subprotocols", ()) else None
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        await self._send_text(to_json(self._build_greeting_frame()))
        sink, pumping = self._create_sink()
        attaching = asyncio.create_task(self._stream.attach(sink))  # before anything can end the stream
        listening = asyncio.create_task(self._read_frames())
        tasks = [attaching, listening, *pumping]
        try:
            await asyncio.wait((listening, self._closing), return_when=asyncio.FIRST_COMPLETED)
            # First, so that no frame starts a call on a socket that is being closed.
            listening.cancel()
            if self._closing.done():
                await self._send_close(self._closing.result(), pumping)
        finally:
            self._stream.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._calls.close()

    def _build_greeting_frame(self) -> dict[str, Any]:
        return {
            "control": "connected",
            "sequence": self._stream.position,
            "subject": self._stream.viewer.subject,
            "subscription_id": self._stream.subscription_id,
            "heartbeat": self._app.settings.heartbeat_interval,
        }

    def _create_sink(self) -> tuple[Sink, list[asyncio.Task[None]]]:
        """Create a sink that writes prebuilt frames to the transport if the server exposes it, else texts through
        ASGI."""
        limit = self._app.dispatcher.feed.buffer_limit
        # uvicorn passes ``send`` as a bound method of its protocol object (ADR 27).
        protocol = getattr(self._send, "__self__", None)
        if hasattr(protocol, "transport") and isinstance(getattr(protocol, "writable", None), asyncio.Event):
            return TransportSink(protocol, limit, self._begin_closing, self._connection), []
        queue = _EndNotifyingQueue(limit, self._begin_closing)
        return queue, [asyncio.create_task(self._send_queued_batches(queue))]

    async def _send_queued_batches(self, queue: QueueSink) -> None:
        while batches := await queue.wait_for_batches():
            for batch in batches:
                for text in batch.texts:
                    await self._send_text(text)

    def _begin_closing(self, close_reason: CloseReason) -> None:
        # The first reason counts: the end of the stream causes further ones.
        if not self._closing.done():
            self._closing.set_result(close_reason)

    async def _send_text(self, text: bytes) -> None:
        await self._send({"type": "websocket.send", "text": text.decode()})

    async def _read_frames(self) -> None:
        """Read frames until the client disconnects or sends an invalid frame."""
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                text = message.get("text")
                if text is None:
                    raise InvalidFrame("frames are text")
                await self._calls.dispatch_frame(text)
                if self._connection is not None:
                    await (
                        self._connection.wait_until_writable()
                    )  # a client that does not read its answers is not read from either
        except InvalidFrame as error:
            self._stream.end(CloseReason(CLOSE_INVALID_FRAME, str(error)))
        except OSError:
            pass  # the client disconnected before its answer
        except Exception:
            log.exception("a socket failed and is closed")
            self._stream.end(CloseReason.from_error(InternalError("Something went wrong on our side.")))

    async def _send_close(self, close_reason: CloseReason, pumping: list[asyncio.Task[None]]) -> None:
        """Send the reason and close; abort the connection of a peer that does not read."""
        # RFC 6455, section 5.5: a control frame carries at most 125 bytes, two of them the code; a cut character is dropped.
        reason = close_reason.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        try:
            async with asyncio.timeout(self._stream.grace_seconds):
                # At a restart, answers of calls that have committed are still sent; otherwise running calls are cancelled.
                await self._calls.close(finish=close_reason.code == CLOSE_RESTARTING)
                await asyncio.gather(*pumping)
                await self._send({"type": "websocket.close", "code": close_reason.code, "reason": reason})
        except TimeoutError:
            abort_connection(self._send)


class TransportSink:
    """Writes frames directly to the connection's transport: one call per delivery, without a task or queue.

    protocol: uvicorn's, with its ``transport``, and ``writable`` set while its buffer is low.
    """

    pending = 0

    def __init__(
        self, protocol: Any, limit: int, on_end: Callable[[CloseReason], None], connection: Connection | None = None
    ) -> None:
        self._transport: asyncio.Transport = protocol.transport
        self._writable: asyncio.Event = protocol.writable
        self._limit, self._on_end, self._connection = limit, on_end, connection

    def try_write(self, batch: Batch, /) -> bool:
        transport = self._transport
        buffered_bytes = transport.get_write_buffer_size()
        # False makes the feed disconnect this reader, rather than hold events for it.
        if buffered_bytes > self._limit or exceeds_unread_limit(self._connection, buffered_bytes, batch):
            return False
        # Not an error: the reader of the socket notices the disconnect and ends the stream.
        if not transport.is_closing():
            transport.write(batch.frames)
        return True

    async def drain(self) -> None:
        await self._writable.wait()

    def end(self, close_reason: CloseReason, /) -> None:
        self._on_end(close_reason)


class _EndNotifyingQueue(QueueSink):
    """A queue for servers that do not expose the transport; reports its end at once."""

    def __init__(self, limit: int, on_end: Callable[[CloseReason], None]) -> None:
        super().__init__(limit)
        self._on_end = on_end

    def end(self, close_reason: CloseReason, /) -> None:
        super().end(close_reason)
        self._on_end(close_reason)
