"""Database administration: selecting a database, its migration status, and migrating it.

Used by ``agora db``. A URL is ``postgresql://...`` or ``sqlite:///PATH``.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from agora.clock import SystemClock

from . import migrate
from .migrate import DatabaseStatus
from .port import StoreFailure
from .sqlite import SqliteStore

__all__ = [
    "create_and_migrate_database",
    "database_url",
    "is_postgres_url",
    "parse_sqlite_path",
    "read_database_status",
    "select_database_url",
    "upgrade_database",
]

DEV_SUFFIX = "_dev"


def is_postgres_url(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def database_url(store: str, data_dir: Path) -> str:
    """Return the URL of the setting ``store``. Raises StoreFailure if it is not a database URL."""
    url = store or f"sqlite://{data_dir / 'agora.db'}"
    if not is_postgres_url(url) and not url.startswith("sqlite:///"):
        raise StoreFailure(
            f"{url.split(':', 1)[0]!r} is not a supported database: use postgresql://... or sqlite:///PATH."
        )
    return url


def parse_sqlite_path(url: str) -> Path:
    """Return the file of a SQLite URL: its path verbatim, including percent signs and spaces."""
    return Path("/" + url.removeprefix("sqlite:").lstrip("/"))  # others write absolute paths with four slashes


def select_database_url(url: str, *, dev: bool = False, prod: bool = False) -> str:
    """Select the development or production database of a URL: ``NAME_dev`` or ``NAME``."""
    if not dev and not prod:
        return url
    if dev and prod:
        raise StoreFailure("Choose one of --dev and --prod.")
    if not is_postgres_url(url):
        raise StoreFailure("--dev and --prod choose a database of PostgreSQL: give --url, or set AGORA_STORE.")
    parts = urlsplit(url)
    name = parts.path.lstrip("/").removesuffix(DEV_SUFFIX)
    if not name:
        raise StoreFailure("The URL names no database: postgresql://USER@HOST/DATABASE.")
    return parts._replace(path=f"/{name}{DEV_SUFFIX if dev else ''}").geturl()


async def read_database_status(url: str, *, connect_seconds: float = 10.0) -> DatabaseStatus:
    """Read the migration status of a database. Raises StoreFailure if it cannot be read.

    connect_seconds: timeout for connecting to PostgreSQL.
    """
    if is_postgres_url(url):
        from .postgres.maintenance import read_postgres_status

        return await read_postgres_status(url, connect_seconds)
    path = parse_sqlite_path(url)
    applied = _read_applied_checksums(path)
    pending = migrate.list_pending_migrations(applied, "sqlite")
    return DatabaseStatus(url, path.exists(), len(applied), tuple(map(str, pending)))


async def upgrade_database(url: str) -> int:
    """Apply pending migrations and return their number. Raises StoreFailure."""
    if is_postgres_url(url):
        from .postgres.maintenance import migrate_postgres

        return await migrate_postgres(url)
    previous_status = await read_database_status(url)
    # The server's own start, so that there is one way to migrate a file, with its lock.
    store = SqliteStore(parse_sqlite_path(url), clock=SystemClock())
    await store.start()  # migrates; raises if a server has the file open
    await store.close()
    return len(previous_status.pending)


async def create_and_migrate_database(url: str, login: str | None = None, password: str | None = None) -> bool:
    """Create a database if it does not exist, and migrate it. Returns whether it was created.

    login: a role that may connect and act as the server's role, created if missing; PostgreSQL only.
    """
    if is_postgres_url(url):
        from .postgres.maintenance import create_and_migrate_postgres

        return await create_and_migrate_postgres(url, login, password)
    if login:
        raise StoreFailure("A file of SQLite has no roles: leave --login out.")
    new = not parse_sqlite_path(url).exists()
    await upgrade_database(url)
    return new


def _read_applied_checksums(path: Path) -> dict[int, str]:
    try:
        if not path.exists():
            return {}
        # Read-only: asking for the status must not create the file.
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return dict(connection.execute("select number, checksum from schema_migrations"))
        finally:
            connection.close()
    except (sqlite3.Error, PermissionError) as error:
        if "no such table" in str(error):
            return {}
        raise StoreFailure(f"{path} cannot be read: {error}") from error
