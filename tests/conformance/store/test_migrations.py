"""Migrations: the plan, its errors, and the runner of every engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.store import migrate
from agora.store.migrate import MigrationChanged, MigrationError, NewerDatabase
from agora.store.port import Store, StoreFailure
from tests.conformance.engines import ENGINES, Engine, PostgresEngine, RunsOn, an_engine
from tests.conformance.store.store_calls import TENANT, append, setting, value_of
from tests.postgres import PostgresServer

RUNS_ON = RunsOn.BOTH


class StoppedClock:
    def now(self) -> int:
        return 1_700_000_000_000_000


def write(directory: Path, dialect: str, **files: str) -> Path:
    (directory / dialect).mkdir(exist_ok=True)
    for name, sql in files.items():
        (directory / dialect / f"{name.removeprefix('m')}.sql").write_text(sql)
    return directory


@pytest.fixture
def engine(new_engine: Engine) -> Engine:
    return new_engine


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[PostgresEngine]:
    """A database without tables."""
    async with postgres_server.empty() as url:
        yield PostgresEngine(url)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the real migrations that the test may change; engines use it."""
    directory = tmp_path / "migrations"
    for dialect in ENGINES:
        (directory / dialect).mkdir(parents=True)
        for migration in migrate.list_migrations(dialect):
            (directory / dialect / str(migration)).write_text(migration.sql)
    real = migrate.list_pending_migrations
    monkeypatch.setattr(migrate, "list_pending_migrations", lambda applied, dialect: real(applied, dialect, directory))
    return directory


async def opened(engine: Engine) -> Store:
    store = engine.store(StoppedClock())
    await store.start()
    return store


async def columns(engine: Engine) -> set[tuple[str, str]]:
    """List every column of every table."""
    if engine.dialect == "sqlite":
        sql = "select t.name as t, c.name as c from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'"
    else:
        sql = "select table_name as t, column_name as c from information_schema.columns where table_schema = 'public'"
    return {(row["t"], row["c"]) for row in await engine.run(sql)}


# -- the plan ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ENGINES)
def test_plan_is_ordered_without_gaps(dialect: str) -> None:
    plan = migrate.list_migrations(dialect)
    assert [migration.number for migration in plan] == list(range(1, len(plan) + 1))
    assert len({migration.checksum for migration in plan}) == len(plan)
    assert str(plan[0]) == "0001_foundation.sql"


def test_both_dialects_have_the_same_steps() -> None:
    assert [str(m) for m in migrate.list_migrations("sqlite")] == [str(m) for m in migrate.list_migrations("postgres")]


def test_everything_is_pending_on_a_new_database() -> None:
    assert migrate.list_pending_migrations({}, "sqlite") == migrate.list_migrations("sqlite")


def test_line_endings_do_not_change_a_checksum(tmp_path: Path) -> None:
    write(tmp_path, "a", m0001_x="select 1;\nselect 2;\n")
    write(tmp_path, "b")
    (tmp_path / "b" / "0001_x.sql").write_bytes(b"select 1;\r\nselect 2;\r\n")
    assert migrate.list_migrations("a", tmp_path) == migrate.list_migrations("b", tmp_path)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["m0001_a", "m0003_b"], "0003_b.sql is out of order: number 2"),
        (["m0001_a", "m0001_b"], "0001_b.sql is out of order: number 2"),
        (["m0002_a"], "number 1 was expected"),
        (["m1_a"], "NNNN_name.sql"),
        ([], "no migrations"),
    ],
)
def test_invalid_plan_is_refused(tmp_path: Path, names: list[str], complaint: str) -> None:
    write(tmp_path, "x", **dict.fromkeys(names, "select 1"))
    with pytest.raises(MigrationError, match=complaint):
        migrate.list_migrations("x", tmp_path)


def test_skipped_migration_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "x", m0001_a="1", m0002_b="2", m0003_c="3")
    plan = migrate.list_migrations("x", tmp_path)
    with pytest.raises(MigrationError, match=r"x/0002_b\.sql was skipped"):
        migrate.list_pending_migrations({1: plan[0].checksum, 3: plan[2].checksum}, "x", tmp_path)


# -- the runners -------------------------------------------------------------------------------------


