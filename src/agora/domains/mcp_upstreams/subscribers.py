"""Subscriptions of upstreams to events in other domains."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.records import AgentRow

from .oauth import queries as grant_statements

__all__ = ["delete_agent_grants"]


async def delete_agent_grants(call: Call, agent: AgentRow) -> None:
    """Delete the grants of a deregistered agent, and the authorizations that it has begun."""
    await call.tx.execute(grant_statements.delete_grants_of_subject, subject=agent.agent_id)
    await call.tx.execute(grant_statements.delete_authorizations_of_subject, subject=agent.agent_id)
