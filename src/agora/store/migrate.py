"""Schema migrations: numbered SQL files for each dialect, applied once, in order, never changed.

A file is ``migrations/DIALECT/NNNN_name.sql``. An engine runs the files of :func:`list_pending_migrations`, each in a
transaction, under a lock, and records number, name, checksum and time in ``schema_migrations``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from agora.value_classes import value_class

from .port import StoreFailure

__all__ = [
    "DatabaseStatus",
    "Migration",
    "MigrationChanged",
    "MigrationError",
    "NewerDatabase",
    "list_migrations",
    "list_pending_migrations",
]

_DIRECTORY = Path(__file__).parent / "migrations"
_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")


class MigrationError(StoreFailure):
    """The database schema does not match the migrations of this release."""


class MigrationChanged(MigrationError):
    """A migration file was edited after it had been applied."""


class NewerDatabase(MigrationError):
    """The database was migrated by a newer release."""


@value_class
class Migration:
    """One step of the schema. ``checksum``: SHA-256, hexadecimal, of the text."""

    number: int
    name: str
    sql: str
    checksum: str

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}.sql"


@value_class
class DatabaseStatus:
    """applied: applied migrations. pending: names of pending ones. open: unprotected tables."""

    url: str
    exists: bool
    applied: int
    pending: tuple[str, ...]
    open: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether this release can serve the database without a migration."""
        return self.exists and not self.pending and not self.open


def list_migrations(dialect: str, files: Path = _DIRECTORY) -> list[Migration]:
    """Every migration of a dialect in order.

    Raises MigrationError when a file is misnamed or a number is missing or used twice.
    """
    migrations = sorted(
        map(_load_migration, (files / dialect).glob("*.sql")), key=lambda migration: (migration.number, migration.name)
    )
    if not migrations:
        raise MigrationError(f"this installation holds no migrations for {dialect}")
    for expected, migration in enumerate(migrations, 1):
        if migration.number != expected:
            raise MigrationError(f"{dialect}/{migration} is out of order: number {expected} was expected")
    return migrations


def list_pending_migrations(applied: Mapping[int, str], dialect: str, files: Path = _DIRECTORY) -> list[Migration]:
    """List the pending migrations in order.

    applied: checksum by number, as ``schema_migrations`` has them.
    Raises NewerDatabase, MigrationChanged, and MigrationError if one before the last applied one is missing.
    """
    migrations = list_migrations(dialect, files)
    last = max(applied, default=0)
    if last > len(migrations):
        raise NewerDatabase(
            f"The database is at migration {last}; this release knows {len(migrations)}. "
            "Run the release that made it, or a newer one; or start with an empty database."
        )
    _require_unchanged_migrations(migrations[:last], applied, dialect)
    return migrations[last:]


def _require_unchanged_migrations(migrations: Iterable[Migration], applied: Mapping[int, str], dialect: str) -> None:
    for migration in migrations:
        checksum = applied.get(migration.number)
        if checksum is None:
            raise MigrationError(f"Migration {dialect}/{migration} was skipped: later ones have been applied.")
        if checksum != migration.checksum:
            raise MigrationChanged(
                f"Migration {dialect}/{migration} was changed after it had been applied to this database. "
                "Restore the file as it was, and put the change into a new migration."
            )


def _load_migration(path: Path) -> Migration:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        raise MigrationError(f"{path.name} is not a migration: its name must be NNNN_name.sql")
    # A checkout with Windows line ends must have the same checksum.
    sql = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    checksum = hashlib.sha256(sql.encode()).hexdigest()
    return Migration(int(match["number"]), match["name"], sql, checksum)
