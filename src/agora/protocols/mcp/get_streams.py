"""The GET streams of sessions: the SDK keeps one open, the event feed supplies its messages.

Their ids are positions in the event log, so a client that reconnects with ``Last-Event-ID``, to this or another
server, receives the changes since. The response stream of a call can only be resumed on its server; elsewhere the
client gets an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.net.backpressure import Connection
from agora.protocols.http import Receive, Scope, Send, abort_connection, find_connection, read_header
from agora.protocols.http_streams import STREAM_HEADERS, CutoffSignallingSink
from agora_sdk.errors import Gone, InvalidRequest, PermissionDenied, Unauthenticated, field_error

from . import event_ids
from .client_requests import ClientRequests
from .legacy_transport import ObservedSend, build_receive_until, to_sdk_scope
from .request_context import RequestContext
from .session_bootstrap import ensure_sdk_session, initialize_sdk_session
from .session_store import SessionStore
from .sessions import Session
from .subscriptions import WatchFilter, notify_changes, open_events, resume_events
from .upstream_watch import UpstreamWatch

if TYPE_CHECKING:
    from .sdk import SdkServer

__all__ = ["GetStreams"]

log = logging.getLogger(__name__)

LAST_EVENT_ID: Final = b"last-event-id"
PRIMING_VERSION: Final = "2025-11-25"  #: from this version on clients accept an event with an id and without data
RETRY_MILLISECONDS: Final = 1000
SUCCESSION_SECONDS: Final = 5.0  #: timeout for the end of the previous stream after a reconnect


class GetStreams:
    """Serves the GET stream of sessions. sdk: returns the SDK's server. drained: set when this server stops."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        session_store: SessionStore,
        sdk: Callable[[], Awaitable[SdkServer]],
        drained: asyncio.Event,
    ) -> None:
        self._dispatcher, self._session_store, self._sdk, self._drain_event = dispatcher, session_store, sdk, drained

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, request_context: RequestContext, session: Session
    ) -> None:
        """Serve one GET request until its stream ends. Raises InvalidRequest for an unknown Last-Event-ID, Overloaded."""
        last_event_id = read_header(scope, LAST_EVENT_ID)
        event_id = event_ids.parse_event_id_or_empty(last_event_id) if last_event_id else event_ids.EventId()
        # Not a position in the event log: the id is of the response stream of one call, which only its server can replay.
        if last_event_id and event_id.position is None:
            if any(number == last_event_id for number, _, _ in session.replayable_messages):
                await self._replay_by_sdk(scope, receive, send, session)
            else:
                await self._refuse_resumption(event_id, send)
            return
        server = await self._sdk()
        await ensure_sdk_session(server, session)
        await initialize_sdk_session(server, session)
        if last_event_id:
            await self._end_earlier_stream(session)
        stream, missed = await self._open_events(request_context, event_id.position)
        try:
            # After the stream was opened: a change of the watches from here on arrives as its event.
            await self._session_store.reload_watched_resources(session)
            sdk_scope = to_sdk_scope(scope, session.sdk_session_id, without=LAST_EVENT_ID)
            connection = find_connection(scope)
            stream_of_session = _GetStream(self._dispatcher, request_context, session, stream, missed, connection)
            await stream_of_session.keep_open(server, sdk_scope, receive, send, self._drain_event)
        finally:
            if stream is not None:
                stream.close()

    async def _replay_by_sdk(self, scope: Scope, receive: Receive, send: Send, session: Session) -> None:
        """Let the SDK replay the response stream of a call that runs on this server, and continue it."""
        server = await self._sdk()
        session.running_requests += 1
        try:
            await server(
                to_sdk_scope(scope, session.sdk_session_id),
                build_receive_until(receive, self._drain_event),
                ObservedSend(send, session.id),
            )
        finally:
            session.running_requests -= 1

    async def _open_events(self, request_context: RequestContext, after: int | None) -> tuple[LiveStream | None, bool]:
        """Open the event stream; returns also whether events were missed. (None, False) if the caller may not read
        events."""
        with contextlib.suppress(PermissionDenied, Unauthenticated):
            if after is not None:
                return await resume_events(self._dispatcher, request_context, after)
            return await open_events(self._dispatcher, request_context), False
        return None, False

    async def _end_earlier_stream(self, session: Session) -> None:
        """End the session's earlier stream: its client has reconnected, so it has lost that stream.

        Otherwise the SDK would reject the new stream until the dead connection times out.
        """
        earlier = session.get_stream
        if earlier is not None:
            earlier.end_requested.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SUCCESSION_SECONDS):
                    await earlier.ended.wait()

    async def _refuse_resumption(self, event_id: event_ids.EventId, send: Send) -> None:
        """Reject resuming the response stream of a call that is not on this server."""
        if event_id.request is None:
            raise InvalidRequest(
                "Last-Event-ID is not an id of this session.",
                fix="Send the id of the last received message, or omit the header.",
                errors=[field_error("Last-Event-ID", "not known")],
            )
        error = Gone(
            "The stream cannot be resumed: the call runs on another server, or ran before this server started.",
            fix="Repeat the call, with the same idempotency key if it had one, so that it is executed once.",
        )
        error_object = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        answer = to_json({"jsonrpc": "2.0", "id": event_id.request, "error": error_object})
        # A stream with the JSON-RPC error, not an HTTP error: the client waits for this answer on a stream.
        await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        await send({"type": "http.response.body", "body": b"event: message\ndata: %b\n\n" % answer})


