"""The pool: one connection per upstream and tenant. The protocol's SDK is imported on first use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from agora.core.call import CallClient
from agora.core.lazy import Lazy
from agora.net.sealing import Sealer
from agora_sdk.errors import UpstreamUnavailable

from ..oauth.authorization import SHARED_SUBJECT, AccessTokens
from ..oauth.grants import GrantTokens, UpstreamGrants
from ..port import Condition, Endpoint, Listing, Progress
from . import addresses
from .addresses import Resolve, resolve_host
from .breaker import ConnectionParameters
from .client_connections import ClientConnections, may_be_asked_by_upstream

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["ConnectionPool"]

Key = tuple[str, str]


#: requires the protocol's SDK, whose import takes a while
CONNECTION: Lazy[type[Connection]] = Lazy("agora.domains.mcp_upstreams.client.connection:Connection")


class ConnectionPool:
    """Implements :class:`agora.domains.mcp_upstreams.port.UpstreamConnections`."""

    def __init__(
        self,
        sealer: Sealer,
        *,
        tuning: ConnectionParameters | None = None,
        resolver: Resolve = resolve_host,
        grants: UpstreamGrants | None = None,
    ) -> None:
        self._grants = grants
        self._sealer, self._tuning, self._resolver = sealer, tuning or ConnectionParameters(), resolver
        self._connections: dict[Key, Connection] = {}
        self._endpoints: dict[Key, Endpoint] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._client_connections = ClientConnections(CONNECTION.import_in_thread, self._open_client_connection)

    # -- connections -----------------------------------------------------------------------------

    def set_endpoints(self, tenant: str, endpoints: Iterable[Endpoint]) -> None:
        """Set the complete list of a tenant's upstreams; :meth:`open_missing_connections` opens the connections."""
        desired = {endpoint.key: endpoint for endpoint in endpoints}
        self._endpoints = {key: current for key, current in self._endpoints.items() if key[0] != tenant} | desired
        for key, connection in list(self._connections.items()):
            # The revision changes with URL, credentials and a shared authorization; other changes keep the connection.
            if key[0] == tenant and (key not in desired or desired[key].revision != connection.endpoint.revision):
                self._drop_connection(key)

    async def open_missing_connections(self) -> None:
        """Open the missing connections of the configured upstreams."""
        for key, endpoint in list(self._endpoints.items()):
            # Opening awaits: meanwhile the upstream may have been removed, or a call may have opened it.
            if key not in self._connections and key in self._endpoints:
                with contextlib.suppress(UpstreamUnavailable):  # credentials cannot be decrypted: calls get the error
                    await self._get_connection(endpoint)
        self._client_connections.close_idle_connections()

    async def close(self) -> None:
        """Close all connections."""
        self._endpoints.clear()
        for key in list(self._connections):
            self._drop_connection(key)
        await self._client_connections.close()
        await asyncio.gather(*self._closing)

    def _drop_connection(self, key: Key) -> None:
        task = asyncio.create_task(self._connections.pop(key).close())
        # The event loop holds tasks only weakly; close() waits for them.
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._client_connections.close_connections_of_upstream(key)

    def _open_client_connection(
        self, endpoint: Endpoint, subject: str, capabilities: Mapping[str, Any] | None
    ) -> Connection:
        kind = CONNECTION.get()
        tokens = self._find_access_tokens(endpoint, subject)
        return kind(endpoint, self._open_secrets(endpoint), self._tuning, self._resolver, capabilities, tokens)

    def _find_access_tokens(self, endpoint: Endpoint, subject: str) -> AccessTokens | None:
        if endpoint.oauth_mode == "none" or self._grants is None:
            return None
        return GrantTokens(self._grants, endpoint, subject)

    async def _get_connection(self, endpoint: Endpoint) -> Connection:
        """Get the connection to an upstream, opening it if there is none."""
        kind = await CONNECTION.import_in_thread()
        connection = self._connections.get(endpoint.key)
        # Not if it differs: a call that began before a change must not bring the earlier endpoint back.
        if connection is not None and connection.endpoint.revision < endpoint.revision:
            self._drop_connection(endpoint.key)
            connection = None
        if connection is None:
            connection = self._connections[endpoint.key] = kind(
                endpoint,
                self._open_secrets(endpoint),
                self._tuning,
                self._resolver,
                tokens=self._find_access_tokens(endpoint, SHARED_SUBJECT),
            )
        return connection

    # -- requests --------------------------------------------------------------------------------

    async def probe_listing(self, endpoint: Endpoint) -> Listing:
        """Connect, read the listing, and disconnect."""
        kind = await CONNECTION.import_in_thread()
        connection = kind(
            endpoint,
            self._open_secrets(endpoint),
            # The first failure is the answer: a probe does not wait for another attempt.
            replace(self._tuning, max_retry_wait=0),
            self._resolver,
            tokens=self._find_access_tokens(endpoint, SHARED_SUBJECT),
        )
        try:
            return await connection.read_listing()
        finally:
            await connection.close()

    async def read_listing(self, endpoint: Endpoint) -> Listing:
        """Read the listing over the persistent connection."""
        return await (await self._get_connection(endpoint)).read_listing()

    async def send_request(
        self,
        endpoint: Endpoint,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        progress: Progress | None,
        caller: str = "",
        client: CallClient | None = None,
        headers: Mapping[str, str] = {},
    ) -> dict[str, Any]:
        """Send a request and return the raw result."""
        subject = _choose_token_owner(endpoint, caller)
        if client is not None and may_be_asked_by_upstream(client):
            async with self._client_connections.lend_connection(endpoint, subject, client) as connection:
                return await connection.request_for_client(method, params, seconds, progress, client, headers)
        if subject != SHARED_SUBJECT:
            async with self._client_connections.share_connection(endpoint, subject) as connection:
                return await connection.send_request(method, params, seconds, progress, caller, headers)
        return await (await self._get_connection(endpoint)).send_request(
            method, params, seconds, progress, caller, headers
        )

    async def watch_resource(
        self,
        endpoint: Endpoint,
        uri: str,
        updated: Callable[[], None],
        caller: str = "",
        client: CallClient | None = None,
    ) -> Callable[[], None]:
        """Watch a resource: call ``updated`` on each change. Returns the function that stops it."""
        subject = _choose_token_owner(endpoint, caller)
        client = client if may_be_asked_by_upstream(client) else None
        if client is not None or subject != SHARED_SUBJECT:
            return await self._client_connections.watch_resource(endpoint, subject, client, uri, updated)
        return (await self._get_connection(endpoint)).resources.add_watcher(uri, updated)

    def get_condition(self, tenant: str, upstream_id: str) -> Condition:
        """State of the connection to an upstream."""
        connection = self._connections.get((tenant, upstream_id))
        return connection.get_condition() if connection is not None else Condition()

    def list_outdated(self, tenant: str) -> Sequence[str]:
        """List the ids of connected upstreams whose listing may be out of date."""
        return [
            upstream_id
            for (owner, upstream_id), connection in self._connections.items()
            if owner == tenant and not connection.current and connection.get_condition().state == "connected"
        ]

    # -- addresses and credentials ---------------------------------------------------------------

    def reject_forbidden_url(self, url: str, *, private: bool) -> None:
        """Check that a URL does not evidently lead to a forbidden host. Raises InvalidRequest."""
        addresses.reject_forbidden_url(url, private=private)

    def seal_secrets(self, secrets: Mapping[str, str], upstream_id: str) -> bytes | None:
        """Encrypt credentials for the store; None if there are none."""
        return self._sealer.seal(to_json(dict(secrets)), upstream_id) if secrets else None

    def decrypts_to(self, sealed: bytes | None, secrets: Mapping[str, str], upstream_id: str) -> bool:
        """Whether sealed credentials decrypt to ``secrets``."""
        try:
            opened = from_json(self._sealer.open(sealed, upstream_id)) if sealed is not None else {}
        except ValueError:
            return False
        return bool(opened == dict(secrets))

    def _open_secrets(self, endpoint: Endpoint) -> dict[str, str]:
        if endpoint.secrets is None:
            return {}
        try:
            secrets: dict[str, str] = from_json(self._sealer.open(endpoint.secrets, endpoint.upstream_id))
        except ValueError:
            raise UpstreamUnavailable(
                f"The credentials of {endpoint.name} cannot be read: the server's signing key has changed.",
                fix="Remove the upstream, and add it again.",
            ) from None
        return secrets


def _choose_token_owner(endpoint: Endpoint, caller: str) -> str:
    """Choose the subject whose access token a call of this caller uses."""
    # Never the caller's token for this server: upstreams get only tokens issued for them (MCP, authorization, token passthrough).
    return caller if endpoint.oauth_mode == "user" else SHARED_SUBJECT
