"""The server of the official SDK, for all streaming requests: progress, cancellation, subscriptions, sessions.

Imported when first needed. Its handlers only translate between the SDK's types and :mod:`.server_features`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import progress_token_from_params
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from agora import __version__
from agora.clock import new_id
from agora.core.call import ClientRefused, Progress
from agora.domains.client_sessions.sessions import MAX_SUBSCRIPTIONS
from agora.protocols.http import Receive, Scope, Send, read_header
from agora_sdk.errors import AgoraError, Unauthenticated

from . import server_info
from .client_requests import ClientRequests
from .enabled_toolsets import build_client_key
from .notifiers import ListenNotifier, SessionNotifier
from .replay_store import ReplayStore
from .request_context import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    JsonRpcError,
    RequestContext,
    ignore_progress,
)
from .server_features import ServerFeatures
from .session_store import SessionStore
from .sessions import CURRENT_SESSION, Session, choose_session_owner
from .subscriptions import Notifier, WatchFilter, build_task_watch, notify_changes, open_events, resolve_canonical_uri
from .task_methods import LEGACY_VERSION
from .task_views import RELATED_TASK_KEY
from .tool_results import build_error_result
from .tool_view import MODEL_VIEW
from .upstream_watch import UpstreamWatch

__all__ = ["REQUEST_CONTEXT_KEY", "SESSION_KEY", "SdkServer"]

log = logging.getLogger(__name__)
REQUEST_CONTEXT_KEY, SESSION_KEY = "agora.mcp.exchange", "agora.mcp.session"  #: keys of the scope set by the endpoint
#: exchange of the current request; the SDK does not pass it to the look-up of a tool's schema
_CURRENT_REQUEST_CONTEXT: ContextVar[RequestContext | None] = ContextVar("agora_mcp_exchange", default=None)
RETRY_MILLISECONDS = 1000
HEADER_MISMATCH = -32020
#: key of ``_meta`` by which a request of the newer era enables log messages
LOG_LEVEL = "io.modelcontextprotocol/logLevel"
ANSWER_SECONDS = 3600.0  #: timeout of requests to the client; often a person answers
CLIENT_REQUESTS: Mapping[str, type[Any]] = {
    "elicitation/create": types.ElicitRequest,
    "sampling/createMessage": types.CreateMessageRequest,
    "roots/list": types.ListRootsRequest,
}

Context = ServerRequestContext[Any, Any]
Handler = Callable[[Context, RequestContext, Any], Awaitable[dict[str, Any]]]


class _NotifyingServer(Server[Any]):
    """An SDK server that always announces list changes, and takes its instructions from the session's view."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        changing = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        options = super().create_initialization_options(
            notification_options or changing, experimental_capabilities, extensions
        )
        session = CURRENT_SESSION.get()
        if session is None:
            return options
        if session.protocol_version == LEGACY_VERSION:
            tasks = types.ServerTasksCapability.model_validate(server_info.LEGACY_TASKS)
            capabilities = options.capabilities.model_copy(update={"tasks": tasks})
            options = options.model_copy(update={"capabilities": capabilities})
        return options.model_copy(update={"instructions": session.instructions})


