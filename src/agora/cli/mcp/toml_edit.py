"""The same for the one table of a TOML document that names an MCP server."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from agora_sdk.errors import InvalidRequest

__all__ = ["format_table", "parse_toml", "with_table"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parse_toml(text: str) -> dict[str, Any]:
    """The document; raises InvalidRequest, with the place and the reason."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"It is not valid TOML: {error}.", fix="Repair it, or move it away.") from None


def format_table(path: Sequence[str], value: dict[str, Any]) -> str:
    """A table of texts and lists of texts, and of tables below it, as TOML."""
    lines = [f"[{_table_name(path)}]"]
    lines += [
        f"{_format_key(key)} = {_format_value(part)}" for key, part in value.items() if not isinstance(part, dict)
    ]
    below = [format_table((*path, key), part) for key, part in value.items() if isinstance(part, dict)]
    return "\n".join([*lines, "", *below]) if below else "\n".join([*lines, ""])


def with_table(text: str, path: Sequence[str], value: dict[str, Any]) -> str:
    """The document with that table, in its place or at the end, and everything else as it was."""
    document = parse_toml(text)
    if _without_table(document, path) == document:
        begins = ends = len(text)
    else:
        begins, ends = _table_span(text, path)
    before = text[:begins].rstrip("\n")
    changed = (f"{before}\n\n" if before else "") + format_table(path, value) + text[ends:]
    entry: Any = parse_toml(changed)
    for name in path:
        entry = entry[name]
    if entry != value or _without_table(parse_toml(changed), path) != _without_table(document, path):
        raise InvalidRequest("It is written in a way that cannot be changed safely.", fix="Paste the table by hand.")
    return changed


def _table_span(text: str, path: Sequence[str]) -> tuple[int, int]:
    """Where the table and those below it stand, which have to follow one another."""
    headers = [
        (found.start(), found[1].strip()) for found in re.finditer(r"^[ \t]*\[+([^\]\n]*)\]", text, re.MULTILINE)
    ]
    name = _table_name(path)
    ours = [place for place, header in headers if header == name or header.startswith(f"{name}.")]
    if not ours:
        raise InvalidRequest(
            f"{name} is written in a way that cannot be changed safely.", fix="Change it by hand, or remove it first."
        )
    return ours[0], next((place for place, _ in headers if place > ours[-1]), len(text))


def _without_table(document: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    if path[0] not in document or not isinstance(document[path[0]], dict):
        return document
    if len(path) == 1:
        return {key: part for key, part in document.items() if key != path[0]}
    rest = _without_table(document[path[0]], path[1:])
    return document | {path[0]: rest} if rest else {key: part for key, part in document.items() if key != path[0]}


def _table_name(path: Sequence[str]) -> str:
    return ".".join(map(_format_key, path))


def _format_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _format_value(name)


def _format_value(value: Any) -> str:
    """A text or a list of texts; what JSON says of them, TOML says too."""
    return json.dumps(value, ensure_ascii=False)
