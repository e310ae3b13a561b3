"""Queries: find agents and operations, show marketplace statistics."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from .agents import Agent
from .fields import (
    AgentStatusLike,
    Capability,
    Cursor,
    Limit,
    Offset,
    ServiceTierLike,
    Timestamp,
)
from .operation import Lifecycle, LifecycleLike, Service, operation
from .results import Page, Result

__all__ = ["FoundAgentPage", "Marketplace", "Queries", "ServiceInfo", "ServicePage", "ServiceUsage"]

SemverRange = Annotated[
    str | None,
    Field(max_length=100, description="Semantic version or range: 1.0.0, ^1.2, ~1.2.3, >=1,<2.", examples=["^1.0"]),
]
CategoryFilter = Annotated[str | None, Field(max_length=64, pattern=r"^[^\x00]*$")]


class FoundAgentPage(Page[Agent]):
    items_field: ClassVar[str] = "agents"

    agents: list[Agent]


class ServiceUsage(BaseModel):
    """Call statistics since the counters started."""

    calls: int = 0
    errors: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None


class ServiceInfo(Result):
    """One version of one operation of the marketplace."""

    name: str
    version: str
    category: str
    status: Lifecycle
    description: str
    kind: str
    scope: str
    routes: list[str] = []
    deprecation_date: str | None = None
    sunset_date: str | None = None
    replacement: str | None = None
    migration_guide: str | None = None
    last_updated: Timestamp
    input_schema: dict[str, object] | None = Field(
        default=None, serialization_alias="schema", validation_alias="schema"
    )
    usage: ServiceUsage | None = None

    @property
    def schema(self) -> dict[str, object] | None:  # type: ignore[override]
        """Parameter schema, under its JSON name (the attribute name shadows a pydantic method)."""
        return self.input_schema


class ServicePage(Page[ServiceInfo]):
    items_field: ClassVar[str] = "services"

    services: list[ServiceInfo]


class MessageStatistics(BaseModel):
    total: int = 0
    last_hour: int = 0
    waiting: int = Field(default=0, description="Queued or held, not yet delivered.")


class Marketplace(Result):
    """Statistics of the marketplace."""

    agents_total: int
    agents_by_status: dict[str, int]
    agents_by_tier: dict[str, int]
    top_capabilities: dict[str, int]
    capabilities_total: int = Field(default=0, description="Number of distinct capabilities of agents.")
    messages: MessageStatistics
    events_total: int
    services_total: int
    calls: int
    errors: int
    busiest_services: dict[str, int]
    started_at: Timestamp
    timestamp: Timestamp


class Queries(Service, category="query"):
    """Search over agents, services and the marketplace."""

    @operation("GET /agora/query/agents", scope="read:agents")
    async def agents(
        self,
        capabilities: Annotated[list[Capability], Field(max_length=20)] = [],
        status: AgentStatusLike | None = None,
        service_tier: ServiceTierLike | None = None,
        *,
        match: Annotated[Literal["all", "any"], Field(description="Match all of the capabilities, or any.")] = "all",
        search: Annotated[
            str | None,
            Field(
                min_length=1,
                max_length=200,
                description="Words in the name, description, capabilities or tags; prefixes and small typos match.",
            ),
        ] = None,
        min_rating: Annotated[float | None, Field(ge=0, le=10)] = None,
        category: CategoryFilter = None,
        limit: Limit = 50,
        offset: Offset = 0,
        cursor: Cursor = None,
    ) -> FoundAgentPage:
        """Find agents by capabilities, status, tier, rating and text."""

    @operation("GET /agora/query/services", scope="read:catalogue")
    async def services(
        self,
        category: CategoryFilter = None,
        version: SemverRange = None,
        status: LifecycleLike | None = None,
        *,
        limit: Limit = 500,
        offset: Offset = 0,
    ) -> ServicePage:
        """Find operations with their usage statistics."""

    @operation("GET /agora/query/marketplace", scope="read:agents")
    async def marketplace(self) -> Marketplace:
        """Show statistics of the marketplace: agents, messages, events, service usage."""
