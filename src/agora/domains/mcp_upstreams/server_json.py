"""server.json: an entry of the MCP registry with the connection data of a server.

Schema 2025-12-11. Only remotes of type ``streamable-http`` are used, because packages would run code here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agora.core.errors import invalid_field
from agora.value_classes import value_class
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["SCHEMA", "Remote", "fill_in_remote", "unwrap_server"]

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
NAME = re.compile(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+")
VARIABLE = re.compile(r"\{([^{}]+)\}")


@value_class
class Remote:
    """URL of a server, with the headers it requires."""

    name: str
    description: str
    url: str
    headers: Mapping[str, str]


def unwrap_server(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Extract the server.json, also from a registry's entry."""
    inner = document.get("server")
    return inner if isinstance(inner, dict) and "name" not in document else document


def fill_in_remote(server: Mapping[str, Any], variables: Mapping[str, str], headers: Mapping[str, str]) -> Remote:
    """Fill in the variables of a server.json's remote. Raises InvalidRequest naming missing ones."""
    name, description = server.get("name"), server.get("description")
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > 200:
        raise invalid_field("name", "a server.json has a name such as io.github.user/weather")
    remote = _find_streamable_remote(server)
    missing: list[str] = []
    url = _fill_template(str(remote.get("url", "")), remote.get("variables"), variables, missing)
    merged = dict(headers)
    lower = {key.lower() for key in headers}
    for entry in _select_objects(remote.get("headers")):
        header = entry.get("name")
        # A header given by the operator replaces the one of the server.json.
        if not isinstance(header, str) or header.lower() in lower:
            continue
        value = entry.get("value") or entry.get("default")
        if isinstance(value, str):
            merged[header] = _fill_template(value, entry.get("variables"), variables, missing)
        elif entry.get("isRequired") is True:
            missing.append(f"headers.{header}")
    if missing:
        raise InvalidRequest(
            f"{name} needs {', '.join(missing)}.",
            fix="Give variables as 'variables', headers as 'headers'.",
            errors=[field_error(what if "." in what else f"variables.{what}", "missing") for what in missing],
        )
    return Remote(name, description[:1000] if isinstance(description, str) else "", url, merged)


def _find_streamable_remote(server: Mapping[str, Any]) -> Mapping[str, Any]:
    remotes = _select_objects(server.get("remotes"))
    for remote in remotes:
        if remote.get("type") == "streamable-http" and isinstance(remote.get("url"), str):
            return remote
    if _select_objects(server.get("packages")) and not remotes:
        raise InvalidRequest(
            "It has only packages; running one would run its code on this server, so it is not imported.",
            fix="Put its command into the file of the setting mcp_config, and set mcp_commands.",
            errors=[field_error("server.packages", "not imported")],
        )
    raise invalid_field("server.remotes", "has no remote of type streamable-http")


def _select_objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _fill_template(template: str, declared: Any, values: Mapping[str, str], missing: list[str]) -> str:
    """Fill in the ``{variables}`` of a template; those without a value or default are appended to ``missing``."""
    variables = declared if isinstance(declared, dict) else {}

    def fill_variable(match: re.Match[str]) -> str:
        name = match[1]
        variable = variables.get(name)
        variable = variable if isinstance(variable, dict) else {}
        # A value in the server.json is fixed, and not for its users to set (Input.value of the schema).
        text = variable.get("value") or values.get(name) or variable.get("default")
        choices = variable.get("choices")
        if isinstance(choices, list) and choices and text is not None and text not in choices:
            raise invalid_field(f"variables.{name}", f"is one of {', '.join(map(str, choices))}")
        if not isinstance(text, str):
            missing.append(name)
            return ""
        return text

    return VARIABLE.sub(fill_variable, template)
