"""Signal handlers of tasks (ADR 0026)."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora.domains.agents.signals import AgentRegistered

from .deadlines import assign_tasks_waiting_for_name, extend_timers_after_halt, requeue_tasks_of_agent

__all__ = ["assign_waiting_tasks", "requeue_tasks_of_left_agent", "resume_leases"]


async def assign_waiting_tasks(call: Call, registered: AgentRegistered) -> None:
    """Assign the tasks that waited for a name to the new agent of that name."""
    registered.tasks += await assign_tasks_waiting_for_name(call, registered.agent_id, registered.agent_name)


async def requeue_tasks_of_left_agent(call: Call, agent: AgentRow) -> None:
    """Requeue the running tasks of an agent that left."""
    await requeue_tasks_of_agent(call, agent.agent_id, agent.agent_name)


async def resume_leases(call: Call, since: int) -> None:
    """Extend leases and timers by the duration of a halt. since: microseconds since 1970."""
    await extend_timers_after_halt(call, since)
