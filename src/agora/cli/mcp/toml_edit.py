"""Editing of one table of a TOML document: everything else is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Table
from tomlkit.toml_document import TOMLDocument

from agora_sdk.errors import InvalidRequest

__all__ = ["format_table", "parse_toml", "set_toml_table"]


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a document. Raises InvalidRequest, with the location and the reason."""
    return _parse_document(text).unwrap()


def format_table(path: Sequence[str], value: dict[str, Any]) -> str:
    """Format a document that contains only that table."""
    return set_toml_table("", path, value)


def set_toml_table(text: str, path: Sequence[str], value: dict[str, Any]) -> str:
    """Set a table in a document, replaced in place or appended. Raises InvalidRequest if the key is not a table."""
    document = _parse_document(text)
    parent: Any = document
    for name in path[:-1]:
        # A super table has no header of its own: [mcp_servers.agora] alone is written.
        parent = _require_table(parent.setdefault(name, tomlkit.table(is_super_table=True)), name)
    if path[-1] in parent:
        _require_table(parent[path[-1]], path[-1])
    parent[path[-1]] = _create_table(value)
    return tomlkit.dumps(document)


def _parse_document(text: str) -> TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise InvalidRequest(f"It is not valid TOML: {error}.", fix="Repair it, or move it away.") from None


def _require_table(item: Any, name: str) -> Any:
    """Return a table that has a header; inline tables cannot contain one. Raises InvalidRequest."""
    if not isinstance(item, dict) or isinstance(item, InlineTable):
        raise InvalidRequest(
            f"{name} is written in a way that cannot be changed safely.", fix="Change it by hand, or remove it first."
        )
    return item


def _create_table(value: dict[str, Any]) -> Table:
    """Create a table whose nested tables have headers instead of being inline."""
    table = tomlkit.table()
    for name, part in value.items():
        table[name] = _create_table(part) if isinstance(part, dict) else part
    return table
