"""The bridge: relays between an MCP client on standard input and output and Agora's ``/mcp`` over HTTP, without loss.

Messages pass unchanged. The bridge adds what differs between the two transports (headers, the standing stream of a
session, cancellation), and waits while the server is unreachable or restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from agora_sdk import mcp_wire
from agora_sdk.errors import AgoraError, InternalError, MalformedRequest

from .pipe import Pipe
from .request import Message, PendingRequest, is_message, read_request_params
from .server_client import Answer, ConnectionBroken, ServerClient, ServerUnavailable, SessionLost
from .server_link import ServerLink
from .session import Session, list_subscription_catch_up

__all__ = ["Bridge"]

logger = logging.getLogger("agora.mcp")

# Clients often close their side right after the last request, whose answer they still read.
GRACE_SECONDS = 1.0  #: time for running requests after the client has closed its side
MAX_REQUESTS = 500
LISTEN_METHOD = "subscriptions/listen"
ACKNOWLEDGED_METHOD = "notifications/subscriptions/acknowledged"


class Bridge:
    """Relays between a client's pipe and the server. timeout: seconds that a request waits for a server."""

    def __init__(self, pipe: Pipe, upstream: ServerClient, *, timeout: float) -> None:
        self._pipe, self._server = pipe, ServerLink(upstream, pipe.send, timeout)
        self._requests: dict[Any, tuple[PendingRequest, asyncio.Task[None]]] = {}
        self._handshake: asyncio.Task[None] | None = None
        self._listen_task: asyncio.Task[None] | None = None
        self._subscriptions: dict[str, dict[tuple[str, ...], str]] = {}
        # Bounds the memory: a client may send requests faster than the server answers.
        self._slots = asyncio.Semaphore(MAX_REQUESTS)

    async def run_until_closed(self) -> None:
        """Relay until the client closes its side, or a signal requests a stop."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        reading = asyncio.create_task(self._relay_lines())
        stop_tasks = [asyncio.create_task(event.wait()) for event in (stop, self._pipe.broken)]
        try:
            await asyncio.wait([reading, *stop_tasks], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
                await self._await_or_cancel_requests()
        finally:
            tasks = [reading, *stop_tasks, *(task for _, task in self._requests.values())]
            await _cancel_tasks(tasks + ([self._listen_task] if self._listen_task else []))
            await self._server.close()

    async def _relay_lines(self) -> None:
        async for line in self._pipe:
            await self.relay_line(line)

    async def _await_or_cancel_requests(self) -> None:
        """Wait for running requests; requests that are open-ended are cancelled."""
        if awaited := [task for pending, task in self._requests.values() if pending.method != LISTEN_METHOD]:
            await asyncio.wait(awaited, timeout=GRACE_SECONDS)

    async def relay_line(self, line: bytes) -> None:
        """Handle one message of the client, or a batch."""
        try:
            message = json.loads(line)
        except ValueError as error:
            await self._send_error(MalformedRequest(f"This is not JSON: {error}."), None)
            return
        except RecursionError:
            await self._send_error(MalformedRequest("This JSON is nested too deeply."), None)
            return
        if self._handshake is not None:  # no session exists until the handshake is answered
            await asyncio.wait([self._handshake])
            self._handshake = None
        parts = message if isinstance(message, list) else [message]
        if not parts or not all(map(is_message, parts)):
            await self._send_error(MalformedRequest("This is not a JSON-RPC message."), None)
        elif any("method" in part and "id" in part for part in parts):
            # While too many requests are running, nothing more is read from the client.
            await self._slots.acquire()
            self._start_request(PendingRequest(message, line))
        elif parts[0].get("method") == "notifications/cancelled":
            await self._cancel_request(parts[0], line)
        elif self._server.session.has_begun:
            await self._server.send_notification(line)
            if parts[0].get("method") == "notifications/initialized" and self._server.session.has_stream:
                self._listen_task = self._listen_task or asyncio.create_task(self._relay_standing_stream())

    # Requests

    def _start_request(self, pending: PendingRequest) -> None:
        """Start a request."""
        if pending.method == "initialize":
            # A client that begins anew on the same pipe: the state of its earlier session must not leak into this one.
            self._server.session = Session(pending.first)
            if self._listen_task is not None:
                self._listen_task.cancel()
                self._listen_task = None
        request_id = pending.first.get("id")
        if request_id in self._requests:
            # JSON-RPC has no answer to two requests with one id: the newer one is meant.
            self._requests[request_id][1].cancel()
        task = asyncio.create_task(self._send_request_or_error(pending))
        if pending.method == "initialize":
            self._handshake = task
        self._requests[request_id] = (pending, task)
        task.add_done_callback(lambda task: self._forget_ended_request(request_id, task))

    def _forget_ended_request(self, request_id: Any, task: asyncio.Task[None]) -> None:
        self._slots.release()
        # A newer request with this id may have taken its place.
        if request_id in self._requests and self._requests[request_id][1] is task:
            del self._requests[request_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A request failed: %s: %s", type(error).__name__, error)

    async def _send_request_or_error(self, pending: PendingRequest) -> None:
        """Ensure that the client gets an answer to each part, whatever fails."""
        try:
            if pending.method == LISTEN_METHOD:
                await self._relay_subscription_until_ended(pending)
            else:
                await self._server.retry_until_done(lambda: self._exchange_until_answered(pending))
        except AgoraError as error:
            await self._send_error(error, *pending.unanswered_ids)
        except Exception as error:
            logger.exception("%s could not be relayed", pending.method)
            await self._send_error(InternalError(f"It could not be relayed: {error!r}."), *pending.unanswered_ids)

    async def _exchange_until_answered(self, pending: PendingRequest) -> None:
        try:
            await self._exchange_once(pending, self._build_delivery_function(pending))
        # A cancelled request is not answered (MCP, cancellation), so it is not retried either.
        except (ServerUnavailable, ConnectionBroken, SessionLost):
            if not pending.cancelled:
                raise

    async def _exchange_once(self, pending: PendingRequest, deliver: Callable[[Answer], Awaitable[None]]) -> None:
        mirrored = self._subscriptions.get(str(read_request_params(pending.first).get("name")), {})
        await self._server.exchange_messages(
            pending, pending.build_headers(self._server.session.headers, mirrored), deliver
        )

    def _build_delivery_function(self, pending: PendingRequest) -> Callable[[Answer], Awaitable[None]]:
        async def deliver_call_answer(answer: Answer) -> None:
            text, parts = pending.match_answer_and_mark_answered(answer)
            for request, part in parts:
                self._update_session(request, part, answer)
            await self._pipe.send(text)

        return deliver_call_answer

    def _update_session(self, request: Message, part: Message, answer: Answer) -> None:
        """Update the bridge's state from an answer."""
        if "result" not in part:
            return
        match request.get("method"):
            case "initialize":
                self._server.session.store_handshake(part, answer.headers)
            case "tools/list":
                for tool in part["result"].get("tools", ()):
                    self._subscriptions[tool["name"]] = dict(mcp_wire.list_mirrored_parameters(tool.get("inputSchema")))
            case _:
                self._server.session.record_successful_request(request)

    async def _send_error(self, error: AgoraError, *request_ids: Any) -> None:
        document = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        for request_id in request_ids:
            answer = {"jsonrpc": "2.0", "id": request_id, "error": document}
            await self._pipe.send(json.dumps(answer, default=str).encode())

    # Other messages of the client

    async def _cancel_request(self, notification: Message, line: bytes) -> None:
        """Cancel a request: by closing its stream if that means cancellation, else by a notification."""
        request_id = read_request_params(notification).get("requestId")
        entry = self._requests.get(request_id) if isinstance(request_id, (str, int, float)) else None
        if entry is None:
            return
        pending, task = entry
        pending.cancelled = True
        # Without a session, closing the response is the cancellation (MCP 2026-07-28); with one, it would only interrupt the stream.
        if pending.is_sessionless or not await self._server.send_notification(line):
            task.cancel()

    # Unsolicited messages of the server

    async def _relay_standing_stream(self) -> None:
        """Read the standing stream of a session while the session exists."""
        last: str | None = None

        async def deliver_standing_message(answer: Answer) -> None:
            nonlocal last
            last = answer.event_id or last
            await self._pipe.send(answer.text)

        async def read_standing_stream_once() -> None:
            nonlocal last
            try:
                await self._server.read_standing_stream(last, deliver_standing_message)
            except SessionLost:
                last = None
                raise

        with contextlib.suppress(AgoraError):  # a server may not have such a stream
            await self._server.retry_until_done(read_standing_stream_once, forever=lambda: True)

    async def _relay_subscription_until_ended(self, pending: PendingRequest) -> None:
        """Keep a subscription alive: renew it when the server ends it or becomes unreachable."""
        is_acknowledged = is_over = False

        async def deliver_subscription_message(answer: Answer) -> None:
            nonlocal is_acknowledged, is_over
            message = answer.message
            if mcp_wire.is_response(message):
                is_over = "error" in message or not is_acknowledged
                if not is_over:  # the server is stopping; the client's subscription continues
                    return
                pending.match_answer_and_mark_answered(answer)
            elif message.get("method") == ACKNOWLEDGED_METHOD and is_acknowledged:
                for line in list_subscription_catch_up(message):
                    await self._pipe.send(line)
                return
            is_acknowledged = is_acknowledged or message.get("method") == ACKNOWLEDGED_METHOD
            await self._pipe.send(answer.text)

        async def read_subscription_once() -> None:
            try:
                await self._exchange_once(pending, deliver_subscription_message)
            except ConnectionBroken:
                if not is_over:
                    raise

        await self._server.retry_until_done(read_subscription_once, forever=lambda: is_acknowledged)


async def _cancel_tasks(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
