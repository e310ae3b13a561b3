"""Scopes: permissions of each kind of caller."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "AGENT",
    "ALL_SCOPES",
    "ANONYMOUS",
    "DELEGABLE",
    "DELEGATED_BY_DEFAULT",
    "ENROLMENT",
    "ROLES",
    "build_virtual_server_scope",
]

AGENT = frozenset(
    {
        "read:agents",
        "write:agents",
        "read:messages",
        "write:messages",
        "read:events",
        "write:events",
        "read:catalogue",
        "read:billing",
        "write:billing",
        "read:instances",
        "write:instances",
        "read:media",
        "write:media",
        "read:memory",
        "write:memory",
        "read:tasks",
        "write:tasks",
        "read:workflows",
        "write:workflows",
        "write:tools",
    }
)
#: scopes that a task's creator may delegate to the worker's program; not the registration of agents, whose tokens
#: outlive the task
DELEGABLE = AGENT - {"write:agents"}
DELEGATED_BY_DEFAULT = frozenset({"read:agents", "read:catalogue"})
ENROLMENT = frozenset({"write:agents"})
ANONYMOUS: frozenset[str] = frozenset()
ALL_SCOPES = frozenset({"*"})

_VIEWER = frozenset({scope for scope in AGENT if scope.startswith("read:")} | {"read:hosts", "read:all"})
_OPERATOR = _VIEWER | AGENT | {"act:any", "deploy:agents"}
#: scopes of people by role: an operator can act for any agent, a user only for itself
ROLES: Mapping[str, frozenset[str]] = {"admin": ALL_SCOPES, "operator": _OPERATOR, "viewer": _VIEWER, "user": AGENT}


def build_virtual_server_scope(name: str) -> str:
    """Build the scope of a virtual MCP server's keys; no operation requires it."""
    return f"server:{name}"
