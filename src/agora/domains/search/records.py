"""Records of the search: rows of query results."""

from __future__ import annotations

from agora.domains.agents.records import AgentRow
from agora.store.records import record

__all__ = [
    "AgentCount",
    "CapabilityCount",
    "KnownTerm",
    "MessageCount",
    "OfferedCapability",
    "RankedAgentRow",
]


@record
class CapabilityCount:
    """The number of agents with a capability, and how many of them are private."""

    capability: str
    agents: int
    private: int


@record
class KnownTerm:
    """A term of the index. intact: number of pieces of the searched word in it; one more for the whole word."""

    term: str
    intact: int


@record
class AgentCount:
    """The number of agents with a status and a tier."""

    status: str
    service_tier: str
    agents: int


@record
class OfferedCapability:
    """A capability, and the number of agents that show it."""

    capability: str
    agents: int


@record
class MessageCount:
    """The number of messages, and of recent ones."""

    total: int
    recent: int


@record
class RankedAgentRow(AgentRow):
    """An agent that matches search words. place: rank of the match, 1 for the best."""

    place: int
