"""The port to upstream MCP servers."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, Protocol

from pydantic_core import to_json

from agora.core.call import CallClient
from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = [
    "ANSWER_SECONDS",
    "UPSTREAMS",
    "Condition",
    "Endpoint",
    "Item",
    "Kind",
    "Listing",
    "OAuthMode",
    "Progress",
    "UpstreamConnections",
    "hash_definition",
]

#: seconds for a call's client to answer requests of the upstream
ANSWER_SECONDS = 3600.0

OAuthMode = Literal["none", "shared", "user", "machine"]
Kind = Literal["tool", "resource", "template", "prompt"]
#: progress callback: amount done, total (None: unknown), message
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


@value_class
class Endpoint:
    """Address and settings of an upstream.

    revision: a change requires a new connection. secrets: sealed JSON object, the headers of an HTTP upstream or the
    environment of a command. oauth_mode: whose access tokens are sent (see contract). oauth_client: sealed JSON object,
    the client configured by an operator. directory: working directory. private: whether a private or loopback address
    is allowed.
    timeout: seconds.
    """

    tenant: str
    upstream_id: str
    revision: int
    name: str
    transport: Literal["http", "stdio"]
    url: str | None = None
    command: tuple[str, ...] = ()
    directory: str | None = None
    secrets: bytes | None = field(default=None, repr=False)
    oauth_mode: OAuthMode = "none"
    oauth_client: bytes | None = field(default=None, repr=False)
    private: bool = False
    timeout: float = 30.0
    concurrency: int = 16

    @property
    def key(self) -> tuple[str, str]:
        return (self.tenant, self.upstream_id)


def hash_definition(definition: Mapping[str, Any]) -> str:
    """Compute the SHA-256 of a definition with sorted keys, without ``_meta``."""
    # Key order carries no meaning, and `_meta` may change with each listing.
    essential = _sort_keys({name: value for name, value in definition.items() if name != "_meta"})
    return hashlib.sha256(to_json(essential, inf_nan_mode="strings")).hexdigest()


def _sort_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _sort_keys(value[key]) for key in sorted(value, key=str)}
    return [_sort_keys(part) for part in value] if isinstance(value, list) else value


@value_class
class Item:
    """An item offered by an upstream. name: a URI for resources. reason: why it cannot be offered here, or None."""

    kind: Kind
    name: str
    description: str
    definition: Mapping[str, Any]
    reason: str | None = None

    @property
    def hash(self) -> str:
        return hash_definition(self.definition)


@value_class
class Listing:
    """Everything that an upstream offers, and its self-description."""

    server_name: str | None
    server_version: str | None
    protocol_version: str | None
    instructions: str | None
    items: Sequence[Item]


@value_class
class Condition:
    """State of a connection. error: the last one. retry_in: seconds until the next attempt. calls: running now."""

    state: Literal["idle", "connecting", "connected", "unavailable"] = "idle"
    error: str | None = None
    retry_in: float | None = None
    calls: int = 0


class UpstreamConnections(Protocol):
    """Connections to upstreams. Every failure is an AgoraError.

    UpstreamUnavailable: the request had no effect. UpstreamFailed and DeadlineExceeded may have ``outcome="unknown"``.
    """

    def set_endpoints(self, tenant: str, endpoints: Iterable[Endpoint]) -> None:
        """Set the complete list of a tenant's upstreams."""

    async def open_missing_connections(self) -> None:
        """Open the missing connections of the configured upstreams."""

    async def close(self) -> None:
        """Close all connections."""

    async def probe_listing(self, endpoint: Endpoint) -> Listing:
        """Connect, read the listing, and disconnect. Raises AuthorizationNeeded, as the other methods do."""

    async def read_listing(self, endpoint: Endpoint) -> Listing:
        """Read the listing over the persistent connection."""

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
        """Send a request (``tools/call`` ...) and return the raw result.

        caller: for the fair share, and for its own access token if the upstream requires one per caller. client:
        receives the upstream's requests; the time for its answers does not count. headers: those that repeat arguments
        of a tool (``x-mcp-header``), for upstreams of a modern protocol version.
        """

    async def watch_resource(
        self,
        endpoint: Endpoint,
        uri: str,
        updated: Callable[[], None],
        caller: str = "",
        client: CallClient | None = None,
    ) -> Callable[[], None]:
        """Watch a resource: call ``updated`` on each change. Returns the function that stops it.

        caller, client: as for :meth:`send_request`.
        """

    def get_condition(self, tenant: str, upstream_id: str) -> Condition:
        """State of the connection to an upstream."""

    def list_outdated(self, tenant: str) -> Sequence[str]:
        """List the ids of connected upstreams whose listing may be out of date."""

    def reject_forbidden_url(self, url: str, *, private: bool) -> None:
        """Check that a URL does not evidently lead to a forbidden host. Raises InvalidRequest."""

    def seal_secrets(self, secrets: Mapping[str, str], upstream_id: str) -> bytes | None:
        """Encrypt credentials for the store; None if there are none."""

    def decrypts_to(self, sealed: bytes | None, secrets: Mapping[str, str], upstream_id: str) -> bool:
        """Whether sealed credentials decrypt to ``secrets``."""


#: provided by the connection pool
UPSTREAMS: Port[UpstreamConnections] = Port("connections to MCP upstreams")
