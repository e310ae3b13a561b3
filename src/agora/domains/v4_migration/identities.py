"""Identities of v4 agents.

A v4 agent is known by a name of its own choice. The mapping assigns it an agent of this marketplace: the one with this
name, or one registered for it. v4 let anyone call itself ``system``, so a name that is reserved here gets a prefix.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from agora.core import scopes
from agora.core.admission import ADMISSION
from agora.core.call import Call, decode_json
from agora.domains.agents.names import check_name
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import check_may_act_for, find_agent, load_agent
from agora.domains.agents.service import AgentService
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .arguments import MAX_NAME, validate_for
from .records import MAPPINGS, MappingRow

__all__ = [
    "AGENT_KIND",
    "BROADCAST_NAMES",
    "authorize_as_agent",
    "find_agent_and_drop_stale_mapping",
    "find_or_register_agent",
    "resolve_recipient",
    "store_mapping",
    "switch_agent",
]

AGENT_KIND: Final = "agent"  #: kind of agent mappings
BROADCAST_NAMES: Final = frozenset({"*", "broadcast", "all"})  #: recipients that mean everyone in v4
MAX_NAME_CHARACTERS = 128
COMPATIBILITY_METADATA: Final[JsonObject] = {"compatibility_mode": "true"}
_INVALID_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9 ._-]+")


async def find_agent_and_drop_stale_mapping(call: Call, name: str) -> AgentRow | None:
    """Find the agent with a v4 name, or mapped to it; None if there is neither. Retired ones do not count.

    The agent with the name precedes the mapped one, unless the mapping comes from an import.
    """
    mapping = await call.tx.one(statements.select_mapping, kind=AGENT_KIND, v4_key=name)
    agent = await find_agent(call.tx, name)
    if agent is not None and agent.retired_at is not None:
        agent = None
    if mapping is None:
        return agent
    if agent is not None and not mapping.run_id:
        return agent  # any agent may have mapped the name to itself before its owner registered
    row = await find_agent(call.tx, mapping.target)
    if row is not None and row.retired_at is None:
        return row
    # Its agent has left: the name is free for the next agent that calls itself so.
    await call.tx.execute(statements.delete_mapping, kind=AGENT_KIND, v4_key=name)
    return agent


async def find_or_register_agent(
    call: Call,
    name: str,
    *,
    capabilities: Sequence[str] = (),
    description: str = "",
    category: str = "",
    proficiency: int | None = None,
    max_tasks: int | None = None,
    agent_name: str = "",
    run_id: str = "",
) -> AgentRow:
    """Return the agent of a v4 name, registering it if needed. Arguments are added to its profile; nothing is removed.

    run_id: of the calling import. Raises InvalidRequest for an empty name, PermissionDenied if the profile must change
    and the caller may not act for the agent.
    """
    if not 0 < len(name) <= MAX_NAME or "\x00" in name:
        raise InvalidRequest(
            f"The name of a v4 agent has 1 to {MAX_NAME} characters, and no null character.",
            errors=[field_error("args.agent_id", "empty, too long, or with a null character")],
        )
    row = await find_agent_and_drop_stale_mapping(call, name)
    # The second name of register_agent is the display name, under which the agent may be registered already.
    if row is None and agent_name:
        row = await find_agent_and_drop_stale_mapping(call, agent_name)
    if row is None:
        # Services are called without the dispatcher, which otherwise validates the arguments.
        profile = validate_for(
            call,
            "agora.agent.register",
            agent_name=await _choose_name(call, agent_name or name),
            capabilities=list(capabilities),
            description=description,
            category=category,
            metadata={**COMPATIBILITY_METADATA, "v4_agent_id": name},
            max_concurrent_tasks=max_tasks or 1,
            proficiency_level=proficiency,
        )
        registration = await AgentService(call).register(**profile)
        row = await load_agent(call.tx, registration.agent_id)
        store_mapping(call, AGENT_KIND, name, row.agent_id, run_id)
        return row
    if await call.tx.one(statements.select_mapping, kind=AGENT_KIND, v4_key=name) is None:
        store_mapping(call, AGENT_KIND, name, row.agent_id, run_id="")
    if capabilities or description or proficiency is not None or max_tasks is not None:
        # Added, not replaced: v4 registered one capability with each call.
        present = decode_json(row.capabilities)
        profile = validate_for(
            call,
            "agora.agent.update",
            agent_id=row.agent_id,
            capabilities=list(dict.fromkeys([*present, *capabilities])),
            description=description if description and not row.description else None,
            proficiency_level=max(filter(None, (row.proficiency_level, proficiency)), default=None),
            max_concurrent_tasks=max(row.max_concurrent_tasks, max_tasks or 1),
        )
        await AgentService(authorize_as_agent(call, row)).update(**profile)
        row = await load_agent(call.tx, row.agent_id)
    return row


def authorize_as_agent(call: Call, row: AgentRow, operation: str | None = None) -> Call:
    """Return the call with the agent as its caller. operation: the operation to run.

    Raises PermissionDenied if the caller may not act for it, Halted if an override stops the agent.
    """
    # v4 had no authentication: here, a name in the arguments gives no rights.
    check_may_act_for(call.caller, row.agent_id)
    agent = replace(
        call.caller,
        subject=row.agent_id,
        name=row.agent_name,
        kind="agent",
        # An agent's rights, without the caller's authority, so that an operator's import cannot do more than the agent could.
        scopes=scopes.AGENT,
        account=row.account_id,
        tier=row.service_tier,
        authority=0,
    )
    if operation is not None:
        call.context.ports.get(ADMISSION).check_operation_allowed(operation, agent)
    call.context.last_seen[(agent.tenant, agent.subject)] = call.now  # v4 agents send no heartbeats: a call is one
    return replace(call, caller=agent)


async def resolve_recipient(call: Call, name: str) -> str:
    """Resolve the recipient of a v4 message: ``broadcast``, an agent's id, or a name for which messages are held."""
    if name in BROADCAST_NAMES:
        return "broadcast"
    row = await find_agent_and_drop_stale_mapping(call, name)
    if row is not None:
        return row.agent_id
    try:
        if len(name) > MAX_NAME:
            raise InvalidRequest(name)
        check_name(name)
    except InvalidRequest:  # no agent can ever have this name: register one under a valid name
        return (await find_or_register_agent(call, name)).agent_id
    return name


