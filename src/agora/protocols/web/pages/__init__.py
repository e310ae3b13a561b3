"""Pages: one module per page, which builds the values of its template from the results of operations.

A module determines the operations to call and the order of display. It uses only the view, not HTML or HTTP.
"""

from __future__ import annotations

from urllib.parse import unquote

from ..registry import PAGES, Page
from . import (
    agents,
    apps,
    attempts,
    audit,
    billing,
    board,
    codebases,
    coding_sessions,
    conversations,
    dashboard,
    dead_letters,
    declared_agents,
    halt,
    inbox,
    instances,
    messages,
    migration,
    reviews,
    search,
    services,
    settings,
    tasks,
    workers,
    workflows,
)

__all__ = [
    "agents",
    "apps",
    "attempts",
    "audit",
    "billing",
    "board",
    "codebases",
    "coding_sessions",
    "conversations",
    "dashboard",
    "dead_letters",
    "declared_agents",
    "find_page",
    "halt",
    "inbox",
    "instances",
    "messages",
    "migration",
    "reviews",
    "search",
    "services",
    "settings",
    "tasks",
    "workers",
    "workflows",
]


def find_page(raw_path: str) -> tuple[Page, dict[str, str]] | None:
    """Find the page of a raw path below ``/v1/monitor`` with the path's parameters; fixed paths precede those with
    parameters."""
    try:
        parts = tuple(unquote(part, errors="strict") for part in raw_path.strip("/").split("/"))
    except UnicodeDecodeError:
        return None
    matches = [(page, values) for page in PAGES if (values := page.match_path(parts)) is not None]
    return min(matches, key=lambda match: len(match[1]), default=None)
