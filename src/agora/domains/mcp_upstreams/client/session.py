"""A session with an upstream: handshake of either protocol generation, raw requests, listing, change notifications."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

import mcp_types as types
from mcp import ClientSession
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import SubscriptionLost, listen
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.subscriptions import ResourceUpdated
from mcp.shared.transport_context import TransportContext
from mcp_types import methods
from mcp_types.version import LATEST_HANDSHAKE_VERSION, MODERN_PROTOCOL_VERSIONS
from pydantic import RootModel, ValidationError

from agora import __version__

from ..port import Kind, Listing, Progress
from .channel import Channel
from .client_relay import ClientRelay
from .definitions import DefinitionBudget
from .direct_client import Redirected
from .resource_watch import ResourceWatch
from .transport_errors import HandshakeRefused, TransportErrors
from .vetting import MAX_ITEMS_PER_KIND, RawDefinition, vet_items

__all__ = ["Session", "open_session"]

CLIENT_INFO = types.Implementation(name="agora", version=__version__)
SUBSCRIBE_SECONDS = 10.0
MAX_PAGES = 100  # maximum number of pages of a listing
CHANGE_NOTIFICATIONS = (
    types.ToolListChangedNotification,
    types.ResourceListChangedNotification,
    types.PromptListChangedNotification,
)
REQUESTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "tools/call": lambda params: types.CallToolRequest(params=types.CallToolRequestParams.model_validate(params)),
    "resources/read": lambda params: types.ReadResourceRequest(
        params=types.ReadResourceRequestParams.model_validate(params)
    ),
    "prompts/get": lambda params: types.GetPromptRequest(params=types.GetPromptRequestParams.model_validate(params)),
    "completion/complete": lambda params: types.CompleteRequest(
        params=types.CompleteRequestParams.model_validate(params)
    ),
}


class _ClientSession(ClientSession):
    """Declares the capabilities of the relayed client, not those implied by its own callbacks."""

    capabilities: types.ClientCapabilities

    def _build_capabilities(self, version: str) -> types.ClientCapabilities:
        return self.capabilities


#: for the request that the current task sends. The SDK's session adds such headers itself, but only for tools that it has
#: listed; a connection for one caller, or after a restart, has listed none.
_PARAMETER_HEADERS: ContextVar[Mapping[str, str]] = ContextVar("parameter_headers")


def _add_headers(options: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Add headers to the options of a request, unless they are there in any case: two of a name would be refused."""
    present = options.get("headers") or {}
    names = {name.lower() for name in present}
    return {**options, "headers": {**present, **{name: headers[name] for name in headers if name not in names}}}


class _RawResult(RootModel[dict[str, Any]]):
    """A raw result."""


