"""Copying an installation from a SQLite file to PostgreSQL.

Everything is written in one transaction, with both sides locked, and counted before it is committed: an interrupted
copy leaves the target empty and can be started again. Data that PostgreSQL stores differently (the word index, the
heads of the event logs) is rebuilt from the rows.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg

from agora.clock import SystemClock
from agora.value_classes import value_class

from . import migrate
from .port import StoreFailure
from .postgres.connections import open_connection, redact_url
from .postgres.failures import to_store_failure
from .postgres.schema import migrate_schema
from .sqlite.directory_lock import DataDirectoryLocked, lock_database

__all__ = ["CopyResult", "copy_database"]

ROWS_PER_BATCH: Final = 1000
WAIT_SECONDS: Final = 10.0
#: derived tables: SQLite's full-text index has no counterpart, PostgreSQL builds its own
DERIVED_TABLES: Final = frozenset({"agent_documents", "capability_counts"})
_COLUMNS = """
select attname as name, format_type(atttypid, null) as type from pg_attribute
where attrelid = to_regclass(quote_ident($1)) and attnum > 0 and not attisdropped and attgenerated = ''
"""
_TABLES = "select tablename from rls_status where schemaname = current_schema()"
_REBUILD_DERIVED = """
insert into event_heads (tenant_id, seq) select tenant_id, max(seq) from events group by tenant_id;
select agent_index(a) from agents a where retired_at is null;
"""

ProgressCallback = Callable[[str, int], None]


@value_class
class CopyResult:
    """Rows by table."""

    tables: Mapping[str, int]

    @property
    def row_count(self) -> int:
        return sum(self.tables.values())


async def copy_database(source: Path, target: str, progress: ProgressCallback = lambda table, rows: None) -> CopyResult:
    """Copy a SQLite file to an empty database, whose schema is created if missing. progress: called after
    each copied table.

    Raises StoreFailure when the source is in use or of another release, or the target holds anything.
    """
    with _open_source(source) as source_connection:
        connection = await open_connection(target, WAIT_SECONDS)
        try:
            await migrate_schema(connection, SystemClock())
            async with connection.transaction():
                return await _copy_tables(source_connection, connection, target, progress)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise to_store_failure(error) from error
        finally:
            await connection.close(timeout=WAIT_SECONDS)


@contextlib.contextmanager
def _open_source(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file in one snapshot, locked against a server."""
    if not path.is_file():
        raise StoreFailure(f"There is no file {path}.")
    try:
        lock = lock_database(path)
    except DataDirectoryLocked:
        raise StoreFailure(f"{path} is open in a server: stop that one first.") from None
    with contextlib.ExitStack() as stack:
        # Registered before the connection opens, so the lock is released whatever fails after it.
        stack.callback(os.close, lock)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _require_current_schema(connection, path)
            # One snapshot for all tables and for the counts that are compared with them.
            connection.execute("begin")
            yield connection
        except sqlite3.Error as error:
            raise StoreFailure(f"{path} cannot be read: {error}") from error
        finally:
            connection.close()


def _require_current_schema(connection: sqlite3.Connection, path: Path) -> None:
    try:
        applied = {row["number"]: row["checksum"] for row in connection.execute("select * from schema_migrations")}
    except sqlite3.Error:
        raise StoreFailure(f"{path} is not an Agora database.") from None
    # Copying assumes equal columns on both sides.
    if migrate.list_pending_migrations(applied, "sqlite"):
        raise StoreFailure(f"{path} is of an older release: run 'agora db upgrade --url sqlite://{path}' first.")


