"""Records of agents: rows of their tables and of query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "AGENTS",
    "CAPABILITIES",
    "Addressee",
    "AgentCapabilityRow",
    "AgentName",
    "AgentPresence",
    "AgentRow",
]


@record
class AgentRow:
    """A row of ``agents``."""

    tenant_id: str
    agent_id: str
    agent_name: str
    account_id: str
    description: str
    capabilities: str
    service_tier: str
    status: str
    category: str
    tags: str
    visibility: str
    endpoints: str
    metadata: str
    max_concurrent_tasks: int
    proficiency_level: int | None
    token_generation: int
    registered_at: int
    last_activity: int
    status_since: int
    reachable_for: int
    reported_load: float | None
    active_tasks: int
    consecutive_failures: int
    rating_sum: float
    rating_count: int
    retired_at: int | None
    alias: str | None
    public_keys: str
    requested_tier: str
    registrar: str | None
    enrolment: str | None
    name_key: str | None
    busy: str


AGENTS = Table("agents", AgentRow)


@record
class AgentCapabilityRow:
    """A row of ``agent_capabilities``."""

    tenant_id: str
    capability: str
    agent_id: str


CAPABILITIES = Table("agent_capabilities", AgentCapabilityRow)


@record
class AgentPresence:
    """An agent's status, time of last activity, and work in progress."""

    agent_id: str
    agent_name: str
    status: str
    visibility: str
    last_activity: int
    active_tasks: int
    max_concurrent_tasks: int


@record
class AgentName:
    """An agent with its name."""

    agent_id: str
    agent_name: str


@record
class Addressee(AgentName):
    """The columns of an agent that are needed to send it a message. endpoints, metadata: JSON."""

    account_id: str
    endpoints: str
    metadata: str
    retired_at: int | None
