"""What upstreams do about what happens in other domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow

from .authorizations import forget_subject

__all__ = ["forget_agent"]


async def forget_agent(call: Call, agent: AgentRow) -> None:
    """Drop what an agent that left was granted at upstreams."""
    await forget_subject(call, agent.agent_id)