class _Dispatcher(JSONRPCDispatcher[TransportContext]):
    """Collects raw listings, and passes only definitions that match the SDK's types on to the SDK.

    Otherwise the SDK would reject a whole page because of one invalid definition, or drop others silently.
    Calls of modern protocol versions without log messages use the direct client if available.
    """

    version: str | None = None

    def __init__(self, line: Channel) -> None:
        super().__init__(line.read, line.write)
        self._direct = line.direct
        self.listings: dict[str, list[RawDefinition]] = {}
        self.left_out: dict[str, int] = {}

    def _can_send_directly(self, method: str, params: Any) -> bool:
        """Whether a request can use the direct client, which does not receive log messages."""
        if method not in REQUESTS or self.version not in MODERN_PROTOCOL_VERSIONS:
            return False
        return types.LOG_LEVEL_META_KEY not in ((params or {}).get("_meta") or {})

    async def send_raw_request(self, method: str, params: Any, opts: Any = None, **others: Any) -> dict[str, Any]:
        if method == "tools/call" and self.version in MODERN_PROTOCOL_VERSIONS:
            opts = _add_headers(opts or {}, _PARAMETER_HEADERS.get({}))
        if self._direct is not None and self._can_send_directly(method, params):
            try:
                return await self._direct.send_request(method, params, opts)
            except Redirected:
                self._direct = None
        raw = await super().send_raw_request(method, params, opts, **others)
        field = ITEMS_FIELD_BY_METHOD.get(method)
        if field is None or not isinstance(raw.get(field), list):
            return raw
        definitions = self.listings.setdefault(method, [])
        # Cut before the definitions are checked: an upstream may list without end.
        page = raw[field][: MAX_ITEMS_PER_KIND - len(definitions)]
        self.left_out[method] = self.left_out.get(method, 0) + len(raw[field]) - len(page)
        # In a thread: the definitions of a page may take long to check.
        faults = await asyncio.to_thread(
            lambda: [self._find_validation_error(method, raw, field, each) for each in page]
        )
        definitions += zip(page, faults, strict=True)
        return {**raw, field: [each for each, fault in zip(page, faults, strict=True) if fault is None]}

    def _find_validation_error(self, method: str, raw: Mapping[str, Any], field: str, definition: Any) -> str | None:
        """Find the validation error of one definition by the protocol's types."""
        try:
            methods.validate_server_result(
                method, self.version or LATEST_HANDSHAKE_VERSION, {**raw, field: [definition]}
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"][2:] if not isinstance(part, int))
            return f"its definition is not valid: {where + ': ' if where else ''}{first['msg']}"
        return None


ITEMS_FIELD_BY_METHOD = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
LIST_METHOD_BY_KIND: Mapping[Kind, str] = {
    "tool": "tools/list",
    "resource": "resources/list",
    "template": "resources/templates/list",
    "prompt": "prompts/list",
}


class Session:
    """A live session. ``changed`` is called when the upstream announces a change of its listing."""

    def __init__(self, client: ClientSession, dispatcher: _Dispatcher) -> None:
        self._client, self._dispatcher = client, dispatcher
        self._listing = asyncio.Lock()

    async def send_request(
        self,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        progress: Progress | None,
        log_level: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> dict[str, Any]:
        """Send a request and return the raw result. Raises MCPError, ValidationError.

        log_level: minimum level of log messages during the request, in modern protocol versions. headers: see
        :meth:`agora.domains.mcp_upstreams.port.UpstreamConnections.send_request`.
        """
        # Set for every request, also empty: the context of a task may still hold those of its previous request.
        _PARAMETER_HEADERS.set(headers)
        if log_level is not None and self._client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            params = {**params, "_meta": {**params.get("_meta", {}), types.LOG_LEVEL_META_KEY: log_level}}
        on_progress = cast("ProgressFnT | None", progress)
        answer = await self._client.send_request(
            REQUESTS[method](params), _RawResult, request_read_timeout_seconds=seconds, progress_callback=on_progress
        )
        return answer.root

    async def set_log_level(self, level: str, seconds: float) -> None:
        """Request log messages from a level on. Raises MCPError."""
        if self._client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return  # modern protocol: each request names its level
        request = types.SetLevelRequest.model_validate({"method": "logging/setLevel", "params": {"level": level}})
        await self._client.send_request(request, types.EmptyResult, request_read_timeout_seconds=seconds)

    async def check_alive(self, seconds: float) -> None:
        """Ping the server. Raises MCPError."""
        version = self._client.protocol_version or ""
        if version in MODERN_PROTOCOL_VERSIONS:
            # Modern versions have no ping (2026-07-28); discovery is their cheapest request.
            await self._client.send_discover(version)
        else:
            await self._client.send_request(
                types.PingRequest(), types.EmptyResult, request_read_timeout_seconds=seconds
            )

    async def read_listing(self, upstream: str, seconds: float) -> Listing:
        """Read and vet the complete listing. Raises MCPError, ValidationError, TimeoutError."""
        client = self._client
        # One at a time: the dispatcher collects the pages of one listing.
        async with self._listing, asyncio.timeout(seconds):
            self._dispatcher.listings.clear()
            self._dispatcher.left_out.clear()
            capabilities = client.server_capabilities
            if capabilities is not None and capabilities.tools is not None:
                await self._read_pages("tool", client.list_tools)
            if capabilities is not None and capabilities.resources is not None:
                await self._read_pages("resource", client.list_resources)
                with contextlib.suppress(MCPError):  # many servers support resources but not templates
                    await self._read_pages("template", client.list_resource_templates)
            if capabilities is not None and capabilities.prompts is not None:
                await self._read_pages("prompt", client.list_prompts)
            listings, left_out = dict(self._dispatcher.listings), dict(self._dispatcher.left_out)
        items, allowance = [], DefinitionBudget()
        for kind, method in LIST_METHOD_BY_KIND.items():
            more = left_out.get(method, 0)
            items += await asyncio.to_thread(vet_items, upstream, kind, listings.get(method, []), more, allowance)
        who = client.server_info
        return Listing(
            who.name if who else None, who.version if who else None, client.protocol_version, client.instructions, items
        )

    async def _read_pages(self, kind: Kind, ask: Callable[..., Any]) -> None:
        """Read pages until the maximum number of items is reached; further pages are not read."""
        method, cursor = LIST_METHOD_BY_KIND[kind], None
        for _ in range(MAX_PAGES):
            page = await ask(params=types.PaginatedRequestParams(cursor=cursor))
            # A server that repeats its cursor would be asked until the limit of pages.
            if not page.next_cursor or page.next_cursor == cursor:
                return
            cursor = page.next_cursor
            if len(self._dispatcher.listings.get(method, ())) >= MAX_ITEMS_PER_KIND:
                break
        # At least one is left out; how many, only the upstream knows.
        self._dispatcher.left_out[method] = self._dispatcher.left_out.get(method, 0) + 1

    async def watch_listing_changes(self, changed: Callable[[], None]) -> None:
        """Listen for changes until the session ends; handshake versions send notifications without a subscription."""
        if self._client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return
        with contextlib.suppress(MCPError, TimeoutError):  # changes are not supported: the listing is read regularly
            while True:
                try:
                    async with listen(
                        self._client, tools_list_changed=True, resources_list_changed=True, prompts_list_changed=True
                    ) as subscription:
                        async for _ in subscription:
                            changed()
                        return
                except SubscriptionLost:
                    changed()
                    await asyncio.sleep(1)

    async def maintain_resource_subscriptions(self, watch: ResourceWatch) -> None:
        """Keep the watched resources subscribed until the session ends."""
        follow = (
            self._listen_until_changed
            if self._client.protocol_version in MODERN_PROTOCOL_VERSIONS
            else self._subscribe_to_new
        )
        subscribed: set[str] = set()
        while True:
            # Before the set is read: a later change ends the wait at once.
            watch.changed.clear()
            await follow(watch, subscribed)

    async def _subscribe_to_new(self, resources: ResourceWatch, subscribed: set[str]) -> None:
        """Handshake versions: update the subscriptions of the watched resources, then wait for a change of the set."""
        for uri in resources.watched_uris ^ subscribed:
            new = uri in resources.watched_uris
            (subscribed.add if new else subscribed.discard)(uri)
            kind = types.SubscribeRequest if new else types.UnsubscribeRequest
            method = "resources/subscribe" if new else "resources/unsubscribe"
            request = kind.model_validate({"method": method, "params": {"uri": uri}})
            with contextlib.suppress(MCPError):  # subscriptions are not supported: there are no updates
                await self._client.send_request(
                    request, types.EmptyResult, request_read_timeout_seconds=SUBSCRIBE_SECONDS
                )
        await resources.changed.wait()

    async def _listen_until_changed(self, resources: ResourceWatch, subscribed: set[str]) -> None:
        """Modern versions: listen for updates of all watched resources until the set changes."""
        listening = asyncio.create_task(self._listen_to(resources)) if resources.watched_uris else None
        try:
            await resources.changed.wait()
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen_to(self, resources: ResourceWatch) -> None:
        uris = sorted(resources.watched_uris)
        with contextlib.suppress(MCPError, TimeoutError):
            while True:
                try:
                    async with listen(self._client, resource_subscriptions=uris) as subscription:
                        async for event in subscription:
                            if isinstance(event, ResourceUpdated):
                                resources.notify(event.uri)
                    return
                except SubscriptionLost:
                    for uri in uris:  # changes during the interruption are unknown
                        resources.notify(uri)
                    await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def open_session(
    channel: Channel,
    transport_errors: TransportErrors,
    on_change: Callable[[], None],
    seconds: float,
    client_relay: ClientRelay,
    resources: ResourceWatch,
    *,
    older: bool,
) -> AsyncIterator[Session]:
    """Open a session over a channel and perform the handshake. older: the transport supports only handshake versions.

    Raises MCPError, ConnectionError, TimeoutError.
    """

    async def handle_message(message: IncomingMessage) -> None:
        if isinstance(message, CHANGE_NOTIFICATIONS):
            on_change()
        elif isinstance(message, types.ResourceUpdatedNotification):
            resources.notify(str(message.params.uri))

    dispatcher = _Dispatcher(channel)
    async with _ClientSession(
        dispatcher=dispatcher,
        message_handler=handle_message,
        client_info=CLIENT_INFO,
        sampling_callback=client_relay.relay_sampling,
        elicitation_callback=client_relay.relay_elicitation,
        list_roots_callback=client_relay.relay_list_roots,
        logging_callback=client_relay.relay_log_message,
    ) as client:
        client.capabilities = types.ClientCapabilities.model_validate(client_relay.capabilities)
        async with asyncio.timeout(seconds):
            if older:
                await client.initialize()
            else:
                await _perform_handshake(client, transport_errors)
        dispatcher.version = client.protocol_version
        yield Session(client, dispatcher)


async def _perform_handshake(client: ClientSession, transport_errors: TransportErrors) -> None:
    """Perform the handshake, in a modern version if the upstream supports one."""
    try:
        await client.discover()
    except MCPError as error:
        fault = transport_errors.pop_error(error)
        if fault is not None and fault.challenge is not None:
            # Not `initialize`: with the older handshake the upstream would refuse as well, and its challenge would be lost.
            raise HandshakeRefused(fault.detail, fault.challenge) from None
        # A server of an earlier version refuses the request that it does not know with an HTTP error.
        if fault is not None and fault.kind != "http":
            raise ConnectionError(fault.detail) from None
        await client.initialize()
    # An answer that is no discovery, as from servers that answer every method.
    except (ValidationError, RuntimeError):
        await client.initialize()
