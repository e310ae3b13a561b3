"""The schema of new SQLite databases equals the result of all migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from agora.store.migrate import list_migrations
from agora.store.sqlite.schema import SCHEMA_FILE, read_schema_script_or_none

MIGRATIONS = list_migrations("sqlite")
FIRST_TIME = 1_600_000_000_000_000  # only times in a new database are larger than this


def database(scripts: Iterable[str]) -> tuple[set[Any], dict[str, list[Any]]]:
    """Return the content of an empty database after these scripts: its definitions, and the rows of its tables by
    table."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for script in scripts:
            connection.executescript(script)
        definitions = set(connection.execute("select type, name, tbl_name, sql from sqlite_master"))
        tables = [name for kind, name, *_ in definitions if kind == "table"]
        return definitions, {name: list(rows_of(connection, name)) for name in tables}


def rows_of(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Return rows without their times."""
    for row in connection.execute(f"select * from {table}"):
        yield tuple("time" if isinstance(value, int) and value > FIRST_TIME else value for value in row)


def test_schema_of_a_new_database_equals_the_migrations() -> None:
    schema = read_schema_script_or_none(MIGRATIONS)
    assert schema is not None, "schema.sql is not of these migrations: run 'make reference'"
    assert database([schema]) == database(migration.sql for migration in MIGRATIONS)


def test_schema_of_other_migrations_is_not_used(tmp_path: Path) -> None:
    assert read_schema_script_or_none(MIGRATIONS[:-1]) is None
    assert read_schema_script_or_none([*MIGRATIONS[1:], MIGRATIONS[0]]) is None
    assert read_schema_script_or_none(MIGRATIONS, tmp_path / "schema.sql") is None
    (tmp_path / "schema.sql").write_text(SCHEMA_FILE.read_text()[1:])
    assert read_schema_script_or_none(MIGRATIONS, tmp_path / "schema.sql") is None
