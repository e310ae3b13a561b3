"""Subscriptions of upstreams to events in other domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow

from .authorizations import forget_subject

__all__ = ["forget_agent"]


async def forget_agent(call: Call, agent: AgentRow) -> None:
    """Delete the grants of a deregistered agent."""
    await forget_subject(call, agent.agent_id)
