"""The endpoint: every path of A2A as an ASGI application, see :mod:`.routes`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.domains.identity.signing_key import KEY_FILE
from agora.protocols.host_header import base_url
from agora.protocols.http import Access, Receive, Scope, Send
from agora.settings import ConfigurationError, Settings
from agora.telemetry import PROTOCOL
from agora_sdk.errors import AgoraError, MethodNotAllowed, NotFound

from .cards import Cards
from .core import Core
from .errors import Faulty, fault
from .http_json import HttpJsonEndpoint, refuse
from .routes import CARDS, CATALOGUE, JWKS, address, owns, target
from .rpc import RpcEndpoint
from .session import Session
from .signatures import CardSigner

if TYPE_CHECKING:
    from .grpc_server import GrpcServer

__all__ = ["A2AApp"]


class A2AApp:
    """Answers A2A over HTTP. ``owns`` tells which requests are its own. core: another way to carry them out."""

    def __init__(self, dispatcher: Dispatcher, access: Access, settings: Settings, core: Core | None = None) -> None:
        self._access, self._settings = access, settings
        self.core = core or Core(dispatcher, settings.a2a_wait)
        self.cards = Cards(self.core, CardSigner(settings.keys / KEY_FILE), settings, settings.a2a_grpc_port)
        self._rpc = RpcEndpoint(self.core)
        self._http_json = HttpJsonEndpoint(self.core)
        self._grpc: GrpcServer | None = None

    owns = staticmethod(owns)

    async def start(self) -> None:
        """Serve gRPC too, if the settings say so. Raises ConfigurationError where that is not possible."""
        if not self._settings.a2a_grpc_port:
            return
        try:
            module = await asyncio.to_thread(__import__, f"{__package__}.grpc_server", fromlist=["GrpcServer"])
        except ImportError as error:
            what = "a2a_grpc_port: gRPC is not installed; pip install 'agora-server[grpc]', or set it to 0"
            raise ConfigurationError(what) from error
        server: GrpcServer = module.GrpcServer(
            self.core, self.authenticate_grpc, self._settings, self.core.dispatcher.backpressure
        )
        try:
            await server.start(self._settings.host, self._settings.a2a_grpc_port)
        except OSError as error:
            raise ConfigurationError(f"a2a_grpc_port: {error}") from error
        self._grpc = server

    async def authenticate_grpc(self, scope: Scope) -> Caller:
        """Whose call over gRPC it is, by its credential alone. Raises Unauthenticated."""
        PROTOCOL.set("grpc")
        return await self._access.authenticate(scope)

    async def stop(self) -> None:
        """End what gRPC serves."""
        if self._grpc is not None:
            await self._grpc.stop(self._settings.shutdown_grace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, receive, send)
        except Faulty as refused:
            await refuse(scope, send, refused.fault)
        except AgoraError as error:
            await refuse(scope, send, fault(error))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = address(scope)
        session = Session(scope, self._access, self._settings, found.agent)
        path = found.path
        if path in ("", "/"):
            await self._at_agent(session, receive, send)
        elif path in CARDS:
            await self._card(session, send)
        elif path == CATALOGUE:
            _reading(scope)
            await self.cards.catalogue(base_url(scope, self._settings), await session.caller(), scope, send)
        elif path == JWKS:
            _reading(scope)
            await self.cards.keys(scope, send)
        else:
            wanted = target(scope["method"], path)
            if wanted is None:
                raise _nothing(scope["path"])
            await self._http_json(wanted, session, receive, send)

    async def _at_agent(self, session: Session, receive: Receive, send: Send) -> None:
        """JSON-RPC; who only looks at an agent's address gets its card."""
        scope = session.scope
        if scope["method"] in ("GET", "HEAD"):
            await self._card(session, send)
            return
        if scope["method"] != "POST":
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use POST.", allowed=["GET", "POST"])
        try:
            await self._rpc(session, receive, send)
        except AgoraError as error:
            await self._rpc.refuse(send, fault(error))

    async def _card(self, session: Session, send: Send) -> None:
        scope = session.scope
        _reading(scope)
        await self.cards.card(session.agent, base_url(scope, self._settings), await session.caller(), scope, send)


def _reading(scope: Scope) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use GET.", allowed=["GET", "HEAD"])


def _nothing(path: str) -> NotFound:
    fix = "JSON-RPC is at POST / and POST /a2a/{agent}; HTTP+JSON at /message:send and /tasks, 0.3 of it below /v1."
    if path.rstrip("/").endswith(("/message/send", "/message/stream")):
        fix = f"Send a JSON-RPC request with the method {path.strip('/').removeprefix('v1/')} to POST /."
    return NotFound(f"There is nothing at {path}.", fix=fix)
