"""Creates clients of remote agents from their rows, with their stored credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from agora.domains.a2a.remote_port import RemoteEndpoint
from agora.net.egress_policy import Resolve, resolve_host
from agora.net.http_client import create_default_ssl_context
from agora.net.sealing import Sealer
from agora_sdk.errors import UpstreamUnavailable

from .cards import fetch_verified_card
from .client import A2AClient, OriginClient
from .errors import RemoteError
from .wire import Interface

__all__ = ["A2AClientFactory"]

CARD_READ_TIMEOUT: Final = 15.0  # idle timeout in seconds while a card is fetched


class A2AClientFactory:
    """Implements :class:`agora.domains.a2a.remote_port.RemoteAgents`. resolver: resolves a host to addresses."""

    def __init__(self, sealer: Sealer, *, resolver: Resolve = resolve_host) -> None:
        self._sealer, self._resolver = sealer, resolver

    async def fetch_card(self, endpoint: RemoteEndpoint, /) -> Mapping[str, Any]:
        """Read an agent's card. Raises UpstreamUnavailable, UpstreamFailed."""
        try:
            origin_client = await self._create_origin_client(
                endpoint, endpoint.url, min(CARD_READ_TIMEOUT, endpoint.timeout)
            )
            try:
                return await fetch_verified_card(origin_client, endpoint.url)
            finally:
                origin_client.close()
        except RemoteError as error:
            raise error.to_agora_error(endpoint.url) from None

    async def create_client(self, endpoint: RemoteEndpoint, interface: Interface) -> A2AClient:
        """Create a client; it connects on first use. Raises UpstreamUnavailable."""
        return A2AClient(interface, await self._create_origin_client(endpoint, interface.url, endpoint.timeout))

    async def _create_origin_client(self, endpoint: RemoteEndpoint, url: str, seconds: float) -> OriginClient:
        headers = self._build_credential_headers(endpoint)
        if url.startswith("https://"):
            # Slow, so it is created outside of the event loop; the client finds it in the cache.
            await asyncio.to_thread(create_default_ssl_context)
        try:
            return OriginClient(url, headers, private=endpoint.private, seconds=seconds, resolver=self._resolver)
        except ValueError:  # includes UnicodeError, for an invalid host name
            raise UpstreamUnavailable(f"{url} is not the address of an agent.") from None

    def _build_credential_headers(self, endpoint: RemoteEndpoint) -> dict[str, str]:
        """Build the headers with an agent's stored credentials, by lower-case names."""
        if endpoint.secrets is None:
            return {}
        try:
            headers = from_json(self._sealer.open(endpoint.secrets, endpoint.agent_id))
        except ValueError:
            raise UpstreamUnavailable(
                "The stored credentials cannot be decrypted: the server's signing key has changed.",
                fix="Remove the agent, and add it again.",
            ) from None
        return {name.lower(): value for name, value in headers.items()}
