"""Migrations keep existing rows: each is applied to data of the previous version."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest

from agora.clock import SystemClock
from agora.store import migrate
from agora.store.postgres import PostgresStore, schema
from tests.conformance.engines import RunsOn
from tests.conformance.store.store_calls import append, setting, value_of
from tests.conformance.store.test_tenant_policies import as_role
from tests.postgres import PostgresServer

RUNS_ON = RunsOn.BOTH

TENANT = "acme"
#: the first release whose tables are protected
PROTECTED = 13
OWNER = "e1_owner"
#: values accepted by any column of a type: JSON, as some text columns require it
VALUES = {"text": "'[]'", "integer": "7", "bigint": "7", "real": "0.5", "double precision": "0.5", "tsvector": "''"}
BINARY = {"blob": "x'6162'", "bytea": "'\\x6162'"}

#: columns of a tenant: unknown for rows older than tenants
MOMENTS = {"created_at", "status_since", "updated_at"}

Rows = dict[str, list[dict[str, Any]]]


def insert(table: str, columns: Mapping[str, str]) -> str:
    """Insert a row of the tenant with a value in every column."""
    values = {name: (VALUES | BINARY)[kind.lower()] for name, kind in columns.items()} | {"tenant_id": f"'{TENANT}'"}
    return f"insert into {table} ({', '.join(values)}) values ({', '.join(values.values())})"


def kept(before: Rows, after: Rows) -> None:
    """Compare rows in the columns of the old version; a dropped table must have been empty. An unknown time (0) may be
    known afterwards."""
    for table, rows in before.items():
        assert table in after, f"{table} was dropped with its rows"
        for row in rows:
            known = {name for name, value in row.items() if name not in MOMENTS or value != 0}
            had = {name: row[name] for name in known}
            assert any(had == {name: now[name] for name in known} for now in after[table]), table


def test_sqlite_migrations_keep_rows() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row

    def tables() -> dict[str, dict[str, str]]:
        names = connection.execute(
            "select name from sqlite_master where type = 'table' and sql not like 'create virtual%'"
        )
        found = {
            row["name"]: connection.execute(f"pragma table_info({row['name']})").fetchall() for row in names.fetchall()
        }
        return {
            name: {column["name"]: column["type"] for column in columns}
            for name, columns in found.items()
            if any(column["name"] == "tenant_id" for column in columns)
        }

    def rows() -> Rows:
        return {name: [dict(row) for row in connection.execute(f"select * from {name}")] for name in tables()}

    for migration in migrate.list_migrations("sqlite"):
        before = rows()
        connection.executescript(f"begin; {migration.sql}; commit")
        kept({name: found for name, found in before.items() if found}, rows())
        for name, columns in tables().items():
            if name != "agent_documents" and not connection.execute(f"select 1 from {name}").fetchone():
                connection.execute(insert(name, columns))
    assert sum(map(len, rows().values())) > 55
    assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
    connection.close()


@pytest.fixture
async def owned(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Yield the URL of a new database, for its owner, who is not a superuser."""
    async with postgres_server.database():
        pass  # creates the roles
    async with postgres_server.empty() as url:
        console = await asyncpg.connect(url)
        name = await console.fetchval("select current_database()")
        await console.execute(f"create role {OWNER} login; grant agora_runtime, agora_admin to {OWNER}")
        await console.execute(f"alter database {name} owner to {OWNER}; grant {OWNER} to current_user")
        try:
            yield as_role(url, OWNER)
        finally:
            await console.execute(
                f"alter database {name} owner to current_user; reassign owned by {OWNER} to current_user"
            )
            await console.execute(f"drop owned by {OWNER}; drop role {OWNER}")
            await console.close()


async def test_postgres_migrations_keep_rows(owned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by an owner subject to row-level security: a migration that changes rows must reach those of every tenant."""
    connection = await asyncpg.connect(owned)

    async def tables() -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for row in await connection.fetch(
            """select relname, attname, format_type(atttypid, null) as type from pg_attribute
            join pg_class c on c.oid = attrelid where relnamespace = current_schema()::regnamespace
                and relkind = 'r' and attnum > 0 and not attisdropped and attgenerated = ''"""
        ):
            found.setdefault(row["relname"], {})[row["attname"]] = row["type"]
        return {name: columns for name, columns in found.items() if "tenant_id" in columns}

    async def rows() -> Rows:
        return {name: [dict(row) for row in await connection.fetch(f"select * from {name}")] for name in await tables()}

    every = migrate.list_migrations("postgres")
    protect = schema._apply_protection
    for number in range(1, len(every) + 1):
        before = await rows()
        monkeypatch.setattr(migrate, "list_migrations", lambda dialect, files=None, until=number: every[:until])
        monkeypatch.setattr(schema, "_apply_protection", protect if number >= PROTECTED else _nothing)
        monkeypatch.setattr(
            schema, "list_protection_gaps", schema.list_protection_gaps if number >= PROTECTED else _none
        )
        assert await schema.migrate_schema(connection, SystemClock()) == 1
        kept({name: found for name, found in before.items() if found}, await rows())
        for name, columns in (await tables()).items():
            if not await connection.fetchval(f"select exists (select from {name})"):
                await connection.execute(insert(name, columns))
        monkeypatch.undo()
    assert sum(map(len, (await rows()).values())) > 60
    assert await connection.fetchval("select bool_and(rls_enabled and rls_forced) from rls_status")
    await connection.close()


async def _nothing(connection: asyncpg.Connection) -> None:
    """Releases of that time had no row-level security."""


async def _none(connection: asyncpg.Connection) -> list[str]:
    return []


async def test_owner_without_superuser_rights_serves_under_the_policies(owned: str) -> None:
    store = PostgresStore(owned)
    await store.start()
    for tenant in ("acme", "globex"):
        await store.write(tenant, append(setting("a", tenant, tenant=tenant)))
    assert [await value_of(store, "a", tenant) for tenant in ("acme", "globex", "third")] == ["acme", "globex", None]
    assert set(await store.tenants()) >= {"default"}
    await store.close()


async def test_lost_connection_does_not_hide_the_error_of_a_migration(
    owned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = migrate.Migration(1, "ending", "select pg_terminate_backend(pg_backend_pid())", "0")
    monkeypatch.setattr(migrate, "list_migrations", lambda *_: [ending])
    connection = await asyncpg.connect(owned)
    with pytest.raises(migrate.MigrationError, match=r"0001_ending.*connection was closed"):
        await schema.migrate_schema(connection, SystemClock())
    assert connection.is_closed()