class SdkServer:
    """The SDK's server over the features, and its lifecycle. ``find_header_schema`` returns the input schema of a tool that a request calls."""

    def __init__(
        self,
        features: ServerFeatures,
        session_store: SessionStore,
        body_limit: int,
        find_header_schema: Callable[[RequestContext, str], Mapping[str, Any] | None],
    ) -> None:
        self.features, self._session_store = features, session_store
        logging.getLogger("mcp").setLevel(logging.WARNING)  # at lower levels it logs session ids
        self.server = _NotifyingServer(
            server_info.SERVER_NAME,
            version=__version__,
            title=server_info.SERVER_TITLE,
            description=server_info.SERVER_DESCRIPTION,
            instructions=server_info.build_instructions(MODEL_VIEW),
            cache_hints={method: CacheHint(*hint) for method, hint in server_info.CACHE_HINTS.items()},  # type: ignore[misc, arg-type]
            get_tool_input_schema=lambda name: (
                None
                if (request_context := _CURRENT_REQUEST_CONTEXT.get()) is None
                else find_header_schema(request_context, name)
            ),
        )
        self._register_handlers()
        self._manager = StreamableHTTPSessionManager(
            self.server,
            event_store=ReplayStore(),
            retry_interval=RETRY_MILLISECONDS,
            session_idle_timeout=None,  # the endpoint expires sessions, since it also sees the calls of the fast path
            # Never reached: the endpoint has refused a larger body already, with an error of this server.
            max_request_body_size=body_limit + 1,
        )
        self._stopping, self._started, self._serving = asyncio.Event(), asyncio.Event(), False
        self._running: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start serving; the SDK's manager runs in its own task. Raises its error if it fails to start."""
        self._running = asyncio.create_task(self._run_manager())
        await self._started.wait()
        if not self._serving:
            await self._running

    async def _run_manager(self) -> None:
        try:
            async with self._manager.run():
                self._serving = True
                self._started.set()
                await self._stopping.wait()
        finally:
            # Also after an error: nobody may wait for the start for ever.
            self._started.set()

    async def stop(self) -> None:
        """End every session."""
        self._stopping.set()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. The endpoint has stored its exchange, and its session if any, in the scope."""
        CURRENT_SESSION.set(scope.get(SESSION_KEY))
        _CURRENT_REQUEST_CONTEXT.set(
            scope.get(REQUEST_CONTEXT_KEY)
        )  # the server's own handshake of a reopened session has none
        await self._manager.handle_request(scope, receive, send)

    async def serve_request(self, scope: Scope, receive: Receive, send: Send, session: Session) -> None:
        """Answer a request that this server makes on behalf of a session's client."""
        # In a task, which has a context of its own: CURRENT_SESSION is set there.
        await asyncio.create_task(self({**scope, SESSION_KEY: session}, receive, send))

    @staticmethod
    def is_valid_handshake(params: Mapping[str, Any]) -> bool:
        """Whether these are parameters of ``initialize``."""
        try:
            types.InitializeRequestParams.model_validate(params)
        except ValidationError:
            return False
        return True

    def create_notifier(self, session: Session, request_context: RequestContext) -> Notifier:
        """Create the notifier of a session's GET stream once the session is ready. exchange: of the stream's
        request."""
        return SessionNotifier(session, request_context, self.features.tasks, self._session_store)

    # -- handlers --------------------------------------------------------------------------------

    def _register_handlers(self) -> None:
        for method, params, handler in (
            ("tools/list", types.PaginatedRequestParams, self._list_tools),
            ("tools/call", types.CallToolRequestParams, self.call_tool),
            ("resources/list", types.PaginatedRequestParams, self._list_resources),
            ("resources/templates/list", types.PaginatedRequestParams, self._list_templates),
            ("resources/read", types.ReadResourceRequestParams, self.read_resource),
            ("resources/subscribe", types.SubscribeRequestParams, self._subscribe_resource),
            ("resources/unsubscribe", types.UnsubscribeRequestParams, self._unsubscribe_resource),
            ("subscriptions/listen", types.SubscriptionsListenRequestParams, self._listen_to_changes),
            ("prompts/list", types.PaginatedRequestParams, self._list_prompts),
            ("prompts/get", types.GetPromptRequestParams, self.get_prompt),
            ("server/discover", types.RequestParams, self._discover_server),
            ("completion/complete", types.CompleteRequestParams, self._complete_argument),
            ("logging/setLevel", types.SetLevelRequestParams, self._set_log_level),
            ("tasks/get", types.RequestParams, self._get_task),
            ("tasks/update", types.RequestParams, self._update_task),
            ("tasks/cancel", types.RequestParams, self._cancel_task),
            ("tasks/list", types.PaginatedRequestParams, self._list_tasks),
            ("tasks/result", types.RequestParams, self._wait_for_task),
        ):
            self.register_method(method, params, handler)
        self.server.add_notification_handler(
            "notifications/initialized", types.NotificationParams, self._on_initialized
        )

    def register_method(self, method: str, params: type[BaseModel], handler: Handler) -> None:
        """Register the handler of a method; the last registration wins."""

        async def handle_request(ctx: Context, params: Any) -> dict[str, Any]:
            request_context: RequestContext = _get_http_scope(ctx)[REQUEST_CONTEXT_KEY]
            try:
                if progress_token_from_params(ctx.params) is not None:
                    # Only with a token: without progress, the features shorten the default wait (``SILENT_WAIT_SECONDS``).
                    request_context = replace(request_context, progress=ctx.session.report_progress)
                result = await handler(ctx, request_context, params)
                return {"resultType": "complete", **result} if request_context.modern else result
            except JsonRpcError as refusal:
                raise MCPError(refusal.code, refusal.message, refusal.data) from None
            except AgoraError as error:
                raise MCPError(error.jsonrpc, str(error), error.problem()) from None
            except Exception as error:  # otherwise the SDK would show its message to clients of the older era
                incident = new_id("err")
                log.exception("%s failed (%s)", method, incident)
                raise MCPError(INTERNAL_ERROR, f"Something went wrong on our side ({incident}).") from error

        self.server.add_request_handler(method, params, handle_request)

    async def _discover_server(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        ttl, scope = server_info.CACHE_HINTS["server/discover"]
        return server_info.build_discover_result(request_context.view) | {"ttlMs": ttl, "cacheScope": scope}

    async def _list_tools(
        self, ctx: Context, request_context: RequestContext, params: types.PaginatedRequestParams
    ) -> dict[str, Any]:
        return (await self.features.list_tools(request_context, params.cursor)).to_document()

    async def call_tool(
        self, ctx: Context, request_context: RequestContext, params: types.CallToolRequestParams
    ) -> dict[str, Any]:
        link = _ClientLink(ctx, modern=request_context.modern)
        request_context = replace(request_context, client=link.build_client_requests(request_context))
        try:
            return (await self.features.call_tool(request_context, ctx.params or {})).to_document()
        except Unauthenticated as error:  # within a call through another tool; otherwise the endpoint has rejected it
            return build_error_result(error).to_document()
        finally:
            link.answered = True

    async def _set_log_level(
        self, ctx: Context, request_context: RequestContext, params: types.SetLevelRequestParams
    ) -> dict[str, Any]:
        _require_session(ctx).log_level = params.level
        return {}

    async def _list_resources(
        self, ctx: Context, request_context: RequestContext, params: types.PaginatedRequestParams
    ) -> dict[str, Any]:
        return await self.features.list_resources(request_context, params.cursor)

    async def _list_templates(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        return await self.features.list_templates(request_context)

    async def read_resource(
        self, ctx: Context, request_context: RequestContext, params: types.ReadResourceRequestParams
    ) -> dict[str, Any]:
        link = _ClientLink(ctx, modern=request_context.modern)
        request_context = replace(request_context, client=link.build_client_requests(request_context))
        try:
            return await self.features.read_resource(request_context, str(params.uri))
        finally:
            link.answered = True

    async def _list_prompts(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        return await self.features.list_prompts(request_context)

    async def get_prompt(
        self, ctx: Context, request_context: RequestContext, params: types.GetPromptRequestParams
    ) -> dict[str, Any]:
        return await self.features.get_prompt(request_context, params.name, params.arguments or {})

    async def _complete_argument(
        self, ctx: Context, request_context: RequestContext, params: types.CompleteRequestParams
    ) -> dict[str, Any]:
        context = params.context.arguments if params.context is not None else None
        reference = params.ref.model_dump(mode="json")
        return await self.features.complete_argument(
            request_context, params.argument.model_dump(), reference, context or {}
        )

    # -- tasks -----------------------------------------------------------------------------------

    async def _get_task(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        return await self.features.tasks.get_task(request_context, _read_task_params(ctx, request_context))

    async def _update_task(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        return await self.features.tasks.update_task(request_context, _read_task_params(ctx, request_context))

    async def _cancel_task(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        return await self.features.tasks.cancel_task(request_context, _read_task_params(ctx, request_context))

    async def _list_tasks(
        self, ctx: Context, request_context: RequestContext, params: types.PaginatedRequestParams
    ) -> dict[str, Any]:
        return await self.features.tasks.list_own_tasks(request_context, params.cursor)

    async def _wait_for_task(self, ctx: Context, request_context: RequestContext, params: Any) -> dict[str, Any]:
        """Hold the response open until the task has ended. Progress is reported under the progress token of its
        call."""
        link = _ClientLink(ctx, modern=request_context.modern)
        request_context = replace(request_context, client=link.build_client_requests(request_context))
        task_params = ctx.params or {}
        if request_context.progress is ignore_progress and not request_context.modern:
            token = await self.features.tasks.find_progress_token(request_context, task_params)
            if token is not None:
                request_context = replace(request_context, progress=link.build_progress_callback(token, task_params))
        try:
            return await self.features.tasks.wait_for_result(request_context, task_params)
        finally:
            link.answered = True

    # -- watching --------------------------------------------------------------------------------

    async def _on_initialized(self, ctx: Context, params: Any) -> None:
        session: Session | None = _get_http_scope(ctx).get(SESSION_KEY)
        if session is not None:
            # Only a handler gets the SDK's session; without it, nothing can be sent outside of a response.
            session.sdk_notifier = ctx.session
            session.sdk_ready.set()

    async def _subscribe_resource(
        self, ctx: Context, request_context: RequestContext, params: types.SubscribeRequestParams
    ) -> dict[str, Any]:
        session = _require_session(ctx)
        uri = str(params.uri)
        await self._session_store.watch_resource(
            session, uri, await resolve_canonical_uri(self.features.dispatcher, request_context, uri)
        )
        return {}

    async def _unsubscribe_resource(
        self, ctx: Context, request_context: RequestContext, params: types.UnsubscribeRequestParams
    ) -> dict[str, Any]:
        await self._session_store.unwatch_resource(_require_session(ctx), str(params.uri))
        return {}

    async def _listen_to_changes(
        self, ctx: Context, request_context: RequestContext, params: types.SubscriptionsListenRequestParams
    ) -> dict[str, Any]:
        filters = params.notifications
        uris = list(dict.fromkeys(filters.resource_subscriptions or ()))
        # Each URI costs a read before the stream begins, and memory as long as it lasts.
        if len(uris) > MAX_SUBSCRIPTIONS:
            problem = f"notifications.resourceSubscriptions must be an array of at most {MAX_SUBSCRIPTIONS} URIs."
            raise JsonRpcError(INVALID_PARAMS, problem)
        canonical_uris = {
            uri: await resolve_canonical_uri(self.features.dispatcher, request_context, uri) for uri in uris
        }
        task_ids = await self.features.tasks.select_own_task_ids(request_context, ctx.params or {})
        canonical_uris |= dict(build_task_watch(task_id) for task_id in task_ids)
        notifier = ListenNotifier(ctx, request_context, self.features.tasks)
        await notifier.send_acknowledgement(filters, task_ids)
        watch_filter = WatchFilter(
            canonical_uris,
            tools=bool(filters.tools_list_changed),
            resources=bool(filters.resources_list_changed),
            prompts=bool(filters.prompts_list_changed),
            session=build_client_key(request_context),
        )
        # After the acknowledgement, as the protocol orders; what changed in between is covered by the task notifications below.
        stream = await open_events(self.features.dispatcher, request_context)
        client = _ClientLink(ctx, modern=True).build_client_requests(request_context)
        upstreams = UpstreamWatch(self.features.dispatcher, request_context.caller, client, watch_filter.uris)
        for task_id in task_ids:  # a task may have changed before the stream was opened
            await notifier.notify_task_changed(task_id)
        close_reason = await notify_changes(
            self.features.dispatcher, stream, watch_filter, notifier, upstreams=upstreams
        )
        if close_reason.error is not None:  # for example an expired token
            raise close_reason.error
        return {"_meta": notifier.meta}


class _ClientResult(types.Result):
    """The unchanged result of a request to the client."""

    model_config = {"extra": "allow"}


class _ClientLink:
    """The connection to the client of one call. answered: whether the call, and thus its response stream, has ended."""

    def __init__(self, ctx: Context, *, modern: bool) -> None:
        self._ctx, self._modern, self.answered = ctx, modern, False
        self._session: Session | None = _get_http_scope(ctx).get(SESSION_KEY)

    def build_client_requests(self, request_context: RequestContext) -> ClientRequests:
        """Build the client of a call: the requests that it supports, and its responses so far."""
        declared, params = self._ctx.session.client_capabilities, self._ctx.params or {}
        capabilities = (
            declared.model_dump(by_alias=True, exclude_none=True, mode="json") if declared is not None else {}
        )
        if not self._modern:
            session = self._session
            key, level = (session.key, session.log_level) if session is not None else ("", None)
            return ClientRequests(
                capabilities, self._request_client, key=key, log_level=level, send_notification=self._notify_client
            )
        responses, state = params.get("inputResponses"), params.get("requestState")
        # The newer era has no session: upstream connections are shared by callers with equal owners and capabilities only.
        owner = to_json([*choose_session_owner(request_context.caller), capabilities])
        return ClientRequests(
            capabilities,
            responses=responses if isinstance(responses, Mapping) else {},
            state=state if isinstance(state, str) else None,
            key=hashlib.sha256(owner).hexdigest(),
            log_level=(params.get("_meta") or {}).get(LOG_LEVEL),
            send_notification=self._notify_client,
        )

    async def _request_client(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        request = CLIENT_REQUESTS[method].model_validate({"method": method, "params": dict(params)})
        related = ServerMessageMetadata(related_request_id=self._ctx.request_id)
        try:
            result = await self._ctx.session.send_request(request, _ClientResult, ANSWER_SECONDS, metadata=related)
        except MCPError as error:
            raise ClientRefused(str(error)) from None
        document: dict[str, Any] = result.model_dump(by_alias=True, mode="json")
        return document

    def build_progress_callback(self, token: int | str, task_params: Mapping[str, Any]) -> Progress:
        """Report a task's progress in the response to this request. token: the progress token of the task's call."""
        related = {RELATED_TASK_KEY: {"taskId": task_params["taskId"]}}

        async def report_progress(done: float, total: float | None, message: str | None) -> None:
            params = types.ProgressNotificationParams(
                find_progress_token=token, progress=done, total=total, message=message, _meta=related
            )
            await self._ctx.session.send_notification(
                types.ProgressNotification(params=params), related_request_id=self._ctx.request_id
            )

        return report_progress

    async def _notify_client(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a log message in the response of the call, or after its end over the session's stream."""
        notification = types.LoggingMessageNotification.model_validate({"method": method, "params": dict(params)})
        if not self.answered:
            await self._ctx.session.send_notification(notification, related_request_id=self._ctx.request_id)
        elif self._session is not None and self._session.sdk_notifier is not None:
            await self._session.sdk_notifier.send_notification(notification)


def _get_http_scope(ctx: Context) -> Scope:
    """Return the scope of a message's HTTP request."""
    assert ctx.request is not None
    scope: Scope = ctx.request.scope
    return scope


def _read_task_params(ctx: Context, request_context: RequestContext) -> Mapping[str, Any]:
    """Read the parameters of a task method. Raises JsonRpcError if the routing header names another task."""
    params = ctx.params or {}
    if request_context.modern and read_header(_get_http_scope(ctx), b"mcp-name") != params.get("taskId"):
        raise JsonRpcError(HEADER_MISMATCH, "The header Mcp-Name is not the task's id, params.taskId.")
    return params


def _require_session(ctx: Context) -> Session:
    session: Session | None = _get_http_scope(ctx).get(SESSION_KEY)
    if session is None:
        raise JsonRpcError(METHOD_NOT_FOUND, "Subscriptions need a session, or subscriptions/listen.")
    return session
