"""Commands made by hand: at the root, and those of a category that are more than their operation's own form.

Each is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["AT_ROOT", "BY_HAND", "GROUPS", "OF_THE_SERVER", "load_command"]


def _commands_of(module: str, *names: str, **others: str) -> dict[str, str]:
    """Commands of a module: those named as their functions are, and others."""
    return {name: f"{module}.{function}" for name, function in (dict(zip(names, names, strict=True)) | others).items()}


#: Where the commands at the root are, by name, and what makes the groups there.
AT_ROOT: Mapping[str, str] = (
    {"serve": "serving.serve", "demo": "app.demo", "doctor": "doctor.doctor"}
    | _commands_of("agent_commands", "run", "register", "agents", "send", "inbox", "watch", "services")
    | _commands_of("login", "login", "logout", "whoami")
    | _commands_of("declared_agents", "apply", "diff")
    | {"chat": "chat.chat", "dashboard": "dashboard.dashboard", "call": "app.call"}
)
GROUPS: Mapping[str, str] = {
    "contract": "app.build_contract_group",
    "mcp": "mcp.group",
    "db": "db.group",
    "job": "jobs.group",
    "marketplace": "app.build_marketplace_group",
    "migrate": "migrate.group",
}
OF_THE_SERVER = frozenset({"serve", "demo", "doctor", "contract", "db"})

#: Where the commands of categories are, by category and name of the command.
BY_HAND: Mapping[str, Mapping[str, str]] = {
    "a2a": _commands_of("a2a", "talk"),
    "admin": _commands_of("operators", "health", "halt", "resume"),
    "agent": _commands_of("manifests", "register", "example") | _commands_of("declared_agents", "create"),
    "app": {"install": "apps.install"},
    "billing": _commands_of(
        "billing", "prices", "usage", "cost", "revenue", "balance", "budgets", "invoices", "invoice"
    )
    | _commands_of("dashboard", "dashboard"),
    "deployment": _commands_of("manifests", "validate"),
    "instance": _commands_of("instances", "discover", "create", list="listing")
    | _commands_of("instances", "details", exec="execute")
    | _commands_of("instances", "logs", "pause", "resume", "terminate"),
    "session": {"show": "jobs.show_session"},
    "task": _commands_of("tasks", "assign", list="listing") | _commands_of("tasks", "output", "show"),
    "token": _commands_of("operators", "show"),
    "worker": {"run": "worker.run_worker", "doctor": "worker.examine_worker", "disk": "worker.show_disk_use"},
    "workflow": _commands_of("workflows", "create", "status", "timeline", "diagram"),
}


def load_command(place: str) -> Callable[..., Any]:
    """A command's function."""
    module, _, function = place.partition(".")
    command: Callable[..., Any] = getattr(import_module(f".{module}", __package__), function)
    return command
