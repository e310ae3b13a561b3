"""How many there are of each kind, by state."""

from __future__ import annotations

from agora.store.port import Query

__all__ = ["EVERYTHING", "STATES"]

#: those that are counted, also where nothing is in them
STATES = {
    "agents": ("active", "busy", "error", "paused", "suspended", "inactive", "offline"),
    "tasks": ("pending", "in_progress", "input_required", "auth_required"),
    "messages": ("held", "queued"),
    "instances": ("requested", "provisioning", "starting", "running", "paused", "stopping"),
}

EVERYTHING = {
    "agents": Query(
        """
        select status as state, count(*) as found from agents
        where tenant_id = :tenant and retired_at is null group by status
        """,
        scan=True,
    ),
    # Those that have ended are in the counters of events; here is what there is still to do.
    "tasks": Query(
        """
        select status as state, count(*) as found from tasks
        where tenant_id = :tenant and completed_at is null group by status
        """,
        scan=True,
    ),
    "messages": Query(
        """
        select state, count(*) as found from deliveries
        where tenant_id = :tenant and state in ('held', 'queued') group by state
        """,
        scan=True,
    ),
    "instances": Query(
        """
        select state, count(*) as found from instances
        where tenant_id = :tenant and state not in ('stopped', 'failed') group by state
        """,
        scan=True,
    ),
}
