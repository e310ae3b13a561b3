"""Handlers of signals of the agents domain."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow

from .retirement import check_idle, end_all

__all__ = ["end_instances", "refuse_while_running"]


async def refuse_while_running(call: Call, agent: AgentRow) -> None:
    """Refuse the deregistration of an agent that has instances. Raises Conflict."""
    await check_idle(call, agent)


async def end_instances(call: Call, agent: AgentRow) -> None:
    """Stop the instances of a deregistered agent, and withdraw its manifest."""
    await end_all(call, agent)
