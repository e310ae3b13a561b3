"""The agent protocol over WebSocket, ``/agent/ws``: messages in both directions, one per text frame.

Stored messages for the agent are sent first, then live ones. A rejected message is answered by a ``failure`` or a
``refuse`` with its id; an accepted one is answered only if the query has ``receipts=true``. The socket belongs to the
agent of the credential in the handshake, or in the first message (``security``); a caller who may act for others
selects the agent with ``agent=NAME``, otherwise by the sender of its first message.

A message counts as delivered when its receiver has sent something after it and after a pause, has closed the socket
normally, or has kept it open for some time; until then it is sent again on the next socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.frames import CLOSE_RESTARTING, CloseReason
from agora.core.events.sink import QueueSink
from agora.core.events.stream import LiveStream
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    find_connection,
    require_json_weight_within_limit,
)
from agora.protocols.trace_context import open_incoming_span, read_trace_carrier
from agora.protocols.websockets import MAX_REASON_BYTES, read_subprotocol_token, refuse_handshake
from agora.settings import Settings
from agora.wire.envelopes import AGORA_KEY, convert_to_agentify_envelope
from agora.wire.envelopes.stored import build_blank_message
from agora_sdk.contract import declared
from agora_sdk.errors import AgoraError, InternalError, InvalidRequest, Overloaded, PayloadTooLarge, Unauthenticated

from .exchange import MessageExchange
from .messages import Document, IncomingMessage, build_error_message, parse_message

__all__ = ["AgentSocketApp"]

log = logging.getLogger(__name__)

PENDING, MARK = declared("conversation", "pending"), declared("messaging", "mark")
STREAM, PROFILE = declared("event", "stream"), declared("agent", "get")
ARRIVAL_EVENTS = ["agora.message.received", "agora.broadcast.sent"]
SUBPROTOCOL = "agentify"
MAX_CALLS = 32  #: maximum concurrent operations of one socket
MAX_REMEMBERED_MESSAGES = 10_000  #: ids of sent messages kept per socket, to avoid duplicates
DELIVERED_AFTER_SECONDS = 45.0  #: seconds after which a message counts as delivered on an open socket
QUIET_SECONDS = 0.02  #: seconds of waiting for a frame after which it counts as sent now
GRACE_SECONDS = 5.0
INTRODUCTION_SECONDS = 10.0  #: seconds for an anonymous client to send a message with a credential
INTRODUCTION_FIX = "Send a credential with the handshake, or in the 'security' of the first message."
FIRST_COMPLETED = asyncio.FIRST_COMPLETED
MARK_BATCH = 500
MAX_PARAMETERS = 20  #: maximum of a handshake


class AgentSocketApp:
    """ASGI application of ``/agent/ws``."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings) -> None:
        self.dispatcher, self.request_authenticator, self.settings = dispatcher, request_authenticator, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        query_text = scope["query_string"].decode("latin-1")
        scope["query_string"] = b""  # it may contain a token, which must not be logged
        try:
            query = _parse_handshake_query(query_text)
            credential = (
                read_subprotocol_token(scope)
                or query.get("access_token")
                or self.request_authenticator.read_credential(scope)
            )
            caller = await self.request_authenticator.authenticate_request(scope, credential)
        except AgoraError as error:
            await refuse_handshake(scope, receive, send, error)
            return
        socket = _Socket(self, scope, receive, send, credential)
        with contextlib.suppress(OSError):  # the client disconnected
            await socket.run_connection(caller, query)


