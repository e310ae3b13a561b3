"""A stub of v4's database: a program ``spacetime`` that stores rows in a file and implements the commands of v4's
clients and documents.

The module installs the program and implements it. Rows have the columns of v4's tables, and increasing ids.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TABLES = (
    "agent_capability",
    "agent_message",
    "task_assignment",
    "workflow_coordination",
    "workflow_step",
    "coordination_metrics",
    "coordination_error",
)


def install(directory: Path, database: Path) -> Path:
    """Write the program ``spacetime`` into a directory; it stores rows in the file ``database``."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "spacetime"
    program.write_text(f"#!/bin/sh\nV4_DATABASE='{database}' exec '{sys.executable}' -S '{__file__}' \"$@\"\n")
    program.chmod(0o755)
    return program


@contextmanager
def opened(path: Path) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Yield the locked tables, and store them at the end."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        tables = json.loads(text) if text else {table: [] for table in TABLES}
        yield tables
        file.seek(0)
        file.truncate()
        json.dump(tables, file)


def call(tables: dict[str, list[dict[str, Any]]], reducer: str, args: list[str]) -> int:
    now = time.time_ns() // 1000
    if reducer == "register_agent_capability":
        rows = tables["agent_capability"]
        row = dict(zip(("agent_id", "capability_type", "proficiency", "max_tasks"), args, strict=False))
        rows.append({"capability_id": f"id_{len(rows) + 1}", **row, "created_at": now})
        return 0
    if reducer == "send_agent_message":
        rows = tables["agent_message"]
        row = dict(zip(("from_agent", "to_agent", "message_type", "content", "priority"), args, strict=False))
        rows.append({"message_id": f"id_{len(rows) + 1}", **row, "timestamp": now, "delivered": False})
        return 0
    sys.stderr.write(f"no such reducer: {reducer}\n")
    return 1


def main(arguments: list[str]) -> int:
    command, rest = arguments[0], [each for each in arguments[1:] if each not in ("--format", "json")]
    with opened(Path(os.environ["V4_DATABASE"])) as tables:
        if command == "call":
            code = call(tables, rest[1], rest[2:])
            if code == 0 and rest[0] != "agora-marketplace":
                print(f"real {rest[0]}")
            return code
        if command == "export":
            json.dump(tables, sys.stdout)
        elif command == "sql":
            print(f" count\n-------\n {len(tables[rest[1].split()[-1]])}")
        else:
            print(f"{command} of v4")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
