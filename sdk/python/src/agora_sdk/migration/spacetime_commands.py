"""Commands of the ``spacetime`` program that are implemented with this marketplace."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from ..errors import AgoraError
from .compatibility import V4CompatibilityLayer

__all__ = ["run_command"]

#: options before the database: with a value, and without
VALUED, PLAIN = frozenset({"-s", "--server"}), frozenset({"--anonymous", "-y", "--yes", "--no-config"})

Completed = subprocess.CompletedProcess[str]


def run_command(layer: V4CompatibilityLayer, arguments: Sequence[str]) -> Completed | None:
    """Return the output of a command; None to delegate to the real program."""
    command, remaining_arguments = (arguments[0], _drop_options(arguments[1:])) if arguments else ("", [])
    if command == "ping":
        return _ping_server(layer, arguments)
    if not remaining_arguments or remaining_arguments[0] not in layer.databases:
        return None
    if command == "call" and len(remaining_arguments) > 1:
        answer = layer.spacetime_call_wrapper(remaining_arguments[0], remaining_arguments[1], *remaining_arguments[2:])
        succeeded = bool(answer.get("success"))
        error = "" if succeeded else f"{answer.get('error', '')}\n"
        return Completed(list(arguments), 0 if succeeded else 1, json.dumps(answer) + "\n", error)
    if command == "sql" and len(remaining_arguments) > 1:
        return _query_database(layer, arguments, remaining_arguments[0], remaining_arguments[1])
    if command == "logs":
        return Completed(
            list(arguments), 0, f"{remaining_arguments[0]} is served by Agora v5 at {layer.agora_url}\n", ""
        )
    if command == "stop":
        return Completed(
            list(arguments),
            0,
            f"{remaining_arguments[0]} is not stopped: COMPATIBILITY_MODE=disabled ends its v4 calls.\n",
            "",
        )
    return None


def _drop_options(arguments: Sequence[str]) -> list[str]:
    """Return the arguments from the database on; a reducer's own flags come after it and are kept."""
    remaining_arguments = list(arguments)
    while remaining_arguments and (remaining_arguments[0] in VALUED or remaining_arguments[0] in PLAIN):
        del remaining_arguments[: 2 if remaining_arguments[0] in VALUED else 1]
    return remaining_arguments


def _ping_server(layer: V4CompatibilityLayer, arguments: Sequence[str]) -> Completed:
    try:
        layer.client.admin.health()
    except AgoraError as error:
        return Completed(list(arguments), 1, "", f"{error}\n")
    return Completed(list(arguments), 0, f"Server is online: {layer.agora_url}\n", "")


def _query_database(layer: V4CompatibilityLayer, arguments: Sequence[str], database: str, query: str) -> Completed:
    try:
        columns, rows = layer.query(database, query)
    except AgoraError as error:
        return Completed(list(arguments), 1, "", f"{error}\n")
    return Completed(list(arguments), 0, _format_table(columns, rows), "")


def _format_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Format a table like the real program."""
    cells = [[json.dumps(value, ensure_ascii=False) for value in row] for row in rows]
    widths = [max(map(len, (name, *(row[at] for row in cells)))) for at, name in enumerate(columns)]
    lines = [
        " " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (columns, *cells)
    ]
    lines.insert(1, "+".join("-" * (width + 2) for width in widths))
    return "".join(f"{line}\n" for line in lines)
