"""Signal handlers of instances for signals of agents and billing."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora.domains.billing.records import BudgetRow

from . import queries as statements
from .retirement import end_agent_instances, require_no_instances

__all__ = ["check_limited_instances", "end_instances", "refuse_while_running"]


async def check_limited_instances(call: Call, budget: BudgetRow) -> None:
    """Measure the instances under a new limit now, because their next check was scheduled without it."""
    scope = {"account": budget.account_id, "agent": budget.agent_id}
    await call.tx.execute(statements.advance_due_time, due_at=call.now, **scope)


async def refuse_while_running(call: Call, agent: AgentRow) -> None:
    """Refuse the deregistration of an agent that has instances. Raises Conflict."""
    await require_no_instances(call, agent)


async def end_instances(call: Call, agent: AgentRow) -> None:
    """Stop the instances of a deregistered agent, and withdraw its manifest."""
    await end_agent_instances(call, agent)
