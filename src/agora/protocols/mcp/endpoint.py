"""The endpoint ``/mcp`` as an ASGI application, with its metadata documents.

=============================================  ======================================================
``/mcp``                                       Streamable HTTP, both eras (POST, GET, DELETE)
``/mcp/servers/{name}``                        the same with the tools of a virtual server
``POST /mcp/v1/rpc``, ``GET /mcp/v1/tools``    :mod:`.plain_rpc`
``/.well-known/oauth-protected-resource[/mcp]``  metadata of RFC 9728
=============================================  ======================================================
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic_core import from_json, to_json

from agora.clock import new_id
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.lazy import Lazy
from agora.domains.client_sessions.sessions import CANCELLED_EVENT, ENDED_EVENT, TOOLSETS_CHANGED_EVENT
from agora.protocols.cors import CorsPolicy
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    read_body,
    read_header,
    send_problem,
    send_response,
)
from agora.settings import Settings
from agora_sdk.contract import Operation
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
    field_error,
)

from . import server_info
from .enabled_toolsets import EnabledToolsets
from .fast_path import FastPath
from .get_streams import GetStreams
from .guard import Guard
from .legacy_transport import ObservedSend, replay_body, to_sdk_scope
from .long_calls import send_relayed_answer
from .methods import Methods
from .paths import MCP_PATH, METADATA_PATH
from .plain_rpc import PlainRpc
from .request_context import JsonRpcError, RequestContext
from .server_features import ServerFeatures
from .session_bootstrap import end_sdk_session, ensure_sdk_session, send_notification
from .session_store import SessionStore, build_client_document_of_handshake
from .sessions import MAX_REQUEST_LENGTH, Session, Sessions
from .tool_view import FULL_VIEW, MODEL_VIEW, VIEW_HEADERS, VIRTUAL_SERVER_VIEW, ToolView, parse_tool_view
from .virtual_servers import SERVERS_PATH, set_virtual_server_view_and_scopes

if TYPE_CHECKING:
    from .sdk import SdkServer

__all__ = ["McpApp"]

log = logging.getLogger(__name__)

# A tenth of IDLE_SECONDS, so an unused session stays in memory at most 10 % longer.
SWEEP_SECONDS = 60.0
SDK_SERVER: Lazy[type[SdkServer]] = Lazy("agora.protocols.mcp.sdk:SdkServer")
NO_BATCHES_FIX = "Send each request separately: MCP removed batches in 2025-06-18."
NO_SESSION_FIX = (
    "Begin with 'initialize' by POST, and send its mcp-session-id. The HTTP+SSE transport of 2024-11-05 is not served: "
    "use Streamable HTTP, or have the client start 'agora mcp'."
)
CANCELLED_METHOD = "notifications/cancelled"
METHODS = ("GET", "POST", "DELETE")
OPERATION_BY_METHOD: Mapping[str, str] = {
    "subscriptions/listen": "agora.event.stream",
    "resources/subscribe": "agora.event.stream",
    "tasks/get": "agora.task.get",
    "tasks/result": "agora.task.get",
    "tasks/list": "agora.task.list",
    "tasks/update": "agora.task.message",
    "tasks/cancel": "agora.task.cancel",
}


class McpApp:
    """Serves MCP over HTTP.

    fixtures: class that answers the requests of a test suite before the server does; set by the script that runs one.
    """

    fixtures: ClassVar[type[Any] | None] = None
    session_events = frozenset(
        {ENDED_EVENT, CANCELLED_EVENT, TOOLSETS_CHANGED_EVENT}
    )  #: types of events for :meth:`handle_session_event`

    def __init__(
        self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings, cors: CorsPolicy
    ) -> None:
        self.dispatcher, self.settings = dispatcher, settings
        scopes = {operation.scope for operation in dispatcher.context.registry.operations if operation.scope}
        self.guard = Guard(request_authenticator, settings, tuple(sorted(scopes)), cors)
        self.sessions = Sessions()
        self.session_store = SessionStore(dispatcher, lambda: self.sessions, self.forget_session)
        self.features = ServerFeatures(dispatcher, EnabledToolsets(self.session_store), self.session_store.watch_task)
        self._fixtures = None if self.fixtures is None else self.fixtures(self.features)
        methods = Methods(self.features)
        self.fast_path = FastPath(self.features, methods, self._fixtures.owns if self._fixtures else None)
        self.plain = PlainRpc(methods, settings.page_bytes)
        self._sdk: SdkServer | None = None
        self._loading = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._drain_event = asyncio.Event()
        self._get_streams = GetStreams(dispatcher, self.session_store, self.get_or_load_sdk, self._drain_event)

    # -- life ------------------------------------------------------------------------------------

    @property
    def has_sdk(self) -> bool:
        """Whether the SDK has been loaded."""
        return self._sdk is not None

    async def get_or_load_sdk(self) -> SdkServer:
        """Return the SDK's server, imported and started at first use."""
        if self._sdk is None:
            # Checked again inside: of two first requests, the second must use the server that the first has started.
            async with self._loading:
                if self._sdk is None:
                    self._sdk = await self._load_sdk()
        return self._sdk

    async def _load_sdk(self) -> SdkServer:
        # Importing the SDK takes long enough to stall every other connection of the event loop.
        server_class = await SDK_SERVER.import_in_thread()
        server = server_class(self.features, self.session_store, self.settings.body_limit, self._find_header_schema)
        if self._fixtures is not None:
            self._fixtures.install(server)
        await server.start()
        return server

    def _find_header_schema(self, request_context: RequestContext, name: str) -> Mapping[str, Any] | None:
        """Find the input schema for checking headers; None if there is nothing to check."""
        if self._fixtures is not None and (fixture_schema := self._fixtures.schema(name)) is not None:
            schema: Mapping[str, Any] = fixture_schema
            return schema
        operation = self.features.find_operation(request_context, {"name": name})
        return (
            operation.input_schema
            if operation is not None and self.features.tools.has_mirrored_headers(operation)
            else None
        )

    def drain(self) -> None:
        """Begin to stop: end standing streams; running requests continue."""
        self._drain_event.set()

    async def stop(self) -> None:
        """Drop the local state of all sessions; they continue at another server, or here after a restart."""
        self.drain()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        # Before the SDK stops: these tasks send it notifications and deletions.
        await asyncio.gather(*self._background_tasks, return_exceptions=True)
        await self.features.suspended_calls.stop()
        if self._sdk is not None:
            await self._sdk.stop()

    def _start_sweeping(self) -> None:
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_sessions())

    async def _sweep_sessions(self) -> None:
        """Drop unused sessions from memory; refresh the expiry of used ones in the store."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                for session in self.sessions.list_idle_sessions():
                    await self.forget_session(session)
                await self.session_store.prolong_used_sessions()
            except Exception:
                log.exception("sessions could not be maintained")

    async def forget_session(self, session: Session) -> None:
        """Drop the state of a session on this server. Its running requests end."""
        # First from memory, so that no request finds the session while its SDK session ends.
        self.sessions.remove_session(session)
        if self._sdk is not None:
            await end_sdk_session(self._sdk, session)

    def handle_session_event(self, type: str, data: Mapping[str, Any]) -> None:
        """Handle the event of a session of this or another server. Runs on the event loop, after the commit."""
        if type == ENDED_EVENT:
            # Marked even if not in memory: a request that has just read the row must not add the session again.
            session = self.sessions.mark_ended_and_remove(data["session"])
            if session is not None:
                self._run_in_background(self.forget_session(session))
        elif type == TOOLSETS_CHANGED_EVENT:
            session = self.sessions.find_session_by_key(data["session"])
            if session is not None:
                # Another server may have changed them: the session in memory is only a copy of its row.
                session.toolsets = tuple(data["toolsets"])
        elif type == CANCELLED_EVENT:
            session = self.sessions.find_session_by_key(data["session"])
            if (
                session is not None
                and self._sdk is not None
                # Keyed by text, compared as it is: in JSON-RPC the ids 1 and "1" are of different requests.
                and session.request_ids.get(str(data["request"])) == data["request"]
            ):
                self._run_in_background(
                    send_notification(
                        self._sdk,
                        session,
                        {"jsonrpc": "2.0", "method": CANCELLED_METHOD, "params": {"requestId": data["request"]}},
                    )
                )

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        async def run_logged() -> None:
            try:
                await work
            except Exception:
                log.exception("a session event could not be handled")

        task = asyncio.create_task(run_logged())
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)

    # -- requests --------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"].rstrip("/")
        try:
            if path in (METADATA_PATH, f"{METADATA_PATH}/mcp") and scope["method"] in ("GET", "HEAD"):
                await self.guard.send_resource_metadata(scope, send)
            elif path == MCP_PATH:
                await self._answer_streamable_http(scope, receive, send)
            elif path.startswith(SERVERS_PATH):
                await self._answer_streamable_http(scope, receive, send, path.removeprefix(SERVERS_PATH))
            elif path == f"{MCP_PATH}/v1/rpc":
                await self._answer_plain_rpc(scope, receive, send)
            elif path == f"{MCP_PATH}/v1/tools":
                await self._send_tool_listing(scope, send)
            else:
                fix = "MCP is at /mcp; its plain endpoints are POST /mcp/v1/rpc and GET /mcp/v1/tools."
                raise NotFound(f"There is nothing at {scope['path']}.", fix=fix)
        except AgoraError as error:
            await self.guard.send_error(scope, send, error)

    def _create_request_context(
        self, scope: Scope, caller: Caller, default: ToolView, *, modern: bool
    ) -> RequestContext:
        # Streams call this from time to time, so that a revoked credential ends them.
        async def reauthenticate_caller() -> None:
            await self.guard.authenticate_caller(scope)

        return RequestContext(
            caller,
            parse_tool_view(scope["query_string"], {name: read_header(scope, name) for name in VIEW_HEADERS}, default),
            modern,
            reauthenticate_caller,
            key=read_header(scope, b"idempotency-key"),
            request_id=new_id("req"),
        )

    async def _answer_streamable_http(self, scope: Scope, receive: Receive, send: Send, server: str = "") -> None:
        """Answer one request to ``/mcp``, or to a virtual server."""
        _strip_header_values(scope)
        caller = await self.guard.authenticate_caller(scope)
        version = read_header(scope, b"mcp-protocol-version")
        # An unknown version counts as newer: that era answers it with the list of supported versions.
        modern = version is not None and version not in server_info.HANDSHAKE_VERSIONS
        request_context = self._create_request_context(
            scope, caller, VIRTUAL_SERVER_VIEW if server else MODEL_VIEW, modern=modern
        )
        if server:
            await set_virtual_server_view_and_scopes(self.dispatcher, request_context, server)
        session = request_context.session = None if modern else await self._resolve_session(scope, caller)
        message, again = None, receive
        if scope["method"] == "POST":
            body = await read_body(scope, receive, self.settings.body_limit)
            # Parsed once for both paths: the SDK reads the same bytes again if the fast path leaves the request to it.
            message, again = _parse_json_or_none(body), replay_body(body, receive)
            if (missing_scope := await self._find_missing_scope_error(request_context, message)) is not None:
                await self.guard.send_missing_scope_error(scope, send, message["id"], missing_scope)
                return
            request_context.client_name = _read_client_name(message) if modern else ""
            answer = await self.fast_path.answer_request_or_none(scope, message, request_context, session)
            if answer is not None:
                await send_response(send, answer.status, answer.body, answer.headers)
                return
            if isinstance(message, list):
                raise MalformedRequest("Batches of requests are not supported.", fix=NO_BATCHES_FIX)
            if isinstance(message, dict) and message.get("method") == "initialize":
                # A handshake runs no operation, so the dispatcher does not count it.
                self.dispatcher.limiter.charge_call(caller)
            if (work := self.fast_path.create_relay_call_or_none(scope, message, request_context)) is not None:
                await send_relayed_answer(message["id"], work, receive, send)
                return
        if scope["method"] == "GET" and session is None and not modern:
            raise MalformedRequest(
                "A stream requires a session, and the request has no session id.", fix=NO_SESSION_FIX
            )
        if session is not None:
            await self._answer_in_session(scope, again, send, request_context, session, message)
        else:
            await self._answer_by_sdk(scope, again, send, request_context, message)

    async def _resolve_session(self, scope: Scope, caller: Caller) -> Session | None:
        """Resolve the session of a request; None without a session id. Raises NotFound if it is unknown or another
        caller's.
        """
        id = read_header(scope, b"mcp-session-id")
        if id is None:
            return None
        self._start_sweeping()
        session = await self.session_store.find_and_prolong_session(id, caller)
        if session is None:
            raise NotFound("Session not found", fix="Start a new session: send 'initialize' without a session id.")
        return session

    async def _find_missing_scope_error(self, request_context: RequestContext, message: Any) -> PermissionDenied | None:
        """Find the missing scope of a request while HTTP can still report it, and count and audit the refusal; None if no
        scope is missing.

        Raises Unauthenticated if a credential is required.
        """
        if not isinstance(message, dict) or "id" not in message:
            return None
        operation = self._find_requested_operation(request_context, message)
        if operation is None or request_context.caller.may(operation.scope):
            return None
        self.guard.require_credential(request_context.caller, operation)
        # A task's program has only the credential of the task; signing in would make it another caller.
        if message["method"] != "tools/call" or request_context.caller.kind == "task":
            return None
        try:
            await self.features.run_operation(
                request_context, operation, {}, None
            )  # rejected, counted and audited like any call
        except PermissionDenied as error:
            return error if "required" in error.extra else None
        except AgoraError:  # another error, which the call itself reports
            return None
        return None

    def _find_requested_operation(
        self, request_context: RequestContext, message: Mapping[str, Any]
    ) -> Operation | None:
        """Find the operation of a request; None without one, or if it needs no scope."""
        method, params = message.get("method"), message.get("params")
        if method == "tools/call":
            return self.features.find_called_operation(request_context, params) if isinstance(params, dict) else None
        name = OPERATION_BY_METHOD.get(method) if isinstance(method, str) else None
        return (
            None
            if name is None
            else self.dispatcher.context.registry.resolve(name, None, request_context.caller.tenant)
        )

    # -- through the SDK -------------------------------------------------------------------------

    async def _answer_by_sdk(
        self, scope: Scope, receive: Receive, send: Send, request_context: RequestContext, message: Any
    ) -> None:
        """Answer a request without a session: of the newer era, or the handshake that begins a session."""
        server = await self.get_or_load_sdk()
        scope["agora.mcp.exchange"] = request_context
        params = _read_handshake_params(message)
        if request_context.modern or params is None:
            await server(scope, receive, send)
        else:
            await self._begin_session(server, scope, receive, send, request_context, message)

    async def _begin_session(
        self,
        server: SdkServer,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_context: RequestContext,
        message: Mapping[str, Any],
    ) -> None:
        """Begin a session. A session that the SDK is about to reject is not stored."""
        self._start_sweeping()
        params, caller = message["params"], request_context.caller
        client = build_client_document_of_handshake(
            params, server_info.negotiate_version(params.get("protocolVersion"))
        )
        # Checked before anything is stored: requests that the SDK rejects must not fill the table of sessions.
        is_valid = server.is_valid_handshake(params)
        session = (
            await self.session_store.begin_session(caller, client)
            if is_valid
            else self.sessions.create_session(caller, client)
        )
        session.instructions = server_info.build_instructions(request_context.view)
        if is_valid:
            receive = replay_body(to_json({**message, "params": client}), receive)
        scope["agora.mcp.session"] = session
        observed_send = ObservedSend(send, session.id if is_valid else "")

        def add_to_memory(sdk_session_id: str) -> None:  # before the client knows its id
            session.sdk_session_id = sdk_session_id
            if is_valid:
                self.sessions.add_session(session)

        observed_send.on_session_created = add_to_memory
        try:
            await server(scope, receive, observed_send)
        finally:
            if not is_valid:
                await end_sdk_session(server, session)
            # The client has no id of this session, so that nobody could ever use or end its row.
            elif observed_send.status != 200:
                await self.session_store.discard_session(session)

    async def _answer_in_session(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_context: RequestContext,
        session: Session,
        message: Any,
    ) -> None:
        method = scope["method"]
        if method == "DELETE":
            await self.session_store.end_session(session)
            await self.forget_session(session)
            await send_response(send, 200, b"")
            return
        if method not in ("GET", "POST"):
            raise MethodNotAllowed(f"{method} is not possible here.", fix="Use POST.", allowed=list(METHODS))
        scope["agora.mcp.exchange"], scope["agora.mcp.session"] = request_context, session
        if method == "GET":
            await self._get_streams(scope, receive, send, request_context, session)
            return
        if await self._answer_message_for_other_server(session, message, send):
            return
        server = await self.get_or_load_sdk()
        await ensure_sdk_session(server, session)
        # Remembered by the server that runs the call: a cancellation that arrives at another server is passed on to it.
        session.remember_request(message.get("id") if isinstance(message, dict) and "method" in message else None)
        session.running_requests += 1
        try:
            await server(to_sdk_scope(scope, session.sdk_session_id), receive, ObservedSend(send, session.id))
        finally:
            session.running_requests -= 1

    async def _answer_message_for_other_server(self, session: Session, message: Any, send: Send) -> bool:
        """Answer a message about a call that runs on another server; returns whether it was one. Raises Conflict for a
        response to it.
        """
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return False
        method = message.get("method")
        if not session.request_ids and method is None and ("result" in message or "error" in message):
            # A response that the SDK of this server has not asked for: only the server that runs the call can take it.
            raise Conflict(
                "This server has no pending request to the client.",
                fix="Send the response to the server that sent the request: its call runs there.",
            )
        if not isinstance(method, str) or "id" in message:
            return False
        request_id = _find_cancelled_request_id(message)
        # A server that has its store for itself runs all calls: there is nobody to pass a cancellation on to.
        if (
            request_id is not None
            and str(request_id) not in session.request_ids
            and not self.dispatcher.store.exclusive
        ):
            await self.session_store.emit_request_cancellation(session, request_id)
        elif session.sdk_session_id:
            return False
        await send_response(send, 202, b"")  # without a local SDK session, notifications need no handling
        return True

    # -- the plain endpoints ---------------------------------------------------------------------

    async def _answer_plain_rpc(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _send_method_not_allowed(scope, send, "POST")
            return
        caller = await self.guard.authenticate_caller(scope)
        body = await read_body(scope, receive, self.settings.body_limit)
        message = _parse_json_or_none(body)
        if message is None:
            raise MalformedRequest("The body is not JSON.", errors=[field_error("body", "not JSON")])
        answer = await self.plain.answer_rpc(
            self._create_request_context(scope, caller, FULL_VIEW, modern=False), message
        )
        if answer is None:
            await send_response(send, 202, b"")
        else:
            await send_response(send, 200, answer)

    async def _send_tool_listing(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _send_method_not_allowed(scope, send, "GET")
            return
        request_context = self._create_request_context(
            scope, await self.guard.authenticate_caller(scope), FULL_VIEW, modern=False
        )
        try:
            listing = await self.features.list_tools(request_context, None)
        except JsonRpcError as refusal:
            raise MalformedRequest(refusal.message) from None
        await send_response(send, 200, b"{%b}" % listing.encode_members())


async def _send_method_not_allowed(scope: Scope, send: Send, allowed: str) -> None:
    error = MethodNotAllowed(f"{scope['method']} is not possible here.", fix=f"Use {allowed}.", allowed=[allowed])
    await send_problem(send, error, instance=scope["path"], extra_headers={"allow": allowed})


def _strip_header_values(scope: Scope) -> None:
    """Strip white space around header values, as RFC 9110 section 5.5 requires; the HTTP parser does not."""
    if any(value[-1:].isspace() or value[:1].isspace() for _, value in scope["headers"]):
        scope["headers"] = [(name, value.strip()) for name, value in scope["headers"]]
        scope.pop("agora.headers", None)


def _parse_json_or_none(body: bytes) -> Any:
    """Parse the body as JSON; None if invalid: the SDK reports the error."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        return None


def _read_handshake_params(message: Any) -> Mapping[str, Any] | None:
    """Read the parameters of an ``initialize`` request; None for other messages."""
    params = message.get("params") if isinstance(message, dict) and message.get("method") == "initialize" else None
    return params if isinstance(params, dict) else None


def _read_client_name(message: Any) -> str:
    """Read the client's name in the ``_meta`` of the newer era; empty without one."""
    params = message.get("params") if isinstance(message, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    info = meta.get("io.modelcontextprotocol/clientInfo") if isinstance(meta, dict) else None
    name = info.get("name") if isinstance(info, dict) else None
    return name[:100] if isinstance(name, str) else ""


def _find_cancelled_request_id(message: Mapping[str, Any]) -> int | str | None:
    """Find the id of the request that a notification cancels; None for other messages."""
    params = message.get("params") if message.get("method") == CANCELLED_METHOD else None
    request = params.get("requestId") if isinstance(params, dict) else None
    is_valid = (
        isinstance(request, int | str) and not isinstance(request, bool) and len(str(request)) <= MAX_REQUEST_LENGTH
    )
    return request if is_valid else None