async def _copy_tables(
    source: sqlite3.Connection, connection: asyncpg.Connection, target: str, progress: ProgressCallback
) -> CopyResult:
    tables = {row["tablename"] for row in await connection.fetch(_TABLES)}
    names = [name for name in _list_tables(source) if name in tables and name not in DERIVED_TABLES]
    if missing := set(_list_tables(source)) - tables - DERIVED_TABLES:
        raise StoreFailure(f"PostgreSQL has no table for {', '.join(sorted(missing))}.")
    await connection.execute(f"set local lock_timeout = '{WAIT_SECONDS:g}s'")
    # Triggers would maintain derived tables for each inserted row; these are copied with their rows, or rebuilt below.
    await connection.execute("".join(f"alter table {name} disable trigger user;" for name in sorted(tables)))
    await connection.execute(f"lock table {', '.join(sorted(tables))} in exclusive mode")
    # Policies confine the server's role to one tenant; this role copies the rows of all.
    await connection.execute("set local role agora_admin")
    await _require_empty(connection, tables, target)
    # The default tenant, which the migrations create, comes again from the source.
    await connection.execute("delete from tenants")
    copied = {}
    for name in names:
        copied[name] = await _copy_table(source, connection, name)
        progress(name, copied[name])
    await connection.execute(_REBUILD_DERIVED)
    for name in names:
        await _require_equal_counts(source, connection, name)
    # Only the owner may enable the triggers again; in the same transaction, so no failure leaves them disabled.
    await connection.execute("set local role none")
    await connection.execute("".join(f"alter table {name} enable trigger user;" for name in sorted(tables)))
    return CopyResult(copied)


def _list_tables(source: sqlite3.Connection) -> list[str]:
    rows = source.execute(
        "select m.name from sqlite_master m join pragma_table_info(m.name) c "
        "where m.type = 'table' and c.name = 'tenant_id' order by m.name"
    )
    return [row["name"] for row in rows]


async def _require_empty(connection: asyncpg.Connection, names: set[str], target: str) -> None:
    filled = [
        name
        for name in sorted(names)
        if await connection.fetchval(f"select exists (select from {name} where {_ROWS_OF_OTHERS.get(name, 'true')})")
    ]
    if filled:
        raise StoreFailure(
            f"{redact_url(target)} is not empty: there are rows in {', '.join(filled[:5])}"
            f"{' and more' if len(filled) > 5 else ''}. Give the URL of a new database."
        )


#: the home tenant exists from the first migration on; it counts as empty while unchanged
_ROWS_OF_OTHERS: Final = {"tenants": "tenant_id <> 'default' or updated_at <> created_at"}


async def _copy_table(source: sqlite3.Connection, connection: asyncpg.Connection, name: str) -> int:
    """Copy a table's rows in batches and return their number."""
    types = {row["name"]: row["type"] for row in await connection.fetch(_COLUMNS, name)}
    columns_present = [row["name"] for row in source.execute(f"pragma table_info({name})")]
    if unknown := set(columns_present) - types.keys():
        raise StoreFailure(f"PostgreSQL's {name} has no column {', '.join(sorted(unknown))}.")
    arrays = ", ".join(f"${at}::{types[column]}[]" for at, column in enumerate(columns_present, 1))
    insert = f"insert into {name} ({', '.join(columns_present)}) select * from unnest({arrays})"
    rows = source.execute(f"select {', '.join(columns_present)} from {name}")
    count = 0
    # In batches of columns: one statement for a thousand rows, and memory that does not grow with the table.
    while batch := rows.fetchmany(ROWS_PER_BATCH):
        columns = (
            [_convert_value(row[at], types[column]) for row in batch] for at, column in enumerate(columns_present)
        )
        await connection.execute(insert, *columns)
        count += len(batch)
    return count


def _convert_value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    # SQLite columns have no types of their own: a float column may hold an integer, and asyncpg would refuse it.
    if kind == "double precision":
        return float(value)
    if kind == "text" and not isinstance(value, str):
        return value.decode() if isinstance(value, bytes) else str(value)
    return value


async def _require_equal_counts(source: sqlite3.Connection, connection: asyncpg.Connection, name: str) -> None:
    """Compare the row counts of every tenant on both sides."""
    text = f"select tenant_id, count(*) as rows from {name} group by tenant_id"
    source_counts = {row["tenant_id"]: row["rows"] for row in source.execute(text)}
    target_counts = {row["tenant_id"]: row["rows"] for row in await connection.fetch(text)}
    if source_counts != target_counts:
        raise StoreFailure(
            f"{name} was copied with {sum(target_counts.values())} rows instead of {sum(source_counts.values())}."
        )
