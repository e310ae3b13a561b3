"""Remote A2A agents as agents of this marketplace: registration, cards and state (operations of operators)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import Call, cast_relay_to_result, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.a2a.remote_port import REMOTE_AGENTS
from agora.domains.agents import queries as agents
from agora.domains.agents.names import check_name
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.agents.service import AgentService
from agora.domains.agents.supervision import set_agent_status
from agora.domains.identity.authority import check_administration_authority, check_and_record_administration
from agora.domains.tasks.transitions import fail_tasks_of_agent
from agora_sdk.contract import a2a as contract
from agora_sdk.contract.fields import AgentStatus, JsonObject
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    InvalidRequest,
    UpstreamFailed,
    UpstreamUnavailable,
    field_error,
)

from . import queries as statements
from .records import REMOTES, RemoteAgentRow
from .remote_connections import build_endpoint, check_outgoing_url, seal_secrets
from .remote_port import RemoteAgents

__all__ = [
    "ACCOUNT",
    "add_remote",
    "fail_tasks_and_remove_remote",
    "get_remote",
    "list_remotes",
    "refresh_remote",
    "store_card_or_mark_offline",
]

ACCOUNT = CATEGORY = "remote"  #: no registration has this account, so no other agent can pass for a remote one
BINDINGS = ("JSONRPC", "HTTP+JSON")  #: bindings, the preferred one first
VERSIONS = ("1.0", "0.3")
MAX_CARD_CHARACTERS = 262_144  #: maximum length of a card
MAX_SKILLS = 100
CARD_TIMEOUT = 40.0  # seconds to read a card
CARD_ADAPTER: TypeAdapter[Any] = TypeAdapter(JsonObject)


def _require_remotes(call: Call) -> RemoteAgents:
    remotes = call.context.ports.find(REMOTE_AGENTS)
    if remotes is None:
        raise UpstreamUnavailable("Remote A2A agents are disabled on this server.")
    return remotes


async def add_remote(
    call: Call, url: str, name: str | None, headers: Mapping[str, str], timeout: float, verify: bool
) -> contract.RemoteAgent:
    """Add a remote agent: the relay fetches its card and registers the agent."""
    # Stored with the agent: forbidding private networks later also applies to the agents added before.
    private = bool(call.context.settings.a2a_private_networks)
    check_outgoing_url(url, private=private)
    if name is not None:
        await _require_free_name(call, name)
    elif not verify:
        raise InvalidRequest("Without its card, the agent needs a name.", errors=[field_error("name", "required")])
    call.target = url
    provisional = new_id("agent")
    row = RemoteAgentRow(
        tenant_id=call.caller.tenant,
        agent_id=provisional,
        url=url,
        interface=None,
        card=None,
        secrets=seal_secrets(call, headers, provisional),
        private=int(private),
        timeout=timeout,
        revision=1,
        state=contract.RemoteState.UNKNOWN.value,
        error=None,
        checked_at=None,
        refreshed_at=None,
        created_by=call.caller.subject,
        created_at=call.now,
        updated_at=call.now,
    )
    endpoint, remotes = build_endpoint(row), _require_remotes(call) if verify else None

    async def fetch_card() -> Mapping[str, Any] | None:
        return await remotes.fetch_card(endpoint) if remotes is not None else None

    async def store_outcome(end: Call, outcome: Mapping[str, Any] | AgoraError | None) -> contract.RemoteAgent:
        if isinstance(outcome, AgoraError):
            raise outcome
        card = None if outcome is None else _require_storable_card(outcome)
        agent_name = name or str((card or {})["name"]).strip()
        # Again: the card was read between two transactions, and another agent may have taken the name.
        await _require_free_name(end, agent_name)
        if card is not None:
            row.card, row.interface = encode_json(card), encode_json(_require_supported_interface(card))
            row.state, row.checked_at, row.refreshed_at = contract.RemoteState.AVAILABLE.value, end.now, end.now
        # No credential has this account, so nobody but operators can change or price the agent.
        service = AgentService(replace(end, caller=replace(end.caller, account=ACCOUNT)))
        agent_id = (await service.register(agent_name, **_build_profile_from_card(card))).agent_id
        # Sealed again: secrets are bound to the id, which was provisional until now.
        row.agent_id, row.secrets = agent_id, seal_secrets(end, headers, agent_id)
        await check_and_record_administration(end, f"remote:{agent_id}")
        end.tx.append(REMOTES, row)
        emit_remote_event(end, "added", row, agent_name)
        return _build_remote_agent(row, agent_name)

    return cast_relay_to_result(fetch_card, store_outcome, CARD_TIMEOUT)


async def _require_free_name(call: Call, name: str) -> None:
    check_name(name, "name")
    row = await find_agent(call.tx, name)
    if row is not None and row.retired_at is None:
        raise Conflict(
            f"There is an agent {name!r} already.",
            fix="Give another name.",
            errors=[field_error("name", "taken")],
        )


def _require_storable_card(document: Mapping[str, Any]) -> dict[str, Any]:
    """Check that a card can be stored. Raises UpstreamFailed."""
    try:
        card: dict[str, Any] = CARD_ADAPTER.validate_python(document)
    except ValidationError as error:
        message = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise UpstreamFailed(f"The agent's card cannot be stored: {message}.") from None
    name = card.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 128:
        raise UpstreamFailed("The name on the agent's card is not a valid agent name.", fix="Give it a name.")
    if len(encode_json(card)) > MAX_CARD_CHARACTERS:
        raise UpstreamFailed(f"The agent's card has more than {MAX_CARD_CHARACTERS} characters.")
    _require_supported_interface(card)
    return card


def _require_supported_interface(card: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the interface to use: the newest version, then the preferred binding. Raises UpstreamFailed."""
    entries = card.get("supportedInterfaces")
    candidates = [
        interface
        for interface in (entries if isinstance(entries, list) else ())
        if isinstance(interface, dict)
        and interface.get("protocolBinding") in BINDINGS
        and all(isinstance(interface.get(name), str) for name in ("url", "protocolVersion"))
        and interface["protocolVersion"].startswith(VERSIONS)
    ]
    if not candidates:
        raise UpstreamFailed(
            "The agent's card names no supported interface.",
            fix=f"Supported are {' and '.join(BINDINGS)} in the versions {' and '.join(VERSIONS)}.",
        )
    return min(candidates, key=_rank_interface)


