"""Remote A2A agents."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ..fields import Timestamp
from ..results import Page, Result
from .cards import A2AInterface

__all__ = ["Headers", "RemoteAgent", "RemoteAgentPage", "RemoteRemoval", "RemoteState"]

Headers = Annotated[
    dict[
        Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")],
        Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")],
    ],
    Field(max_length=30, description="Sent with every request, such as Authorization; stored encrypted, never shown."),
]


class RemoteState(StrEnum):
    """Whether a remote agent can be reached."""

    UNKNOWN = "unknown"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class RemoteAgent(Result):
    """A remote A2A agent that is registered in this marketplace. Credentials are never shown."""

    agent_id: str
    agent_name: str
    url: str = Field(description="URL as registered: of the card or of the agent.")
    interface: A2AInterface | None = Field(default=None, description="Protocol binding and version in use.")
    card: dict[str, Any] | None = Field(default=None, description="The agent's own card, as last fetched.")
    has_credentials: bool = False
    timeout: float = 60.0
    state: RemoteState = RemoteState.UNKNOWN
    error: str | None = Field(default=None, description="Reason why it cannot be reached.")
    checked_at: Timestamp | None = None
    refreshed_at: Timestamp | None = Field(default=None, description="Time of the last fetch of its card.")
    created_by: str
    created_at: Timestamp
    updated_at: Timestamp


class RemoteAgentPage(Page[RemoteAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[RemoteAgent]


class RemoteRemoval(Result):
    agent_id: str
    agent_name: str