async def test_new_database_gets_and_records_every_migration(engine: Engine) -> None:
    await (await opened(engine)).close()
    records = await engine.run("select * from schema_migrations order by number")
    assert [(r["number"], r["name"], r["checksum"]) for r in records] == [
        (m.number, m.name, m.checksum) for m in migrate.list_migrations(engine.dialect)
    ]
    assert {record["applied_at"] for record in records} == {StoppedClock().now()}


async def test_current_database_is_not_changed(engine: Engine) -> None:
    store = await opened(engine)
    await store.write(TENANT, append(setting("a", "1")))
    await store.close()
    before = await engine.run("select * from schema_migrations order by number")
    store = await opened(engine)
    assert await value_of(store, "a") == "1"
    await store.close()
    assert await engine.run("select * from schema_migrations order by number") == before


async def test_new_migration_is_applied_to_an_existing_database(engine: Engine, own: Path) -> None:
    store = await opened(engine)
    await store.write(TENANT, append(setting("a", "1")))
    await store.close()
    number = len(migrate.list_migrations(engine.dialect)) + 1
    name = f"m{number:04d}_extra"
    write(own, engine.dialect, **{name: "create table extra (x text); insert into extra values ('semi;colon');"})
    store = await opened(engine)
    assert await value_of(store, "a") == "1"
    await store.close()
    assert await engine.run("select x from extra") == [{"x": "semi;colon"}]


async def test_failed_migration_leaves_nothing(engine: Engine, own: Path) -> None:
    number = len(migrate.list_migrations(engine.dialect)) + 1
    write(own, engine.dialect, **{f"m{number:04d}_bad": "create table extra (x text); insert into nowhere values (1);"})
    with pytest.raises(StoreFailure, match=rf"{number:04d}_bad"):
        await opened(engine)
    assert not {column for column in await columns(engine) if column[0] == "extra"}
    assert len(await engine.run("select * from schema_migrations")) == number - 1
    write(own, engine.dialect, **{f"m{number:04d}_bad": "create table extra (x text);"})
    await (await opened(engine)).close()
    assert ("extra", "x") in await columns(engine)


async def test_changed_migration_is_refused(engine: Engine, own: Path) -> None:
    await (await opened(engine)).close()
    path = own / engine.dialect / "0001_foundation.sql"
    path.write_text(path.read_text() + "\n-- a harmless change\n")
    with pytest.raises(MigrationChanged, match=r"0001_foundation.sql was changed after it had been applied"):
        await opened(engine)


async def test_database_of_a_newer_release_is_refused(engine: Engine) -> None:
    await (await opened(engine)).close()
    await engine.run("insert into schema_migrations values (99, 'future', 'x', 1)")
    with pytest.raises(NewerDatabase, match="99"):
        await opened(engine)


async def test_refused_store_can_be_opened_after_a_repair(engine: Engine) -> None:
    await (await opened(engine)).close()
    await engine.run("insert into schema_migrations values (99, 'future', 'x', 1)")
    with pytest.raises(NewerDatabase):
        await opened(engine)
    await engine.run("delete from schema_migrations where number = 99")
    await (await opened(engine)).close()


async def test_the_engines_have_the_same_tables(tmp_path: Path, postgres_server: PostgresServer) -> None:
    found = {}
    for name in ENGINES:
        async with an_engine(name, tmp_path, postgres_server, empty=True) as engine:
            await (await opened(engine)).close()
            found[name] = await columns(engine)
    assert ("messages", "content") in found["sqlite"]
    only_postgres = {table for table, _ in found["postgres"]} - {table for table, _ in found["sqlite"]}
    assert only_postgres == {"event_heads", "agent_terms", "agent_words", "rls_status"}
    shared = {table for table, _ in found["postgres"]} - only_postgres
    assert {c for c in found["sqlite"] if c[0] in shared} == {c for c in found["postgres"] if c[0] in shared}


async def test_two_concurrently_starting_servers_migrate_once(postgres: Engine) -> None:
    stores = await asyncio.gather(*[opened(postgres) for _ in range(4)])
    for store in stores:
        await store.close()
    assert len(await postgres.run("select * from schema_migrations")) == len(migrate.list_migrations("postgres"))
