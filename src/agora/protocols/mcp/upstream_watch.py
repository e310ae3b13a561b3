"""Changes of upstreams' resources, for subscribed clients.

The server that serves a client's stream keeps the subscription at the upstream for as long as the stream is open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import unquote

from agora.core.call import Call, CallClient, Caller
from agora.core.dispatcher import Dispatcher
from agora.domains.mcp_upstreams.port import UPSTREAMS, Endpoint
from agora.domains.mcp_upstreams.resource_updates import find_watched_endpoint
from agora_sdk.errors import AgoraError

from .upstream_resources import URI_PREFIX

__all__ = ["UpstreamWatch"]

log = logging.getLogger(__name__)
READ_OPERATION = "agora.upstream.read"  #: the operation whose scope a watch requires
RETRY_SECONDS = 30.0  #: until the next attempt at watches that could not be started


class UpstreamWatch:
    """Watches the upstream resources among these URIs for one stream of a client."""

    def __init__(
        self, dispatcher: Dispatcher, caller: Caller, client: CallClient | None, uris: Mapping[str, str]
    ) -> None:
        self._dispatcher, self._caller, self._client, self._uris = dispatcher, caller, client, uris
        self._stops: dict[str, Callable[[], None]] = {}
        self._failed_uris: set[str] = set()  # watches that could not be started, tried again at ``_retry_at``
        self._retry_at = 0.0
        self._updated_uris: set[str] = set()
        self._changed = asyncio.Event()

    def schedule_reconciliation(self) -> None:
        """Let :meth:`wait_for_updates` adapt the watches to a change of the watched URIs."""
        if any(uri.startswith(URI_PREFIX) for uri in self._uris) or self._stops:
            self._changed.set()

    async def wait_for_updates(self) -> set[str]:
        """Wait for the next changes; returns the URIs of the changed resources."""
        while not self._updated_uris:
            # Before the watches are compared, so that a change during the comparison causes another one.
            self._changed.clear()
            await self._reconcile_watches()
            try:
                async with asyncio.timeout_at(self._retry_at if self._failed_uris else None):
                    await self._changed.wait()
            except TimeoutError:
                self._failed_uris.clear()
        updated_uris, self._updated_uris = self._updated_uris, set()
        # The client may have ended a subscription after its resource changed.
        return updated_uris & self._uris.keys()

    def close(self) -> None:
        """Stop all watches."""
        for stop in self._stops.values():
            stop()
        self._stops.clear()

    async def _reconcile_watches(self) -> None:
        desired = {uri for uri in self._uris if uri.startswith(URI_PREFIX)}
        for uri in self._stops.keys() - desired:
            self._stops.pop(uri)()
        self._failed_uris &= desired
        for uri in desired - self._stops.keys() - self._failed_uris:
            stop = await self._start_watch_or_none(uri)
            if stop is None:
                # Only the first failure sets the time: later ones must not postpone the attempt at all of them.
                if not self._failed_uris:
                    self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS
                self._failed_uris.add(uri)
            else:
                self._stops[uri] = stop

    async def _start_watch_or_none(self, uri: str) -> Callable[[], None] | None:
        """Start to watch a resource. Returns the function that stops it; None if it cannot be watched now."""
        upstream, _, own_uri = uri.removeprefix(URI_PREFIX).partition("/")
        read = self._dispatcher.context.registry.resolve(READ_OPERATION, None, self._caller.tenant)
        if not self._caller.may(read.scope):
            # Counts as watched, because a missing scope is not a failure that another attempt could mend.
            return _do_nothing

        async def find_endpoint(call: Call) -> Endpoint:
            return await find_watched_endpoint(call, upstream, unquote(own_uri))

        try:
            endpoint = await self._dispatcher.write_as_system(self._caller.tenant, find_endpoint, label="mcp.watch")
            engine = self._dispatcher.context.ports.get(UPSTREAMS)
            update = partial(self._mark_updated, uri)
            return await engine.watch_resource(endpoint, unquote(own_uri), update, self._caller.subject, self._client)
        except AgoraError as error:  # for example unknown, unavailable, or too many clients
            log.info("%s is not watched yet: %s", uri, error)
            return None

    def _mark_updated(self, uri: str) -> None:
        self._updated_uris.add(uri)
        self._changed.set()


def _do_nothing() -> None:
    """Stop a watch that was not started."""