def _rank_interface(interface: Mapping[str, Any]) -> tuple[int, int]:
    version = next(i for i, supported in enumerate(VERSIONS) if interface["protocolVersion"].startswith(supported))
    return version, BINDINGS.index(interface["protocolBinding"])


def _build_profile_from_card(card: Mapping[str, Any] | None) -> dict[str, Any]:
    """Build an agent's registration from its card."""
    fields = card or {}
    skills = [skill for skill in _select_dicts(fields.get("skills"))[:MAX_SKILLS] if isinstance(skill.get("id"), str)]
    tags = [tag for skill in skills for tag in _select_items(skill.get("tags")) if _is_label(tag, 64)]
    return {
        "capabilities": [skill["id"] for skill in skills if _is_label(skill["id"], 100)],
        # PostgreSQL has no NUL in a text.
        "description": str(fields.get("description") or "")[:4000].replace("\0", ""),
        "category": CATEGORY,
        "tags": list(dict.fromkeys(tags))[:50],
        # A card does not declare whether its agent answers with messages in place of tasks, so any agent may.
        "metadata": {"remote": True, "a2a": {"skills": skills, "answers": "message", **_build_card_metadata(fields)}},
    }


def _build_card_metadata(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Select the fields of a card for the agent's metadata, omitting those of the wrong type."""
    a2a_metadata: dict[str, Any] = {}
    for card_name, own_name in (("defaultInputModes", "input_modes"), ("defaultOutputModes", "output_modes")):
        if isinstance(fields.get(card_name), list):
            a2a_metadata[own_name] = [mode for mode in fields[card_name] if isinstance(mode, str)]
    for card_name, own_name in (
        ("version", "version"),
        ("documentationUrl", "documentation_url"),
        ("iconUrl", "icon_url"),
    ):
        if isinstance(fields.get(card_name), str):
            a2a_metadata[own_name] = fields[card_name]
    if isinstance(fields.get("provider"), dict):
        a2a_metadata["provider"] = fields["provider"]
    return a2a_metadata


def _select_items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _select_dicts(value: Any) -> Sequence[dict[str, Any]]:
    return [item for item in _select_items(value) if isinstance(item, dict)]


def _is_label(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest and value.isprintable()


def _build_remote_agent(row: RemoteAgentRow, name: str) -> contract.RemoteAgent:
    return build_from_record(contract.RemoteAgent, row, agent_name=name, has_credentials=row.secrets is not None)


def emit_remote_event(call: Call, verb: str, row: RemoteAgentRow, name: str) -> None:
    data = {"agent_id": row.agent_id, "agent_name": name, "state": row.state, "revision": row.revision}
    call.emit(f"agora.remote.{verb}", data, subject=row.agent_id)


async def _require_remote(call: Call, ref: str) -> tuple[AgentRow, RemoteAgentRow]:
    """Load a remote agent and its registration. Raises NotFound."""
    agent = await find_agent(call.tx, ref)
    row = await call.tx.one(statements.select_remote_agent, agent_id=agent.agent_id) if agent is not None else None
    if agent is None or row is None:
        raise not_found(
            "agent", f"There is no remote agent {ref!r}.", fix="They are listed with GET /agora/a2a/list_remotes."
        )
    return agent, row


async def get_remote(call: Call, ref: str) -> contract.RemoteAgent:
    """Get a remote agent. Raises NotFound."""
    agent, row = await _require_remote(call, ref)
    return _build_remote_agent(row, agent.agent_name)


async def list_remotes(call: Call, limit: int, cursor: str | None) -> contract.RemoteAgentPage:
    """List a page of remote agents."""
    rows, more = await paging.read_query_page(call, statements.select_remote_agents, "agent_id", limit, cursor)
    entries = [_build_remote_agent(row, row.agent_name) for row in rows]
    return contract.RemoteAgentPage.model_construct(
        agents=entries,
        **paging.build_page_fields(entries, "agent_id", more=more, cursor=cursor),
    )


async def refresh_remote(call: Call, ref: str) -> contract.RemoteAgent:
    """Refresh a remote agent: the relay fetches its card again."""
    agent, row = await _require_remote(call, ref)
    agent_id = call.target = agent.agent_id
    await check_administration_authority(call, f"remote:{agent_id}")
    endpoint, remotes = build_endpoint(row), _require_remotes(call)

    async def fetch_card() -> Mapping[str, Any]:
        return await remotes.fetch_card(endpoint)

    async def store_outcome(end: Call, outcome: Mapping[str, Any] | AgoraError) -> contract.RemoteAgent:
        if isinstance(outcome, AgoraError):
            await store_card_or_mark_offline(end, agent_id, outcome)
            raise outcome
        await _store_card_and_profile(end, agent, _require_storable_card(outcome))
        await _set_status_by_reachability(end, agent_id, AgentStatus.ACTIVE)
        return await get_remote(end, agent_id)

    return cast_relay_to_result(fetch_card, store_outcome, CARD_TIMEOUT)


async def store_card_or_mark_offline(call: Call, agent_id: str, outcome: Mapping[str, Any] | AgoraError) -> None:
    """Record the outcome of a check: the card or the error. Updates the agent's status."""
    row = await call.tx.one(statements.select_remote_agent, agent_id=agent_id)
    agent = await find_agent(call.tx, agent_id)
    if row is None or agent is None:
        return  # removed in the meantime
    state, error, card = contract.RemoteState.AVAILABLE, None, None
    try:
        if isinstance(outcome, AgoraError):
            raise outcome
        card = _require_storable_card(outcome)
    except AgoraError as failure:
        state, error = contract.RemoteState.UNAVAILABLE, failure.detail[:1000]
    if card is not None and (row.card is None or decode_json(row.card) != card):
        await _store_card_and_profile(call, agent, card)
    else:
        await call.tx.execute(
            statements.update_remote_agent_state, agent_id=agent_id, state=state.value, error=error, now=call.now
        )
    if row.state != state.value:
        data = {"agent_id": agent_id, "agent_name": agent.agent_name, "state": state.value, "error": error}
        call.emit("agora.remote.changed", data, subject=agent_id)
    await _set_status_by_reachability(call, agent_id, AgentStatus.ACTIVE if error is None else AgentStatus.OFFLINE)


async def _set_status_by_reachability(call: Call, agent_id: str, status: AgentStatus) -> None:
    """Set the agent offline or active by reachability; states set by operators (paused, suspended) do not change."""
    row = await call.tx.one(agents.lock_agent, ref=agent_id)
    between = (AgentStatus.ACTIVE.value, AgentStatus.BUSY.value, AgentStatus.OFFLINE.value, AgentStatus.ERROR.value)
    if row is None or row.status not in between:
        return
    if (row.status == AgentStatus.OFFLINE.value) != (status is AgentStatus.OFFLINE):
        await set_agent_status(call, row, status.value)


async def _store_card_and_profile(call: Call, agent: AgentRow, card: dict[str, Any]) -> None:
    """Store a card and update the agent's registration from it."""
    agent_id = agent.agent_id
    values = {"card": encode_json(card), "interface": encode_json(_require_supported_interface(card)), "now": call.now}
    await call.tx.execute(statements.update_remote_agent, agent_id=agent_id, **values)
    await AgentService(call).update(agent_id, **_build_profile_from_card(card))
    row = await call.tx.one(statements.select_remote_agent, agent_id=agent_id)
    assert row is not None
    emit_remote_event(call, "refreshed", row, agent.agent_name)


async def fail_tasks_and_remove_remote(call: Call, ref: str) -> contract.RemoteRemoval:
    """Remove a remote agent: fails its open tasks and deregisters it. The controller closes the connection."""
    agent, row = await _require_remote(call, ref)
    call.target = agent.agent_id
    await check_and_record_administration(call, f"remote:{agent.agent_id}")
    # Before the deregistration: nobody is left to work on them, and their requesters should not wait for a lease.
    await fail_tasks_of_agent(call, agent.agent_id, f"{agent.agent_name} was removed from the marketplace.")
    await call.tx.execute(statements.delete_remote_agent, agent_id=agent.agent_id)
    if agent.retired_at is None:
        await AgentService(call).deregister(agent.agent_id)
    emit_remote_event(call, "removed", row, agent.agent_name)
    return contract.RemoteRemoval(agent_id=agent.agent_id, agent_name=agent.agent_name)
