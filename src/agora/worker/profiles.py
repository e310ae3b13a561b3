"""Profiles: named agent configurations, defined by the worker's owner and chosen by a job.

.. code-block:: yaml

    profiles:
      careful:
        agent: opencode          # or a command that speaks ACP; the worker's own if left out
        model: anthropic/claude-sonnet-5
        permissions: none        # all, safe or none
        check: make test
        environment: {NODE_ENV: test}
        docker: {image: node:22, network: none, memory_megabytes: 2048, cpus: 1, pids: 256}  # with --isolation docker
        mcp_servers:
          - {name: docs, url: https://docs.example.com/mcp, headers: {Authorization: Bearer x}}
          - {name: files, command: mcp-files, args: [--read-only], environment: {A: b}}
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agora.bounded_yaml import load_yaml

from .container_settings import parse_container_changes
from .options import Isolation, Profile, WorkerOptions, choose_agent, parse_choice
from .permissions import Approval

__all__ = ["apply_profile", "load_profiles"]

FIELDS = frozenset({"agent", "model", "permissions", "check", "environment", "mcp_servers", "docker"})
HTTP_FIELDS = frozenset({"name", "url", "headers"})
STDIO_FIELDS = frozenset({"name", "command", "args", "environment"})
MAX_PROFILES = 50
MAX_FILE_BYTES = 262_144
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load_profiles(path: Path, isolation: Isolation = Isolation.WORKTREE) -> dict[str, Profile]:
    """Load profiles from a YAML file by name. Raises ValueError, which names the place."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"--profiles {path}: {error.strerror}.") from error
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"--profiles {path}: larger than {MAX_FILE_BYTES} bytes.")
    try:
        document = load_yaml(data)
    except yaml.YAMLError as error:
        raise ValueError(f"--profiles {path}: not YAML: {error}") from error
    entries = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(entries, dict) or set(document) != {"profiles"} or not 0 < len(entries) <= MAX_PROFILES:
        raise ValueError(f"--profiles {path}: an object 'profiles' with 1 to {MAX_PROFILES} profiles is needed.")
    try:
        return {str(name): _parse_profile(str(name), entry, isolation) for name, entry in entries.items()}
    except ValueError as error:
        raise ValueError(f"--profiles {path}: {error}") from error


def _parse_profile(name: str, entry: Any, isolation: Isolation) -> Profile:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a profile name: letters, digits, '.', '_' and '-', at most 64.")
    if not isinstance(entry, dict) or (unknown := sorted(map(str, set(entry) - FIELDS))):
        hint = f"has no field {unknown[0]!r}" if isinstance(entry, dict) else "is not an object"
        raise ValueError(f"profile {name} {hint}; it may have {', '.join(sorted(FIELDS))}.")
    place = f"profile {name}"
    permissions = _parse_text_or_none(entry, "permissions", place)
    servers = entry.get("mcp_servers") or []
    if not isinstance(servers, list):
        raise ValueError(f"{place}: mcp_servers is a list.")
    agent = _parse_text_or_none(entry, "agent", place)
    if agent is not None:
        choose_agent(agent, isolation)  # fail at start if the agent is missing
    changes = parse_container_changes(entry["docker"], f"{place}: docker") if "docker" in entry else {}
    if changes and isolation is not Isolation.DOCKER:
        raise ValueError(f"{place}: docker needs a worker with --isolation docker.")
    return Profile(
        name,
        agent,
        _parse_text_or_none(entry, "model", place),
        parse_choice(f"{place}: permissions", permissions, Approval) if permissions else None,
        _parse_text_or_none(entry, "check", place),
        _parse_variables(entry, place),
        tuple(_parse_mcp_server(server, f"{place}: mcp_servers[{index}]") for index, server in enumerate(servers)),
        changes,
    )


def _parse_mcp_server(server: Any, place: str) -> dict[str, Any]:
    """Convert an MCP server to the format of the Agent Client Protocol."""
    fields = STDIO_FIELDS if isinstance(server, dict) and "command" in server else HTTP_FIELDS
    if not isinstance(server, dict) or set(server) - fields or not {"name"} < set(server):
        raise ValueError(f"{place}: name and url (with headers), or name and command (with args and environment).")
    name = _parse_text_or_none(server, "name", place)
    if fields is HTTP_FIELDS:
        headers = _parse_variables(server, place, "headers", is_header=True)
        listed = [{"name": key, "value": value} for key, value in headers.items()]
        return {"type": "http", "name": name, "url": _parse_text_or_none(server, "url", place), "headers": listed}
    arguments = server.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(word, str) for word in arguments):
        raise ValueError(f"{place}: args is a list of texts.")
    variables = [{"name": key, "value": value} for key, value in _parse_variables(server, place).items()]
    return {"name": name, "command": _parse_text_or_none(server, "command", place), "args": arguments, "env": variables}


def _parse_text_or_none(entry: Mapping[str, Any], field: str, place: str) -> str | None:
    value = entry.get(field)
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f"{place}: {field} is a text.")
    return value


def _parse_variables(
    entry: Mapping[str, Any], place: str, field: str = "environment", *, is_header: bool = False
) -> dict[str, str]:
    variables = entry.get(field) or {}
    if not isinstance(variables, dict):
        raise ValueError(f"{place}: {field} is an object of texts.")
    for name, value in variables.items():
        if not isinstance(value, str) or not (is_header or _VARIABLE.fullmatch(str(name))):
            raise ValueError(f"{place}: {field}: {name!r} is a name with a text (quote numbers).")
    return {str(name): value for name, value in variables.items()}


def apply_profile(options: WorkerOptions, profile: Profile) -> WorkerOptions:
    """Apply a job's profile to the worker's options."""
    agent = choose_agent(profile.agent, options.isolation) if profile.agent else None
    changes: dict[str, Any] = {"mcp_servers": (*options.mcp_servers, *profile.mcp_servers)}
    if agent is not None:
        changes |= {"agent_name": agent.name, "agent_command": agent.command, "command": None}
    environment = dict(agent.environment if agent is not None else options.agent_environment)
    changes["agent_environment"] = environment | dict(profile.environment)
    chosen: dict[str, Any] = {"model": profile.model, "approval": profile.approval, "check": profile.check}
    if options.container is not None:
        chosen["container"] = dataclasses.replace(options.container, **profile.container_changes)
    return dataclasses.replace(
        options, **changes, **{name: value for name, value in chosen.items() if value is not None}
    )
