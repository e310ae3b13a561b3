"""What health asks of the store."""

from __future__ import annotations

from agora.store.port import Query

from .records import AgentStatusCount

__all__ = ["agents", "ping"]

ping = Query("select 1 as answer where :tenant = :tenant", int)
agents = Query(
    """
    select status, count(*) as agents,
        sum(case when reachable_for >= :established then 1 else 0 end) as established
    from agents where tenant_id = :tenant and retired_at is null group by status
    """,
    AgentStatusCount,
    types={"established": "bigint"},
    scan=True,
)
