"""The port to remote A2A agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = ["REMOTE_AGENTS", "RemoteAgents", "RemoteEndpoint"]


@value_class
class RemoteEndpoint:
    """Endpoint of a remote agent. url: of the agent or of its card. secrets: sealed headers.

    private: whether a private or loopback address is allowed. revision: a change requires a new connection.
    timeout: seconds without data from the agent.
    """

    tenant: str
    agent_id: str
    url: str
    secrets: bytes | None = field(default=None, repr=False)
    private: bool = False
    timeout: float = 60.0
    revision: int = 0


class RemoteAgents(Protocol):
    """Connections to remote agents. Every failure is an AgoraError."""

    async def fetch_card(self, endpoint: RemoteEndpoint, /) -> Mapping[str, Any]:
        """Read an agent's card, in the format of A2A 1.0.

        Raises UpstreamUnavailable if it cannot be reached, UpstreamFailed if the response is no card.
        """


#: provided by the clients of remote agents
REMOTE_AGENTS: Port[RemoteAgents] = Port("connections to remote agents")
