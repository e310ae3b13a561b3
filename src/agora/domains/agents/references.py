"""References to agents: resolve ids, names and aliases, and check who may see or act for an agent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from agora.core.call import Call, Caller, encode_json
from agora.store.port import Reader
from agora_sdk.contract.envelopes import ORCHESTRATOR, PublicKey
from agora_sdk.errors import InvalidRequest, NameTaken, NotFound, PermissionDenied, field_error

from . import queries as agents
from .names import compute_name_key
from .records import Addressee, AgentRow

__all__ = [
    "OPERATOR",
    "build_address_of_name",
    "check_alias_assignable",
    "check_may_act_for",
    "check_public_keys",
    "find_addressee",
    "find_agent",
    "load_agent",
    "load_locked_agent",
    "looks_like_alias",
    "looks_like_id",
    "looks_like_key",
    "require_agent_id_from_operator",
    "resolve_agent_ids_at",
    "resolve_registered_ids",
]

R = TypeVar("R")

OPERATOR = "operator"  #: subject of the operator, and the address of messages to it
_ID = re.compile(r"agent_[0-9a-f]{32}")
_KEY = re.compile(r"(?:key|usr)_[0-9a-f]{32}|static:.+")
_ALIAS = re.compile(r"agent\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]")
#: companies in aliases that are reserved for the marketplace
RESERVED_COMPANIES = frozenset({"marketplace", "builtin", "agentify"})
_KEY_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("X25519", "X448")}


def looks_like_id(ref: str) -> bool:
    """Whether a reference has the form of an agent id; such a form is never a name."""
    return _ID.fullmatch(ref) is not None


def looks_like_key(ref: str) -> bool:
    """Whether a reference is the subject of a key, a static token or a person: an address, and never a name."""
    return _KEY.fullmatch(ref) is not None


def looks_like_alias(ref: str) -> bool:
    """Whether a reference is a dotted alias that an agent may register; messages are held for it, too."""
    return _ALIAS.fullmatch(ref) is not None and _read_company_of_alias(ref) != _read_company_of_alias(ORCHESTRATOR)


def _read_company_of_alias(alias: str) -> str:
    return alias.split(".", 2)[1]


def build_address_of_name(name: str) -> str:
    """Return the recipient under which messages for an unregistered name are stored."""
    return f"name:{name}"


async def check_alias_assignable(call: Call, alias: str, agent_id: str | None) -> None:
    """Check that the caller may assign an alias: it is free, and its company is neither reserved nor another account.

    agent_id: the agent that the alias is assigned to, None for a new one. Raises NameTaken, PermissionDenied.
    """
    company = _read_company_of_alias(alias)
    holder = await find_agent(call.tx, alias)
    if holder is not None and holder.agent_id != agent_id:
        raise NameTaken(
            f"The alias {alias!r} belongs to another agent.",
            fix="Choose another, or let an operator deregister that agent.",
            errors=[field_error("alias", "taken")],
        )
    if holder is not None:
        return
    foreign = (
        company != call.caller.account
        and await call.tx.one(agents.select_any_agent_of_account, account=company) is not None
    )
    # An alias is an address: one in another company's name would receive that company's messages.
    if company in RESERVED_COMPANIES or foreign:
        if call.caller.may("admin") and company != _read_company_of_alias(ORCHESTRATOR):
            return
        raise PermissionDenied(
            f"Aliases that begin with 'agent.{company}.' are not yours to give.",
            fix="Choose your own company's name, or let an operator register it.",
            errors=[field_error("alias", "reserved")],
        )


def check_public_keys(keys: Sequence[PublicKey]) -> None:
    """Validate public keys: curve and coordinates match the key type, and each kid is unique. Raises InvalidRequest."""
    for at, key in enumerate(keys):
        if key.crv not in _KEY_CURVES[key.kty] or (key.y is None) != (key.kty == "OKP"):
            raise InvalidRequest(
                f"public_keys.{at} is not a key of the kind {key.kty} {key.crv}.",
                fix="EC keys have x and y and a curve P-256, P-384 or P-521; OKP keys x alone, and X25519 or X448.",
                errors=[field_error(f"public_keys.{at}", "malformed")],
            )
    if len({key.kid for key in keys}) < len(keys):
        raise InvalidRequest("Two keys have the same kid.", errors=[field_error("public_keys", "kid given twice")])


async def find_agent(tx: Reader, ref: str) -> AgentRow | None:
    """Resolve an id, a name, or a dotted alias (its own, or ``agent.ACCOUNT.NAME``); None if there is no such agent.

    A name without exact match resolves to an agent whose name looks the same (see :func:`.names.compute_name_key`).
    """
    return await _find_by_reference(tx, ref, agents.AGENT_QUERIES)


async def find_addressee(tx: Reader, ref: str) -> Addressee | None:
    """Like :func:`find_agent`, but read only the columns that are needed to send it a message."""
    return await _find_by_reference(tx, ref, agents.ADDRESSEE_QUERIES)


async def _find_by_reference(tx: Reader, ref: str, queries: agents.ReferenceQueries[R]) -> R | None:
    if looks_like_id(ref):
        return await tx.one(queries.by_id, ref=ref)
    if not ref.startswith("agent.") or ref.count(".") < 2:
        row = await tx.one(queries.by_name, ref=ref)
        return row if row is not None else await tx.one(queries.by_name_key, key=compute_name_key(ref))
    row = await tx.one(queries.by_alias, ref=ref)
    if row is None:
        # Agents without an alias are addressed by account and name.
        _, account, name = ref.split(".", 2)
        row = await tx.one(queries.of_account, ref=name, account=account)
    return row


async def load_agent(tx: Reader, ref: str, field: str = "agent_id") -> AgentRow:
    """Like :func:`find_agent`, but raises NotFound."""
    row = await find_agent(tx, ref)
    if row is None:
        raise _build_agent_not_found_error(ref, field)
    return row


async def load_locked_agent(tx: Reader, ref: str, field: str = "agent_id") -> AgentRow:
    """Like :func:`load_agent`, but locks the row, so that a status that depends on the present one replaces no other."""
    row = await load_agent(tx, ref, field)
    return await tx.one(agents.lock_agent, ref=row.agent_id) or row


def _build_agent_not_found_error(ref: str, field: str) -> NotFound:
    return NotFound(
        f"No agent {ref!r} is registered.",
        fix="Agents are found with GET /agora/query/agents.",
        errors=[field_error(field, "unknown agent")],
    )


class HasVisibility(Protocol):
    """The columns of an agent that decide who sees it."""

    agent_id: str
    account_id: str
    visibility: str


def is_agent_visible(caller: Caller, row: HasVisibility) -> bool:
    """Whether a caller may see an agent. A private one is visible to itself, its account, and the scope ``read:all``."""
    shared = row.account_id == caller.account != "default"
    return row.visibility != "private" or row.agent_id == caller.subject or shared or caller.may("read:all")


async def load_visible_agent(tx: Reader, caller: Caller, ref: str) -> AgentRow:
    """Like :func:`load_agent`, but raise NotFound also for an agent that the caller may not see, to not disclose it."""
    row = await find_agent(tx, ref)
    if row is None or not is_agent_visible(caller, row):
        raise _build_agent_not_found_error(ref, "agent_id")
    return row


async def resolve_registered_ids(tx: Reader, refs: Iterable[str]) -> list[str]:
    """Return the ids of the agents that exist and are not retired, in the given order."""
    rows = [await find_agent(tx, ref) for ref in refs]
    return [row.agent_id for row in rows if row is not None and row.retired_at is None]


def require_agent_id_from_operator(caller: Caller, agent_id: str | None) -> None:
    """Require ``agent_id`` from operators that read messages: they rarely mean their own. Raises InvalidRequest."""
    if agent_id is None and caller.acts_for_others and caller.kind != "agent":
        raise InvalidRequest(
            "agent_id is required: your credential acts for every agent.",
            fix="Name the agent in agent_id; agent_id=operator selects the messages to the operator.",
            errors=[field_error("agent_id", "required of a credential that acts for others")],
        )


async def resolve_agent_ids_at(tx: Reader, refs: Iterable[str], time: int) -> list[str]:
    """Resolve references stored at a given time, in microseconds since 1970, to ids of agents.

    A name resolves to its holder at that time, or to the first holder since; unregistered names are left out.
    """
    ids, names = list[str](), list[str]()
    for ref in refs:
        if looks_like_id(ref):
            ids.append(ref)
        elif ref.startswith("agent."):
            row = await find_agent(tx, ref)
            ids += [] if row is None else [row.agent_id]
        else:
            names.append(ref)
    holders = await tx.all(agents.select_agents_named_at, names=encode_json(names), time=time) if names else []
    return list(dict.fromkeys((*ids, *holders)))


def check_may_act_for(caller: Caller, agent_id: str) -> None:
    """Check that the caller is the agent or may act for others (scope ``act:any``). Raises PermissionDenied."""
    if not caller.acts_for(agent_id):
        raise PermissionDenied(
            f"You are {caller.subject}; this belongs to {agent_id}.",
            fix="Use that agent's token, or a key with the scope act:any.",
            required="act:any",
        )
