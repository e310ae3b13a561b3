"""Lines to agents elsewhere: made from their rows, with the credentials that are kept for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from agora.domains.a2a.remote_port import RemoteEndpoint
from agora.net.egress_policy import Resolve, resolve_host
from agora.net.http_client import default_ssl_context
from agora.net.sealing import Sealer
from agora_sdk.errors import UpstreamUnavailable

from .cards import read_card
from .client import Line, Post
from .errors import Fault
from .wire import Interface

__all__ = ["Lines"]

READING: Final = 15.0  # seconds without a sign while a card is read


class Lines:
    """Implements :class:`agora.a2a.abroad.RemoteAgents`. resolver: from a host to its addresses."""

    def __init__(self, sealer: Sealer, *, resolver: Resolve = resolve_host) -> None:
        self._sealer, self._resolver = sealer, resolver

    async def card(self, endpoint: RemoteEndpoint, /) -> Mapping[str, Any]:
        """Read an agent's card. Raises UpstreamUnavailable, UpstreamFailed."""
        try:
            post = await self._post(endpoint, endpoint.url, min(READING, endpoint.timeout))
            try:
                return await read_card(post, endpoint.url)
            finally:
                post.close()
        except Fault as fault:
            raise fault.as_error(endpoint.url) from None

    async def line(self, endpoint: RemoteEndpoint, interface: Interface) -> Line:
        """The line to an agent, which connects when it is used. Raises UpstreamUnavailable."""
        return Line(interface, await self._post(endpoint, interface.url, endpoint.timeout))

    async def _post(self, endpoint: RemoteEndpoint, url: str, seconds: float) -> Post:
        headers = self._headers(endpoint)
        if url.startswith("https://"):
            await asyncio.to_thread(default_ssl_context)
        try:
            return Post(url, headers, private=endpoint.private, seconds=seconds, resolver=self._resolver)
        except ValueError:  # UnicodeError too, of a host that is no name
            raise UpstreamUnavailable(f"{url} is no address of an agent.") from None

    def _headers(self, endpoint: RemoteEndpoint) -> dict[str, str]:
        """The credentials that are kept for an agent, by names in small letters."""
        if endpoint.secrets is None:
            return {}
        try:
            found = from_json(self._sealer.open(endpoint.secrets, endpoint.agent_id))
        except ValueError:
            raise UpstreamUnavailable(
                "The credentials that are kept for it cannot be read: the server's signing key is another one.",
                fix="Remove the agent, and add it again.",
            ) from None
        return {name.lower(): value for name, value in found.items()}
