"""Registration of built-in agents under a reserved account, in every tenant."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agora.core.call import Call, encode_json
from agora.core.lazy import Lazy
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.agents.supervision import set_agent_status
from agora_sdk.contract.fields import AgentStatus

from . import queries as statements
from .port import Profile

if TYPE_CHECKING:
    from agora.domains.agents.service import AgentService

__all__ = ["ACCOUNT", "CATEGORY", "deactivate_builtin_agent", "register_or_update_builtin"]

log = logging.getLogger(__name__)

#: loaded only to register an agent or change its profile, which most starts need not
AGENT_SERVICE: Lazy[type[AgentService]] = Lazy("agora.domains.agents.service:AgentService")
ACCOUNT = CATEGORY = "builtin"  #: reserved account, so that no other agent can be taken for a built-in one


async def register_or_update_builtin(call: Call, profile: Profile) -> tuple[str, bool] | None:
    """Register or update a built-in agent from its profile. Returns its id and whether it is suspended.

    None if another account uses the name, or an operator has deregistered the agent.
    """
    row = await call.tx.one(agents.select_agent_by_name, ref=profile.name)
    if row is None:
        # An operator's deregistration outlives restarts, although the agent's name is free again.
        if await call.tx.one(statements.select_retired_agent, name=profile.name, account=ACCOUNT) is not None:
            return None
        service = _create_agent_service(call)
        registration = await service.register(profile.name, profile.capabilities, **_build_profile_fields(profile))
        return registration.agent_id, False
    if row.account_id != ACCOUNT:
        log.warning("the name %r belongs to another agent: the built-in agent is not registered", profile.name)
        return None
    agent_id = row.agent_id
    if _differs_from_profile(row, profile):
        service = _create_agent_service(call)
        await service.update(agent_id, capabilities=profile.capabilities, **_build_profile_fields(profile))
    elif row.status in ("inactive", "offline"):
        await set_agent_status(call, row, AgentStatus.ACTIVE)
    return agent_id, row.status == "suspended"


async def deactivate_builtin_agent(call: Call, profile: Profile) -> None:
    """Mark a built-in agent inactive, because a setting disables it."""
    row = await call.tx.one(agents.select_agent_by_name, ref=profile.name)
    if row is not None and row.account_id == ACCOUNT and row.status in ("active", "offline"):
        await set_agent_status(call, row, AgentStatus.INACTIVE)


def _create_agent_service(call: Call) -> AgentService:
    """Create the service of agents for a caller of the reserved account."""
    return AGENT_SERVICE.get()(replace(call, caller=replace(call.caller, account=ACCOUNT)))


def _build_profile_fields(profile: Profile) -> dict[str, Any]:
    skills = [dict(skill) for skill in profile.skills]
    return {
        "description": profile.description,
        "category": CATEGORY,
        "tags": list(dict.fromkeys([*profile.tags, *(tag for skill in skills for tag in skill.get("tags", ()))]))[:20],
        "metadata": {"builtin": True, "a2a": {"skills": skills}},
    }


def _differs_from_profile(row: AgentRow, profile: Profile) -> bool:
    fields = _build_profile_fields(profile) | {"capabilities": profile.capabilities}
    columns = {name: value if isinstance(value, str) else encode_json(value) for name, value in fields.items()}
    return any(getattr(row, name) != value for name, value in columns.items())
