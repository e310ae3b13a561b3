"""Rows of the chat's answers: agents, apps and counts in the chat's terms."""

from __future__ import annotations

from typing import Any

from agora_sdk.contract.agents import Agent
from agora_sdk.contract.apps import App
from agora_sdk.contract.instances import MarketplaceAgent
from agora_sdk.contract.orchestrator import MarketplaceCount

__all__ = ["build_app_fields", "build_count_fields", "build_market_fields", "build_profile_fields"]


def build_profile_fields(agent: Agent) -> dict[str, Any]:
    """Build profile fields in the agent protocol's terms: agent_id is the alias, or the name."""
    identity = {"agent_id": agent.alias or agent.agent_name, "id": agent.agent_id, "name": agent.agent_name}
    fields = {"description", "capabilities", "status", "category", "tags", "reputation"}
    return identity | agent.model_dump(mode="json", include=fields)


def build_market_fields(agent: MarketplaceAgent) -> dict[str, Any]:
    return build_profile_fields(agent) | {
        "pricing": agent.marketplace_info.pricing_info.model_dump(mode="json", exclude_none=True)
    }


def build_app_fields(app: App) -> dict[str, Any]:
    """Build an app's fields in the chat's terms: agent_id is the app's orchestrator agent."""
    fields = {"app_id", "name", "alias", "description", "industry", "version", "uses"}
    return app.model_dump(mode="json", include=fields) | {
        "agent_id": app.orchestrator_agent,
        "pricing": None if app.pricing is None else app.pricing.model_dump(mode="json", exclude_none=True),
    }


def build_count_fields(count: MarketplaceCount) -> dict[str, Any]:
    """Build the fields of a count; for agents including their states."""
    fields: dict[str, Any] = count.model_dump(mode="json", include={"of", "total", "top_capabilities"})
    if count.of == "agents":
        fields |= {"agents_total": sum(count.by_status.values()), "agents_by_status": count.by_status}
    return fields
