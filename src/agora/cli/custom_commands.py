"""Commands made by hand: at the root, and those of a category that are more than their operation's own form.

Each is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["AT_ROOT", "BY_HAND", "GROUPS", "OF_THE_SERVER", "load"]


def _all(module: str, *names: str, **others: str) -> dict[str, str]:
    """Commands of a module: those named as their functions are, and others."""
    return {name: f"{module}.{function}" for name, function in (dict(zip(names, names, strict=True)) | others).items()}


#: Where the commands at the root are, by name, and what makes the groups there.
AT_ROOT: Mapping[str, str] = (
    {"serve": "serving.serve", "demo": "app.demo", "doctor": "doctor.doctor"}
    | _all("agent_commands", "run", "register", "agents", "send", "inbox", "watch", "services")
    | _all("login", "login", "logout", "whoami")
    | {"dashboard": "dashboard.dashboard", "call": "app.call"}
)
GROUPS: Mapping[str, str] = {
    "contract": "app.contract",
    "mcp": "mcp.group",
    "db": "db.group",
    "marketplace": "app.marketplace",
}
OF_THE_SERVER = frozenset({"serve", "demo", "doctor", "contract", "db"})

#: Where the commands of categories are, by category and name of the command.
BY_HAND: Mapping[str, Mapping[str, str]] = {
    "a2a": _all("a2a", "talk"),
    "admin": _all("operators", "health", "halt", "resume"),
    "agent": _all("manifests", "register", "example"),
    "billing": _all("billing", "prices", "usage", "cost", "revenue", "balance", "budgets", "invoices", "invoice")
    | _all("dashboard", "dashboard"),
    "deployment": _all("manifests", "validate"),
    "instance": _all("instances", "discover", "create", list="listing")
    | _all("instances", "details", exec="execute")
    | _all("instances", "logs", "pause", "resume", "terminate"),
    "task": _all("tasks", "assign", list="listing") | _all("tasks", "output", "show"),
    "token": _all("operators", "show"),
    "workflow": _all("workflows", "create", "status", "timeline", "diagram"),
}


def load(place: str) -> Callable[..., Any]:
    """A command's function."""
    module, _, function = place.partition(".")
    found: Callable[..., Any] = getattr(import_module(f".{module}", __package__), function)
    return found
