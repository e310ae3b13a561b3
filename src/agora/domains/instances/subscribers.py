"""Signal handlers of instances for signals of agents and billing."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora.domains.billing.records import BudgetRow
from agora_sdk.errors import Conflict

from . import host_queries
from . import queries as statements
from .notifications import emit_instance_event

__all__ = ["make_limited_instances_due", "refuse_deregistration_with_instances", "withdraw_and_stop_instances"]


async def make_limited_instances_due(call: Call, budget: BudgetRow) -> None:
    """Measure the instances under a new limit now, because their next check was scheduled without it."""
    scope = {"account": budget.account_id, "agent": budget.agent_id}
    await call.tx.execute(statements.advance_due_time, due_at=call.now, **scope)


async def refuse_deregistration_with_instances(call: Call, agent: AgentRow) -> None:
    """Refuse the deregistration of an agent that has instances. Raises Conflict."""
    instances = await call.tx.one(statements.count_instances_of_agent, agent_id=agent.agent_id)
    if instances:
        raise Conflict(
            f"There are {instances} instances of {agent.agent_name}.",
            fix="Withdraw its manifest (agora.deployment.withdraw), and terminate the instances.",
            instances=instances,
        )


async def withdraw_and_stop_instances(call: Call, agent: AgentRow) -> None:
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