async def switch_agent(call: Call, name: str, capabilities: Sequence[str], to: str) -> Registration:
    """Switch an agent to v5, or back, registering it if needed. Returns its registration with its token."""
    row = await find_agent_and_drop_stale_mapping(call, name)
    if row is None:
        metadata = _build_origin_metadata({}, name, to)
        registration = await AgentService(call).register(name, list(capabilities), metadata=metadata)
        store_mapping(call, AGENT_KIND, name, registration.agent_id, run_id="")
        return registration
    service = AgentService(authorize_as_agent(call, row, "agora.agent.update"))
    profile = validate_for(
        call,
        "agora.agent.update",
        agent_id=row.agent_id,
        capabilities=list(dict.fromkeys([*decode_json(row.capabilities), *capabilities])),
        metadata=_build_origin_metadata(decode_json(row.metadata), name, to),
    )
    await service.update(**profile)
    registration = await service.issue_registration(await load_agent(call.tx, row.agent_id))
    call.target = row.agent_id
    return registration


def store_mapping(call: Call, kind: str, key: str, target: str, run_id: str, detail: str = "") -> None:
    """Record the target of a v4 object."""
    call.tx.append(
        MAPPINGS,
        MappingRow(
            tenant_id=call.caller.tenant,
            kind=kind,
            v4_key=key,
            target=target,
            run_id=run_id,
            detail=detail,
            created_at=call.now,
        ),
    )


def _build_origin_metadata(metadata: JsonObject, name: str, to: str) -> JsonObject:
    """Build the metadata of a switched agent, with its origin."""
    other_metadata = {
        key: value for key, value in metadata.items() if key not in ("compatibility_mode", "migration_source")
    }
    return {
        **other_metadata,
        "v4_agent_id": name,
        **({"migration_source": "v4"} if to == "v5" else COMPATIBILITY_METADATA),
    }


async def _choose_name(call: Call, name: str) -> str:
    """Choose a valid name similar to a v4 name."""
    plain = name
    try:
        if len(name) > MAX_NAME_CHARACTERS or "/" in name:
            raise InvalidRequest(name)
        check_name(name)
    except InvalidRequest:
        # Keeps names apart that differ only in the replaced characters.
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        plain = f"v4-{_INVALID_NAME_CHARACTERS.sub('-', name)[:80].strip(' -')}-{digest}"
    if await find_agent(call.tx, plain) is not None:  # another v4 agent with the same display name
        return f"{plain[:100]}-{hashlib.sha256((name + plain).encode()).hexdigest()[:8]}"
    return plain