class _Socket:
    """One open connection."""

    def __init__(self, app: AgentSocketApp, scope: Scope, receive: Receive, send: Send, credential: str | None) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._credential, self._trace = credential, read_trace_carrier(scope)
        self._connection = find_connection(scope)
        self._exchange = MessageExchange(app.dispatcher)
        self._receipts = False
        self._subject: str | None = None  # agent whose messages are pushed
        loop = asyncio.get_running_loop()
        self._closing: asyncio.Future[CloseReason] = loop.create_future()
        self._identified: asyncio.Future[None] = loop.create_future()
        self._watching = contextlib.ExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_calls = 0
        self._streams: list[LiveStream] = []
        self._undelivered_messages: deque[tuple[float, str]] = deque()

    async def run_connection(self, caller: Caller, query: Mapping[str, str]) -> None:
        """Accept the socket, push stored messages, handle incoming frames, until either side closes it."""
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in self._scope.get("subprotocols", ()) else None
        self._receipts = query.get("receipts", "").lower() in ("1", "true", "yes")
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        try:
            if caller.kind == "agent" or query.get("agent"):
                await self._bind_agent_and_start_push(caller, query.get("agent"))
            # Only after binding: a frame read during it would bind the agent a second time, and each message would be sent twice.
            listening = asyncio.create_task(self._read_frames())
            self._tasks.add(listening)
            # An open socket costs memory: an unidentified caller is disconnected after ``INTRODUCTION_SECONDS``.
            is_unidentified = self._subject is None and caller.kind in ("anonymous", "enrolment")
            if is_unidentified:
                await asyncio.wait(
                    (listening, self._identified), timeout=INTRODUCTION_SECONDS, return_when=FIRST_COMPLETED
                )
                if not self._identified.done():
                    self._request_close(
                        CloseReason.from_error(
                            Unauthenticated("The connection is not authenticated.", fix=INTRODUCTION_FIX)
                        )
                    )
            await asyncio.wait((listening, self._closing), return_when=FIRST_COMPLETED)
            if self._closing.done() and not listening.done():
                await self._send_close(self._closing.result())
        except AgoraError as error:
            await self._send_close(CloseReason.from_error(error))
        finally:
            await self._cancel_tasks()

    async def _cancel_tasks(self) -> None:
        for stream in self._streams:
            stream.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watching.close()

    async def _send_close(self, close_reason: CloseReason) -> None:
        reason = close_reason.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self._send({"type": "websocket.close", "code": close_reason.code, "reason": reason})

    def _start_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_document(self, document: Document) -> None:
        text = to_json(document)
        # The client has disconnected: the reading task notices it and ends the socket.
        with contextlib.suppress(OSError):
            if self._connection is None:
                await self._send({"type": "websocket.send", "text": text.decode()})
                return
            with self._connection.count_unsent_bytes(len(text)):
                await self._send({"type": "websocket.send", "text": text.decode()})

    # -- incoming --------------------------------------------------------------------------------

    async def _read_frames(self) -> None:
        clock = asyncio.get_running_loop().time
        waiting_since, confirmed_until = clock(), 0.0
        try:
            while (frame := await self._receive())["type"] == "websocket.receive":
                # A frame that was waited for was sent now. One that is read at once may have been sent before the messages that were
                # pushed while earlier frames were handled, and confirms none of them.
                if clock() - waiting_since >= QUIET_SECONDS:
                    confirmed_until = clock()
                await self._mark_delivered_until(confirmed_until)
                with open_incoming_span(self._app.dispatcher.tracing, "WebSocket message", self._trace):
                    await self._dispatch_frame(frame.get("text"))
                if self._connection is not None:
                    await (
                        self._connection.wait_until_writable()
                    )  # a client that does not read its replies is not read from either
                waiting_since = clock()
            # A connection that broke off, with any other code, may have lost the last messages.
            if frame.get("code") in (1000, 1001):
                await self._mark_delivered_until(clock())
        except OSError:
            pass  # the client disconnected before its reply
        except Exception:
            log.exception("a socket failed and is closed")
            self._request_close(CloseReason.from_error(InternalError("Something went wrong on our side.")))

    def _request_close(self, close_reason: CloseReason) -> None:
        if not self._closing.done():
            self._closing.set_result(close_reason)

    async def _dispatch_frame(self, text: str | None) -> None:
        """Send a frame's message, or start the call that it is; errors are sent as a reply, and the socket stays open."""
        message: IncomingMessage | None = None
        try:
            if text is None:
                raise InvalidRequest("Frames must be text.", fix="Send each message as JSON in a text frame.")
            document, limit = text.encode(), self._app.settings.body_limit
            if len(document) > limit:
                raise PayloadTooLarge(f"The message is larger than {limit} bytes.")
            require_json_weight_within_limit(document, limit)
            await self._wait_for_parsing_turn(len(document))
            message = parse_message(text)
            caller = await self._authenticate_sender(message)
            if self._exchange.is_operation_call(message):
                # In a task of its own: a call that waits must not hold up the frames after it.
                self._start_operation_call(message, caller)
                return
            receipt = await self._exchange.send_message(message, caller)
            if self._receipts:
                await self._send_document(self._exchange.build_receipt(message, receipt))
        except AgoraError as error:
            await self._send_document(build_error_message(error, message))

    async def _wait_for_parsing_turn(self, size: int) -> None:
        """Wait for the turn to parse a message. Raises Overloaded.

        Until the first message is parsed, its sender may be without a credential. A refused one is reported with the
        message.
        """
        caller = await self._app.request_authenticator.authenticate_or_anonymous(self._scope, self._credential)
        await self._app.dispatcher.wait_for_turn(caller, size)

    async def _authenticate_sender(self, message: IncomingMessage) -> Caller:
        """Authenticate the sender of a message; the first one determines the socket's agent if the handshake did not."""
        app = self._app
        credential = self._credential or message.credential
        caller = await app.request_authenticator.authenticate_request(self._scope, credential)
        if self._subject is None:
            if caller.kind == "agent":
                self._credential = credential
                await self._bind_agent_and_start_push(caller, None)
            elif caller.acts_for_others and isinstance(message.document.get("sender"), str):
                self._credential = credential
                with contextlib.suppress(AgoraError):  # an unknown sender is rejected when the message is sent
                    await self._bind_agent_and_start_push(caller, message.document["sender"])
        elif caller.kind == "agent" and caller.subject != self._subject:
            raise Unauthenticated("This socket belongs to another agent.", fix="Open one for each agent.")
        return caller

    def _start_operation_call(self, message: IncomingMessage, caller: Caller) -> None:
        if self._open_calls >= MAX_CALLS:
            raise Overloaded(f"{MAX_CALLS} calls of this socket are running.", fix="Wait for answers.", retry_after=1)
        self._open_calls += 1
        self._start_task(self._run_operation_call(message, caller))

    async def _run_operation_call(self, message: IncomingMessage, caller: Caller) -> None:
        try:
            _, document = await self._exchange.answer_operation_call(message, caller)
            await self._send_document(document)
        finally:
            self._open_calls -= 1  # not earlier: unwritten replies are held here

    # -- outgoing --------------------------------------------------------------------------------

    async def _bind_agent_and_start_push(self, caller: Caller, agent: str | None) -> None:
        """Bind the socket to an agent, and push its messages from now on: stored ones first, then live ones. Raises an
        AgoraError if the caller may not act for it.
        """
        subject = caller.subject
        if agent is not None:
            profile = (await self._app.dispatcher.invoke(PROFILE, caller, {"agent_id": agent})).result
            subject = profile.agent_id
        await self._load_pending_messages(caller, subject, None)  # rejected if the caller may not act for that agent

        async def reauthenticate_caller() -> None:
            await self._app.request_authenticator.authenticate_request(self._scope, self._credential)

        # Opened before the stored messages are sent: none falls in between; those seen twice are recognised by their
        # id.
        stream = await self._app.dispatcher.open_stream(
            STREAM, caller, {"types": ARRIVAL_EVENTS}, valid=reauthenticate_caller
        )
        self._subject = subject
        if not self._identified.done():
            self._identified.set_result(None)
        self._streams.append(stream)
        self._start_task(self._push_messages(caller, stream))

    async def _load_pending_messages(self, caller: Caller, subject: str, cursor: str | None) -> Any:
        arguments = {"agent_id": subject, "limit": 200} | ({"cursor": cursor} if cursor else {})
        return (await self._app.dispatcher.invoke(PENDING, caller, arguments)).result

    async def _push_messages(self, caller: Caller, stream: LiveStream) -> None:
        sink = QueueSink(self._app.dispatcher.feed.buffer_limit, self._connection)
        if self._connection is not None:
            self._watching.enter_context(self._connection.count_queue(sink))
        attaching = asyncio.create_task(stream.attach(sink))
        self._tasks.add(attaching)
        self._start_task(self._mark_delivered_periodically())
        assert self._subject is not None
        sent_ids: deque[str] = deque(maxlen=MAX_REMEMBERED_MESSAGES)
        try:
            cursor, more = None, True
            while more:  # messages from before the stream began
                page = await self._load_pending_messages(caller, self._subject, cursor)
                for message in page.messages:
                    document = message.document()
                    sent_ids.append(_read_marketplace_message_id(document))
                    await self._deliver_document(document)
                cursor, more = page.next_cursor, page.has_more
            await self._push_live_messages(sink, set(sent_ids))
        except AgoraError as error:
            self._request_close(CloseReason.from_error(error))
        except OSError:
            pass
        except Exception:
            log.exception("a socket failed and is closed")
            self._request_close(CloseReason.from_error(InternalError("Something went wrong on our side.")))
        else:
            close_reason = sink.close_reason or CloseReason()
            self._request_close(
                close_reason if close_reason.code != CLOSE_RESTARTING else CloseReason(CLOSE_RESTARTING, "resume later")
            )

    async def _push_live_messages(self, sink: QueueSink, sent: set[str]) -> None:
        while batches := await sink.wait_for_batches():
            for batch in batches:
                for item in batch.items:
                    event = from_json(item.json)
                    if self._is_addressed_to_subject(event["data"]) and event["data"]["message_id"] not in sent:
                        await self._deliver_document(convert_to_agentify_envelope(_to_stored_message(event["data"])))

    def _is_addressed_to_subject(self, data: Mapping[str, Any]) -> bool:
        # A broadcast has no list of recipients; its sender gets no copy.
        if data["broadcast"]:
            return bool(data["from_agent"] != self._subject)
        return self._subject in data["recipients"]

    async def _deliver_document(self, document: Document) -> None:
        await self._send({"type": "websocket.send", "text": to_json(document).decode()})
        self._undelivered_messages.append((asyncio.get_running_loop().time(), _read_marketplace_message_id(document)))

    async def _mark_delivered_periodically(self) -> None:
        while True:
            await asyncio.sleep(DELIVERED_AFTER_SECONDS / 3)
            await self._mark_delivered_until(asyncio.get_running_loop().time() - DELIVERED_AFTER_SECONDS)

    async def _mark_delivered_until(self, before: float) -> None:
        """Mark messages sent until a time, which have arrived, as delivered; read or answered ones keep their state."""
        while ids := self._pop_messages_sent_until(before):
            try:
                caller = await self._app.request_authenticator.authenticate_request(self._scope, self._credential)
                arguments = {"message_ids": ids, "status": "delivered", "agent_id": self._subject}
                await self._app.dispatcher.invoke(MARK, caller, arguments)
            # They stay undelivered in the inbox, and are sent again on the next socket.
            except AgoraError as error:
                log.info("messages sent over a socket could not be marked as delivered: %s", error)

    def _pop_messages_sent_until(self, before: float) -> list[str]:
        """Remove the ids of messages sent until a time from the undelivered ones, and return them; at most as many as can
        be marked in one call.
        """
        ids: list[str] = []
        while self._undelivered_messages and self._undelivered_messages[0][0] <= before and len(ids) < MARK_BATCH:
            ids.append(self._undelivered_messages.popleft()[1])
        return ids


def _parse_handshake_query(query: str) -> Mapping[str, str]:
    """Parse the parameters of the handshake. Raises InvalidRequest."""
    try:
        return dict(parse_qsl(query, max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise InvalidRequest(f"The query has more than {MAX_PARAMETERS} parameters.") from None


def _to_stored_message(data: Mapping[str, Any]) -> Document:
    """Build the stored message from its event."""
    return {name: data[name] for name in build_blank_message()}


def _read_marketplace_message_id(document: Document) -> str:
    """Read the marketplace's id of a message."""
    own_fields = document.get(AGORA_KEY)
    return str((own_fields.get("message_id") if isinstance(own_fields, dict) else None) or document["id"])
