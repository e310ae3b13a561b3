"""Tenant conditions required in a statement before either engine runs it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agora.store import checked_statements
from agora.store.checked_statements import Unconfined
from agora.store.port import Query, Table, Write
from agora.store.postgres import sql
from agora.store.records import record
from agora.store.sqlite.reading import Reader
from agora.store.tenancy import check_confined

GOOD = [
    "select * from agents where tenant_id = :tenant and agent_id = :ref",
    "select 1 as answer where :tenant = :tenant",
    "select a.x from agents a join tasks t on t.tenant_id = a.tenant_id and t.y = a.x where a.tenant_id = :tenant",
    "select * from agents as a, tasks as t where a.tenant_id = :tenant and t.tenant_id = a.tenant_id",
    "select * from (select x from agents where tenant_id = :tenant) as f join tasks m on m.tenant_id = :tenant",
    "with f as (select x from agents where tenant_id = :tenant) select x from f",
    "select x from agents where tenant_id = :tenant union select x from tasks where tenant_id = :tenant",
    "select x from agents a where a.tenant_id = :tenant and exists (select 1 from tasks t where t.tenant_id = a.tenant_id)",
    "select x from agents where tenant_id = :tenant and (a = 1 or b = 2)",
    "select x from agents where tenant_id || '' = :tenant and b = 2 order by case when a = 1 or b = 2 then 0 else 1 end",
    "update agents set x = 1 where tenant_id = :tenant",
    "update agents set x = s.y from (select value as y from json_each(:ids)) as s where agents.tenant_id = :tenant",
    "delete from agents where tenant_id = :tenant and x in (select y from tasks where tenant_id = :tenant)",
    "insert into agents (tenant_id, x) values (:tenant, :x)",
    "insert into agents (x, tenant_id) select y, :tenant from json_each(:ids)",
    "insert into agents (tenant_id, x) values (:tenant, :x) on conflict (tenant_id, x) do update set x = excluded.x",
    "select count(*) as n from agents where tenant_id = :tenant -- or not",
]
BAD = [
    "select * from agents",
    "select * from agents where agent_id = :tenant",
    "select * from agents where tenant_id = :other",
    "select * from agents where tenant_id <> :tenant",
    "select * from agents where not tenant_id = :tenant",
    "select * from agents where tenant_id = :tenant or agent_id = :ref",
    "select * from agents where tenant_id = :tenant and status = :status or agent_id = :ref",
    "update agents set status = :status where agent_id = :ref or status = :old and tenant_id = :tenant",
    "select * from agents where tenant_id = :tenant || :x",
    "select * from agents where (tenant_id = :tenant or 1 = 1)",
    "select ' where tenant_id = :tenant ' as x from agents",
    "select * from agents -- where tenant_id = :tenant",
    "select tenant_id = :tenant from agents",
    "select * from agents where case when tenant_id = :tenant then 1 else 1 end = 1",
    "select * from agents a, tasks t where a.tenant_id = :tenant",
    "select * from agents a join tasks t on t.x = a.x where a.tenant_id = :tenant",
    "select * from agents a left join tasks t on t.tenant_id = u.tenant_id where a.tenant_id = :tenant",
    "select * from agents a join tasks t on t.tenant_id = a.tenant_id",
    "select * from agents a where a.tenant_id = :tenant and x in (select x from tasks)",
    "select * from agents a where a.tenant_id = :tenant and exists (select 1 from agents a where a.x = 1)",
    "select (select count(*) from tasks) as n from agents where tenant_id = :tenant",
    "with f as (select * from agents) select * from f",
    "with f as (select tenant_id from agents where tenant_id = :tenant) select * from tasks t, f where t.tenant_id = f.tenant_id",
    "select x from agents where tenant_id = :tenant union select x from tasks",
    "select x from agents where tenant_id = :tenant except select x from tasks",
    "update agents set x = 1",
    "update agents set x = 1 where agent_id = :ref",
    "update agents set tenant_id = :other where tenant_id = :tenant",
    "update agents set x = t.x from tasks t where agents.tenant_id = :tenant",
    "delete from agents where x = 1",
    "delete from agents where tenant_id = :tenant and x in (select x from tasks)",
    "insert into agents (tenant_id, x) values (:other, :x)",
    "insert into agents (x) values (:x)",
    "insert into agents values (:tenant, :x)",
    "insert into agents (tenant_id, x) values (:tenant, 1), ('other', 2)",
    "insert into agents (tenant_id, x) select tenant_id, x from tasks where tenant_id = :other",
    "insert into agents (tenant_id, x) values (:tenant, :x) on conflict (x) do update set x = excluded.x",
    "insert into agents (tenant_id, x) select :tenant, x from tasks",
]


@pytest.mark.parametrize("text", GOOD)
def test_statement_confined_to_a_tenant_is_run(text: str) -> None:
    assert check_confined(text) == text


@pytest.mark.parametrize("text", BAD)
def test_statement_that_could_reach_another_tenant_is_refused(text: str) -> None:
    with pytest.raises(Unconfined):
        check_confined(text)


async def test_neither_engine_runs_a_refused_statement(tmp_path: Path) -> None:
    wrong = Query("select * from agents where agent_id = :tenant", str)

    async def scan(text: str, values: Any) -> list[Any]:
        raise AssertionError("it was run")

    connection = sqlite3.connect(tmp_path / "x.db")
    with pytest.raises(Unconfined, match="agents is not held by tenant_id = :tenant"):
        await Reader(connection, scan, "acme").all(wrong)
    with pytest.raises(Unconfined):
        await Reader(connection, scan, "acme").all(Query(wrong.sql, str, scan=True))
    connection.close()
    for statement in (wrong, Write("delete from agents"), Query("select 1 as x", int, postgres="select * from agents")):
        with pytest.raises(Unconfined):
            sql.build_single_text(statement)


@record
class AgentName:
    agent_id: str
    agent_name: str


def test_table_needs_a_tenant_column() -> None:
    with pytest.raises(Unconfined):
        Table("agents", AgentName)


def test_every_declared_statement_is_confined_and_listed() -> None:
    """Runs in a separate process, because other tests declare statements too."""
    script = Path(__file__).parents[3] / "scripts" / "statements.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, ""), "run 'make reference'"


def test_only_unlisted_statements_are_checked_at_run_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "select * from agents where agent_id = :tenant"
    digests = frozenset({checked_statements.compute_statement_digest(wrong)})
    monkeypatch.setattr(checked_statements, "load_listed_digests", lambda: digests)
    assert Query(wrong, str).confined_sql == wrong
    with pytest.raises(Unconfined):
        assert Query(wrong + " limit 1", str).confined_sql


def test_without_the_list_every_statement_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_statements, "STATEMENTS_FILE", tmp_path / "missing.txt")
    checked_statements.load_listed_digests.cache_clear()
    try:
        with pytest.raises(Unconfined):
            assert Query("select * from agents", str).confined_sql
        assert Query(GOOD[0], str).confined_sql == GOOD[0]
    finally:
        checked_statements.load_listed_digests.cache_clear()
