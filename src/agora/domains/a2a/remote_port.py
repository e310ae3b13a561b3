"""The port to remote A2A agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agora.core.ports import Port

__all__ = ["REMOTE_AGENTS", "RemoteAgents", "RemoteEndpoint"]


@dataclass(frozen=True, slots=True)
class RemoteEndpoint:
    """Address of a remote agent. url: of the agent or of its card. secrets: sealed headers.

    private: whether it may be at a private or loopback address. revision: another one needs another connection.
    timeout: seconds without a sign from it.
    """

    tenant: str
    agent_id: str
    url: str
    secrets: bytes | None = field(default=None, repr=False)
    private: bool = False
    timeout: float = 60.0
    revision: int = 0


class RemoteAgents(Protocol):
    """Connections to agents elsewhere. Every failure is an AgoraError."""

    async def fetch_card(self, endpoint: RemoteEndpoint, /) -> Mapping[str, Any]:
        """Read an agent's card, as A2A 1.0 writes it.

        Raises UpstreamUnavailable where it cannot be reached, UpstreamFailed for what is no card.
        """


#: provided by the clients of remote agents
REMOTE_AGENTS: Port[RemoteAgents] = Port("connections to remote agents")
