"""Administration of PostgreSQL databases: creation, migration and status."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import asyncpg

from agora.clock import SystemClock

from .. import migrate
from ..migrate import DatabaseStatus
from ..port import StoreFailure
from .connections import open_connection, redact_url
from .failures import to_store_failure
from .schema import RUNTIME_ROLE, list_protection_gaps, migrate_schema, read_applied_checksums

__all__ = ["create_and_migrate_postgres", "migrate_postgres", "read_postgres_status"]

WAIT_SECONDS = 10.0
MAINTENANCE_DATABASE = "postgres"  # the database that every server has


async def read_postgres_status(url: str, seconds: float = WAIT_SECONDS) -> DatabaseStatus:
    if not await _database_exists(url, seconds):
        return DatabaseStatus(redact_url(url), False, 0, tuple(map(str, migrate.list_migrations("postgres"))))
    connection = await open_connection(url, seconds)
    try:
        checksums = await read_applied_checksums(connection)
        pending = migrate.list_pending_migrations(checksums, "postgres")
        unprotected = await list_protection_gaps(connection) if checksums else []
        return DatabaseStatus(redact_url(url), True, len(checksums), tuple(map(str, pending)), tuple(unprotected))
    except asyncpg.PostgresError as error:
        raise to_store_failure(error) from error
    finally:
        await connection.close()


async def migrate_postgres(url: str) -> int:
    connection = await open_connection(url, WAIT_SECONDS)
    try:
        return await migrate_schema(connection, SystemClock())
    finally:
        await connection.close()


async def create_and_migrate_postgres(url: str, login: str | None, password: str | None) -> bool:
    name = _read_database_name(url)
    created = not await _database_exists(url)
    if created:
        connection = await open_connection(
            urlsplit(url)._replace(path=f"/{MAINTENANCE_DATABASE}").geturl(), WAIT_SECONDS
        )
        try:
            await connection.execute(f"create database {_quote_identifier(name)} encoding 'UTF8' template template0")
        # Another process has created it since the check.
        except asyncpg.DuplicateDatabaseError:
            created = False
        except asyncpg.PostgresError as error:
            raise to_store_failure(error) from error
        finally:
            await connection.close()
    await migrate_postgres(url)
    if login:
        await _grant_login(url, name, login, password)
    return created


async def _grant_login(url: str, name: str, login: str, password: str | None) -> None:
    """Create a login role that can act as the server's role. It owns nothing and cannot migrate."""
    connection = await open_connection(url, WAIT_SECONDS)
    try:
        async with connection.transaction():
            if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", login):
                await connection.execute(f"create role {_quote_identifier(login)} login")
            if password is not None:
                # ALTER ROLE takes no parameters, so the database itself quotes the password.
                text = await connection.fetchval("select quote_literal($1::text)", password)
                await connection.execute(f"alter role {_quote_identifier(login)} password {text}")
            # PUBLIC may connect by default: other roles of the server must not reach this database.
            await connection.execute(f"revoke connect on database {_quote_identifier(name)} from public")
            await connection.execute(
                f"grant connect on database {_quote_identifier(name)} to {_quote_identifier(login)}"
            )
            await connection.execute(f"grant {RUNTIME_ROLE} to {_quote_identifier(login)}")
    except asyncpg.PostgresError as error:
        raise to_store_failure(error) from error
    finally:
        await connection.close()


async def _database_exists(url: str, seconds: float = WAIT_SECONDS) -> bool:
    try:
        connection = await open_connection(url, seconds)
    except StoreFailure as error:
        if isinstance(error.__cause__, asyncpg.InvalidCatalogNameError):
            return False
        raise
    await connection.close()
    return True


def _read_database_name(url: str) -> str:
    name = unquote(urlsplit(url).path.lstrip("/"))
    if not name:
        raise StoreFailure("The URL names no database: postgresql://USER@HOST/DATABASE.")
    return name


def _quote_identifier(name: str) -> str:
    """An identifier in quotes."""
    if "\0" in name or len(name.encode()) > 63:
        raise StoreFailure(f"{name[:63]!r} is not a valid PostgreSQL name.")
    return '"' + name.replace('"', '""') + '"'
