"""Records of A2A: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "PUSH_CONFIGS",
    "REMOTES",
    "ActivePushConfig",
    "ArtifactExtent",
    "ArtifactPiece",
    "CardRow",
    "NamedRemoteAgent",
    "PushConfigCount",
    "PushConfigKey",
    "PushConfigRow",
    "RemoteAgentProfile",
    "RemoteAgentRow",
]


@record
class PushConfigRow:
    """A row of ``a2a_push_configs``."""

    tenant_id: str
    task_id: str
    config_id: str
    owner: str
    url: str
    token: str | None
    scheme: str | None
    credentials: bytes | None
    private: int
    created_at: int
    version: str
    position: int
    state: str
    attempts: int
    due_at: int
    lease_until: int
    fence: int
    error: str | None
    updated_at: int


PUSH_CONFIGS = Table("a2a_push_configs", PushConfigRow)


@record
class RemoteAgentRow:
    """A row of ``a2a_remotes``."""

    tenant_id: str
    agent_id: str
    url: str
    interface: str | None
    card: str | None
    secrets: bytes | None
    private: int
    timeout: float
    revision: int
    state: str
    error: str | None
    checked_at: int | None
    refreshed_at: int | None
    created_by: str
    created_at: int
    updated_at: int


REMOTES = Table("a2a_remotes", RemoteAgentRow)


@record
class ActivePushConfig:
    """Key of an active push configuration."""

    task_id: str
    config_id: str
    due_at: int


@record
class PushConfigKey:
    """Key of a push configuration."""

    task_id: str
    config_id: str


@record
class PushConfigCount:
    """Number of push configurations in a state. failing: 1 if the last attempt failed, else 0."""

    state: str
    failing: int
    configs: int


@record
class CardRow:
    """A row of ``a2a_cards``."""

    tenant_id: str
    agent_id: str
    card: str | None
    extended: str | None
    updated_at: int
    updated_by: str


@record
class NamedRemoteAgent(RemoteAgentRow):
    """A remote agent with its registered name."""

    agent_name: str


@record
class RemoteAgentProfile(NamedRemoteAgent):
    """A remote agent with the data for its built-in agent."""

    status: str
    description: str


@record
class ArtifactPiece:
    """A log entry that adds to an artifact or to the output."""

    number: int
    type: str
    content: str | None
    data: str | None


@record
class ArtifactExtent:
    """Range of a task's pieces; null if there are none. until: the last piece up to which all fit into the limit."""

    first: int | None
    last: int | None
    until: int | None
