"""The GET streams of sessions: the SDK holds one open, the event feed fills it.

The ids on it are places in the log of events, so a client that comes again with ``Last-Event-ID``, here or at another
server, is told what happened since. One is for a call's own response: that goes on here or nowhere, and the client is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.net.backpressure import Connection
from agora.protocols.http import Receive, Scope, Send, connection_of, drop, header
from agora.protocols.http_streams import HEADERS, CuttingSink
from agora_sdk.errors import Gone, InvalidRequest, PermissionDenied, Unauthenticated

from . import event_ids as places
from .exchange import Exchange
from .legacy_transport import Watched, inward, until
from .session_bootstrap import introduce, make_ready
from .session_store import Keeper
from .sessions import Session
from .subscriptions import Wanted, opened, resumed, watch

if TYPE_CHECKING:
    from .sdk import SdkServer

__all__ = ["Standing"]

log = logging.getLogger(__name__)

LAST: Final = b"last-event-id"
PRIMED: Final = "2025-11-25"  #: since this version clients read a message that has an id and nothing else
RETRY_MILLISECONDS: Final = 1000
SUCCESSION_SECONDS: Final = 5.0  #: for a stream to end whose client has come again


class Standing:
    """Answers GET for sessions. sdk: answers the SDK's server. drained: this one stops."""

    def __init__(
        self, dispatcher: Dispatcher, keeper: Keeper, sdk: Callable[[], Awaitable[SdkServer]], drained: asyncio.Event
    ) -> None:
        self._dispatcher, self._keeper, self._sdk, self._drained = dispatcher, keeper, sdk, drained

    async def __call__(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, session: Session) -> None:
        """Answer one request. Raises InvalidRequest for an id that is none of ours, Overloaded."""
        given = header(scope, LAST)
        place = places.read(given) if given else places.Place()
        if given and place.position is None:
            if any(number == given for number, _, _ in session.sent):
                await self._again(scope, receive, send, session)
            else:
                await self._lost(place, send)
            return
        server = await self._sdk()
        await introduce(server, session)
        await make_ready(server, session)
        if given:
            await self._succeed(session)
        stream, missed = await self._opened(exchange, place.position)
        try:
            await self._keeper.look(session)
            own = inward(scope, session.local, without=LAST)
            standing = _Stream(self._dispatcher, session, stream, missed, connection_of(scope))
            await standing.hold(server, own, receive, send, self._drained)
        finally:
            if stream is not None:
                stream.close()

    async def _again(self, scope: Scope, receive: Receive, send: Send, session: Session) -> None:
        """Have the SDK send what it sent before, and what follows."""
        server = await self._sdk()
        session.open += 1
        try:
            await server(inward(scope, session.local), until(receive, self._drained), Watched(send, session.id))
        finally:
            session.open -= 1

    async def _opened(self, exchange: Exchange, after: int | None) -> tuple[LiveStream | None, bool]:
        """The events to tell of; none for a caller that may not read events, who is told nothing."""
        with contextlib.suppress(PermissionDenied, Unauthenticated):
            if after is not None:
                return await resumed(self._dispatcher, exchange, after)
            return await opened(self._dispatcher, exchange), False
        return None, False

    async def _succeed(self, session: Session) -> None:
        """A session has one stream: one whose client has come again with its place has broken, seen from there."""
        earlier = session.standing
        if earlier is not None:
            earlier.over.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SUCCESSION_SECONDS):
                    await earlier.ended.wait()

    async def _lost(self, place: places.Place, send: Send) -> None:
        """Answer who wants to go on with a call's response that this server does not have."""
        if place.request is None:
            raise InvalidRequest(
                "Last-Event-ID is no id of this session's.",
                fix="Send the id of the last message that was received, or none.",
                errors=[{"field": "Last-Event-ID", "message": "not known"}],
            )
        error = Gone(
            "What followed is not here: the call runs at another server, or ran before this one was started.",
            fix="Call again, with the same idempotency key if it had one: then it is done once.",
        )
        told = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        answer = to_json({"jsonrpc": "2.0", "id": place.request, "error": told})
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"event: message\ndata: %b\n\n" % answer})


class _Stream:
    """One stream that stands. over: it is to end; ended: it has."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        stream: LiveStream | None,
        missed: bool,
        connection: Connection | None,
    ) -> None:
        self._dispatcher, self._session, self._stream, self._missed = dispatcher, session, stream, missed
        self._sink = CuttingSink(dispatcher.feed.buffer_limit, connection)
        self.over, self.ended = asyncio.Event(), asyncio.Event()

    async def hold(self, server: SdkServer, scope: Scope, receive: Receive, send: Send, drained: asyncio.Event) -> None:
        """Have the SDK hold it open until it is over, or its client leaves."""
        session = self._session
        watched = Watched(send, session.id, self._first())
        session.open += 1
        watched.opened = self._stands
        telling = asyncio.create_task(self._tell(server, watched.begun))
        self._sink.cut.add_done_callback(lambda cut: self.over.set())
        try:
            await server(scope, until(receive, drained, self.over), watched)
            if self._sink.cut.done():
                drop(send)
            else:
                await watched.finish()
        finally:
            session.open -= 1
            if session.standing is self:
                session.standing = None
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            self.ended.set()

    def _stands(self, local: str) -> None:
        """The SDK has taken it: it refuses a second one."""
        self._session.standing = self

    def _first(self) -> bytes:
        """A message with nothing but the place to go on from."""
        session, stream = self._session, self._stream
        if stream is None or session.version < PRIMED:
            return b""
        session.numbered += 1
        place = places.standing_id(stream.position, session.tag, session.numbered)
        return b"id: %b\nretry: %d\ndata: \n\n" % (place.encode(), RETRY_MILLISECONDS)

    async def _tell(self, server: SdkServer, begun: asyncio.Event) -> None:
        """Tell the client what changes; the stream is over when that may not go on."""
        await begun.wait()
        if self._stream is None:
            return
        session = self._session
        wanted = Wanted(session.watched, tools=True, resources=True, prompts=True, session=session.key)
        teller = server.teller(session)
        try:
            await watch(self._dispatcher, self._stream, wanted, teller, sink=self._sink, missed=self._missed)
            self.over.set()
        except Exception:
            log.exception("a session is told nothing more")
            self.over.set()
