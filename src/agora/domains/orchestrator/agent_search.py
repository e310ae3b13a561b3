"""Answers to discovery messages: agents found by capability and rating."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import is_agent_visible
from agora.domains.billing.accounts import get_paying_account_of_caller
from agora.domains.instances import queries as instances
from agora.domains.instances.ports import LOCAL_HOST
from agora_sdk.contract.performatives import DiscoverPayload
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["answer_find_agent", "answer_find_agents", "build_agent_address", "choose_protocol_name", "describe_agent"]

LOOKED_AT = 2000  #: maximum examined agents with a capability
# Listed last instead of hidden: messages to them are kept until they return.
UNREACHABLE = frozenset({"offline", "inactive", "paused"})
UNAVAILABLE_STATES = frozenset({"suspended", "retired"})
PROTOCOLS = ("agentify", "http", "https", "a2a")
MANIFEST = ("repository", "build_config", "host_requirements", "pricing")


async def answer_find_agent(call: Call, payload: dict[str, Any]) -> dict[str, Any]:
    """Build an offer of the best matching agent, or a failure."""
    rows = await _list_matching_agents(call, payload)
    if not rows:
        capabilities = ", ".join(_list_requested_capabilities(DiscoverPayload.model_validate(payload)))
        return {
            "type": "failure",
            "intent": "agent_not_found",
            "payload": {"error": f"No agent fits: {capabilities}.", "code": "AGENT_NOT_FOUND", "details": payload},
        }
    return {
        "type": "offer",
        "intent": "agent_found",
        "payload": describe_agent(call, rows[0]) | await _find_own_instance_address(call, rows[0]),
    }


async def _find_own_instance_address(call: Call, row: AgentRow) -> dict[str, str]:
    """Find the address of the sender's own running instance of an agent, if there is one."""
    local = call.context.ports.find(LOCAL_HOST)
    here = local.host_id if local is not None else ""
    parameters = {
        "agent_id": row.agent_id,
        "account": get_paying_account_of_caller(call.caller),
        "now": call.now,
        "here": here,
    }
    instance = await call.tx.one(instances.select_preferred_running_instance, **parameters)
    # Only an own instance: those of others are paid for by their accounts.
    return {} if instance is None or not instance.address else {"address": instance.address}


async def answer_find_agents(call: Call, payload: dict[str, Any]) -> dict[str, Any]:
    """List all matching agents, best first."""
    rows = await _list_matching_agents(call, payload)
    page = rows[: DiscoverPayload.model_validate(payload).limit]
    payload_out = {"agents": [describe_agent(call, row) for row in page], "total": len(rows)}
    return {"type": "inform", "intent": "agents_found", "payload": payload_out}


def _list_requested_capabilities(payload: DiscoverPayload) -> list[str]:
    return list(dict.fromkeys([*([payload.capability] if payload.capability else []), *payload.capabilities]))


async def _list_matching_agents(call: Call, document: dict[str, Any]) -> Sequence[AgentRow]:
    """Find agents with all capabilities and the minimum rating; reachable ones first, then by rating."""
    payload = DiscoverPayload.model_validate(document)
    capabilities = _list_requested_capabilities(payload)
    if not capabilities:
        raise InvalidRequest(
            "payload.capability is required.",
            fix="Name the capability that the agent must have.",
            errors=[field_error("payload.capability", "required")],
        )
    # The index finds agents by one capability; the other conditions are tested on at most LOOKED_AT rows.
    rows = await call.tx.all(agents.select_capable_agents, capability=capabilities[0], limit=LOOKED_AT)
    fitting = [
        row
        for row in rows
        if row.status not in UNAVAILABLE_STATES
        and is_agent_visible(call.caller, row)
        and _compute_mean_rating(row) >= (payload.min_rating or 0)
        and set(capabilities) <= set(decode_json(row.capabilities))
    ]
    return sorted(fitting, key=lambda row: (row.status in UNREACHABLE, -_compute_mean_rating(row), row.agent_id))


def _compute_mean_rating(row: AgentRow) -> float:
    """Compute the mean rating, 0 to 10; 0 without ratings."""
    return round(row.rating_sum / row.rating_count, 2) if row.rating_count else 0.0


def choose_protocol_name(row: AgentRow) -> str:
    """Return the agent protocol's id of an agent: its alias, else its name."""
    return row.alias or row.agent_name


def describe_agent(call: Call, row: AgentRow) -> dict[str, Any]:
    """Build the payload that offers an agent: address, capabilities, rating, and build fields of its manifest."""
    metadata = decode_json(row.metadata)
    manifest = {name: metadata[name] for name in MANIFEST if isinstance(metadata.get(name), dict)}
    about = {
        "agent_id": choose_protocol_name(row),
        "name": metadata.get("name") if isinstance(metadata.get("name"), str) else row.agent_name,
        "address": build_agent_address(call, row),
        "capabilities": decode_json(row.capabilities),
        "rating": _compute_mean_rating(row) if row.rating_count else None,
        "status": row.status,
    }
    return {name: value for name, value in about.items() if value is not None} | manifest


def build_agent_address(call: Call, row: AgentRow) -> str:
    """Return the base URL of its ``/agent/message``: its own endpoint, or this marketplace, which forwards messages."""
    endpoints = decode_json(row.endpoints)
    for protocol in PROTOCOLS:
        if protocol in endpoints:
            return str(endpoints[protocol]).rstrip("/")
    settings = call.context.settings
    base = settings.public_url or (settings.own_url if settings.port else "")
    return f"{base.rstrip('/')}/agents/{row.agent_id}"
