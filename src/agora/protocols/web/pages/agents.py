"""Agents: the list, one agent with its state, and interventions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agora_sdk.contract import fields

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import has_event_about, list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_agent_names_page", "load_agent_page", "load_agents_page"]

EVENTS = ("agora.agent.*",)
MAX_SUGGESTIONS = 20


@register_page("agents", title="Agents", scope="read:agents", nav=20, key="a", live=("agent_rows",))
async def load_agents_page(view: View) -> Mapping[str, Any]:
    """Load all agents, or those that match the filters."""
    statuses = [status.value for status in fields.AgentStatus]
    return {**await load_agent_table(view), "statuses": statuses}


@register_fragment("agent_rows", on=EVENTS, every=1.0)
async def load_agent_table(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "status", "search")
    result_page, error = await list_page_or_filter_error(view, "agora.monitor.agents", filters)
    return {"found": result_page, "trouble": error, "filtered": bool(filters)}


@register_page("agents/names", title="Names", template="agent_names.html", scope="read:agents")
async def load_agent_names_page(view: View) -> Mapping[str, Any]:
    """Load suggestions of agent names for the text of a field, given as ``q``."""
    words = view.query.get("q", "").strip()[:200]
    listing = await query_if_allowed(view, "agora.query.agents", {"search": words or None, "limit": MAX_SUGGESTIONS})
    return {"agents": listing.items if listing else []}


@register_page("agents/{agent}", title="Agent", scope="read:agents", live=("agent_now", "agent_work"))
async def load_agent_page(view: View) -> Mapping[str, Any]:
    """Load one agent: its card, its work, and the audit trail."""
    profile = await view.invoke("agora.agent.get", {"agent_id": view.path["agent"]})
    id = profile.agent_id
    work, trail, price, cost, messages = await asyncio.gather(
        _load_work_values(view, id),
        query_if_allowed(view, "agora.admin.audit", {"target": id, "limit": 12}),
        query_if_allowed(view, "agora.billing.prices", {"agent_id": id}),
        query_if_allowed(view, "agora.billing.cost", {"agent_id": id}),
        query_if_allowed(view, "agora.monitor.messages", {"agent": id, "limit": 12}),
    )
    return {
        "profile": profile,
        "report": await query_if_allowed(view, "agora.agent.status", {"agent_id": id}),
        **work,
        "trail": trail,
        "price": price.items[0] if price and price.items else None,
        "cost": cost,
        "messages": messages,
        "names": await load_agent_names(
            view,
            [
                *(entry.actor for entry in (trail.items if trail else [])),
                *(message.to_agent for message in (messages.items if messages else [])),
            ],
        ),
    }


@register_fragment("agent_now", on=EVENTS, every=0.5)
async def load_agent_now_fragment(view: View) -> Mapping[str, Any] | None:
    """Load its current state."""
    id = view.path["agent"]
    # The address may have the agent's name instead, which is not the subject of its events.
    if id.startswith("agent_") and not has_event_about(view, id):
        return None
    profile = await view.invoke("agora.agent.get", {"agent_id": id})
    return {
        "profile": profile,
        "report": await query_if_allowed(view, "agora.agent.status", {"agent_id": profile.agent_id}),
    }


@register_fragment("agent_work", on=("agora.task.*",), every=1.0)
async def load_agent_work_fragment(view: View) -> Mapping[str, Any]:
    """Load its current and past work."""
    profile = await view.invoke("agora.agent.get", {"agent_id": view.path["agent"]})
    return {"profile": profile, **await _load_work_values(view, profile.agent_id)}


async def _load_work_values(view: View, id: str) -> Mapping[str, Any]:
    tasks, numbers = await asyncio.gather(
        query_if_allowed(view, "agora.task.list", {"agent_id": id, "limit": 12, "descending": True}),
        query_if_allowed(view, "agora.task.statistics", {"agent_id": id}),
    )
    return {"tasks": tasks, "numbers": numbers}
