"""Moving an installation from SQLite to PostgreSQL: completely or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from agora.cli.app import build_application
from agora.server.app import App
from agora.store import copying
from agora.store.copying import copy_database
from agora.store.databases import parse_sqlite_path, read_database_status, select_database_url
from agora.store.port import StoreFailure
from agora.store.postgres import PostgresStore
from agora.store.sqlite import SqliteStore
from tests.conformance.engines import PostgresEngine, RunsOn, SqliteEngine
from tests.conformance.tenants.test_tenant_isolation import filled, rows
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.polling import eventually

RUNS_ON = RunsOn.BOTH


class House:
    """A data directory, served by either engine."""

    def __init__(self, directory: Path, clock: ManualClock) -> None:
        self.directory, self.clock = directory, clock
        self.file = directory / "agora.db"

    async def open(self, store: Any) -> Market:
        app = App(make_settings(self.directory), clock=self.clock, store=store)
        await app.start()
        return Market(app, self.clock)


@pytest.fixture
async def context(tmp_path: Path, clock: ManualClock) -> tuple[House, dict[str, Any]]:
    """An installation on SQLite with two tenants and an agent's token, not running."""
    context = House(tmp_path / "data", clock)
    market = await context.open(SqliteStore(context.file, clock=clock))
    await market.call(market.operator, "tenant.create", tenant_id="acme")
    for tenant in ("default", "acme"):
        await filled(market, tenant)
    ada = await market.call(market.operator, "agent.register", agent_name="Ada", capabilities=["digging"])
    events = (await market.app.feed.load_channel("default")).head
    await market.app.stop()
    return context, {"ada": ada, "events": events}


