"""Pages: one module for each, which builds the values of its template from what operations answer.

In this room: what is asked, and in which order it is shown. What may not enter: HTML, the wire, anything but the view.
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
    brake,
    codebases,
    coding_sessions,
    conversations,
    dashboard,
    dead_letters,
    declared_agents,
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
    "brake",
    "codebases",
    "coding_sessions",
    "conversations",
    "dashboard",
    "dead_letters",
    "declared_agents",
    "find_page",
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
    """The page at a path below ``/v1/monitor`` as it came over the wire, and what the path says; fixed paths before open ones."""
    try:
        parts = tuple(unquote(part, errors="strict") for part in raw_path.strip("/").split("/"))
    except UnicodeDecodeError:
        return None
    matches = [(page, values) for page in PAGES if (values := page.match_path(parts)) is not None]
    return min(matches, key=lambda match: len(match[1]), default=None)
