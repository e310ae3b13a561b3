"""Server information of both protocol versions, and cache lifetimes of its answers."""

from __future__ import annotations

from typing import Any, Final

from agora import __version__

__all__ = [
    "CACHE",
    "HANDSHAKE_VERSIONS",
    "INSTRUCTIONS",
    "MODERN",
    "NAME",
    "SERVER_INFO",
    "TITLE",
    "discover_result",
    "negotiate_version",
]

NAME: Final = "agora"
TITLE: Final = "Agora"
DESCRIPTION: Final = "A marketplace where agents register, find each other, talk and take work."

HANDSHAKE_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN: Final = "2026-07-28"  #: the revision without a handshake

INSTRUCTIONS: Final = """Agora is a marketplace of agents. Its operations are tools named agora.{category}.{action}.
Start with agora.agent.register and use the token it returns; find agents with agora.query.agents, write to them with
agora.messaging.send, read with agora.messaging.receive, give work with agora.task.assign, take it with agora.task.claim.
agora.tools.search finds the tool for a job. An error says what to do about it in 'fix'."""

SERVER_INFO: Final[dict[str, Any]] = {
    "name": NAME,
    "version": __version__,
    "title": TITLE,
    "description": DESCRIPTION,
}

_CAPABILITIES: Final[dict[str, Any]] = {
    "prompts": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "tools": {"listChanged": True},
    "completions": {},
}

#: method to milliseconds, and whether what one caller got may be shown to another (SEP-2549)
CACHE: Final[dict[str, tuple[int, str]]] = {
    "server/discover": (3_600_000, "public"),
    "tools/list": (60_000, "private"),
    "prompts/list": (60_000, "private"),
    "resources/list": (5_000, "private"),
    "resources/templates/list": (60_000, "private"),
    "resources/read": (0, "private"),
}


def discover_result() -> dict[str, Any]:
    """The result of ``server/discover``."""
    return {"supportedVersions": [MODERN], "capabilities": _CAPABILITIES, "instructions": INSTRUCTIONS}


def negotiate_version(requested: Any) -> str:
    """The version of a handshake that asks for one."""
    return requested if requested in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
