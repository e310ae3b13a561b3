"""SQL that counts stored items of each kind, by state."""

from __future__ import annotations

from agora.store.port import Query

from .records import StateCount

__all__ = ["COUNT_QUERIES", "STATES_BY_NAME"]

#: states that are always reported, also with a count of zero
STATES_BY_NAME = {
    "agents": ("active", "busy", "error", "paused", "suspended", "inactive", "offline"),
    "tasks": ("pending", "in_progress", "input_required", "auth_required"),
    "messages": ("held", "queued"),
    "instances": ("requested", "provisioning", "starting", "running", "paused", "stopping"),
}

COUNT_QUERIES = {
    "agents": Query(
        """
        select status as state, count(*) as number from agents
        where tenant_id = :tenant and retired_at is null group by status
        """,
        StateCount,
        scan=True,
    ),
    # Ended tasks are counted by event counters; only unfinished ones are counted here.
    "tasks": Query(
        """
        select status as state, count(*) as number from tasks
        where tenant_id = :tenant and completed_at is null group by status
        """,
        StateCount,
        scan=True,
    ),
    "messages": Query(
        """
        select state, count(*) as number from deliveries
        where tenant_id = :tenant and state in ('held', 'queued') group by state
        """,
        StateCount,
        scan=True,
    ),
    "instances": Query(
        """
        select state, count(*) as number from instances
        where tenant_id = :tenant and state not in ('stopped', 'failed') group by state
        """,
        StateCount,
        scan=True,
    ),
}
