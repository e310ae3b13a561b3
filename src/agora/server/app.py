"""The composition root: Settings to App. The only module that imports everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from agora import __version__
from agora.builtin_agents.host import AgentHost
from agora.builtin_agents.remote.client_factory import A2AClientFactory
from agora.clock import AlignedClock, Clock, SystemClock, new_id, to_datetime
from agora.core import override_queries as overrides
from agora.core.call import Caller, ServerContext
from agora.core.dispatcher import Dispatcher
from agora.core.events.feed import Feed
from agora.core.lazy import Lazy
from agora.core.operation_registry import OperationRegistry
from agora.core.overrides import ActiveOverrides
from agora.core.ports import CREDENTIAL_SEALER, OUTAGE_REPORT
from agora.core.rate_limits import RateLimiter
from agora.core.runtime_settings import RuntimeSettings
from agora.core.scopes import ANONYMOUS
from agora.core.signals import Signals
from agora.core.usage import DEFAULT_TENANT, TRAFFIC, Meter
from agora.domains.a2a.remote_port import REMOTE_AGENTS
from agora.domains.admin import queries as admin
from agora.domains.admin.ports import HEALTH_REPORT
from agora.domains.agents.ports import MANIFEST_REGISTRATION
from agora.domains.billing.ports import RUNNING_TIME
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.dead_letters.port import SOURCES
from agora.domains.declared_agents.port import KEY_SEALER, OPERATION_RUNNER
from agora.domains.identity.authenticator import Authenticator
from agora.domains.identity.sign_on_port import SIGN_ON
from agora.domains.identity.signing import Signer, load_or_create_secret
from agora.domains.instances.ports import LOCAL_HOST
from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.federation import Federation
from agora.domains.mcp_upstreams.oauth.grants import UPSTREAM_GRANTS, UpstreamGrants
from agora.domains.mcp_upstreams.offers import OFFERS, PendingOffers
from agora.domains.mcp_upstreams.port import UPSTREAMS
from agora.domains.mcp_upstreams.task_questions import OPERATIONS
from agora.domains.monitoring.health_monitor import HEALTH_MONITOR, HealthMonitor
from agora.domains.outbox.port import OUTBOX_SOURCES
from agora.domains.tasks.local_dispatch import LOCAL_AGENTS
from agora.net.backpressure import Backpressure, Limits
from agora.net.sealing import Sealer
from agora.protocols.a2a import routes as a2a
from agora.protocols.ag_ui import paths as ag_ui
from agora.protocols.agentify.endpoint import AgentifyApp
from agora.protocols.agentify.socket import AgentSocketApp
from agora.protocols.cors import CorsPolicy
from agora.protocols.host_header import require_valid_host_and_origin
from agora.protocols.http import (
    TENANT_HEADER,
    HttpApp,
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    StatusRecordingSend,
    find_connection,
    read_header,
    send_problem,
)
from agora.protocols.mcp import paths as mcp
from agora.protocols.openai import paths as openai
from agora.protocols.rest.app import RestApp
from agora.protocols.rest.executions import ExecutionStreams
from agora.protocols.rest.fixed_pages import FixedPages
from agora.protocols.rest.invoices import InvoiceFiles
from agora.protocols.rest.metrics import MetricsPage
from agora.protocols.rest.routes import RouteTable
from agora.protocols.streaming.sse import SseApp
from agora.protocols.streaming.websocket import WebSocketApp
from agora.protocols.trace_context import read_trace_carrier
from agora.protocols.web import paths as monitor
from agora.protocols.websockets import refuse_handshake
from agora.server.services import IMPLEMENTATIONS
from agora.settings import Settings
from agora.store.port import NewEvent, Query, R, Reader, Store, StoredEvent
from agora.store.traced import trace_store
from agora.telemetry import CURRENT_PROTOCOL, LoopWatchdog, Measures
from agora.telemetry.tracing import Tracing
from agora_sdk.contract import Kind, declared, operations
from agora_sdk.errors import (
    AgoraError,
    InternalError,
    MalformedRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
)

from .bootstrap import create_bus_or_none, create_store, create_tracing
from .dead_letter_sources import DEAD_LETTER_SOURCES_BY_NAME
from .jobs import CommitListener, build_controllers
from .lazy_app import LazyApp
from .local_host import create_local_host
from .outbox_sources import OUTBOX_SOURCES_BY_NAME
from .prometheus import PrometheusExporter
from .replication import Replication
from .subscriptions import HANDLERS_BY_SIGNAL

if TYPE_CHECKING:
    from agora.domains.identity.oidc.sign_on import SignOn
    from agora.protocols.a2a.endpoint import A2AApp
    from agora.protocols.ag_ui.endpoint import AgUiApp
    from agora.protocols.mcp.endpoint import McpApp
    from agora.protocols.openai.endpoint import OpenAiApp
    from agora.protocols.web.app import MonitorApp
    from agora_sdk.contract.admin import Health

__all__ = ["App"]

log = logging.getLogger(__name__)

FOLLOWED_EVENTS = ("agora.override.", "agora.service.", "agora.configuration.", "agora.upstream.")
MODEL_CALLED_EVENT = "agora.billing.model_called"
ENDING_EVENTS = frozenset(
    {
        "agora.agent.deregistered",
        "agora.token.revoked",
        "agora.session.ended",
        "agora.user.updated",
        "agora.tenant.suspended",
        "agora.tenant.deleting",
    }
)
HEALTH_OPERATION = declared("admin", "health")
A2A_APP: Lazy[type[A2AApp]] = Lazy("agora.protocols.a2a.endpoint:A2AApp")
AG_UI_APP: Lazy[type[AgUiApp]] = Lazy("agora.protocols.ag_ui.endpoint:AgUiApp")
BUILD_HEALTH_WITHOUT_STORE: Lazy[Callable[[HealthMonitor, int], Health]] = Lazy(
    "agora.domains.monitoring.health:build_health_without_store"
)
MCP_APP: Lazy[type[McpApp]] = Lazy("agora.protocols.mcp.endpoint:McpApp")
MONITOR_APP: Lazy[type[MonitorApp]] = Lazy("agora.protocols.web.app:MonitorApp")
OPENAI_APP: Lazy[type[OpenAiApp]] = Lazy("agora.protocols.openai.endpoint:OpenAiApp")
HEALTH_SECONDS = 3.0  #: time limit for the store's part of /health/detail
SOCKET_PATHS = frozenset({"/ws", "/"})  # "/" for clients of the events port
AGENT_SOCKET_PATHS = frozenset({"/agent/ws", "/agent/ws/"})


def _may_end_credential(event: NewEvent) -> bool:
    """Whether an event may have ended a credential."""
    # The event is frequent, and only the suspension ends credentials.
    suspended = event.type == "agora.agent.status_changed" and from_json(event.data)["to"] == "suspended"
    return suspended or event.type in ENDING_EVENTS


async def _authenticate_operator_or_anonymous(request_authenticator: RequestAuthenticator, scope: Scope) -> Caller:
    """Choose the caller of a health request: an operator, who sees more, or an anonymous caller of its tenant.

    A bad credential counts as an anonymous caller of the default tenant.
    """
    try:
        caller = await request_authenticator.authenticate_request(scope)
    # A health check must not fail because of a bad credential: load balancers would take the server out.
    except (Unauthenticated, PermissionDenied, NotFound):
        return _ANONYMOUS_CALLER
    # A caller without that permission must not learn more than a stranger.
    return caller if caller.may("admin") else replace(_ANONYMOUS_CALLER, tenant=caller.tenant)


_ANONYMOUS_CALLER = Caller(DEFAULT_TENANT, "anonymous", "anonymous", "anonymous", ANONYMOUS, tier="anonymous")


class App:
    """An assembled server, as an ASGI application.

    tracing: trace exporter; by default the one of the settings. ``failure``: the error that prevented the start.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.settings = settings
        self._log_level = settings.log_level
        self._own_changes = 0  # commits of this server that changed the state which _load_state_of_tenant loads
        self.measures = Measures()
        self.watchdog = LoopWatchdog(settings.loop_stall_seconds)
        self.tracing, self._end_tracing = tracing, lambda: None
        if tracing is None and settings.tracing:
            self.tracing, self._end_tracing = create_tracing()
        machine_clock = clock or SystemClock()
        self.store = store or create_store(settings, machine_clock)
        self.clock = machine_clock if self.store.exclusive else AlignedClock(machine_clock, lambda: self.store.skew)
        self.backpressure = Backpressure(Limits.from_settings(settings))
        self.failure: Exception | None = None

    # -- lifecycle -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store, load its state and begin to serve."""
        await self.store.start()
        try:
            self._create_components()
            # Before the state is loaded: what other servers commit during the load is read again from here on.
            await self.replicas.load_heads()
            await self._load_state_of_tenants()
            for controller in self.controllers:
                await controller.try_start_up()
            for tenant in {DEFAULT_TENANT, *await self.store.tenants()}:
                await self.federation.load_tools_of_tenant(tenant)
        except BaseException:
            await self.store.close()
            raise
        self._commit_listeners = [each for each in self.controllers if isinstance(each, CommitListener)]
        # After the state is loaded: earlier commits are in the rows already.
        self.store.on_commit = self._apply_own_commit
        self.store.on_transaction = self.measures.record_commit
        await self.feed.load_heads_and_start_heartbeats()
        await self.replicas.start()
        try:
            if self.settings.a2a_grpc_port:
                await self._a2a.load().start_grpc()
        except BaseException:
            await self.replicas.stop()
            await self.feed.stop()
            await self.store.close()
            raise
        self._stop = asyncio.Event()
        # After everything else is ready: controllers run operations.
        self._loops = [asyncio.create_task(controller.run(self._stop)) for controller in self.controllers]
        self._stall_watchdog_task = asyncio.create_task(self.backpressure.run_stall_watchdog())

    async def stop(self) -> None:
        """Close streams, stop controllers, finish queued work and close the store."""
        self.drain()
        if self._mcp.loaded is not None:
            await self._mcp.loaded.stop()
        if self._a2a.loaded is not None:
            await self._a2a.loaded.stop()
        await self.replicas.stop()
        await self.feed.stop()
        await self.stop_controllers()
        self._stall_watchdog_task.cancel()
        await asyncio.gather(self._stall_watchdog_task, return_exceptions=True)
        await self.federation.stop()
        if self.sign_on is not None:
            await self.sign_on.close()
        await self.store.close()
        # In a thread: it exports the remaining spans over the network.
        await asyncio.to_thread(self._end_tracing)

    async def stop_controllers(self) -> None:
        """Stop what runs by itself; calls are still answered. Idempotent."""
        self._stop.set()
        await asyncio.gather(*self._loops)

    async def stop_own_clients(self) -> None:
        """Stop this server's own clients while it still serves, so that they can release what they have claimed."""
        self.monitor.draining = True
        stops = (controller.stop_own_clients() for controller in self.controllers)
        for outcome in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.warning("a client of the server did not stop: %s", outcome, exc_info=outcome)

    def drain(self) -> None:
        """Prepare to stop: report not ready, and close every stream with a reason to resume later."""
        self.monitor.draining = True
        if self._mcp.loaded is not None:
            self._mcp.loaded.drain()
        self.feed.end_streams_and_refuse_new()

    def _create_components(self) -> None:
        self._build_state()
        self._build_authentication()
        self._build_context()
        self._build_dispatcher()
        self._build_agent_host_and_controllers()
        self._wire_protocols()

    def _build_state(self) -> None:
        """Create the in-memory state that follows the event log."""
        settings = self.settings
        self.meter = Meter(self.clock)
        self.registry = OperationRegistry(operations(), self.clock, meter=self.meter, tests=settings.test_operations)
        self.overrides = ActiveOverrides()
        self.configuration = RuntimeSettings(settings)
        self.feed = Feed(
            self.store,
            heartbeat=settings.heartbeat_interval,
            buffer_limit=settings.stream_buffer,
            max_streams=settings.max_streams,
            max_each=settings.max_streams_each,
        )

    def _build_authentication(self) -> None:
        directory = self.settings.secrets_dir
        self.signer = Signer(load_or_create_secret(directory / "signing.key").encode())
        admin_token = load_or_create_secret(directory / "admin-token", make="adm_")
        self.authenticator = Authenticator(self.store, self.signer, self.settings, self.clock, admin_token)
        self.sign_on = self.authenticator.sign_on = self._open_sign_on()

    def _build_context(self) -> None:
        """Create the context that services run in, with its ports."""
        context = self.context = ServerContext(
            configuration=self.configuration,
            registry=self.registry,
            signer=self.signer,
            started_at=self.clock.now(),
            live=self.feed.live,
            signals=Signals(HANDLERS_BY_SIGNAL),
        )
        ports = context.ports
        ports.provide(SOURCES, DEAD_LETTER_SOURCES_BY_NAME)
        ports.provide(OUTBOX_SOURCES, OUTBOX_SOURCES_BY_NAME)
        ports.provide(HEALTH_REPORT, Lazy("agora.domains.monitoring.health:check_health"))
        ports.provide(MANIFEST_REGISTRATION, Lazy("agora.domains.instances.registration:register_agent_by_manifest"))
        ports.provide(RUNNING_TIME, Lazy("agora.domains.instances.running_time:estimate_unmetered_time"))
        upstream_sealer = Sealer(self.signer.derive_encryption_key("upstreams"))
        self.grants = ports.provide(UPSTREAM_GRANTS, UpstreamGrants(self.store, upstream_sealer, self.clock))
        ports.provide(UPSTREAMS, ConnectionPool(upstream_sealer, grants=self.grants))
        sealer = ports.provide(CREDENTIAL_SEALER, Sealer(self.signer.derive_encryption_key("a2a")))
        ports.provide(KEY_SEALER, Sealer(self.signer.derive_encryption_key("models")))
        self._a2a_clients = A2AClientFactory(sealer)
        ports.provide(REMOTE_AGENTS, self._a2a_clients)
        ports.provide(LOCAL_HOST, create_local_host(self.settings))
        if self.sign_on is not None:
            ports.provide(SIGN_ON, self.sign_on)
        ports.provide(TRAFFIC, self.meter.traffic)
        self.federation = Federation(
            self.store, ports.provide(OFFERS, PendingOffers()), self.registry.replace_runtime_operations
        )
        monitor = self.monitor = ports.provide(
            HEALTH_MONITOR, HealthMonitor(self.store, self.clock, self.feed.live, self.settings.data_dir)
        )
        ports.provide(OUTAGE_REPORT, monitor)
        monitor.watchdog = self.watchdog
        monitor.bus, monitor.needs_bus = (lambda: ports.find(BRIDGE)), self.settings.ready_needs_bus

    def _build_dispatcher(self) -> None:
        self.dispatcher = Dispatcher(
            store=self.store if self.tracing is None else trace_store(self.store, self.tracing),
            feed=self.feed,
            services=IMPLEMENTATIONS,
            context=self.context,
            clock=self.clock,
            overrides=self.overrides,
            meter=self.meter,
            registry=self.registry,
            limiter=RateLimiter(lambda tier: self._rates[tier], call_seconds=self.settings.rate_call_ms / 1000),
            measures=self.measures,
            tracing=self.tracing,
            backpressure=self.backpressure,
        )
        self.context.ports.provide(OPERATION_RUNNER, self.dispatcher)
        if self.sign_on is not None:
            self.sign_on.system = self.dispatcher.write_as_system
        self.grants.system = self.dispatcher.write_as_system
        self.context.ports.provide(OPERATIONS, self._invoke_operation)
        self.replicas = Replication(
            self.store,
            self.dispatcher.limiter,
            self._apply_remote_commit,
            self._reload_after_missed_events,
            self.feed.has_readers,
        )

    async def _invoke_operation(self, caller: Caller, name: str, arguments: Mapping[str, Any], /) -> Any:
        operation = self.registry.resolve(name, tenant=caller.tenant)
        return from_json((await self.dispatcher.invoke(operation, caller, dict(arguments))).body)

    def _build_agent_host_and_controllers(self) -> None:
        """Create the built-in agents and the controllers."""
        self.agent_host = AgentHost(
            self.dispatcher,
            self.overrides,
            self.clock,
            lambda name, tenant: self.registry.resolve(name, tenant=tenant),
            alone=self.store.exclusive,
        )
        self.context.ports.provide(LOCAL_AGENTS, self.agent_host)
        self.controllers = build_controllers(
            store=self.store,
            dispatcher=self.dispatcher,
            feed=self.feed,
            overrides=self.overrides,
            meter=self.meter,
            context=self.context,
            clock=self.clock,
            monitor=self.monitor,
            host=self.agent_host,
            a2a_clients=self._a2a_clients,
            bus=create_bus_or_none(self.settings),
            authenticate=self.authenticator.authenticate,
        )

    def _open_sign_on(self) -> SignOn | None:
        """Open single sign-on if an identity provider is configured."""
        if not (self.settings.oidc_issuers or self.settings.keycloak_url or self.settings.keycloak_realm):
            return None
        from agora.domains.identity.oidc.sign_on import create_sign_on

        sealer = Sealer(self.signer.derive_encryption_key("sign-on"))
        scopes = {operation.scope for operation in self.registry.operations if operation.scope}
        mint = self.signer.sign_session_token
        return create_sign_on(self.settings, self.store, sealer, self.clock, mint=mint, known=scopes)

    async def _load_state_of_tenants(self) -> None:
        """Load the overrides, statuses and settings that were changed at run time."""
        for tenant in {DEFAULT_TENANT, *await self.store.tenants()}:
            await self._load_state_of_tenant(tenant)

    async def _load_state_of_tenant(self, tenant: str) -> None:
        while True:
            own_changes = self._own_changes
            active_overrides = await self._read_rows(tenant, overrides.select_active_overrides)
            statuses = await self._read_rows(tenant, admin.select_operation_statuses)
            changes = await self._read_rows(tenant, admin.select_settings) if tenant == DEFAULT_TENANT else ()
            # Own commits are applied as they happen, also during these reads: older rows would undo them, such as a halt.
            if own_changes == self._own_changes:
                break
        self.overrides.load_overrides(tenant, active_overrides)
        self.registry.load_statuses(tenant, statuses)
        if tenant == DEFAULT_TENANT:
            self.configuration.load_changes(changes)
            self._apply_rates_and_log_level()

    async def _read_rows(self, tenant: str, query: Query[R]) -> Sequence[R]:
        async def read_rows(reader: Reader) -> Sequence[R]:
            return await reader.all(query)

        return await self.store.read(tenant, read_rows)

    def _apply_own_commit(self, events: Sequence[StoredEvent]) -> None:
        """Update in-memory state after each commit, on the event loop, then notify the streams."""
        # A commit that did not count as this server's own would be read from the log, and delivered again.
        self.replicas.receive_committed_events(events)
        has_changed = False
        for event in events:
            self.measures.count_event(event.event.type)
            if event.event.type == MODEL_CALLED_EVENT:
                self.measures.record_model_call(from_json(event.event.data))
            if event.event.type.startswith(FOLLOWED_EVENTS):
                self._own_changes += 1
                has_changed = self.overrides.apply_event(event) or has_changed
                self.registry.apply_event(event)
                self.federation.apply_event(event)
                if event.tenant_id == DEFAULT_TENANT and self.configuration.apply_event(event):
                    self._apply_rates_and_log_level()
        self._notify_commit_listeners(events, has_changed)

    async def _apply_remote_commit(self, tenant: str, events: Sequence[StoredEvent]) -> None:
        """Handle a commit of another server: reload the caches from the rows."""
        has_changed = any(event.event.type.startswith(FOLLOWED_EVENTS) for event in events)
        if has_changed:
            await self._load_state_of_tenant(tenant)
            await self.federation.load_tools_of_tenant(tenant)
        self._notify_commit_listeners(events, has_changed)

    async def _reload_after_missed_events(self, tenant: str) -> None:
        """Reload in-memory state and recheck streams after events of other servers were deleted before they were
        read."""
        self.authenticator.forget_all()
        await self._load_state_of_tenant(tenant)
        await self.federation.load_tools_of_tenant(tenant)
        await self.feed.recheck_streams()

    def _notify_commit_listeners(self, events: Sequence[StoredEvent], has_changed: bool) -> None:
        # Before the streams: a caller who sees that a token was revoked must not be able to use it any more.
        self.authenticator.forget_changed_callers(events)
        self.agent_host.receive_committed_events(events)
        for listener in self._commit_listeners:
            listener.receive_committed_events(events)
        if (mcp_app := self._mcp.loaded) is not None:
            for event in events:
                if event.event.type in mcp_app.session_events:
                    mcp_app.handle_session_event(event.event.type, from_json(event.event.data))
        self.feed.publish(events)
        if has_changed or any(_may_end_credential(event.event) for event in events):
            # Kept in an attribute: the loop itself references a task only weakly.
            self._recheck_task = asyncio.ensure_future(self.feed.recheck_streams())

    def _apply_rates_and_log_level(self) -> None:
        self._apply_rates()
        level = self.configuration.current.log_level
        if level != self._log_level:
            self._log_level = level
            logging.getLogger().setLevel(level.upper())

    def _apply_rates(self) -> None:
        tiers = ("basic", "premium", "enterprise", "anonymous", "registrar", "enrolment", "account")
        self._rates = {tier: float(getattr(self.configuration.current, f"rate_{tier}")) for tier in tiers}

    def _wire_protocols(self) -> None:
        request_authenticator = RequestAuthenticator(self.authenticator, self.settings, self.backpressure)
        self.cors = CorsPolicy(self.settings)
        self.routes = RouteTable(self.registry.operations)
        self.rest = RestApp(self.dispatcher, request_authenticator, self.routes, self.settings.body_limit)
        detail, state = (
            partial(self._read_health, request_authenticator),
            partial(self._find_marketplace_state, request_authenticator),
        )
        self.pages = FixedPages(self.registry.operations, __version__, self.monitor, detail, state)
        self.exporter = PrometheusExporter(self.measures, self.monitor, self.feed, self.context, self.backpressure)
        token = self.settings.metrics_token
        self.events = SseApp(self.dispatcher, request_authenticator.authenticate_request, self.settings)
        self.sockets = WebSocketApp(self.dispatcher, request_authenticator.authenticate_request, self.settings)
        self._mcp = LazyApp(mcp.owns_request, partial(self._build_mcp, request_authenticator))
        self.agent_sockets = AgentSocketApp(self.dispatcher, request_authenticator, self.settings)
        self._a2a = LazyApp(
            a2a.owns_request, lambda: A2A_APP.get()(self.dispatcher, request_authenticator, self.settings)
        )
        #: protocols that handle paths outside of the contract, in order of precedence; none owns such a path
        self.apps: tuple[tuple[str, HttpApp], ...] = (
            ("mcp", self._mcp),
            ("a2a", self._a2a),
            ("agentify", AgentifyApp(self.dispatcher, request_authenticator, self.settings)),
            (
                "ag-ui",
                LazyApp(
                    ag_ui.owns_request, lambda: AG_UI_APP.get()(self.dispatcher, request_authenticator, self.settings)
                ),
            ),
            (
                "openai",
                LazyApp(
                    self._owns_openai_request,
                    lambda: OPENAI_APP.get()(self.dispatcher, request_authenticator, self.settings),
                ),
            ),
            (
                "rest",
                MetricsPage(request_authenticator, self.exporter.render, is_public=self.settings.metrics, token=token),
            ),
            ("rest", InvoiceFiles(self.dispatcher, request_authenticator)),
            ("rest", ExecutionStreams(self.dispatcher, request_authenticator, self.settings.body_limit)),
        )
        self._request_authenticator = request_authenticator

    def _build_mcp(self, request_authenticator: RequestAuthenticator) -> McpApp:
        app = MCP_APP.get()(self.dispatcher, request_authenticator, self.settings, self.cors)
        # Created at its first request, which may come after drain().
        if self.monitor.draining:
            app.drain()
        return app

    @cached_property
    def monitor_app(self) -> MonitorApp:
        sealer = Sealer(self.signer.derive_encryption_key("monitor"))
        has_ended = self.authenticator.ended.has_ended
        return MONITOR_APP.get()(
            self.dispatcher, self._request_authenticator, self.settings, sealer, self.clock, has_ended, self.sign_on
        )

    def _owns_openai_request(self, scope: Scope) -> bool:
        return self.settings.openai_door and openai.owns_request(scope)

    @property
    def mcp(self) -> McpApp:
        return self._mcp.load()

    async def _find_marketplace_state(
        self, request_authenticator: RequestAuthenticator, scope: Scope
    ) -> tuple[str, datetime] | None:
        """Find whether a request's tenant is ``halted`` or ``paused`` as a whole, and since when."""
        tenant = DEFAULT_TENANT
        if request_authenticator.read_credential(scope) is not None or read_header(scope, TENANT_HEADER) is not None:
            try:
                async with asyncio.timeout(HEALTH_SECONDS):
                    tenant = (await _authenticate_operator_or_anonymous(request_authenticator, scope)).tenant
            except (AgoraError, TimeoutError) as error:  # the process answers even without the store
                log.info("the caller of a health request could not be authenticated: %s", error)
        override = self.overrides.find_strongest_system_wide_override(tenant, self.clock.now())
        if override is None:
            return None
        return ("halted" if override.action == "emergency_halt" else "paused"), to_datetime(override.created_at)

    async def _read_health(self, request_authenticator: RequestAuthenticator, scope: Scope) -> tuple[bool, bytes]:
        """Read the health by component and whether none is critical; without the store, from in-memory state only."""
        if not self.monitor.is_store_unreadable:
            try:
                async with asyncio.timeout(HEALTH_SECONDS):
                    outcome = await self.dispatcher.invoke(
                        HEALTH_OPERATION, await _authenticate_operator_or_anonymous(request_authenticator, scope), {}
                    )
                return outcome.result.status != "critical", outcome.body
            # It says nothing about the health: the caller gets 429 as for any operation.
            except RateLimited:
                raise
            except (AgoraError, TimeoutError) as error:
                log.info("the health could not be read: %s", error)
        report = BUILD_HEALTH_WITHOUT_STORE.get()(self.monitor, self.clock.now())
        return False, HEALTH_OPERATION.output.dump_json(report, by_alias=True)

    # -- requests --------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._handle_http(scope, receive, send)
        elif kind == "websocket":
            await self._handle_websocket(scope, receive, send)
        elif kind == "lifespan":
            await self._handle_lifespan(receive, send)

    async def _handle_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = StatusRecordingSend(send, find_connection(scope), self.cors.build_response_headers(scope))
        CURRENT_PROTOCOL.set("rest")
        try:
            if self.tracing is None:
                await self._route_request(scope, receive, answer)
            else:
                await self._answer_traced(self.tracing, scope, receive, answer)
        finally:
            if answer.status:  # else the caller has disconnected
                self.measures.responses[CURRENT_PROTOCOL.get(), answer.status] += 1

    async def _answer_traced(
        self, tracing: Tracing, scope: Scope, receive: Receive, answer: StatusRecordingSend
    ) -> None:
        method = scope["method"]
        with tracing.open_incoming_span(
            f"HTTP {method}", "server", read_trace_carrier(scope), {"http.request.method": method}
        ) as span:
            await self._route_request(scope, receive, answer)
            span.set_attribute("agora.protocol", CURRENT_PROTOCOL.get())
            span.set_attribute("http.response.status_code", answer.status)
            if answer.status >= 500:
                span.fail(str(answer.status))

    async def _route_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a request; an error that no protocol rendered becomes a problem document."""
        try:
            # Before anything else reads the request: a page may rebind its own name to this host (DNS rebinding).
            require_valid_host_and_origin(scope)
            if self.cors.is_preflight(scope):
                await self.cors.send_preflight(scope, send)
            else:
                await self._route_to_protocol(scope, receive, send)
        except AgoraError as error:
            await send_problem(send, error, instance=scope["path"])
        except Exception:  # before the call was built: identity, arguments
            incident = new_id("err")
            log.exception("%s %r failed (%s)", scope["method"], scope["path"], incident)
            await send_problem(send, InternalError("Something went wrong on our side.", incident=incident))

    async def _route_to_protocol(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Fixed paths of the contract take precedence over protocols; paths with parameters come last because they
        # match widely.
        match = self.routes.find_fixed_route(scope["method"], scope["path"])
        if match is None:
            for protocol, app in self.apps:
                if app.owns_request(scope):
                    CURRENT_PROTOCOL.set(protocol)
                    await app(scope, receive, send)
                    return
            match = self.routes.find_route(scope["method"], scope["path"], scope.get("raw_path"))
        if monitor.owns_request(scope, match is not None):
            CURRENT_PROTOCOL.set("monitor")
            await self.monitor_app(scope, receive, send)
        elif match is None:
            await self._send_page_or_not_found(scope, send)
        elif match.operation.kind is Kind.STREAM:
            CURRENT_PROTOCOL.set("sse")
            await self.events(match.operation, match.parameters, scope, receive, send)
        else:
            await self.rest(match, scope, receive, send)

    async def _send_page_or_not_found(self, scope: Scope, send: Send) -> None:
        if await self.pages(scope, send):
            return
        if monitor.shows_not_found(scope) and not self.routes.list_allowed_methods(
            scope["path"], scope.get("raw_path")
        ):
            await self.monitor_app.send_not_found(scope, send)
        else:
            await self.rest.send_not_found_or_not_allowed(scope, send)

    async def _handle_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        CURRENT_PROTOCOL.set("websocket")
        try:
            require_valid_host_and_origin(scope)
            self.cors.require_allowed_handshake_origin(scope)
        except (MalformedRequest, PermissionDenied) as error:
            await refuse_handshake(scope, receive, send, error)
            return
        if scope["path"] in SOCKET_PATHS:
            await self.sockets(scope, receive, send)
        elif scope["path"] in AGENT_SOCKET_PATHS:
            CURRENT_PROTOCOL.set("agentify")
            await self.agent_sockets(scope, receive, send)
        else:
            # ASGI: ``websocket.connect`` is received before the handshake can be refused.
            await receive()
            await send({"type": "websocket.close", "code": 4404, "reason": "WebSockets are at /ws and /agent/ws"})

    async def _handle_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            self.failure = error
            # uvicorn logs the message. Beside a log for people, `agora serve` prints it as its error.
            message = "" if self.settings.log_format == "text" else str(error)
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})
