"""The controller of MCP upstreams: keeps connections open and refreshes listings when they may have changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import Controller, JobContext
from agora.core.usage import DEFAULT_TENANT
from agora.domains.mcp_upstreams.port import UPSTREAMS
from agora.store.port import StoredEvent
from agora_sdk.errors import AgoraError, NotFound

from . import queries as upstreams
from .declared_upstreams import read_declared_upstreams, sync_declared_upstreams
from .oauth.grants import UPSTREAM_GRANTS
from .offer_review import emit_and_queue_offer, review_and_store_listing
from .port import Endpoint, Listing, UpstreamConnections
from .views import build_upstream_endpoint, require_upstream

__all__ = ["UpstreamReconciler"]

log = logging.getLogger(__name__)
# An upstream that announces changes without end would otherwise keep this server listing it.
AT_ONCE, MINUTE = 5.0, 60.0
ROW_READ_SECONDS = 15.0  # seconds between full reads of the rows, because a change by another server may go unreported
EVENT_PREFIX = "agora.upstream."


class ListingLimiter:
    """Token bucket of listings per upstream: a burst of five, then one per minute. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tokens: dict[tuple[str, str], tuple[float, float]] = {}

    def try_acquire(self, key: tuple[str, str]) -> bool:
        """Take a token if available. Returns whether the listing may be read now."""
        now = self._clock()
        tokens, since = self._tokens.get(key, (AT_ONCE, now))
        tokens = min(AT_ONCE, tokens + (now - since) / MINUTE)
        self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    def retain_upstreams(self, tenant: str, keys: set[tuple[str, str]]) -> None:
        """Forget the tenant's other upstreams."""
        self._tokens = {key: tokens for key, tokens in self._tokens.items() if key[0] != tenant or key in keys}


class UpstreamReconciler(Controller):
    """Maintains connections and listings of upstreams. Runs while the marketplace is halted, too."""

    name = "upstreams"
    interval = 1.0

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._connections: UpstreamConnections = context.server.ports.get(UPSTREAMS)
        self._grants = context.server.ports.get(UPSTREAM_GRANTS)
        self._listings: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._limiter = ListingLimiter()
        self._endpoints: dict[str, list[Endpoint]] = {}
        self._unread: set[str] = set()
        self._read_at = 0

    async def start_up(self) -> None:
        desired = read_declared_upstreams(self.context.server.settings)
        conflicts = await self.write_as_system(
            DEFAULT_TENANT, partial(sync_declared_upstreams, connections=self._connections, desired=desired)
        )
        for name in conflicts:
            log.warning("an operator added another upstream by the name %s: the declared one is skipped", name)

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Mark the tenants whose upstreams have changed for reading."""
        tenants = {stored.tenant_id for stored in events if stored.event.type.startswith(EVENT_PREFIX)}
        self._unread.update(tenants)
        for tenant in tenants:
            self._grants.forget_cached_grants(tenant)

    async def step(self) -> None:
        await self._reload_endpoints()
        for tenant, endpoints in self._endpoints.items():
            self._start_outdated_listings(tenant, endpoints)
        await self._connections.open_missing_connections()

    async def _reload_endpoints(self) -> None:
        """Read the upstreams of changed tenants, and periodically of all, because a change may go unreported."""
        now = self.context.clock.now()
        # Negative after the clock was set back: then read now, not when it has caught up.
        if not 0 <= now - self._read_at < ROW_READ_SECONDS * SECOND:
            await self.run_for_each_tenant(self.reconcile)
            self._read_at = now
            return
        await self._run_for_tenants(self._unread, self.reconcile)

    async def reconcile(self, tenant: str) -> None:
        """Configure the connections for the upstreams of a tenant."""
        # Before the read: a commit from here on marks the tenant again.
        self._unread.discard(tenant)
        commands = self.context.server.settings.mcp_commands
        try:
            rows = await self.read(tenant, upstreams.select_all_upstreams)
        except BaseException:
            self._unread.add(tenant)
            raise
        # A command runs code here, so it needs the operator's setting, also after it was stored.
        endpoints = [build_upstream_endpoint(row) for row in rows if commands or row.transport != "stdio"]
        self._connections.set_endpoints(tenant, endpoints)
        self._limiter.retain_upstreams(tenant, {endpoint.key for endpoint in endpoints})
        self._endpoints[tenant] = endpoints

    def _start_outdated_listings(self, tenant: str, endpoints: Sequence[Endpoint]) -> None:
        """Read the listings of upstreams that may have changed, within the limit."""
        outdated = set(self._connections.list_outdated(tenant))
        for endpoint in endpoints:
            due = endpoint.upstream_id in outdated and endpoint.key not in self._listings
            if due and self._limiter.try_acquire(endpoint.key):
                self._listings[endpoint.key] = asyncio.create_task(self._refresh_listing(endpoint))

    async def shut_down(self) -> None:
        for task in list(self._listings.values()):
            task.cancel()
        await asyncio.gather(*self._listings.values(), return_exceptions=True)
        # After the listings, which use the connections.
        await self._connections.close()

    async def wait_until_idle(self) -> None:
        """Wait until no listing is being read."""
        while self._listings:
            await asyncio.wait(self._listings.values())

    async def _refresh_listing(self, endpoint: Endpoint) -> None:
        """Read the listing of one upstream, in its own task: a slow upstream does not delay the others."""
        try:
            listing = await self._connections.read_listing(endpoint)
            await self.write_as_system(
                endpoint.tenant, partial(_store_listing, upstream_id=endpoint.upstream_id, listing=listing)
            )
        except NotFound:
            return  # removed in the meantime
        except AgoraError as error:
            log.info("upstream %s was not listed: %s", endpoint.name, error)
        except Exception:
            log.exception("upstream %s could not be listed", endpoint.name)
        finally:
            del self._listings[endpoint.key]


async def _store_listing(call: Call, *, upstream_id: str, listing: Listing) -> None:
    # Locked: an acceptance meanwhile must see either the old listing or the new one.
    row = await require_upstream(call, upstream_id, lock=True)
    if await review_and_store_listing(call, row, listing):
        call.target = upstream_id
        await emit_and_queue_offer(call, "changed", row)
