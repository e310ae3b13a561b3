"""The schema: migrations applied under a lock, each in a transaction; then protection, so that tenants stay apart.

``protection.sql`` creates the roles, the policies of every table with tenants, and the few functions that access more
than one tenant. It is run after migrations, and if the database has another version of it or an unprotected table. The
server's role owns nothing; see :data:`RUNTIME_ROLE`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import Final

import asyncpg

from agora.clock import Clock

from .. import migrate
from ..port import StoreFailure
from .failures import to_store_failure

__all__ = ["RUNTIME_ROLE", "list_protection_gaps", "migrate_schema", "read_applied_checksums"]

log = logging.getLogger(__name__)

RUNTIME_ROLE: Final = "agora_runtime"  #: role that every statement of the server runs as
_PROTECTION_FILE = Path(__file__).with_name("protection.sql")
_LOCK_ID = 0x41676F7261  # "Agora": a second server waits until the first has migrated
_CREATE_MIGRATIONS_TABLE = """
create table schema_migrations (
    number bigint primary key, name text not null, checksum text not null, applied_at bigint not null
)
"""
# A migration changes the rows of every tenant: while it runs, the policies do not apply to the owner.
_UNFORCE_POLICIES = """
do $$
declare name text;
begin
    for name in select quote_ident(relname) from pg_class
        where relnamespace = current_schema()::regnamespace and relforcerowsecurity
    loop
        execute format('alter table %s no force row level security', name);
    end loop;
end $$
"""
_SELECT_UNPROTECTED_TABLES = """
select c.relname from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    and not (c.relrowsecurity and c.relforcerowsecurity
        and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_isolation')
        and not exists (select from pg_policy p where p.polrelid = c.oid
            and p.polname not in ('tenant_isolation', 'maintenance')))
order by 1
"""
_SELECT_PROTECTION_VERSION = "select obj_description(to_regprocedure('get_current_tenant_id()'), 'pg_proc')"


async def migrate_schema(connection: asyncpg.Connection, clock: Clock) -> int:
    """Apply pending migrations and protect all tables. Returns the number of applied migrations.

    Raises MigrationError if database and release do not match, StoreFailure when PostgreSQL refuses.
    """
    # Of the session, not of a transaction: each migration commits on its own, and the lock must outlast all of them.
    await connection.execute("select pg_advisory_lock($1)", _LOCK_ID)
    try:
        checksums = await read_applied_checksums(connection)
        pending = migrate.list_pending_migrations(checksums, "postgres")
        if (pending or await list_protection_gaps(connection)) and not await _owns_schema(connection):
            role = await connection.fetchval("select current_user")
            raise migrate.MigrationError(
                f"The database does not match this release, and {role} does not own it: "
                "run 'agora db upgrade --url' with the URL of its owner."
            )
        if pending and not checksums and await connection.fetchval("select to_regclass('schema_migrations')") is None:
            await connection.execute(_CREATE_MIGRATIONS_TABLE)
        for migration in pending:
            await _apply_migration(connection, migration, clock.now())
        if await list_protection_gaps(connection):
            await _apply_protection(connection)
            if unprotected_tables := await list_protection_gaps(connection):
                raise StoreFailure(
                    f"Tables are readable by other tenants: {', '.join(unprotected_tables)}. Drop the policies that are not this "
                    "release's (see pg_policies), and start again."
                )
        return len(pending)
    except asyncpg.PostgresError as error:
        raise to_store_failure(error) from error
    finally:
        # A lost connection has released the lock, and its error must not replace the one that is being raised.
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute("select pg_advisory_unlock($1)", _LOCK_ID)


async def read_applied_checksums(connection: asyncpg.Connection) -> dict[int, str]:
    """Read the checksums of applied migrations by number."""
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return {}
    rows = await connection.fetch("select number, checksum from schema_migrations")
    return {row["number"]: row["checksum"] for row in rows}


async def list_protection_gaps(connection: asyncpg.Connection) -> list[str]:
    """Find missing tenant protection: tables without policies, or ``protection.sql`` itself."""
    unprotected = [row["relname"] for row in await connection.fetch(_SELECT_UNPROTECTED_TABLES)]
    return (
        unprotected
        if await connection.fetchval(_SELECT_PROTECTION_VERSION) == _read_row_security_sql()[1]
        else [*unprotected, _PROTECTION_FILE.name]
    )


async def _owns_schema(connection: asyncpg.Connection) -> bool:
    """Whether this role may change the schema."""
    return bool(
        await connection.fetchval(
            "select pg_has_role(coalesce((select relowner from pg_class where oid = to_regclass('schema_migrations')), "
            "(select datdba from pg_database where datname = current_database())), 'usage') "
            "or has_schema_privilege(current_schema(), 'create')"
        )
    )


async def _apply_migration(connection: asyncpg.Connection, migration: migrate.Migration, now: int) -> None:
    try:
        async with connection.transaction():
            await connection.execute(_UNFORCE_POLICIES)
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migrations values ($1, $2, $3, $4)",
                migration.number,
                migration.name,
                migration.checksum,
                now,
            )
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # The transaction of a lost connection raises an InterfaceError at its end, which hides the cause.
        cause = error.__context__ if isinstance(error, asyncpg.InterfaceError) and error.__context__ else error
        raise migrate.MigrationError(f"PostgreSQL refused migration {migration}: {cause}") from cause
    log.info("applied migration %s", migration)


async def _apply_protection(connection: asyncpg.Connection) -> None:
    sql, checksum = _read_row_security_sql()
    try:
        async with connection.transaction():
            await connection.execute(sql)
            # The mark that list_protection_gaps compares, in the same transaction: a crash leaves neither or both.
            await connection.execute(f"comment on function get_current_tenant_id() is '{checksum}'")
    except asyncpg.InsufficientPrivilegeError as error:
        role = await connection.fetchval("select quote_ident(current_user)")
        raise StoreFailure(
            f"Row-level security cannot be set up: {str(error).splitlines()[0]}. The server works as a role that owns nothing, and {role} "
            "may not make it. As a superuser, once for all databases of this server: "
            f"create role {RUNTIME_ROLE}; create role agora_admin; grant {RUNTIME_ROLE}, agora_admin to {role};"
        ) from error


@cache
def _read_row_security_sql() -> tuple[str, str]:
    """The row-level-security SQL, and its digest."""
    sql = _PROTECTION_FILE.read_text(encoding="utf-8")
    return sql, f"protection {hashlib.sha256(sql.encode()).hexdigest()}"
