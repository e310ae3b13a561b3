"""Pages: one module for each, which builds the values of its template from what operations answer.

In this room: what is asked, and in which order it is shown. What may not enter: HTML, the wire, anything but the view.
"""

from __future__ import annotations

from . import (
    agents,
    audit,
    billing,
    conversations,
    dashboard,
    instances,
    messages,
    services,
    settings,
    tasks,
    workflows,
)
from . import search as finding

__all__ = [
    "agents",
    "audit",
    "billing",
    "conversations",
    "dashboard",
    "finding",
    "instances",
    "messages",
    "services",
    "settings",
    "tasks",
    "workflows",
]
