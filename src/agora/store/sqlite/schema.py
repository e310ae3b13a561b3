"""The schema of a new database: the result of all migrations.

``schema.sql`` is generated from the migrations (``make reference``). Running 59 migrations, of which many rewrite
results of earlier ones, costs a new server 0.1 s of CPU and a commit to disk for each. The file is used for an empty
database
if it matches exactly the migrations of this release; otherwise they are applied one by one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from agora.store.migrate import Migration

__all__ = ["SCHEMA_FILE", "build_schema_script", "read_schema_script_or_none"]

SCHEMA_FILE = Path(__file__).with_name("schema.sql")
FILE_HEADER = "-- The schema after all migrations, written by `make reference`. Checksum of the migrations: "
#: the only row of a new database: the default tenant, as created by migration 13
INSERT_DEFAULT_TENANT = """insert into tenants
    select 'default', 'default', 'active', '', '{}', now, 'system', now, now
    from (select cast((julianday('now') - 2440587.5) * 86400000000 as integer) as now)"""


def read_schema_script_or_none(migrations: Sequence[Migration], file: Path = SCHEMA_FILE) -> str | None:
    """Return the script that creates the schema of these migrations; None if the file is missing or does not match
    them."""
    try:
        script = file.read_text("utf-8")
    except OSError:
        return None
    # A stale file must never be used: the database would be recorded as having migrations that it has not.
    return script if script.startswith(_build_header(migrations)) else None


def build_schema_script(migrations: Sequence[Migration]) -> str:
    """Build the script that creates the schema of these migrations."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for migration in migrations:
            connection.executescript(migration.sql)
        return _build_header(migrations) + "".join(
            f"{sql};\n" for sql in (*_list_definitions(connection), INSERT_DEFAULT_TENANT)
        )
    finally:
        connection.close()


def _build_header(migrations: Sequence[Migration]) -> str:
    checksums = "".join(migration.checksum for migration in migrations)
    return f"{FILE_HEADER}{hashlib.sha256(checksums.encode()).hexdigest()}\n"


def _list_definitions(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the definitions of tables, indexes and triggers, without the tables that full-text indexes create themselves."""
    # Creating the virtual table creates its shadow tables again; a second definition would fail.
    shadow = {name for _, name, kind, *_ in connection.execute("pragma table_list") if kind == "shadow"}
    for name, sql in connection.execute("select name, sql from sqlite_master where sql is not null order by rowid"):
        if name not in shadow:
            yield sql