async def counted(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        tables = [row["tablename"] for row in await connection.fetch("select tablename from rls_status")]
        return sum([await connection.fetchval(f"select count(*) from {name}") for name in tables])
    finally:
        await connection.close()


async def test_installation_is_copied(context: tuple[House, dict[str, Any]], postgres: PostgresEngine) -> None:
    moved, known = context
    told: dict[str, int] = {}
    copied = await copy_database(moved.file, postgres.url, told.__setitem__)
    assert copied.tables == told
    assert copied.row_count > 100
    for tenant in ("default", "acme"):
        there, here = await rows(SqliteEngine(moved.file), tenant), await rows(postgres, tenant)
        assert {n: len(found) for n, found in there.items() if n in here} == {
            n: len(here[n]) for n in there if n in here
        }
    market = await moved.open(PostgresStore(postgres.url, clock=moved.clock))
    ada = await market.app.authenticator.authenticate(known["ada"].token)
    assert ada.subject == known["ada"].agent_id
    found = await market.call(market.operator, "query.agents", search="digging", capabilities=["digging"])
    assert [agent.agent_name for agent in found.agents] == ["Ada"]
    await market.call(ada, "messaging.send", to_agent="defaultAda", content="still here")
    assert (await market.app.feed.load_channel("default")).head > known["events"]
    sequence = [stored.seq for stored in market.events if stored.tenant_id == "default"]
    assert sequence[0] == known["events"] + 1
    await market.call(market.operator, "agent.deregister", agent_id="Ada")  # triggers are active again
    await market.app.stop()


async def test_interrupted_copy_leaves_nothing_and_can_be_repeated(
    context: tuple[House, dict[str, Any]], postgres: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, fill = context[0].file, copying._copy_table

    async def cut(reading: Any, connection: Any, name: str) -> int:
        if name == "messages":
            connection.terminate()  # as by SIGKILL
        return await fill(reading, connection, name)

    async def lost(reading: Any, connection: Any, name: str) -> int:
        count = await fill(reading, connection, name)
        if name == "messages":
            await connection.execute("delete from messages where broadcast = 1")
        return count

    for wrong, message in ((cut, "closed"), (lost, r"messages was copied with \d+ rows instead of \d+")):
        monkeypatch.setattr(copying, "_copy_table", wrong)
        with pytest.raises(StoreFailure, match=message):
            await copy_database(file, postgres.url)
        await eventually(lambda: counted(postgres.url), lambda count: count == 1)  # the tenant default
        monkeypatch.undo()
    assert (await copy_database(file, postgres.url)).row_count > 100


async def test_target_with_rows_is_refused(context: tuple[House, dict[str, Any]], postgres: PostgresEngine) -> None:
    await copy_database(context[0].file, postgres.url)
    before = await counted(postgres.url)
    with pytest.raises(StoreFailure, match="is not empty: there are rows in "):
        await copy_database(context[0].file, postgres.url)
    assert await counted(postgres.url) == before


async def test_served_or_missing_source_is_refused(
    context: tuple[House, dict[str, Any]], postgres: PostgresEngine, tmp_path: Path
) -> None:
    store = SqliteStore(context[0].file, clock=context[0].clock)
    await store.start()
    with pytest.raises(StoreFailure, match="stop that one first"):
        await copy_database(context[0].file, postgres.url)
    await store.close()
    with pytest.raises(StoreFailure, match="There is no file"):
        await copy_database(tmp_path / "nowhere.db", postgres.url)
    (tmp_path / "text.db").write_text("hello, this is a file of text, not a database of anything at all" * 20)
    with pytest.raises(StoreFailure, match="not an Agora database"):
        await copy_database(tmp_path / "text.db", postgres.url)
    await SqliteEngine(context[0].file).run("delete from schema_migrations where number > 12")
    with pytest.raises(StoreFailure, match="of an older release"):
        await copy_database(context[0].file, postgres.url)


# -- agora db ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "dev", "prod"),
    [
        (
            "postgresql://u:p@h:5/a2a_server_dev",
            "postgresql://u:p@h:5/a2a_server_dev",
            "postgresql://u:p@h:5/a2a_server",
        ),
        ("postgresql://h/a?x=1", "postgresql://h/a_dev?x=1", "postgresql://h/a?x=1"),
        ("postgresql://u:@/a?host=/tmp", "postgresql://u:@/a_dev?host=/tmp", "postgresql://u:@/a?host=/tmp"),
    ],
)
def test_development_and_production_use_separate_databases(url: str, dev: str, prod: str) -> None:
    assert (select_database_url(url), select_database_url(url, dev=True), select_database_url(url, prod=True)) == (
        url,
        dev,
        prod,
    )


def test_db_commands_work(tmp_path: Path, postgres_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_DATA_DIR", str(tmp_path / "data"))
    url = postgres_server.url.replace("/postgres?", "/e1_commands?")

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(build_application(), ["db", *words])
        assert result.exit_code == code, result.output
        return result.output

    assert "pending: 0001_foundation.sql" in run("status", code=1)
    assert "current" in run("upgrade")
    assert '"current": true' in run("status", "--json")
    source = f"sqlite://{tmp_path}/data/agora.db"
    assert '"current": true' in run("status", "--url", f"sqlite:///{tmp_path}/data/agora.db", "--json")  # four slashes
    try:
        assert '"exists": false' in run("status", "--url", url, "--dev", "--json", code=1)
        assert "migrations applied" in run("upgrade", "--url", url, "--dev", "--create")
        assert "exists already" in run("create", "--url", f"{url}".replace("commands", "commands_dev"))
        monkeypatch.setenv("AGORA_DB_PASSWORD", "it's secret")
        assert "created" in run("create", "--url", url, "--login", "e1_served")
        assert "current" in run("status", "--url", url.replace("postgres:@", "e1_served:@"))
        assert "1  rows, counted on both sides" in run("copy", source, url)
        assert '"rows": 1' in run("copy", source, url, "--json")
        assert "Choose one" in run("status", "--dev", "--prod", code=2)
        assert "is not a supported database" in run("status", "--url", "mysql://x/y", code=2)
        assert "sqlite:///PATH to postgresql" in run("copy", url, source, code=2)
        assert "names no database" in run("status", "--url", "postgresql://h", "--dev", code=2)
    finally:
        asyncio.run(dropped(postgres_server.url))


async def test_path_may_contain_any_characters(tmp_path: Path, clock: ManualClock) -> None:
    """The server and ``agora db`` use the same file, whatever characters its name contains."""
    path = tmp_path / "50%25 of it" / "a%20b?.db"
    path.parent.mkdir()
    for url in (f"sqlite://{path}", f"sqlite:///{path}"):
        assert parse_sqlite_path(url) == path
        app = App(make_settings(tmp_path / "data", store=url), clock=clock)
        await app.start()
        await app.stop()
        found = await read_database_status(url)
        assert (found.exists, found.is_current) == (True, True)
    assert [entry.name for entry in path.parent.iterdir() if entry.suffix == ".db"] == [path.name]


async def dropped(url: str) -> None:
    console = await asyncpg.connect(url)
    for name in ("e1_commands", "e1_commands_dev"):
        await console.execute(f"drop database if exists {name} with (force)")
    await console.execute("drop role if exists e1_served")
    await console.close()
