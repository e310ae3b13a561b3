"""Storage failures: the answer is a problem document, the loop is not blocked, the log contains no secrets."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agora.server import logging as logs
from agora.server.app import App
from agora.store.port import StoreFailure
from agora.store.sqlite import SqliteStore
from agora_sdk.errors import PermissionDenied
from tests.failing_stores import FailingSqliteStore, failing_store
from tests.harness import ManualClock
from tests.market import Market


@pytest.fixture
def other(app: App) -> Iterator[sqlite3.Connection]:
    """Another program that holds the database's write lock."""
    assert isinstance(app.store, SqliteStore)
    connection = sqlite3.connect(app.store.path, isolation_level=None)
    connection.execute("begin immediate")
    yield connection
    connection.close()


async def test_lock_held_by_another_program_does_not_block_the_loop(
    app: App, client: httpx.AsyncClient, other: sqlite3.Connection
) -> None:
    writing = asyncio.ensure_future(client.post("/events", json={"event_type": "patient"}))
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/agents")).status_code == 200
    assert not writing.done()
    other.execute("rollback")
    assert (await writing).status_code == 200


async def test_lock_held_for_long_is_answered_with_an_error(
    app: App, client: httpx.AsyncClient, other: sqlite3.Connection
) -> None:
    assert isinstance(app.store, SqliteStore)
    app.store.lock_timeout = 0.05
    answers = await asyncio.gather(*(client.post("/events", json={"event_type": "x"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].headers["retry-after"]
    other.execute("rollback")
    assert (await client.post("/events", json={"event_type": "x"})).status_code == 200


async def test_full_disk_is_reported_and_recovered_from(app: App, client: httpx.AsyncClient) -> None:
    assert isinstance(app.store, FailingSqliteStore)
    message = {"to_agent": "operator", "content": "x" * 200_000}
    with app.store.full_disk():
        refused = await client.post("/agora/messaging/send", json=message)
        assert refused.status_code == 503
        assert refused.json()["cause"] == "disk_full"
        assert refused.headers["retry-after"]
        assert refused.headers["content-type"] == "application/problem+json"
        assert (await client.get("/agora/messaging/receive?agent_id=operator")).json()["count"] == 0
    assert (await client.post("/agora/messaging/send", json=message)).status_code == 200


async def test_call_is_refused_even_if_the_audit_fails(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    agent = await market.agent("Nosy")
    with failing_store(app).failing(reads=False), pytest.raises(PermissionDenied):
        await market.call(agent, "admin.override", target_id="system_wide", action="pause")


@pytest.mark.parametrize("path", ["/agents", "/events"])
async def test_failing_identity_check_is_a_problem_document(app: App, client: httpx.AsyncClient, path: str) -> None:
    with failing_store(app).failing(sqlite3.OperationalError("disk I/O error")):
        answer = await client.get(path, headers={"X-API-Key": "agfy_something"})
    assert answer.status_code == 500
    assert answer.json()["incident"].startswith("err_")
    assert "disk" not in answer.text


@pytest.mark.parametrize("style", ["console", "json"])
def test_logged_failure_shows_no_variables_and_no_tokens(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, uvicorn = (root.handlers[:], root.level), logging.getLogger("uvicorn")
    level = uvicorn.level
    try:
        logs.configure_logging("debug", style)
        try:
            credential = "plainsecret"
            raise ValueError(f"about adm_{'x' * 40} of {len(credential)}")
        except ValueError:
            logging.getLogger("test").exception("failed with agt_%s", "y" * 40)
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        uvicorn.setLevel(level)
    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "[redacted]" in shown
    for secret in ("xxxx", "yyyy", "plainsecret"):
        assert secret not in shown


async def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "agora.db").write_bytes(b"not a database, but long enough" * 100)
    with pytest.raises(StoreFailure, match=r"agora\.db cannot be used: file is not a database"):
        await SqliteStore(tmp_path / "agora.db").start()
