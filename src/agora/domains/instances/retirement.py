"""Deregistration of an agent: effects on its instances."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora_sdk.errors import Conflict

from . import host_queries
from . import queries as statements
from .notifications import emit_instance_event

__all__ = ["end_agent_instances", "require_no_instances"]


async def require_no_instances(call: Call, agent: AgentRow) -> None:
    """Raise Conflict while instances of an agent exist."""
    instances = await call.tx.one(statements.count_instances_of_agent, agent_id=agent.agent_id)
    if instances:
        raise Conflict(
            f"There are {instances} instances of {agent.agent_name}.",
            fix="Withdraw its manifest (agora.deployment.withdraw), and terminate the instances.",
            instances=instances,
        )


async def end_agent_instances(call: Call, agent: AgentRow) -> None:
    """Withdraw a deregistered agent's manifest and stop its instances."""
    await call.tx.execute(host_queries.withdraw_deployment, agent_id=agent.agent_id, now=call.now)
    for row in await call.tx.all(statements.select_instances_to_stop, agent_id=agent.agent_id):
        await call.tx.execute(
            statements.update_desired_state,
            instance_id=row.instance_id,
            desired="stopped",
            state="stopping",
            reason=f"{agent.agent_name} has left the marketplace.",
            blocked=None,
            failures=0,
            now=call.now,
        )
        await emit_instance_event("agora.instance.stopping", call, row, status="stopping", desired_status="stopped")
