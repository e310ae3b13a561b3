"""Table of hand-written commands at the root and in categories.

Each is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["CUSTOM_COMMANDS", "GROUPS", "ROOT_COMMANDS", "SERVER_COMMANDS", "load_command"]


def _map_command_functions(module: str, *names: str, **others: str) -> dict[str, str]:
    """Map command names to functions of a module."""
    return {name: f"{module}.{function}" for name, function in (dict(zip(names, names, strict=True)) | others).items()}


#: Root commands by module and name, and the functions that build root groups.
ROOT_COMMANDS: Mapping[str, str] = (
    {"serve": "serving.serve", "demo": "app.demo", "doctor": "doctor.doctor"}
    | _map_command_functions("agent_commands", "run", "register", "agents", "send", "inbox", "watch", "services")
    | _map_command_functions("login", "login", "logout", "whoami")
    | _map_command_functions("declared_agents", "apply", "diff")
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
SERVER_COMMANDS = frozenset({"serve", "demo", "doctor", "contract", "db"})

#: Category commands by category and name.
CUSTOM_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "a2a": _map_command_functions("a2a", "talk"),
    "admin": _map_command_functions("operators", "health", "halt", "resume"),
    "agent": _map_command_functions("manifests", "register", "example")
    | _map_command_functions("declared_agents", "create"),
    "app": {"install": "apps.install"},
    "billing": _map_command_functions(
        "billing", "prices", "usage", "cost", "revenue", "balance", "budgets", "invoices", "invoice"
    )
    | _map_command_functions("dashboard", "dashboard"),
    "deployment": _map_command_functions("manifests", "validate"),
    "instance": _map_command_functions("instances", "discover", "create", list="listing")
    | _map_command_functions("instances", "details", exec="execute")
    | _map_command_functions("instances", "logs", "pause", "resume", "terminate"),
    "session": {"show": "jobs.show_session"},
    "task": _map_command_functions("tasks", "assign", list="listing")
    | _map_command_functions("tasks", "output", "show"),
    "token": _map_command_functions("operators", "show"),
    "worker": {"run": "worker.run_worker", "doctor": "worker.examine_worker", "disk": "worker.show_disk_use"},
    "workflow": _map_command_functions("workflows", "create", "status", "timeline", "diagram"),
}


def load_command(reference: str) -> Callable[..., Any]:
    """Import a command's function."""
    module, _, function = reference.partition(".")
    command: Callable[..., Any] = getattr(import_module(f".{module}", __package__), function)
    return command
