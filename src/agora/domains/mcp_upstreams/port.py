"""The port to upstream MCP servers."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic_core import to_json

from agora.core.call import CallClient
from agora.core.ports import Port

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
    "Upstreams",
    "hash_definition",
]

#: seconds that the client of a call has for all that the upstream asks it
ANSWER_SECONDS = 3600.0

OAuthMode = Literal["none", "shared", "user", "machine"]
Kind = Literal["tool", "resource", "template", "prompt"]
#: told how far a call is: what was done, of how much (None: unknown), and in words
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an upstream is, and how it is to be treated.

    revision: another one needs another connection. secrets: sealed JSON object, the headers of an HTTP upstream or
    the environment of a command. oauth_mode: whose access tokens it is sent (see contract). oauth_client: sealed JSON object, the
    client that an operator configured. directory: where it runs. private: whether it may be at a private or loopback address.
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
    """SHA-256 of a definition with sorted keys, without ``_meta``."""
    essential = _sort_keys({name: value for name, value in definition.items() if name != "_meta"})
    return hashlib.sha256(to_json(essential, inf_nan_mode="strings")).hexdigest()


def _sort_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _sort_keys(value[key]) for key in sorted(value, key=str)}
    return [_sort_keys(part) for part in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Item:
    """Something an upstream offers. name: a URI for resources. reason: why it cannot be offered here, or None."""

    kind: Kind
    name: str
    description: str
    definition: Mapping[str, Any]
    reason: str | None = None

    @property
    def hash(self) -> str:
        return hash_definition(self.definition)


@dataclass(frozen=True, slots=True)
class Listing:
    """All that an upstream offers, and who it says it is."""

    server_name: str | None
    server_version: str | None
    protocol_version: str | None
    instructions: str | None
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Condition:
    """State of a connection. error: its last error. retry_in: seconds until the next attempt. calls: running now."""

    state: Literal["idle", "connecting", "connected", "unavailable"] = "idle"
    error: str | None = None
    retry_in: float | None = None
    calls: int = 0


class Upstreams(Protocol):
    """Connections to upstreams. Every failure is an AgoraError.

    UpstreamUnavailable: nothing was done there. UpstreamFailed and DeadlineExceeded may say ``outcome="unknown"``.
    """

    def set_endpoints(self, tenant: str, endpoints: Iterable[Endpoint]) -> None:
        """Hold connections to exactly these upstreams of a tenant, from now on."""

    async def reconcile(self) -> None:
        """Open the connections that are to be held and are not there."""

    async def close(self) -> None:
        """Close all connections."""

    async def probe(self, endpoint: Endpoint) -> Listing:
        """Connect, read the listing, and disconnect. Raises AuthorizationNeeded, as the other methods do."""

    async def listing(self, endpoint: Endpoint) -> Listing:
        """Ask over the persistent connection what there is."""

    async def request(
        self,
        endpoint: Endpoint,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        progress: Progress | None,
        caller: str = "",
        client: CallClient | None = None,
    ) -> dict[str, Any]:
        """Send one request (``tools/call`` ...); answers the result as it came.

        caller: shares with others; its own access token is sent where the upstream wants one of each. client: asked what the upstream asks; the time of that does not count.
        """

    async def watch(
        self,
        endpoint: Endpoint,
        uri: str,
        updated: Callable[[], None],
        caller: str = "",
        client: CallClient | None = None,
    ) -> Callable[[], None]:
        """Call ``updated`` whenever a resource changes, until what this answers is called. caller, client: as of request."""

    def condition(self, tenant: str, upstream_id: str) -> Condition:
        """State of the connection to an upstream."""

    def list_outdated(self, tenant: str) -> Sequence[str]:
        """Ids of connected upstreams whose listing is not known to be current."""

    def check_url(self, url: str, *, private: bool) -> None:
        """Refuse (InvalidRequest) a URL whose host is evidently not to be connected to."""

    def seal(self, secrets: Mapping[str, str], upstream_id: str) -> bytes | None:
        """Encrypt credentials for the store; None if there are none."""

    def opens_to(self, sealed: bytes | None, secrets: Mapping[str, str], upstream_id: str) -> bool:
        """Whether sealed credentials are these."""


#: provided by the connection pool
UPSTREAMS: Port[Upstreams] = Port("connections to MCP upstreams")
