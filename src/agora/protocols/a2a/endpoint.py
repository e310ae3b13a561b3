"""The A2A endpoint: an ASGI application for all paths of A2A, see :mod:`.routes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.lazy import Lazy
from agora.domains.identity.signing_key import KEY_FILE
from agora.protocols.host_header import choose_server_url
from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, send_response
from agora.settings import ConfigurationError, Settings
from agora.telemetry import CURRENT_PROTOCOL
from agora_sdk.errors import AgoraError, MethodNotAllowed, NotFound

from .ard_registry import NOT_IMPLEMENTED, OPTIONAL_METHODS, send_registry_error
from .cards import Cards
from .errors import A2AError, to_wire_error
from .http_json import HttpJsonEndpoint, send_error
from .http_request import HttpRequest
from .operations import A2AOperations
from .routes import ARD_PATH, CARD_PATHS, CATALOG_PATH, JWKS_PATH, find_resource_call, split_agent_path
from .rpc import RpcEndpoint
from .signatures import CardSigner

if TYPE_CHECKING:
    from .grpc_server import GrpcServer

__all__ = ["A2AApp"]

GRPC_SERVER: Lazy[type[GrpcServer]] = Lazy("agora.protocols.a2a.grpc_server:GrpcServer")


class A2AApp:
    """Serves A2A over HTTP."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings) -> None:
        self._request_authenticator, self._settings = request_authenticator, settings
        self.operations = A2AOperations(dispatcher, settings.a2a_wait)
        self.cards = Cards(self.operations, CardSigner(settings.secrets_dir / KEY_FILE), settings)
        self._rpc = RpcEndpoint(self.operations)
        self._http_json = HttpJsonEndpoint(self.operations)
        self._grpc: GrpcServer | None = None

    async def start_grpc(self) -> None:
        """Start the gRPC server. Raises ConfigurationError if that is not possible."""
        try:
            server_class = await GRPC_SERVER.import_in_thread()
        except ImportError as error:
            what = "a2a_grpc_port: gRPC is not installed; pip install 'agora-server[grpc]', or set it to 0"
            raise ConfigurationError(what) from error
        server = server_class(
            self.operations, self.authenticate_grpc, self._settings, self.operations.dispatcher.backpressure
        )
        try:
            await server.start(self._settings.host, self._settings.a2a_grpc_port)
        except OSError as error:
            raise ConfigurationError(f"a2a_grpc_port: {error}") from error
        self._grpc = server

    async def authenticate_grpc(self, scope: Scope) -> Caller:
        """Authenticate the caller of a gRPC call. Raises Unauthenticated.

        Without a credential a local program is the operator, as over HTTP. The library does not expose the requested
        host, so a proxy cannot be distinguished from a local program: if the settings contain a public URL, no client
        is trusted.
        """
        CURRENT_PROTOCOL.set("grpc")
        if self._settings.public_url or self._settings.a2a_grpc_url:
            scope = {**scope, "client": None}
        return await self._request_authenticator.authenticate_request(scope)

    async def stop(self) -> None:
        """Stop the gRPC server, if it runs."""
        if self._grpc is not None:
            await self._grpc.stop(self._settings.shutdown_grace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._route_request(scope, receive, send)
        except A2AError as error:
            await send_error(scope, send, error.wire_error)
        except AgoraError as error:
            await send_error(scope, send, to_wire_error(error))

    async def _route_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        location = split_agent_path(scope)
        http_request = HttpRequest(scope, self._request_authenticator, self._settings, location.agent)
        path = location.path
        if path in ("", "/"):
            await self._answer_rpc_or_card(http_request, receive, send)
        elif path in CARD_PATHS:
            await self._send_card(http_request, send)
        elif path == CATALOG_PATH:
            _require_get(scope)
            await self.cards.send_ai_catalog(
                choose_server_url(scope, self._settings), await http_request.authenticate_caller(), scope, send
            )
        elif path == JWKS_PATH:
            _require_get(scope)
            await self.cards.send_jwks(scope, send)
        elif path.startswith(ARD_PATH) and self._settings.ai_catalog_search:
            try:
                await self._answer_registry(path.removeprefix(ARD_PATH), http_request, receive, send)
            except AgoraError as error:
                await send_registry_error(send, error)
        else:
            resource = find_resource_call(scope["method"], path)
            if resource is None:
                raise _build_not_found_error(scope["path"])
            await self._http_json(resource, http_request, receive, send)

    async def _answer_rpc_or_card(self, http_request: HttpRequest, receive: Receive, send: Send) -> None:
        """Answer a request at an agent's address: POST is JSON-RPC, GET returns the agent's card."""
        scope = http_request.scope
        if scope["method"] in ("GET", "HEAD"):
            await self._send_card(http_request, send)
            return
        if scope["method"] != "POST":
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use POST.", allowed=["GET", "POST"])
        try:
            await self._rpc(http_request, receive, send)
        except AgoraError as error:
            await self._rpc.send_error(send, to_wire_error(error))

    async def _answer_registry(
        self, registry_method: str, http_request: HttpRequest, receive: Receive, send: Send
    ) -> None:
        """Answer a request to the registry of Agentic Resource Discovery."""
        scope = http_request.scope
        if (scope["method"], registry_method) in OPTIONAL_METHODS:
            await send_response(send, 501, to_json(NOT_IMPLEMENTED))
            return
        if registry_method != "search":
            raise NotFound(f"There is nothing at {scope['path']}.", fix="Use POST /ard/search.")
        if scope["method"] != "POST":
            raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use POST.", allowed=["POST"])
        caller = await http_request.authenticate_caller()
        body = await http_request.read_body(receive)
        answer = await self.cards.search_catalog(choose_server_url(scope, self._settings), caller, body)
        await send_response(send, 200, to_json(answer))

    async def _send_card(self, http_request: HttpRequest, send: Send) -> None:
        scope = http_request.scope
        _require_get(scope)
        await self.cards.send_card(
            http_request.agent,
            choose_server_url(scope, self._settings),
            await http_request.authenticate_caller(),
            scope,
            send,
        )


def _require_get(scope: Scope) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        raise MethodNotAllowed(f"{scope['method']} is not possible here.", fix="Use GET.", allowed=["GET", "HEAD"])


def _build_not_found_error(path: str) -> NotFound:
    fix = "JSON-RPC is at POST / and POST /a2a/{agent}; HTTP+JSON at /message:send and /tasks, 0.3 of it below /v1."
    if path.rstrip("/").endswith(("/message/send", "/message/stream")):
        fix = f"Send a JSON-RPC request with the method {path.strip('/').removeprefix('v1/')} to POST /."
    return NotFound(f"There is nothing at {path}.", fix=fix)
