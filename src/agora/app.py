"""The composition root: Settings to App. The only module that imports everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from pydantic_core import from_json

from agora_sdk.contract import Kind, operations
from agora_sdk.errors import AgoraError, InternalError

from . import __version__
from .bus.port import Bus, Terms
from .catalogue import Catalogue
from .clock import Clock, SystemClock, new_id
from .configuration import Configuration
from .controllers import Follower, build
from .dispatcher import Dispatcher
from .events.feed import Feed
from .federation import Federation
from .gate import Gate
from .identity.authenticator import Authenticator
from .identity.limits import RateLimiter
from .identity.signing import Signer, load_secret
from .protocols.a2a.endpoint import A2AApp
from .protocols.agentify.endpoint import AgentifyApp
from .protocols.agentify.socket import AgentSocketApp
from .protocols.http import Access, Receive, Scope, Send, problem
from .protocols.live.sse import EventSource
from .protocols.live.websocket import WebSocketApp
from .protocols.mcp.endpoint import McpApp
from .protocols.rest.app import RestApp
from .protocols.rest.invoices import InvoiceFiles
from .protocols.rest.pages import Pages
from .protocols.rest.routes import RouteTable
from .residents.host import Host
from .residents.remote.lines import Lines
from .services.base import Context
from .services.monitor import HealthMonitor
from .services.registry import IMPLEMENTATIONS
from .settings import ConfigurationError, Settings
from .store.port import NewEvent, Query, Reader, Row, Store, StoredEvent
from .store.statements import admin, overrides
from .upstreams.pool import ConnectionPool
from .upstreams.sealing import Sealer
from .usage import DEFAULT_TENANT, Meter

__all__ = ["App"]

log = logging.getLogger(__name__)

FOLLOWED = ("agora.override.", "agora.service.", "agora.configuration.", "agora.upstream.")
ENDING = frozenset({"agora.agent.deregistered", "agora.token.revoked"})
SOCKET_PATHS = frozenset({"/ws", "/"})  # "/" for clients of the events port
AGENT_SOCKET_PATHS = frozenset({"/agent/ws", "/agent/ws/"})


def open_store(settings: Settings, clock: Clock) -> Store:
    """The engine that the setting ``store`` names."""
    url = settings.store
    if url.startswith(("postgresql://", "postgres://")):
        from .store.postgres import PostgresStore

        return PostgresStore(url, clock=clock)
    from .store.sqlite import SqliteStore

    if not url:
        return SqliteStore(settings.data_dir / "agora.db", clock=clock)
    if url.startswith("sqlite:///"):
        return SqliteStore(Path(url.removeprefix("sqlite://")), clock=clock)
    raise ConfigurationError(f"store: {url.split(':', 1)[0]!r} is no engine; use postgresql://... or sqlite:///...")


def open_bus(settings: Settings) -> Bus | None:
    """The bus of Redis that the settings name; None where it is embedded."""
    if settings.bus_url is None:
        return None
    try:
        from .bus.redis import RedisBus
    except ImportError:
        raise ConfigurationError(
            "bus: hiredis is not installed; install agora-server[redis], or set bus to embedded"
        ) from None
    terms = Terms(settings.bus_stale, settings.bus_silent, settings.bus_deliveries)
    try:
        return RedisBus(settings.bus_url, terms=terms, buffer=settings.bus_buffer)
    except ValueError as error:
        raise ConfigurationError(f"bus: {error}") from None


def _ends_streams(event: NewEvent) -> bool:
    """Whether a credential may have ended with an event."""
    suspended = event.type == "agora.agent.status_changed" and from_json(event.data)["to"] == "suspended"
    return suspended or event.type in ENDING


class App:
    """An assembled server, as an ASGI application.

    ``failure`` holds the error for which a start was refused.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = store or open_store(settings, self.clock)
        self.failure: Exception | None = None

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store, take over its state, begin to serve."""
        await self.store.start()
        try:
            self._assemble()
            await self._load()
            for controller in self.controllers:
                await controller.load()
            for tenant in {DEFAULT_TENANT, *await self.store.tenants()}:
                await self.federation.load(tenant)
        except BaseException:
            await self.store.close()
            raise
        self._followers = [found for found in self.controllers if isinstance(found, Follower)]
        self.store.on_commit = self._committed
        await self.feed.start()
        try:
            await self.a2a.start()
        except BaseException:
            await self.feed.stop()
            await self.store.close()
            raise
        self._stop = asyncio.Event()
        self._loops = [asyncio.create_task(controller.run(self._stop)) for controller in self.controllers]

    async def stop(self) -> None:
        """End streams and loops, finish what is queued, close the store."""
        self.drain()
        await self.mcp.stop()
        await self.a2a.stop()
        await self.feed.stop()
        self._stop.set()
        await asyncio.gather(*self._loops)
        await self.federation.stop()
        await self.store.close()

    def drain(self) -> None:
        """Begin to stop: not ready any more, and every stream told to resume later."""
        self.monitor.draining = True
        self.mcp.drain()
        self.feed.close("resume later")

    def _assemble(self) -> None:
        settings, clock = self.settings, self.clock
        directory = settings.data_dir
        self.signer = Signer(load_secret(directory / "signing.key").encode())
        admin_token = load_secret(directory / "admin-token", make="adm_")
        self.meter = Meter()
        self.catalogue = Catalogue(operations(), clock, meter=self.meter, tests=settings.test_operations)
        self.gate = Gate()
        self.configuration = Configuration(settings)
        self.feed = Feed(
            self.store,
            heartbeat=settings.heartbeat_interval,
            buffer_limit=settings.stream_buffer,
            max_streams=settings.max_streams,
            max_each=settings.max_streams_each,
        )
        self.authenticator = Authenticator(self.store, self.signer, settings, clock, admin_token)
        self.context = Context(
            settings=self.configuration,
            catalogue=self.catalogue,
            signer=self.signer,
            started_at=clock.now(),
            live=self.feed.live,
        )
        self.context.upstreams = ConnectionPool(Sealer(self.signer.encryption_key("upstreams")))
        self.context.sealer = Sealer(self.signer.encryption_key("a2a"))
        lines = self.context.remotes = Lines(self.context.sealer)
        self.federation = Federation(self.store, self.context.offers, self.catalogue.offer)
        self.monitor = HealthMonitor(self.store, clock, self.feed.live, directory)
        self.context.health = self.monitor
        self.dispatcher = Dispatcher(
            store=self.store,
            feed=self.feed,
            services=IMPLEMENTATIONS,
            context=self.context,
            clock=clock,
            gate=self.gate,
            meter=self.meter,
            catalogue=self.catalogue,
            limiter=RateLimiter(self._rate),
        )
        self.residents = Host(
            self.dispatcher,
            self.gate,
            clock,
            lambda name, tenant: self.catalogue.find(name, tenant=tenant),
            alone=self.store.exclusive,
        )
        self.context.residents = self.residents
        self.controllers = build(
            store=self.store,
            dispatcher=self.dispatcher,
            feed=self.feed,
            gate=self.gate,
            meter=self.meter,
            context=self.context,
            clock=clock,
            monitor=self.monitor,
            host=self.residents,
            lines=lines,
            bus=open_bus(settings),
            authenticate=self.authenticator.authenticate,
        )
        self._wire_protocols()

    async def _load(self) -> None:
        """Take over what was set at run time."""
        for tenant in {DEFAULT_TENANT, *await self.store.tenants()}:
            self.gate.load(tenant, await self._rows(tenant, overrides.active))
            self.catalogue.load(tenant, await self._rows(tenant, admin.statuses))
        self.configuration.load(await self._rows(DEFAULT_TENANT, admin.settings))
        self._follow_configuration()

    async def _rows(self, tenant: str, query: Query) -> Sequence[Row]:
        async def read(reader: Reader) -> Sequence[Row]:
            return await reader.all(query)

        return await self.store.read(tenant, read)

    def _committed(self, events: Sequence[StoredEvent]) -> None:
        """After each commit, on the loop: what holds state in memory follows the log; then the streams."""
        self.authenticator.forget(events)
        changed = False
        for stored in events:
            if stored.event.type.startswith(FOLLOWED):
                changed = self.gate.apply(stored) or changed
                self.catalogue.apply(stored)
                self.federation.apply(stored)
                if self.configuration.apply(stored):
                    self._follow_configuration()
        self.residents.committed(events)
        for follower in self._followers:
            follower.committed(events)
        self.feed.publish(events)
        if changed or any(_ends_streams(stored.event) for stored in events):
            self._sweeping = asyncio.ensure_future(self.feed.sweep())

    def _follow_configuration(self) -> None:
        self._follow_rates()
        if self.configuration.log_level != self.settings.log_level:
            logging.getLogger().setLevel(self.configuration.log_level.upper())

    def _rate(self, tier: str) -> float:
        return self._rates[tier]

    def _follow_rates(self) -> None:
        tiers = ("basic", "premium", "enterprise", "anonymous")
        self._rates = {tier: float(getattr(self.configuration, f"rate_{tier}")) for tier in tiers}

    async def _trouble(self) -> str | None:
        """Why calls cannot be served now, for ``/ready``."""
        return self.monitor.trouble()

    def _wire_protocols(self) -> None:
        access = Access(self.authenticator, self.settings)
        self.routes = RouteTable(self.catalogue.operations)
        self.rest = RestApp(self.dispatcher, access, self.routes, self.settings.body_limit)
        self.invoices = InvoiceFiles(self.dispatcher, access)
        self.pages = Pages(self.catalogue.operations, __version__, self._trouble)
        self.events = EventSource(self.dispatcher, access.authenticate, self.settings)
        self.sockets = WebSocketApp(self.dispatcher, access.authenticate, self.settings)
        self.mcp = McpApp(self.dispatcher, access, self.settings)
        self.agentify = AgentifyApp(self.dispatcher, access, self.settings)
        self.agent_sockets = AgentSocketApp(self.dispatcher, access, self.settings)
        self.a2a = A2AApp(self.dispatcher, access, self.settings)

    # -- requests --------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self.mcp.owns(scope["path"]):
                await self.mcp(scope, receive, send)
                return
            if self.a2a.owns(scope["method"], scope["path"]):
                await self.a2a(scope, receive, send)
                return
            if self.agentify.owns(scope["path"]):
                await self.agentify(scope, receive, send)
                return
            if self.invoices.owns(scope["path"]):
                await self.invoices(scope, send)
                return
            match = self.routes.find(scope["method"], scope["path"], scope.get("raw_path"))
            if match is None:
                if not await self.pages(scope, send):
                    await self.rest.unknown(scope, send)
            elif match.operation.kind is Kind.STREAM:
                await self.events(match.operation, match.parameters, scope, receive, send)
            else:
                await self.rest(match, scope, receive, send)
        except AgoraError as error:
            await problem(send, error, instance=scope["path"])
        except Exception:  # before a call was made of it: identity, arguments
            incident = new_id("err")
            log.exception("%s %r failed (%s)", scope["method"], scope["path"], incident)
            await problem(send, InternalError("Something went wrong on our side.", incident=incident))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in SOCKET_PATHS:
            await self.sockets(scope, receive, send)
        elif scope["path"] in AGENT_SOCKET_PATHS:
            await self.agent_sockets(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4404, "reason": "WebSockets are at /ws and /agent/ws"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})
