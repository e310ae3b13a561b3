"""Every SQL statement is valid on both engines, in each form in which it is executed."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import agora
from agora.domains.messaging import queries as messages
from agora.store import migrate
from agora.store.port import Query, Statement, Table, Tally, Write
from agora.store.postgres import sql
from tests.conformance.engines import PostgresEngine, RunsOn

RUNS_ON = RunsOn.BOTH


def everything() -> Iterator[tuple[str, Any]]:
    """Return statements and tables by name; those built by a function, with some sets of arguments."""
    for module in pkgutil.walk_packages(agora.__path__, "agora."):
        if not module.name.endswith(("queries", "records", "event_table")) or ".runtimes." in module.name:
            continue
        loaded = importlib.import_module(module.name)
        place = module.name.removeprefix("agora.").removeprefix("domains.").removesuffix(".queries")
        for name, value in sorted(vars(loaded).items()):
            if isinstance(value, Tally):
                yield f"{place}.{name}", value.add
            elif isinstance(value, Statement | Table):
                yield f"{place}.{name}", value
            elif name in ("inbox", "inbox_count"):
                yield from _with_filters(f"{place}.{name}", value, loaded)


def _with_filters(name: str, make: Any, module: Any) -> Iterator[tuple[str, Query]]:
    filters = [*module.FILTERS, *module.STATE_FILTERS]
    chosen = chain(combinations(filters, 0), combinations(filters, 1), [tuple(filters)])
    for names in chosen:
        yield f"{name}({'+'.join(names)})", make(frozenset(names))


ALL = dict(everything())
STATEMENTS = {name: value for name, value in ALL.items() if isinstance(value, Statement)}
TABLES = {name: value for name, value in ALL.items() if isinstance(value, Table)}
TYPES = {"text": "text", "bigint": "integer", "double precision": "real", "bytea": "blob"}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path_factory.mktemp("statements") / "x.db")
    for migration in migrate.list_migrations("sqlite"):
        connection.executescript(migration.sql)
    yield connection
    connection.close()


@pytest.fixture
async def connection(postgres: PostgresEngine, tmp_path: Path) -> AsyncIterator[asyncpg.Connection]:
    store = postgres.store()
    await store.start()
    await store.close()
    connection = await asyncpg.connect(postgres.url)
    yield connection
    await connection.close()


def made_by_functions() -> Iterator[tuple[str, Statement]]:
    """Return statements with a record built by public functions of flags and filters, with none and with all flags."""
    for module in pkgutil.walk_packages(agora.__path__, "agora."):
        if not module.name.endswith("queries"):
            continue
        loaded = importlib.import_module(module.name)
        for name, value in sorted(vars(loaded).items()):
            function = inspect.unwrap(value) if callable(value) else None
            if name.startswith("_") or getattr(function, "__module__", "") != module.name:
                continue
            if not str(getattr(function, "__annotations__", {}).get("return", "")).startswith(("Query[", "Write[")):
                continue
            kinds = {each.name: str(each.annotation) for each in inspect.signature(value).parameters.values()}
            for flag in (False, True):
                if set(kinds.values()) <= set(ARGUMENTS):
                    arguments = {each: flag if kind == "bool" else ARGUMENTS[kind] for each, kind in kinds.items()}
                    yield f"{module.name}.{name}({flag})", value(**arguments)


#: of functions that make statements, by annotation
ARGUMENTS: dict[str, Any] = {"bool": False, "frozenset[str]": frozenset(), "str": "created"}
WITH_RECORDS = {name: found for name, found in [*STATEMENTS.items(), *made_by_functions()] if found.record is not None}


def check_each(entries: Mapping[str, Any], check: Callable[[Any], None]) -> None:
    """Run a check on every entry and name all failures: a test item for each of 500 statements costs more than its
    check."""
    failures = {}
    for name, entry in entries.items():
        try:
            check(entry)
        except (AssertionError, sqlite3.Error) as error:
            failures[name] = f"{type(error).__name__}: {error}"
    assert entries
    assert not failures


def test_sqlite_returns_the_columns_of_the_record(sqlite: sqlite3.Connection) -> None:
    """The set of names is compared; their order does not matter."""

    def check(statement: Statement) -> None:
        values = {key: 1 if statement.types.get(key) == "bigint" else "[]" for key in statement.parameter_names}
        sqlite.execute("savepoint probe")
        try:
            columns = [column[0] for column in sqlite.execute(statement.sql, values).description]
        finally:
            sqlite.execute("rollback to probe")
        check_columns(statement, columns)

    check_each(WITH_RECORDS, check)


async def test_postgres_returns_the_columns_of_the_record(connection: asyncpg.Connection) -> None:
    for statement in WITH_RECORDS.values():
        prepared = await connection.prepare(sql.build_single_text(statement).sql)
        check_columns(statement, [attribute.name for attribute in prepared.get_attributes()])


def check_columns(statement: Statement, columns: list[str]) -> None:
    if dataclasses.is_dataclass(statement.record):
        assert sorted(columns) == sorted(field.name for field in dataclasses.fields(statement.record)), statement.sql
    else:
        assert len(columns) == 1, statement.sql


def test_statements_are_collected() -> None:
    assert len(STATEMENTS) > 20
    assert len(TABLES) > 5


def test_statements_are_valid_on_sqlite(sqlite: sqlite3.Connection) -> None:
    def check(statement: Statement) -> None:
        values = dict.fromkeys(statement.parameter_names) | {"tenant": "t"}
        assert sqlite.execute(f"explain {statement.sql}", values).fetchall()

    check_each(STATEMENTS, check)


async def test_statements_are_valid_on_postgres(connection: asyncpg.Connection) -> None:
    """In plain form and, for queries that share batches, in the form for many calls."""
    wrong = {}
    for name, statement in STATEMENTS.items():
        for text in _forms(statement):
            try:
                await connection.prepare(text)
            except asyncpg.PostgresError as error:
                wrong[name] = f"{error}: {text}"
    assert not wrong


def _forms(statement: Statement) -> Iterator[str]:
    yield sql.build_single_text(statement).sql
    if isinstance(statement, Query):
        if statement.row is not None:
            yield sql.build_skip_locked_text(statement).sql
        if not statement.lock or statement.row is not None:
            yield from (form.sql for first in (True, False) if (form := sql.build_shared_text(statement, first)))
    elif isinstance(statement, Write) and (statement.row or statement.takes):
        yield sql.build_pipelined_text(statement, True)
        if "returning" in statement.sql:
            yield sql.build_pipelined_text(statement, False)
        if (many := sql.build_batched_text(statement)) is not None:
            yield many.sql


def test_statements_for_one_row_select_it_by_key() -> None:
    def check(statement: Any) -> None:
        for text in filter(None, (statement.sql, statement.postgres)):
            assert f"{statement.row} = :{statement.row}" in text

    check_each({name: found for name, found in STATEMENTS.items() if getattr(found, "row", None)}, check)


def test_statements_that_choose_rows_skip_locked_ones() -> None:
    def check(statement: Statement) -> None:
        assert statement.postgres is not None
        assert "for update skip locked" in statement.postgres
        assert "returning *" in statement.postgres

    check_each({name: found for name, found in STATEMENTS.items() if getattr(found, "takes", None)}, check)


def test_declared_tables_match_sqlite(sqlite: sqlite3.Connection) -> None:
    def check(table: Table) -> None:
        actual = {row[1]: row[2].lower() for row in sqlite.execute(f"pragma table_info({table.name})")}
        assert {column: TYPES[kind] for column, kind in table.columns} == actual

    check_each(TABLES, check)


async def test_declared_tables_match_postgres(connection: asyncpg.Connection) -> None:
    for table in TABLES.values():
        rows = await connection.fetch(
            "select column_name, data_type from information_schema.columns "
            "where table_name = $1 and is_generated = 'NEVER'",
            table.name,
        )
        assert dict(table.columns) == {row["column_name"]: row["data_type"] for row in rows}, table.name


def test_statements_are_bound_to_the_tenant() -> None:
    """Cross-tenant statements are tested in another module."""

    def check(statement: Statement) -> None:
        assert statement.crosses_tenants or "tenant" in statement.parameter_names
        assert (statement.confined_sql, statement.confined_postgres) == (
            statement.sql,
            statement.postgres or statement.sql,
        )

    check_each(STATEMENTS, check)


def test_queries_only_read_and_writes_only_write() -> None:
    def check(statement: Statement) -> None:
        for text in filter(None, (statement.sql, None if statement.crosses_tenants else statement.postgres)):
            first = text.split(maxsplit=1)[0].lower()
            assert first in (("select", "with") if isinstance(statement, Query) else ("insert", "update", "delete"))

    check_each(STATEMENTS, check)


@pytest.mark.parametrize("filters", [(), ("unread",), ("after",), ("status", "after", "since")])
def test_inbox_query_reads_only_its_page(sqlite: sqlite3.Connection, filters: tuple[str, ...]) -> None:
    query = messages.build_inbox_query(frozenset(filters))
    plan = [row[3] for row in sqlite.execute(f"explain query plan {query.sql}", dict.fromkeys(query.parameter_names))]
    page = plan[: plan.index("SCAN page")]
    assert "MERGE (UNION ALL)" in page
    assert not [step for step in page if "TEMP B-TREE" in step]  # no rows are collected for sorting
    assert [step for step in page if "messages_broadcast" in step]
