"""Queries: search for agents and services, and statistics of the marketplace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from agora.clock import to_datetime
from agora.core.call import BoundService
from agora.domains.discovery.service import build_service_page
from agora_sdk.contract import implements
from agora_sdk.contract import query as contract
from agora_sdk.contract.fields import AgentStatusLike, ServiceTierLike
from agora_sdk.contract.operation import Lifecycle, LifecycleLike

from . import statistics_queries as statistics
from .agents import AgentSearch
from .words import split_words

__all__ = ["QueryService"]

HOUR = 3_600_000_000
MAX_LISTED = 10


class QueryService(BoundService, contract.Queries):
    """Search. Private agents are found by themselves, by their account (unless ``default``), and by operators."""

    @implements
    async def agents(
        self,
        capabilities: list[str] = [],
        status: AgentStatusLike | None = None,
        service_tier: ServiceTierLike | None = None,
        *,
        match: Literal["all", "any"] = "all",
        search: str | None = None,
        min_rating: float | None = None,
        category: str | None = None,
        limit: int = 50,
        offset: int = 0,
        cursor: str | None = None,
    ) -> contract.FoundAgentPage:
        # A displayed reputation is rounded, so 7.0 also matches values that round to it.
        least = None if min_rating is None else min_rating - 0.005
        values = {"status": status, "service_tier": service_tier, "category": category, "min_rating": least}
        agent_search = AgentSearch(
            self.call, list(dict.fromkeys(capabilities)), values, any=match == "any", retired=status == "retired"
        )
        if search is not None:
            return await agent_search.search_agents(split_words(search), limit, offset, cursor)
        return await agent_search.list_agents(limit, offset, cursor)

    @implements
    async def services(
        self,
        category: str | None = None,
        version: str | None = None,
        status: LifecycleLike | None = None,
        *,
        limit: int = 500,
        offset: int = 0,
    ) -> contract.ServicePage:
        call = self.call
        operations = call.context.registry.select(
            call.caller, category=category, version=version, status=status and Lifecycle(status)
        )
        return build_service_page(call, operations, limit, offset, usage=True)

    @implements
    async def marketplace(self) -> contract.Marketplace:
        call, tx = self.call, self.call.tx
        agents = await tx.all(statistics.count_agents)
        capabilities = await tx.all(statistics.select_top_capabilities, limit=MAX_LISTED)
        capabilities_total = await tx.one(statistics.count_capabilities)
        messages = await tx.one(statistics.count_messages, since=call.now - HOUR)
        delivery_counts = await tx.one(statistics.count_waiting_deliveries)
        events = await tx.one(statistics.count_events)
        assert messages is not None
        assert delivery_counts is not None
        assert events is not None
        operations = call.context.registry.list_visible(call.caller)
        usage = [
            (operation.name, call.context.registry.get_call_statistics(operation, call.caller.tenant))
            for operation in operations
        ]
        return contract.Marketplace(
            agents_total=sum(row.agents for row in agents),
            agents_by_status=_sum_agents((row.status, row.agents) for row in agents),
            agents_by_tier=_sum_agents((row.service_tier, row.agents) for row in agents),
            top_capabilities={row.capability: row.agents for row in capabilities},
            capabilities_total=capabilities_total or 0,
            messages=contract.MessageStatistics(
                total=messages.total, last_hour=messages.recent, waiting=delivery_counts
            ),
            events_total=events,
            services_total=len(operations),
            calls=sum(usage_count["calls"] for _, usage_count in usage),
            errors=sum(usage_count["errors"] for _, usage_count in usage),
            busiest_services=_list_busiest_services(usage),
            started_at=to_datetime(call.context.started_at),
            timestamp=to_datetime(call.now),
        )


def _sum_agents(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sum numbers of agents by value, highest first."""
    sums: Counter[str] = Counter()
    for value, agents in counts:
        sums[value] += agents
    return dict(sums.most_common())


def _list_busiest_services(usage: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, int]:
    calls: Counter[str] = Counter()
    for name, usage_count in usage:
        calls[name] += usage_count["calls"]
    return {name: count for name, count in calls.most_common(MAX_LISTED) if count}
