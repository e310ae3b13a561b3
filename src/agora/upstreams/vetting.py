"""Vetting: what of an upstream's offer can be offered here. Nothing is dropped in silence: each has its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from .port import Item, Kind

__all__ = ["Found", "service_name", "vet"]

#: a raw definition, and what the protocol's own types say against it
Found = tuple[Any, str | None]

LONGEST_NAME = 64  # hosts take no longer tool names, the upstream's name included
LARGEST = 65_536  # bytes of a definition
MOST = 1000  # of a kind, of an upstream
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]+")
KEYS: Mapping[Kind, str] = {"tool": "name", "resource": "uri", "template": "uriTemplate", "prompt": "name"}


def service_name(upstream: str, tool: str) -> str:
    """Name of a tool in the catalogue."""
    return f"{upstream}.{tool}"


def vet(upstream: str, kind: Kind, found: Iterable[Found]) -> list[Item]:
    """The items of one kind, in the upstream's order; what cannot be offered carries the reason."""
    items: list[Item] = []
    taken: set[str] = set()
    names: set[str] = set()
    for number, (raw, fault) in enumerate(found):
        definition = raw if isinstance(raw, dict) else {}
        name = definition.get(KEYS[kind])
        shown = name[:500] if isinstance(name, str) and name else f"#{number + 1}"
        reason = _reason(upstream, kind, definition, name, fault, taken) if number < MOST else f"more than {MOST}"
        if shown in names:  # a row has one name: the first stays as it is
            shown = f"{shown} #{number + 1}"
        names.add(shown)
        if reason is None:
            taken.add(_folded(kind, str(name)))
        if _size(definition) > LARGEST:
            definition = {KEYS[kind]: shown}
        items.append(Item(kind, shown, _description(upstream, kind, shown, definition), definition, reason))
    return items


def _reason(
    upstream: str, kind: Kind, definition: Mapping[str, Any], name: Any, fault: str | None, taken: set[str]
) -> str | None:
    if not isinstance(name, str) or not name:
        return f"it has no {KEYS[kind]}"
    if _size(definition) > LARGEST:
        return f"its definition is larger than {LARGEST} bytes"
    if kind == "tool" and (wrong := _wrong_name(upstream, name) or _wrong_schemas(definition)):
        return wrong
    if len(name) > 500:
        return "its name is longer than 500 characters"
    if _folded(kind, name) in taken:
        return "another one has the same name"
    return fault


def _wrong_name(upstream: str, name: str) -> str | None:
    if not TOOL_NAME.fullmatch(name):
        return "its name has characters other than letters, digits, '_', '-' and '.'"
    if len(service_name(upstream, name)) > LONGEST_NAME:
        return f"its name with the upstream's is longer than {LONGEST_NAME} characters"
    return None


def _wrong_schemas(definition: Mapping[str, Any]) -> str | None:
    given = definition.get("inputSchema")
    if not isinstance(given, dict):
        return "it has no inputSchema"
    if given.get("type") != "object":
        return "its inputSchema is not of type object"
    for name in ("inputSchema", "outputSchema"):
        schema = definition.get(name)
        if schema is not None and (fault := _schema_fault(schema)):
            return f"its {name} is not a JSON schema: {fault}"
    return None


def _schema_fault(schema: Any) -> str | None:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    try:
        check: Callable[[Any], None] = validator_for(schema, default=Draft202012Validator).check_schema
        check(schema)
    except SchemaError as error:
        return str(error.message)[:300]
    except RecursionError:
        return "it is nested too deeply"
    return None


def _folded(kind: Kind, name: str) -> str:
    """What two names of which only one can be offered have in common: some hosts take no dots."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) if kind == "tool" else name


def _description(upstream: str, kind: Kind, name: str, definition: Mapping[str, Any]) -> str:
    given = definition.get("description") or definition.get("title")
    return given[:8000] if isinstance(given, str) and given.strip() else f"The {kind} {name} of {upstream}."


def _size(definition: Mapping[str, Any]) -> int:
    try:
        return len(to_json(definition))
    except (ValueError, RecursionError):
        return LARGEST + 1
