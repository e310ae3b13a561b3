"""SQL of the health report."""

from __future__ import annotations

from agora.clock import SECOND
from agora.store.port import Query

from .records import AgentStatusCount

__all__ = ["count_agents_by_status", "select_one"]

MIN_REACHABLE_PERIOD = 600 * SECOND  #: microseconds that an agent must have been reachable before its absence counts

# The condition binds the statement to a tenant, which the store requires of each one (tenancy.py).
select_one = Query("select 1 as answer where :tenant = :tenant", int)
count_agents_by_status = Query(
    f"""
    select status, count(*) as agents,
        sum(case when reachable_for >= {MIN_REACHABLE_PERIOD} then 1 else 0 end) as established
    from agents where tenant_id = :tenant and retired_at is null group by status
    """,
    AgentStatusCount,
    scan=True,
)
