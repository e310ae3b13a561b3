"""Records of the search: rows of what its queries answer."""

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
    """How many agents have a capability, and how many of them are private."""

    capability: str
    agents: int
    private: int


@record
class KnownTerm:
    """A term of the index. intact: how many pieces of the searched word it contains; one more if it contains all of it."""

    term: str
    intact: int


@record
class AgentCount:
    """How many agents have a status and a tier."""

    status: str
    service_tier: str
    agents: int


@record
class OfferedCapability:
    """A capability, and how many agents show it."""

    capability: str
    agents: int


@record
class MessageCount:
    """How many messages there are, and how many are recent."""

    total: int
    recent: int


@record
class RankedAgentRow(AgentRow):
    """An agent that matches words. place: how well, 1 for the best."""

    place: int
