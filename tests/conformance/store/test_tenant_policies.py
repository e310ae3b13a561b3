"""Every table with tenants is protected: on PostgreSQL by row-level security, on SQLite by checks of statements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from agora.store.checked_statements import Unconfined
from agora.store.migrate import MigrationError
from agora.store.port import Store, StoreFailure, Tx
from agora.store.postgres import PostgresStore
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.conformance.store.store_calls import SETTINGS, append, put, setting, value_of
from tests.conformance.store.test_statements import STATEMENTS, TABLES
from tests.conformance.tenants.test_tenant_isolation import tables

RUNS_ON = RunsOn.BOTH

#: statements that reach beyond one tenant; adding one is a security decision
BEYOND = {
    "identity.credential_queries.select_key_by_digest",
    "tenants.insert_tenant",
    "tenants.insert_hosts",
    "tenants.insert_key",
    "tenants.select_tenant",
    "tenants.select_columns",
    "tenants.update_tenant",
    "tenants.select_tenant_counts",
    "tenants.mark_tenant_deleted",
    "tenants.select_tenants_to_erase",
    "tenants.list_tenants",
}
WITHOUT_TENANT = {"schema_migrations"}


# -- both engines ------------------------------------------------------------------------------------


def test_only_listed_statements_reach_beyond_a_tenant() -> None:
    assert {name for name, statement in STATEMENTS.items() if statement.crosses_tenants} == BEYOND


def test_cross_tenant_statements_are_functions_on_postgres() -> None:
    for name in BEYOND - {"tenants.select_columns"}:
        text = STATEMENTS[name].postgres
        assert text is not None
        assert "agora_" in text.split("where")[0], name


async def test_row_of_another_tenant_is_not_appended(store: Store) -> None:
    async def work(tx: Tx) -> None:
        tx.append(SETTINGS, setting("a", tenant="globex"))

    with pytest.raises(Unconfined, match="another tenant was appended to settings"):
        await store.write("acme", work)
    assert await value_of(store, "a", "globex") is None


async def test_every_table_has_a_tenant_column(engine: Engine) -> None:
    """Rows of a table without one would be visible to everybody."""
    store = engine.store()
    await store.start()
    await store.close()
    if engine.dialect == "sqlite":
        text = "select name from sqlite_master where type = 'table' and sql not like 'create virtual%' order by 1"
    else:
        text = "select tablename as name from pg_tables where schemaname = current_schema() order by 1"
    every = {row["name"] for row in await engine.run(text)} - WITHOUT_TENANT
    with_tenants = set(await tables(engine))
    inside = {name for name in every - with_tenants if name.startswith("agent_search_")}  # SQLite's full-text index
    assert every - inside == with_tenants
    assert {table.name for table in TABLES.values()} <= with_tenants


# -- PostgreSQL --------------------------------------------------------------------------------------


@pytest.fixture
async def owner(postgres: PostgresEngine) -> AsyncIterator[asyncpg.Connection]:
    """A console of the database's owner, who is a superuser here."""
    connection = await asyncpg.connect(postgres.url)
    yield connection
    await connection.close()


@pytest.fixture
async def server(postgres: PostgresEngine) -> AsyncIterator[asyncpg.Connection]:
    """A connection like the server's, without a tenant."""
    connection = await asyncpg.connect(postgres.url, server_settings={"role": "agora_runtime"})
    yield connection
    await connection.close()


@asynccontextmanager
async def within(connection: asyncpg.Connection, tenant: str) -> AsyncIterator[None]:
    async with connection.transaction():
        await connection.execute("select set_config('app.current_tenant_id', $1, true)", tenant)
        yield


