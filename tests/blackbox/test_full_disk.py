"""A full file system under the database: calls fail with a clear error, acknowledged writes survive, and the server
recovers.

No call is answered before its commit: acknowledged writes are found after ``kill -9``, refused ones are not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.blackbox.postgres_process import PostgresProcess
from tests.blackbox.server import Account, ServerProcess
from tests.blackbox.test_storage_outage import assert_unavailable, is_ready
from tests.polling import poll_until
from tests.small_disk import SmallDisk, small_disk

LARGE = os.urandom(30_000).hex()  # larger than the free space in any database file, and incompressible


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name that another user can access."""
    path = Path(tempfile.mkdtemp(prefix="agora-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def send(agent: Account, content: str) -> httpx.Response:
    return agent.http.post("/agora/messaging/send", json={"to_agent": agent.name, "content": content})


def contents(agent: Account) -> list[str]:
    return [message["content"] for message in agent.get("/agora/messaging/receive")["messages"]]


def assert_reads_work_and_writes_do_not(server: ServerProcess, agent: Account) -> None:
    poll_until(lambda: not is_ready(server), "not ready")
    ready = httpx.get(f"{server.url}/ready").json()
    assert ready["components"]["store"] == "disk_full", ready
    assert_unavailable(send(agent, LARGE), "disk_full")
    memory = {"key": "full", "value": LARGE}
    assert_unavailable(agent.http.post("/agora/memory/store", json=memory), "disk_full")
    assert contents(agent) == ["before"]
    assert agent.get("/agora/query/agents")["agents"]
    for path in ("/health/detail", "/agora/admin/health"):
        health = server.operator.http.get(path).json()
        assert health["components"]["database"]["status"] == "critical", health
        assert "disk" in health["components"]["database"]["detail"], health
    assert httpx.get(f"{server.url}/health").json()["detail"] == ready["detail"]
    assert server.log().count("Traceback") == 0, server.log()[-4000:]


def assert_back(server: ServerProcess, agent: Account) -> None:
    poll_until(lambda: is_ready(server), "ready again")
    assert send(agent, "after").status_code == 200
    assert contents(agent) == ["before", "after"]
    assert httpx.get(f"{server.url}/health").json()["status"] == "healthy"


def until_up(server: ServerProcess) -> None:
    """Wait until the server responds."""

    def answers() -> bool:
        assert server.process is not None
        assert server.process.poll() is None, server.log()[-4000:]
        try:
            return httpx.get(f"{server.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    poll_until(answers, "the server answers")


def exercise(server: ServerProcess, disk: SmallDisk) -> None:
    agent = server.register("Full")
    assert send(agent, "before").status_code == 200
    disk.fill()
    assert_reads_work_and_writes_do_not(server, agent)
    lines = server.log().splitlines()
    assert sum("storage unavailable (disk_full)" in line for line in lines) == 1, lines
    server.kill()
    server.start(wait=False)
    until_up(server)
    assert_reads_work_and_writes_do_not(server, agent)
    disk.free()
    assert_back(server, agent)


def test_full_disk_under_sqlite(directory: Path) -> None:
    with small_disk(directory / "disk", 24) as disk:
        server = ServerProcess(disk.path / "data")
        server.log_file = directory / "server.log"
        try:
            exercise(server.start(), disk)
        finally:
            server.close()


def test_server_starts_on_a_disk_that_was_filled_while_it_was_stopped(directory: Path) -> None:
    with small_disk(directory / "disk", 24) as disk:
        server = ServerProcess(disk.path / "data")
        server.log_file = directory / "server.log"
        try:
            server.start()
            agent = server.register("Full")
            assert send(agent, "before").status_code == 200
            assert server.stop() == 0
            disk.fill()
            server.start(wait=False)
            until_up(server)
            assert_reads_work_and_writes_do_not(server, agent)
            disk.free()
            assert_back(server, agent)
        finally:
            server.close()


def test_full_disk_under_postgresql(directory: Path) -> None:
    with small_disk(directory / "disk", 160) as disk:
        postgres = PostgresProcess(directory, data=disk.path / "pg")
        server = ServerProcess(directory / "data", store=postgres.url)
        try:
            postgres.create().start()
            exercise(server.start(), disk)
        finally:
            server.close()
            postgres.close()
