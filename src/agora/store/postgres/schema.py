"""The schema: migrations applied under a lock, each in a transaction."""

from __future__ import annotations

import logging

import asyncpg

from ...clock import Clock
from .. import migrate
from .failures import failure

__all__ = ["migrated"]

log = logging.getLogger(__name__)

_LOCK = 0x41676F7261  # "Agora": a second server waits until the first has migrated
_RECORDS = """
create table schema_migrations (
    number bigint primary key, name text not null, checksum text not null, applied_at bigint not null
)
"""


async def migrated(connection: asyncpg.Connection, clock: Clock) -> int:
    """Apply what is pending; answers how many.

    Raises MigrationError when database and release do not fit, StoreFailure when PostgreSQL refuses a file.
    """
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        if await connection.fetchval("select to_regclass('schema_migrations')") is None:
            await connection.execute(_RECORDS)
        rows = await connection.fetch("select number, checksum from schema_migrations")
        pending = migrate.pending({row["number"]: row["checksum"] for row in rows}, "postgres")
        for migration in pending:
            await _apply(connection, migration, clock.now())
        return len(pending)
    except asyncpg.PostgresError as error:
        raise failure(error) from error
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _apply(connection: asyncpg.Connection, migration: migrate.Migration, now: int) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migrations values ($1, $2, $3, $4)",
                migration.number,
                migration.name,
                migration.checksum,
                now,
            )
    except asyncpg.PostgresError as error:
        raise migrate.MigrationError(f"PostgreSQL refused migration {migration}: {error}") from error
    log.info("applied migration %s", migration)