async def test_every_table_is_protected(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch("select * from rls_status")
    assert len(rows) > 60
    assert [row["tablename"] for row in rows if not row["rls_enabled"] or not row["rls_forced"]] == []
    policies = await owner.fetch("select * from pg_policies where schemaname = current_schema()")
    for row in rows:
        own = {policy["policyname"]: policy for policy in policies if policy["tablename"] == row["tablename"]}
        assert own.keys() == {"tenant_isolation", "maintenance"}, row["tablename"]
        isolation, maintenance = own["tenant_isolation"], own["maintenance"]
        assert isolation["qual"] == isolation["with_check"] == "(tenant_id = get_current_tenant_id())"
        assert (isolation["cmd"], isolation["permissive"]) == ("ALL", "PERMISSIVE")
        assert maintenance["roles"] == ["agora_admin"]


async def test_server_role_owns_nothing_and_is_bound_by_the_policies(owner: asyncpg.Connection) -> None:
    role = await owner.fetchrow("select * from pg_roles where rolname = 'agora_runtime'")
    assert role is not None
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolcanlogin", "rolreplication")
    assert [name for name in powers if role[name]] == []
    assert await owner.fetchval("select count(*) from pg_class where relowner = $1", role["oid"]) == 0
    assert await owner.fetchval("select count(*) from pg_proc where proowner = $1", role["oid"]) == 0
    assert not await owner.fetchval("select pg_has_role('agora_runtime', 'agora_admin', 'member')")
    assert not await owner.fetchval("select has_schema_privilege('agora_runtime', current_schema(), 'create')")
    assert not await owner.fetchval("select has_table_privilege('agora_runtime', 'schema_migrations', 'update')")
    for right in ("insert", "update", "delete"):
        assert not await owner.fetchval("select has_table_privilege('agora_runtime', 'tenants', $1)", right)


async def test_functions_used_before_the_tenant_is_known_are_narrow(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """select p.*, r.rolname as owner from pg_proc p join pg_roles r on r.oid = proowner
        where pronamespace = current_schema()::regnamespace and prosecdef"""
    )
    assert len(rows) == len([name for name in BEYOND if name != "tenants.select_columns"]) + 1
    for row in rows:
        assert row["owner"] == "agora_admin"
        assert row["proconfig"] == ["search_path=pg_catalog, public, pg_temp"]
        assert not await owner.fetchval("select has_function_privilege('public', $1::oid, 'execute')", row["oid"])


async def seeded(owner: asyncpg.Connection, *tenants: str) -> list[str]:
    """Insert a row of each tenant in every table. Returns the tables."""
    names = [row["tablename"] for row in await owner.fetch("select tablename from rls_status")]
    await owner.execute("set session_replication_role = replica")  # without triggers
    for name in names:
        columns = await owner.fetch(
            """select attname, format_type(atttypid, null) as type from pg_attribute
            where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''""",
            name,
        )
        values = {"bigint": "1", "double precision": "1", "bytea": r"decode(md5('%t'), 'hex')", "tsvector": "''"}
        for tenant in tenants:
            texts = [values.get(row["type"], "'[]'").replace("%t", tenant) for row in columns]
            given = [
                f"'{tenant}'" if row["attname"] == "tenant_id" else text
                for row, text in zip(columns, texts, strict=True)
            ]
            await owner.execute(
                f"insert into {name} ({', '.join(row['attname'] for row in columns)}) values ({', '.join(given)}) "
                "on conflict do nothing"
            )
    await owner.execute("set session_replication_role = origin")
    return names


async def test_no_rows_are_visible_without_a_tenant(owner: asyncpg.Connection, server: asyncpg.Connection) -> None:
    for name in await seeded(owner, "acme", "globex"):
        assert await owner.fetchval(f"select count(*) from {name} where tenant_id in ('acme', 'globex')") == 2, name
        assert await server.fetchval(f"select count(*) from {name}") == 0, name
    assert await server.fetchval("select get_current_tenant_id()") is None


async def test_rows_of_another_tenant_cannot_be_read_or_changed(
    owner: asyncpg.Connection, server: asyncpg.Connection
) -> None:
    for name in await seeded(owner, "acme", "globex"):
        async with within(server, "acme"):
            assert await server.fetchval("select get_current_tenant_id()") == "acme"
            assert {row["tenant_id"] for row in await server.fetch(f"select tenant_id from {name}")} == {"acme"}, name
            if name == "tenants":
                continue
            assert (
                await server.execute(f"update {name} set tenant_id = tenant_id where tenant_id = 'globex'")
                == "UPDATE 0"
            )
            assert await server.execute(f"delete from {name} where tenant_id = 'globex'") == "DELETE 0"
        for change in (
            "update {} set tenant_id = 'globex'",
            "truncate {}",
            "alter table {} disable row level security",
        ):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError, asyncpg.UniqueViolationError)):
                async with within(server, "acme"):
                    await server.execute(change.format(name))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with within(server, "acme"):
            await server.execute("insert into settings values ('globex', 'a', '1', 1, 'x')")


