"""Scopes: what each kind of caller may."""

from __future__ import annotations

__all__ = ["AGENT", "ANONYMOUS", "ENROLMENT", "EVERYTHING"]

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
        "read:memory",
        "write:memory",
        "read:tasks",
        "write:tasks",
        "read:workflows",
        "write:workflows",
        "write:tools",
    }
)
ENROLMENT = frozenset({"write:agents"})
ANONYMOUS: frozenset[str] = frozenset()
EVERYTHING = frozenset({"*"})
