"""Checks of a message against an agent's accepted media types and required extensions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents.records import AgentRow
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .routing import parse_agent_skills

__all__ = ["check_card_accepts_message"]


async def check_card_accepts_message(
    call: Call, agent: AgentRow, parts: Sequence[Mapping[str, Any]], extensions: Collection[str]
) -> None:
    """Check that the agent's card allows the message. Raises InvalidRequest.

    Refused are a part with an unaccepted media type (A2A 1.0, section 3.1.1), and a sender that does not support a
    required extension (3.3.4).
    """
    row = await call.tx.one(statements.select_cards, agent_id=agent.agent_id)
    card = decode_json(row.card) if row is not None and row.card else {}
    _check_required_extensions(agent, card, extensions)
    # Text without a media type is the usual message, and needs no list of the agent's skills.
    modes = [_find_part_media_type(part) for part in parts]
    if all(mode is None for mode in modes):
        return
    accepted = _find_accepted_modes(agent, card)
    for number, mode in enumerate(modes):
        if accepted is not None and mode is not None and not any(_matches_mode(mode, pattern) for pattern in accepted):
            raise InvalidRequest(
                f"{agent.agent_name} does not accept {mode}.",
                fix=f"It accepts {', '.join(accepted)}.",
                errors=[field_error(f"message.parts.{number}.mediaType", "not taken")],
                reason="CONTENT_TYPE_NOT_SUPPORTED",
            )


def _check_required_extensions(agent: AgentRow, card: Mapping[str, Any], supported: Collection[str]) -> None:
    capabilities = card.get("capabilities")
    declared = capabilities.get("extensions") if isinstance(capabilities, dict) else None
    for extension in declared if isinstance(declared, list) else ():
        if isinstance(extension, dict) and extension.get("required") is True and extension.get("uri") not in supported:
            raise InvalidRequest(
                f"{agent.agent_name} requires the extension {extension.get('uri')}.",
                fix="Support it, and declare it in the header A2A-Extensions, or in the message's extensions.",
                errors=[field_error("extensions", "a required one is missing")],
                reason="EXTENSION_SUPPORT_REQUIRED",
            )


def _find_part_media_type(part: Mapping[str, Any]) -> str | None:
    """Read the media type of a part; None if unspecified. Every agent accepts text and data."""
    mode = part.get("mediaType")
    return mode.partition(";")[0].strip().lower() if isinstance(mode, str) else None


def _find_accepted_modes(agent: AgentRow, stored: Mapping[str, Any]) -> list[str] | None:
    """Return the media types that an agent accepts. None if it declares none."""
    a2a_metadata = decode_json(agent.metadata).get("a2a")
    modes = _parse_modes_or_empty(stored.get("defaultInputModes")) or _parse_modes_or_empty(
        a2a_metadata.get("input_modes") if isinstance(a2a_metadata, dict) else None
    )
    if not modes:
        return None
    skills = stored.get("skills") or parse_agent_skills(agent)
    # Which skill will handle the message is the agent's decision: the modes of each are accepted.
    return modes + [mode for skill in skills for mode in _parse_modes_or_empty(skill.get("inputModes"))]


def _parse_modes_or_empty(value: Any) -> list[str]:
    """Parse a list of media types in lower case; empty unless it is a list of strings."""
    is_valid = isinstance(value, list) and all(isinstance(mode, str) for mode in value)
    return [mode.lower() for mode in value] if is_valid else []


def _matches_mode(mode: str, pattern: str) -> bool:
    if pattern in ("*", "*/*") or pattern == mode:
        return True
    return pattern.endswith("/*") and mode.startswith(pattern[:-1])