@pytest.mark.parametrize("tenant", ["acme", "", "DEFAULT", "default "])
async def test_tenants_are_administered_only_from_the_home_tenant(server: asyncpg.Connection, tenant: str) -> None:
    calls = [
        "agora_tenants('', 10)",
        "agora_tenant('globex')",
        "agora_tenant_counts('globex')",
        "agora_tenant_add('new', 'new', '{}', 1, 'x')",
        "agora_tenant_set('globex', 'active', 'x', 'suspended', '', '{}', 1, 1)",
        "agora_tenant_key('globex', 'key', 'x', 'x', '[]', 1, 1)",
        "agora_tenant_hosts('globex', 1)",
        "agora_tenant_drop('globex', 1)",
    ]
    for call in calls:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="from the tenant default"):
            async with within(server, tenant):
                await server.fetch(f"select * from {call}")


async def test_admin_role_sees_everything(owner: asyncpg.Connection, postgres: PostgresEngine) -> None:
    await seeded(owner, "acme", "globex")
    admin = await asyncpg.connect(postgres.url, server_settings={"role": "agora_admin"})
    assert await admin.fetchval("select count(*) from settings") == 2
    assert await admin.execute("delete from settings where tenant_id = 'globex'") == "DELETE 1"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await admin.execute("alter table settings no force row level security")
    await admin.close()


async def test_unprotected_table_is_protected_at_the_next_start(
    owner: asyncpg.Connection, postgres: PostgresEngine, server: asyncpg.Connection
) -> None:
    await owner.execute('create table trinkets (tenant_id text collate "C" primary key)')
    await owner.execute("insert into trinkets values ('acme'), ('globex')")
    await owner.execute(
        "alter table settings no force row level security; alter table agents disable row level security"
    )
    await owner.execute("create policy generous on ratings using (true)")
    store = postgres.store()
    with pytest.raises(StoreFailure, match="ratings"):
        await store.start()
    await owner.execute("drop policy generous on ratings")
    await store.start()
    await store.close()
    assert await owner.fetchval("select bool_and(rls_enabled and rls_forced) from rls_status")
    async with within(server, "acme"):
        assert await server.fetchval("select count(*) from trinkets") == 1


@asynccontextmanager
async def login(owner: asyncpg.Connection, rights: str = "") -> AsyncIterator[str]:
    """Create a role that may only connect, and work as the server does."""
    await owner.execute(f"create role e1_app login; grant agora_runtime to e1_app {rights}")
    try:
        yield "e1_app"
    finally:
        await owner.execute("drop owned by e1_app; drop role e1_app")


def as_role(url: str, role: str) -> str:
    return url.replace("postgresql://postgres:@", f"postgresql://{role}:@")


async def test_login_without_ownership_can_serve(owner: asyncpg.Connection, postgres: PostgresEngine) -> None:
    async with login(owner) as role:
        store = PostgresStore(as_role(postgres.url, role))
        await store.start()
        await store.write("acme", append(setting("a", "1")))
        assert await value_of(store, "a") == "1"
        await store.close()
        await owner.execute("alter table settings no force row level security")
        with pytest.raises(MigrationError, match="agora db upgrade"):
            await PostgresStore(as_role(postgres.url, role)).start()
        await owner.execute("alter table settings force row level security")


async def test_role_that_bypasses_policies_is_refused(owner: asyncpg.Connection, postgres: PostgresEngine) -> None:
    await owner.execute("grant agora_admin to agora_runtime")
    try:
        with pytest.raises(StoreFailure, match="not held by row level security"):
            await postgres.store().start()
    finally:
        await owner.execute("revoke agora_admin from agora_runtime")
    store = postgres.store()
    await store.start()
    await store.close()


async def test_changes_stay_within_the_tenant_for_any_statement(store: Store) -> None:
    for tenant in ("acme", "globex"):
        await store.write(tenant, append(setting("a", tenant, tenant=tenant)))

    async def work(tx: Tx) -> int:
        return await tx.execute(put, name="a", value="changed", tenant="globex")

    assert await store.write("acme", work) == 1
    assert [await value_of(store, "a", tenant) for tenant in ("acme", "globex")] == ["changed", "globex"]
