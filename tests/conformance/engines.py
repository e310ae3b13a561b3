"""The engines under test: each reopens its store on the same data."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, TypeVar

import asyncpg

from agora.clock import Clock, SystemClock
from agora.store.port import Store
from tests.failing_stores import FailingPostgresStore, FailingSqliteStore
from tests.harness import with_tables
from tests.polling import eventually
from tests.postgres import PostgresServer

__all__ = ["ENGINES", "Engine", "PostgresEngine", "RunsOn", "SqliteEngine", "an_engine"]

T = TypeVar("T")
ENGINES = ("sqlite", "postgres")
_BLOCKED_SESSIONS = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


class RunsOn(Enum):
    """The engines that a module of this suite runs on. Each module declares its own as ``RUNS_ON``."""

    BOTH = "both engines"
    #: for modules whose tests do not depend on the store, besides others of their domain
    BOTH_IF_LONG = "SQLite; PostgreSQL too in 'make test-long'"
    SQLITE = "SQLite"
    POSTGRES = "PostgreSQL"
    NO_STORE = "no store"

    def includes(self, engine: str) -> bool:
        """Whether the module has tests on an engine, in some run."""
        return self in (RunsOn.BOTH, RunsOn.BOTH_IF_LONG) or self.name.lower() == engine


class Engine(Protocol):
    """A location of data, and its engine."""

    dialect: str

    def store(self, clock: Clock | None = None) -> Store:
        """Create a new store on the data, not started."""

    async def run(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement outside the store, like a console."""


class SqliteEngine:
    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self, clock: Clock | None = None) -> FailingSqliteStore:
        return FailingSqliteStore(self.path, clock=clock or SystemClock())

    async def run(self, sql: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()


class PostgresEngine:
    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def store(self, clock: Clock | None = None, **options: Any) -> FailingPostgresStore:
        return FailingPostgresStore(self.url, clock=clock or SystemClock(), **options)

    async def run(self, sql: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [dict(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def run_before(self, sql: str, call: Coroutine[Any, Any, T], *, then: str = "") -> T:
        """Run statements in a transaction that commits when the call waits for one of its locks; return the call's result.

        then: statements of the transaction that run while the call waits.
        """
        connection = await asyncpg.connect(self.url)
        try:
            async with connection.transaction():
                await connection.execute(sql)
                task = asyncio.create_task(call)
                # Not on this connection: its view of the sessions does not change within a transaction.
                await eventually(lambda: self.run(_BLOCKED_SESSIONS), bool)
                if then:  # asyncpg fails for an empty text
                    await connection.execute(then)
            return await task
        finally:
            await connection.close()


@asynccontextmanager
async def an_engine(
    name: str, directory: Path, server: PostgresServer, *, empty: bool = False
) -> AsyncIterator[Engine]:
    """Open an engine without data. empty: also without tables."""
    if name == "sqlite":
        path = directory / "agora.db"
        yield SqliteEngine(path if empty else with_tables(path))
    else:
        async with server.empty() if empty else server.database() as url:
            yield PostgresEngine(url)
