"""Looking after databases of PostgreSQL: making them, migrating them, telling how far they are."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import asyncpg

from agora.clock import SystemClock

from .. import migrate
from ..databases import DatabaseStatus
from ..port import StoreFailure
from .connections import connect, redacted
from .failures import failure
from .schema import RUNTIME, applied, migrated, unprotected

__all__ = ["create", "status", "upgrade"]

WAIT_SECONDS = 10.0
MAINTENANCE = "postgres"  # the database that every server has


async def status(url: str) -> DatabaseStatus:
    if not await _exists(url):
        return DatabaseStatus(redacted(url), False, 0, tuple(map(str, migrate.plan("postgres"))))
    connection = await connect(url, WAIT_SECONDS)
    try:
        done = await applied(connection)
        pending = migrate.pending(done, "postgres")
        bare = await unprotected(connection) if done else []
        return DatabaseStatus(redacted(url), True, len(done), tuple(map(str, pending)), tuple(bare))
    except asyncpg.PostgresError as error:
        raise failure(error) from error
    finally:
        await connection.close()


async def upgrade(url: str) -> int:
    connection = await connect(url, WAIT_SECONDS)
    try:
        return await migrated(connection, SystemClock())
    finally:
        await connection.close()


async def create(url: str, login: str | None, password: str | None) -> bool:
    name = _name(url)
    made = not await _exists(url)
    if made:
        connection = await connect(_maintenance(url), WAIT_SECONDS)
        try:
            await connection.execute(f"create database {_quoted(name)} encoding 'UTF8' template template0")
        except asyncpg.DuplicateDatabaseError:
            made = False
        except asyncpg.PostgresError as error:
            raise failure(error) from error
        finally:
            await connection.close()
    await upgrade(url)
    if login:
        await _allow(url, name, login, password)
    return made


async def _allow(url: str, name: str, login: str, password: str | None) -> None:
    """A role that may connect, and be what the server works as; it owns nothing, and cannot migrate."""
    connection = await connect(url, WAIT_SECONDS)
    try:
        async with connection.transaction():
            if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", login):
                await connection.execute(f"create role {_quoted(login)} login")
            if password is not None:
                text = await connection.fetchval("select quote_literal($1::text)", password)
                await connection.execute(f"alter role {_quoted(login)} password {text}")
            await connection.execute(f"revoke connect on database {_quoted(name)} from public")
            await connection.execute(f"grant connect on database {_quoted(name)} to {_quoted(login)}")
            await connection.execute(f"grant {RUNTIME} to {_quoted(login)}")
    except asyncpg.PostgresError as error:
        raise failure(error) from error
    finally:
        await connection.close()


async def _exists(url: str) -> bool:
    try:
        connection = await connect(url, WAIT_SECONDS)
    except StoreFailure as error:
        if isinstance(error.__cause__, asyncpg.InvalidCatalogNameError):
            return False
        raise
    await connection.close()
    return True


def _name(url: str) -> str:
    name = unquote(urlsplit(url).path.lstrip("/"))
    if not name:
        raise StoreFailure("The URL names no database: postgresql://USER@HOST/DATABASE.")
    return name


def _maintenance(url: str) -> str:
    return urlsplit(url)._replace(path=f"/{MAINTENANCE}").geturl()


def _quoted(name: str) -> str:
    """An identifier in quotes."""
    if "\0" in name or len(name.encode()) > 63:
        raise StoreFailure(f"{name[:63]!r} is no name for PostgreSQL.")
    return '"' + name.replace('"', '""') + '"'