class _GetStream:
    """One open GET stream. end_requested: set to end it. ended: set when it has ended."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        request_context: RequestContext,
        session: Session,
        stream: LiveStream | None,
        missed: bool,
        connection: Connection | None,
    ) -> None:
        self._dispatcher, self._request_context, self._session = dispatcher, request_context, session
        self._stream, self._missed_notifications = stream, missed
        self._sink = CutoffSignallingSink(dispatcher.feed.buffer_limit, connection)
        self.end_requested, self.ended = asyncio.Event(), asyncio.Event()

    async def keep_open(
        self, server: SdkServer, scope: Scope, receive: Receive, send: Send, drained: asyncio.Event
    ) -> None:
        """Keep the stream open in the SDK until ``end_requested`` is set, the server stops, or the client disconnects."""
        session = self._session
        observed_send = ObservedSend(send, session.id, self._build_priming_event())
        session.running_requests += 1
        observed_send.on_session_created = self._register_accepted_stream
        # The task waits for the accepted stream: what it sent earlier, the SDK would drop.
        notifying = asyncio.create_task(self._notify_changes(server, observed_send.response_started))
        self._sink.was_cut_off.add_done_callback(lambda _: self.end_requested.set())
        try:
            await server(scope, build_receive_until(receive, drained, self.end_requested), observed_send)
            # The buffer of a slow reader is full: a graceful end would wait for it, so the connection is aborted.
            if self._sink.was_cut_off.done():
                abort_connection(send)
            else:
                await observed_send.finish()
        finally:
            session.running_requests -= 1
            # A successor may have registered already.
            if session.get_stream is self:
                session.get_stream = None
            notifying.cancel()
            await asyncio.gather(notifying, return_exceptions=True)
            self.ended.set()

    def _register_accepted_stream(self, sdk_session_id: str) -> None:
        """Register the stream once the SDK has accepted it; a rejected second stream must not replace the first."""
        self._session.get_stream = self

    def _build_priming_event(self) -> bytes:
        """Build a first event without data, whose id is the position to resume from; empty for clients that cannot read
        it."""
        session, stream = self._session, self._stream
        if stream is None or session.protocol_version < PRIMING_VERSION:
            return b""
        # The number makes the id unique: a stream reopened at the same position sends another id.
        session.event_count += 1
        event_id = event_ids.build_get_stream_event_id(stream.position, session.server_tag, session.event_count)
        return b"id: %b\nretry: %d\ndata: \n\n" % (event_id.encode(), RETRY_MILLISECONDS)

    async def _notify_changes(self, server: SdkServer, response_started: asyncio.Event) -> None:
        """Send change notifications; set ``end_requested`` when the event stream ends, for example by a revoked credential."""
        await response_started.wait()
        if self._stream is None:
            return
        session = self._session
        watch_filter = WatchFilter(session.watched_uris, tools=True, resources=True, prompts=True, session=session.key)
        notifier = server.create_notifier(session, replace(self._request_context, session=session))
        capabilities = session.client.get("capabilities")
        client = ClientRequests(
            capabilities if isinstance(capabilities, dict) else {}, key=session.key, log_level=session.log_level
        )
        upstreams = UpstreamWatch(self._dispatcher, session.caller, client, session.watched_uris)
        try:
            await notify_changes(
                self._dispatcher,
                self._stream,
                watch_filter,
                notifier,
                sink=self._sink,
                missed=self._missed_notifications,
                upstreams=upstreams,
            )
            self.end_requested.set()
        except Exception:
            log.exception("The stream of the session ends")
            self.end_requested.set()
