"""SQL of the marketplace's statistics."""

from __future__ import annotations

from agora.store.port import Query

from .records import AgentCount, MessageCount, OfferedCapability

__all__ = [
    "count_agents",
    "count_capabilities",
    "count_events",
    "count_messages",
    "count_waiting_deliveries",
    "select_top_capabilities",
]

BIG = "bigint"

count_agents = Query(
    """
    select status, service_tier, count(*) as agents from agents
    where tenant_id = :tenant and retired_at is null group by status, service_tier
    """,
    AgentCount,
    scan=True,
)
select_top_capabilities = Query(
    """
    select capability, agents - private as agents from capability_counts
    where tenant_id = :tenant and agents > private order by agents - private desc, capability limit :limit
    """,
    OfferedCapability,
    types={"limit": BIG},
    scan=True,
)
count_capabilities = Query(
    "select count(*) as total from capability_counts where tenant_id = :tenant and agents > private", int, scan=True
)
count_messages = Query(
    """
    select count(*) as total, count(case when created_at > :since then 1 end) as recent from messages
    where tenant_id = :tenant
    """,
    MessageCount,
    types={"since": BIG},
    scan=True,
)
count_waiting_deliveries = Query(
    "select count(*) as waiting from deliveries where tenant_id = :tenant and state in ('held', 'queued')",
    int,
    scan=True,
)
# Sequence numbers have no gaps, so the number of events is the difference of the log's ends.
count_events = Query(
    """
    select coalesce((select max(seq) from events where tenant_id = :tenant)
        - (select min(seq) from events where tenant_id = :tenant) + 1, 0) as events
    """,
    int,
)
