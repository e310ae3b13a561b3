"""The endpoint: ``/mcp`` as an ASGI application, and what stands beside it.

=============================================  ======================================================
``/mcp``                                       Streamable HTTP, both eras (POST, GET, DELETE)
``POST /mcp/v1/rpc``, ``GET /mcp/v1/tools``    :mod:`.plain`
``/.well-known/oauth-protected-resource[/mcp]``  metadata of RFC 9728
=============================================  ======================================================
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from agora_sdk.errors import AgoraError, MalformedRequest, MethodNotAllowed, NotFound

from ...clock import new_id
from ...dispatcher import Dispatcher
from ...services.base import Caller
from ...settings import Settings
from ..http import Access, Message, Receive, Scope, Send, header, problem, read_body, respond
from . import about
from .core import Core
from .exchange import Exchange, Refusal
from .guard import METADATA, Guard
from .lean import Lean
from .patience import deliver
from .plain import PlainRpc
from .sessions import CURRENT, Session, Sessions
from .view import View

if TYPE_CHECKING:
    from .sdk import SdkServer

__all__ = ["McpApp"]

log = logging.getLogger(__name__)

PATH = "/mcp"
SWEEP_SECONDS = 60.0
NEEDING: Mapping[str, str] = {
    "subscriptions/listen": "agora.event.stream",
    "resources/subscribe": "agora.event.stream",
}


class McpApp:
    """Answers MCP over HTTP. ``owns`` tells which paths are its own."""

    def __init__(self, dispatcher: Dispatcher, access: Access, settings: Settings) -> None:
        self.dispatcher, self.settings = dispatcher, settings
        self.core = Core(dispatcher)
        scopes = {found.scope for found in dispatcher.context.catalogue.operations if found.scope}
        self.guard = Guard(access, settings, tuple(sorted(scopes)))
        self.sessions = Sessions()
        self._fixtures: Any = None
        if settings.test_operations:
            from .fixtures import Fixtures

            self._fixtures = Fixtures(self.core)
        self.lean = Lean(self.core, self._fixtures.owns if self._fixtures else None)
        self.plain = PlainRpc(self.core)
        self._sdk: SdkServer | None = None
        self._loading = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()

    # -- life ------------------------------------------------------------------------------------

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path is one of MCP's."""
        return path == PATH or path.startswith((PATH + "/", METADATA))

    async def sdk(self) -> SdkServer:
        """The SDK's server, imported and started when it is first needed."""
        if self._sdk is None:
            async with self._loading:
                if self._sdk is None:
                    self._sdk = await self._load()
        return self._sdk

    async def _load(self) -> SdkServer:
        module = await asyncio.to_thread(__import__, f"{__package__}.sdk", fromlist=["SdkServer"])
        server: SdkServer = module.SdkServer(self.core, self.settings.body_limit, self._schema)
        if self._fixtures is not None:
            self._fixtures.install(server)
        await server.start()
        self._sweeping = asyncio.create_task(self._sweep(server))
        return server

    def _schema(self, name: str) -> Mapping[str, Any] | None:
        """The input schema by which headers are checked; None where there is nothing to check."""
        if self._fixtures is not None and (found := self._fixtures.schema(name)) is not None:
            schema: Mapping[str, Any] = found
            return schema
        try:
            operation = self.dispatcher.context.catalogue.find(name, None, "default")
        except NotFound:
            return None
        return operation.input_schema if self.core.tools.has_headers(operation) else None

    def drain(self) -> None:
        """Begin to stop: standing streams end, requests under way go on."""
        self._drained.set()

    async def stop(self) -> None:
        """End every session."""
        self.drain()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        if self._sdk is not None:
            await self._sdk.stop()

    async def _sweep(self, server: SdkServer) -> None:
        """End sessions that nobody uses any more."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for session in self.sessions.idle():
                await self.end(server, session)

    async def end(self, server: SdkServer, session: Session) -> None:
        """End a session as its client would."""
        self.sessions.remove(session.id)
        headers = [(b"mcp-session-id", session.id.encode()), (b"host", b"localhost")]
        scope = {"type": "http", "method": "DELETE", "path": PATH, "headers": headers, "query_string": b""}

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None: ...

        await server(scope, receive, send)

    # -- requests --------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"].rstrip("/")
        try:
            if path in (METADATA, f"{METADATA}/mcp") and scope["method"] in ("GET", "HEAD"):
                await self.guard.metadata(scope, send)
            elif path == PATH:
                await self._streamable(scope, receive, send)
            elif path == f"{PATH}/v1/rpc":
                await self._rpc(scope, receive, send)
            elif path == f"{PATH}/v1/tools":
                await self._tools(scope, send)
            else:
                fix = "MCP is at /mcp; its plain endpoints are POST /mcp/v1/rpc and GET /mcp/v1/tools."
                raise NotFound(f"There is nothing at {scope['path']}.", fix=fix)
        except AgoraError as error:
            await self.guard.refuse(scope, send, error)

    def _exchange(self, scope: Scope, caller: Caller, *, modern: bool) -> Exchange:
        async def valid() -> None:
            await self.guard.caller(scope)

        return Exchange(
            caller,
            View.read(scope["query_string"]),
            modern,
            valid,
            key=header(scope, b"idempotency-key"),
            request_id=new_id("req"),
        )

    async def _streamable(self, scope: Scope, receive: Receive, send: Send) -> None:
        _strip(scope)
        caller = await self.guard.caller(scope)
        version = header(scope, b"mcp-protocol-version")
        modern = version is not None and version not in about.HANDSHAKE_VERSIONS
        exchange = self._exchange(scope, caller, modern=modern)
        session = None if modern else self._session(scope, caller)
        message, replayed = None, receive
        if scope["method"] == "POST":
            body = await read_body(scope, receive, self.settings.body_limit)
            message, replayed = _parsed(body), _replay(body, receive)
            answer = await self.lean.answer(scope, message, exchange, session)
            if answer is not None:
                await respond(send, answer.status, answer.body, answer.headers)
                return
            self._admit(exchange, message)
            if (work := self.lean.elsewhere(scope, message, exchange)) is not None:
                await deliver(work, receive, send)
                return
        await self._by_sdk(scope, replayed, send, exchange, session, message)

    def _session(self, scope: Scope, caller: Caller) -> Session | None:
        """The session a request names; one that is another's is not there."""
        id = header(scope, b"mcp-session-id")
        if id is None:
            return None
        session = self.sessions.find(id, caller)
        if session is None:
            raise NotFound("Session not found", fix="Shake hands again: send 'initialize' without a session id.")
        return session

    def _admit(self, exchange: Exchange, message: Any) -> None:
        """Refuse a stranger what needs a credential, while HTTP can still say so."""
        if not isinstance(message, dict):
            return
        method, params = message.get("method"), message.get("params")
        params = params if isinstance(params, dict) else {}
        catalogue, tenant = self.dispatcher.context.catalogue, exchange.caller.tenant
        if method == "initialize":
            self.dispatcher.limiter.take(exchange.caller)
        elif method == "tools/call":
            operation = self.core.find(exchange, params)
            if operation is not None:
                self.guard.admit(exchange.caller, operation)
        elif isinstance(method, str) and method in NEEDING:
            self.guard.admit(exchange.caller, catalogue.find(NEEDING[method], None, tenant))

    # -- through the SDK -------------------------------------------------------------------------

    async def _by_sdk(
        self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, session: Session | None, message: Any
    ) -> None:
        server = await self.sdk()
        opening = None
        if session is None and not exchange.modern:
            params = message.get("params") if isinstance(message, dict) else None
            requested = params.get("protocolVersion") if isinstance(params, dict) else None
            opening = self.sessions.begin(exchange.caller, about.negotiated(requested))
        current = session or opening
        scope["agora.mcp.exchange"], scope["agora.mcp.session"] = exchange, current
        CURRENT.set(current)
        if scope["method"] == "GET" and session is not None:
            await self._stand(server, scope, receive, send, exchange, session)
            return
        watched = _Watched(send)
        if opening is not None:
            watched.opened = partial(self.sessions.add, opening)  # before the client knows its id
        if session is not None:
            session.open += 1
        try:
            await server(scope, receive, watched)
        finally:
            if session is not None:
                session.open -= 1
        if session is not None and scope["method"] == "DELETE" and watched.status == 200:
            self.sessions.remove(session.id)

    async def _stand(
        self, server: SdkServer, scope: Scope, receive: Receive, send: Send, exchange: Exchange, session: Session
    ) -> None:
        """A GET stream: the SDK holds it open, the event feed fills it; it ends when the server drains."""
        watched = _Watched(send)
        session.open += 1
        telling = asyncio.create_task(self._tell(server, exchange, session, watched.begun))
        try:
            await server(scope, _until(receive, self._drained, telling), watched)
            await watched.finish()
        finally:
            session.open -= 1
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self, server: SdkServer, exchange: Exchange, session: Session, begun: asyncio.Event) -> None:
        await begun.wait()
        try:
            await server.tell(exchange, session)
        except Exception:
            log.exception("a session is told nothing more")

    # -- the plain endpoints ---------------------------------------------------------------------

    async def _rpc(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _only(scope, send, "POST")
            return
        caller = await self.guard.caller(scope)
        body = await read_body(scope, receive, self.settings.body_limit)
        message = _parsed(body)
        if message is None:
            raise MalformedRequest("The body is not JSON.", errors=[{"field": "body", "message": "not JSON"}])
        answer = await self.plain.answer(self._exchange(scope, caller, modern=False), message)
        if answer is None:
            await respond(send, 202, b"")
        else:
            await respond(send, 200, to_json(answer))

    async def _tools(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _only(scope, send, "GET")
            return
        exchange = self._exchange(scope, await self.guard.caller(scope), modern=False)
        try:
            listing = await self.core.list_tools(exchange, None)
        except Refusal as refusal:
            raise MalformedRequest(refusal.message) from None
        await respond(send, 200, b"{%b}" % listing.members())


async def _only(scope: Scope, send: Send, method: str) -> None:
    error = MethodNotAllowed(f"{scope['method']} is not possible here.", fix=f"Use {method}.", allowed=[method])
    await problem(send, error, instance=scope["path"], extra={"allow": method})


def _strip(scope: Scope) -> None:
    """Take the white space around header values away, as RFC 9110 section 5.5 demands; the HTTP parser leaves it."""
    if any(value[-1:].isspace() or value[:1].isspace() for _, value in scope["headers"]):
        scope["headers"] = [(name, value.strip()) for name, value in scope["headers"]]
        scope.pop("agora.headers", None)


def _parsed(body: bytes) -> Any:
    """The body as JSON; None for what is none, of which the SDK has its own to say."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """A request whose body was read, to be read again."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _until(receive: Receive, drained: asyncio.Event, telling: asyncio.Task[None]) -> Receive:
    """A client that seems to leave when the server drains."""

    async def either() -> Message:
        waiting = [asyncio.ensure_future(receive()), asyncio.ensure_future(drained.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting[0].done():
                message: Message = waiting[0].result()  # type: ignore[assignment]
                return message
            return {"type": "http.disconnect"}
        finally:
            for task in waiting:
                task.cancel()

    return either


class _Watched:
    """Passes a response on, and remembers how it began and whether it ended."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.opened: Callable[[str], None] = lambda id: None
        self.begun = asyncio.Event()
        self._open = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._open = message["status"], True
            found = [value for name, value in message.get("headers", ()) if name == b"mcp-session-id"]
            if found and self.status == 200:
                self.opened(found[0].decode())
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            self._open = False
        await self._send(message)
        self.begun.set()

    async def finish(self) -> None:
        """End a response that its writer left open."""
        if self._open:
            self._open = False
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
