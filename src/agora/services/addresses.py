"""Addresses: from what a caller writes to whom it means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from agora_sdk.errors import InvalidRequest, NotFound, PermissionDenied

from ..store.port import Reader, Row
from ..store.statements import agents
from .base import Caller

__all__ = [
    "RESERVED",
    "check_name",
    "find",
    "held_address",
    "looks_like_id",
    "looks_like_key",
    "own_or_allowed",
    "registered",
    "require",
]

RESERVED = frozenset({"broadcast", "operator", "system", "system_wide", "anonymous"})
_ID = re.compile(r"agent_[0-9a-f]{32}")
_KEY = re.compile(r"key_[0-9a-f]{32}|static:.+")
_MEANT = ("capability:", "name:", "agent.")


def looks_like_id(ref: str) -> bool:
    """Whether a reference has the form of an agent id; such a form is never a name."""
    return _ID.fullmatch(ref) is not None


def looks_like_key(ref: str) -> bool:
    """Whether a reference is the subject of a key or of a static token: an address, and never a name."""
    return _KEY.fullmatch(ref) is not None


def held_address(name: str) -> str:
    """Where messages wait for a name that nobody has registered yet."""
    return f"name:{name}"


def check_name(name: str, field: str = "agent_name") -> None:
    """Refuse names that mean something else, and those that only look like another."""
    reserved = name.casefold() in RESERVED or looks_like_id(name) or looks_like_key(name) or name.startswith(_MEANT)
    visible = name.isprintable() and name == name.strip() and unicodedata.is_normalized("NFC", name)
    if reserved or not visible:
        raise InvalidRequest(
            f"{name!r} cannot be an agent's name.",
            fix="Choose a name that is neither reserved nor an id, without surrounding spaces or invisible characters.",
            errors=[{"field": field, "message": "reserved"}],
        )


async def find(tx: Reader, ref: str) -> Row | None:
    """The agent meant by an id, a name, or a dotted alias ``agent.ACCOUNT.NAME``."""
    if looks_like_id(ref):
        return await tx.one(agents.by_id, ref=ref)
    row = await tx.one(agents.by_name, ref=ref)
    if row is None and ref.startswith("agent.") and ref.count(".") >= 2:
        _, account, name = ref.split(".", 2)
        row = await tx.one(agents.by_alias, ref=name, account=account)
    return row


async def require(tx: Reader, ref: str, field: str = "agent_id") -> Row:
    """As :func:`find`; NotFound where there is none."""
    row = await find(tx, ref)
    if row is None:
        raise NotFound(
            f"No agent {ref!r} is registered.",
            fix="Agents are found with GET /agora/query/agents.",
            errors=[{"field": field, "message": "unknown agent"}],
        )
    return row


async def registered(tx: Reader, refs: Iterable[str]) -> list[str]:
    """Ids of those of these agents that are on the marketplace, in their order."""
    rows = [await find(tx, ref) for ref in refs]
    return [row["agent_id"] for row in rows if row is not None and row["retired_at"] is None]


def own_or_allowed(caller: Caller, agent_id: str) -> None:
    """Refuse acting on another agent's behalf, unless the caller's scope allows it."""
    if caller.subject != agent_id and not caller.acts_for_others:
        raise PermissionDenied(
            f"You are {caller.subject}; this belongs to {agent_id}.",
            fix="Use that agent's token, or a key with the scope act:any.",
            required="act:any",
        )
