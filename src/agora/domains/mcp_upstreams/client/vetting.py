"""Vetting of an upstream's listing: determines the items that can be offered here; rejected ones carry the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..port import Item, Kind
from .definitions import INVISIBLE_CHARACTERS, DefinitionBudget, find_definition_error

__all__ = ["MAX_ITEMS_PER_KIND", "RawDefinition", "build_service_name", "vet_items"]

#: a raw definition, and its validation error by the protocol's types
RawDefinition = tuple[Any, str | None]

MAX_TOOL_NAME_CHARACTERS = 64  # hosts accept no longer tool names, including the upstream's name
MAX_TEXT_CHARACTERS = 500
MAX_NAME_CHARACTERS: Mapping[Kind, int] = {
    "tool": MAX_TEXT_CHARACTERS,
    "resource": MAX_TEXT_CHARACTERS,
    "template": MAX_TEXT_CHARACTERS,
    "prompt": 200,
}
MAX_ITEMS_PER_KIND = 1000  # per kind and upstream
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]+")
KEY_FIELD_BY_KIND: Mapping[Kind, str] = {"tool": "name", "resource": "uri", "template": "uriTemplate", "prompt": "name"}


def build_service_name(upstream: str, tool: str) -> str:
    """Build the name of a tool in the catalogue."""
    return f"{upstream}.{tool}"


def vet_items(
    upstream: str,
    kind: Kind,
    definitions: Iterable[RawDefinition],
    left_out: int = 0,
    allowance: DefinitionBudget | None = None,
) -> list[Item]:
    """Vet the items of one kind, in the upstream's order; rejected items carry the reason.

    left_out: number of items beyond the limit. allowance: shared by all kinds of the upstream.
    """
    allowance = allowance or DefinitionBudget()
    items: list[Item] = []
    offered: set[str] = set()
    names: set[str] = set()
    for number, (raw, fault) in enumerate(definitions):
        definition = raw if isinstance(raw, dict) else {}
        name = definition.get(KEY_FIELD_BY_KIND[kind])
        label = (
            INVISIBLE_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", name[:MAX_TEXT_CHARACTERS])
            if isinstance(name, str)
            else ""
        )
        label = label or f"#{number + 1}"
        # Only what is offered counts towards the size limit, so the limit is checked last.
        reason = _find_rejection_reason(
            upstream, kind, definition, name, fault, offered
        ) or allowance.deduct_or_explain_excess(definition)
        if label in names:  # row names are unique: the first item keeps its name
            label = f"{label} #{number + 1}"
        names.add(label)
        if reason is None:
            offered.add(_normalize_item_name(kind, str(name)))
        description = _describe_finding(upstream, kind, label, definition)
        # What is refused for its size or its characters is not stored either.
        definition_to_store = (
            definition if find_definition_error(definition) is None else {KEY_FIELD_BY_KIND[kind]: label}
        )
        items.append(Item(kind, label, description, definition_to_store, reason))
    return items + ([_build_surplus_item(kind, left_out)] if left_out else [])


def _build_surplus_item(kind: Kind, left_out: int) -> Item:
    reason = f"an upstream can offer {MAX_ITEMS_PER_KIND} of a kind; {left_out} or more were left out"
    return Item(kind, "(more)", f"More of the kind {kind}.", {}, reason)


def _find_rejection_reason(
    upstream: str, kind: Kind, definition: Mapping[str, Any], name: Any, error: str | None, offered: set[str]
) -> str | None:
    if not isinstance(name, str) or not name:
        return f"it has no {KEY_FIELD_BY_KIND[kind]}"
    if wrong := find_definition_error(definition):
        return wrong
    if kind == "tool" and (wrong := _find_name_error(upstream, name) or _find_schemas_error(definition)):
        return wrong
    if len(name) > MAX_NAME_CHARACTERS[kind]:
        return f"its name is longer than {MAX_NAME_CHARACTERS[kind]} characters"
    if _normalize_item_name(kind, name) in offered:
        return "another one has the same name"
    return error


def _find_name_error(upstream: str, name: str) -> str | None:
    if not TOOL_NAME.fullmatch(name):
        return "its name has characters other than letters, digits, '_', '-' and '.'"
    if not name.strip("."):
        return "its name has nothing but dots"
    if len(build_service_name(upstream, name)) > MAX_TOOL_NAME_CHARACTERS:
        return f"its name with the upstream's is longer than {MAX_TOOL_NAME_CHARACTERS} characters"
    return None


def _find_schemas_error(definition: Mapping[str, Any]) -> str | None:
    input_schema = definition.get("inputSchema")
    if not isinstance(input_schema, dict):
        return "it has no inputSchema"
    if input_schema.get("type") != "object":
        return "its inputSchema is not of type object"
    from agora.json_schemas import find_schema_error

    for name in ("inputSchema", "outputSchema"):
        schema = definition.get(name)
        if schema is not None and (fault := find_schema_error(schema, any_dialect=True)):
            return f"its {name} is not a JSON schema: {fault[:300]}"
    return None


def _normalize_item_name(kind: Kind, name: str) -> str:
    """Normalize a name to detect collisions: some hosts accept no dots."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) if kind == "tool" else name


def _describe_finding(upstream: str, kind: Kind, name: str, definition: Mapping[str, Any]) -> str:
    source = definition.get("description") or definition.get("title")
    text = INVISIBLE_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", source[:8000]) if isinstance(source, str) else ""
    return text if text.strip() else f"The {kind} {name} of {upstream}."
