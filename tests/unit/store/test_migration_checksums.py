"""Applied migrations are never edited: a server refuses a database with unknown migrations.

``migration_checksums.json`` has the SHA-256 of each. A new migration is added at the end; running this module records
it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MIGRATIONS = Path(__file__).parents[3] / "src" / "agora" / "store" / "migrations"
FILE = Path(__file__).with_name("migration_checksums.json")


def checksums() -> dict[str, str]:
    """Return SHA-256 by path of a migration."""
    files = sorted(MIGRATIONS.glob("*/*.sql"))
    return {file.relative_to(MIGRATIONS).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_applied_migrations_are_not_edited() -> None:
    known, present = json.loads(FILE.read_text()), checksums()
    edited = [path for path, checksum in known.items() if present.get(path) != checksum]
    assert not edited, f"{edited} were edited, renamed or removed: write a new migration instead"


def test_new_migrations_follow_the_known_ones() -> None:
    known = json.loads(FILE.read_text())
    for engine in ("sqlite", "postgres"):
        last = max(path for path in known if path.startswith(engine))
        early = [path for path in checksums() if path.startswith(engine) and path not in known and path < last]
        assert not early, f"{early} come before {last}, which servers have applied: renumber them"


if __name__ == "__main__":
    FILE.write_text(json.dumps(checksums(), indent=1) + "\n")
