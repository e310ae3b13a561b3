"""Upgrade of apps: agents of the category app, the earlier form of apps, become apps, on either engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import asyncpg

from agora.store import migrate
from tests.conformance.engines import RunsOn
from tests.postgres import PostgresServer

RUNS_ON = RunsOn.BOTH
ROWS: tuple[Mapping[str, object], ...] = (
    {
        "agent_id": "agent_1",
        "agent_name": "Ledger",
        "category": "app",
        "tags": '["Finance", "books"]',
        "retired_at": None,
    },
    {"agent_id": "agent_2", "agent_name": "Untagged", "category": "app", "tags": "[]", "retired_at": None},
    {"agent_id": "agent_3", "agent_name": "Gone", "category": "app", "tags": "[]", "retired_at": 5},
    {"agent_id": "agent_4", "agent_name": "Helper", "category": "tool", "tags": "[]", "retired_at": None},
)
SELECT = "select app_id, name, industry, industry_key, orchestrator, published, revision from apps order by app_id"
EXPECTED = [
    ("app_1", "Ledger", "Finance", "finance", "agent_1", 1, 1),
    ("app_2", "Untagged", "", "", "agent_2", 1, 1),
]
TEXT, NUMBER = "'[]'", "7"


def build_insert(row: Mapping[str, object], required: Mapping[str, str]) -> str:
    """Build the insert of an agent, with a value in each required column. required: types by name."""
    kinds = {name: TEXT if kind == "text" else NUMBER for name, kind in required.items()}
    literals = {
        name: "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
        for name, value in row.items()
    }
    values = kinds | {"tenant_id": "'default'"} | literals | {"name_key": f"lower('{row['agent_name']}')"}
    return f"insert into agents ({', '.join(values)}) values ({', '.join(values.values())})"


def split_migrations(dialect: str) -> tuple[list[str], str]:
    """Return the statements before the migration that creates the table, and those of it."""
    migrations = migrate.list_migrations(dialect)
    (number,) = [n for n, each in enumerate(migrations) if "create table apps (" in each.sql]
    return [each.sql for each in migrations[:number]], migrations[number].sql


def test_agents_of_category_app_become_apps_on_sqlite() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    before, apps = split_migrations("sqlite")
    for sql in before:
        connection.executescript(f"begin; {sql}; commit")
    columns = connection.execute("pragma table_info(agents)").fetchall()
    required = {name: kind.lower() for _, name, kind, not_null, default, _ in columns if not_null and default is None}
    for row in ROWS:
        connection.execute(build_insert(row, required))
    connection.executescript(f"begin; {apps}; commit")
    assert connection.execute(SELECT).fetchall() == EXPECTED
    connection.close()


async def test_agents_of_category_app_become_apps_on_postgres(postgres_server: PostgresServer) -> None:
    async with postgres_server.empty() as url:
        connection = await asyncpg.connect(url)
        before, apps = split_migrations("postgres")
        for sql in before:
            await connection.execute(sql)
        required = {
            row["column_name"]: row["data_type"]
            for row in await connection.fetch(
                "select column_name, data_type from information_schema.columns where table_name = 'agents'"
                " and table_schema = current_schema() and is_nullable = 'NO' and column_default is null and is_generated = 'NEVER'"
            )
        }
        for row in ROWS:
            await connection.execute(build_insert(row, required))
        await connection.execute(apps)
        assert [tuple(row) for row in await connection.fetch(SELECT)] == EXPECTED
        await connection.close()
