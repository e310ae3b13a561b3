"""Export of a v4 database with the ``spacetime`` program."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ..errors import AgoraError, NotFound
from . import real_program

__all__ = ["export_database", "parse_table"]

TABLES = (
    "agent_capability",
    "agent_message",
    "task_assignment",
    "workflow_coordination",
    "workflow_step",
    "coordination_metrics",
    "coordination_error",
)


def export_database(database: str, output: Path) -> None:
    """Export a v4 database to a file, which is created only when complete. Raises NotFound without the program,
    AgoraError.

    With programs without ``export``, each table is read with ``sql``.
    """
    program = real_program.find_program()
    if program is None:
        raise NotFound(
            "No spacetime program is installed.",
            fix=f"Run this where v4 is, or name the program in {real_program.REAL_PROGRAM_VARIABLE}.",
        )
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as file:
            command = [program, "export", database, "--format", "json"]
            result = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)  # noqa: S603  (the program that was found)
        if result.returncode != 0:
            part.write_text(json.dumps({table: _read_table(database, table) for table in TABLES}, ensure_ascii=False))
        os.replace(part, output)
    finally:
        part.unlink(missing_ok=True)


def _read_table(database: str, table: str) -> list[dict[str, object]]:
    result = real_program.run_program(["sql", database, f"SELECT * FROM {table}"])
    if result.returncode != 0:
        raise AgoraError(f"The spacetime program could not read {table}: {result.stderr.strip()[:500]}")
    return parse_table(result.stdout)


def parse_table(text: str) -> list[dict[str, object]]:
    """Parse a table printed by the program: names, a separator line, and a line per row with values as JSON."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return []
    # Column widths are taken from the separator line: a value may contain the separator character.
    widths = [len(part) for part in lines[1].split("+")]
    names = _split_columns(lines[0], widths)
    return [dict(zip(names, map(_parse_cell, _split_columns(line, widths)), strict=True)) for line in lines[2:]]


def _split_columns(line: str, widths: list[int]) -> list[str]:
    cells, start = [], 0
    for at, width in enumerate(widths):
        cells.append(line[start : start + width if at < len(widths) - 1 else None].strip())
        start += width + 1
    return cells


def _parse_cell(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
