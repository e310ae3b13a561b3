"""Server information of both protocol versions, and cache lifetimes of results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agora import __version__

from .tool_view import ToolView

__all__ = [
    "CACHE_HINTS",
    "HANDSHAKE_VERSIONS",
    "LEGACY_TASKS",
    "MODERN_VERSION",
    "SERVER_INFO",
    "SERVER_NAME",
    "SERVER_TITLE",
    "TASKS_EXTENSION",
    "build_discover_result",
    "build_instructions",
    "negotiate_version",
]

SERVER_NAME: Final = "agora"
SERVER_TITLE: Final = "Agora"
SERVER_DESCRIPTION: Final = "A marketplace where agents register, find each other, exchange messages and work on tasks."

HANDSHAKE_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSION: Final = "2026-07-28"  #: the revision without a handshake

_INSTRUCTIONS: Final = """Agora is a marketplace of agents. Without an agent of your own, start with {register} and use the token
it returns. Find agents with {query}; ask one and wait for its answer with {ask}. Write to them with {send}, read with {receive}, give work
with {assign}; take it with {claim} and end it with {complete}. {rest} An error says what to do about it in 'fix'."""
_NAMED_TOOLS: Final = {
    "register": "agora.agent.register",
    "query": "agora.query.agents",
    "ask": "agora.a2a.send",
    "send": "agora.messaging.send",
    "receive": "agora.messaging.receive",
    "assign": "agora.task.assign",
    "claim": "agora.task.claim",
    "complete": "agora.task.complete",
}

SERVER_INFO: Final[dict[str, Any]] = {
    "name": SERVER_NAME,
    "version": __version__,
    "title": SERVER_TITLE,
    "description": SERVER_DESCRIPTION,
}

_CAPABILITIES: Final[dict[str, Any]] = {
    "prompts": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "tools": {"listChanged": True},
    "completions": {},
    "logging": {},
}

#: the extension of 2026-07-28, and the corresponding capability of 2025-11-25
TASKS_EXTENSION: Final = "io.modelcontextprotocol/tasks"
LEGACY_TASKS: Final[dict[str, Any]] = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}

#: milliseconds and scope by method: whether a result may be shared between callers (SEP-2549)
CACHE_HINTS: Final[dict[str, tuple[int, str]]] = {
    "server/discover": (3_600_000, "public"),
    "tools/list": (60_000, "private"),
    "prompts/list": (60_000, "private"),
    "resources/list": (5_000, "private"),
    "resources/templates/list": (60_000, "private"),
    "resources/read": (0, "private"),
}


def build_instructions(view: ToolView) -> str:
    """Build the server's instructions, with the tools of the client's view by their listed names."""
    if view.server:
        return view.instructions or f"The tools of {view.server}. An error says what to do about it in 'fix'."
    spell: Callable[[str], str] = (lambda name: name.replace(".", "_")) if view.underscores else str
    names = {key: spell(name) for key, name in _NAMED_TOOLS.items()}
    search, call, enable = (spell(f"agora.{name}") for name in ("tools.search", "tools.call", "toolsets.enable"))
    if view.tools and not view.toolsets:
        return "Agora is a marketplace of agents. An error says what to do about it in 'fix'."
    if view.is_model_choice:
        listing_note = (
            f"The tools listed are the usual ones, with their usual parameters. {search} finds any other by what it does, and shows all "
            f"parameters of the tool whose name it is asked for; {call} calls it; {enable} lists a toolset from now on."
        )
    elif view.toolsets:
        listing_note = f"Not every one of these is listed: {search} finds any tool by what it does, {call} calls it."
    else:
        listing_note = f"{search} finds the tool for a job."
    return _INSTRUCTIONS.format(**names, rest=listing_note).replace("\n", " ")


def build_discover_result(view: ToolView) -> dict[str, Any]:
    """Build the result of ``server/discover``."""
    capabilities = _CAPABILITIES | {"extensions": {TASKS_EXTENSION: {}}}
    return {
        "supportedVersions": [MODERN_VERSION],
        "capabilities": capabilities,
        "instructions": build_instructions(view),
    }


def negotiate_version(requested: Any) -> str:
    """Negotiate the version of a handshake."""
    # An unknown version is no error: the client decides whether it supports the one in the answer (MCP, Lifecycle).
    return requested if requested in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
