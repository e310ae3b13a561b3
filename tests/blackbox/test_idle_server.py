"""A server that nobody uses leaves its database alone, and still does on time what is due."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.postgres_process import PostgresProcess
from tests.blackbox.server import ServerProcess

MAX_TRANSACTIONS = 10.0  # a second; about six are due to probes and to reads at intervals, twenty were due to polling
WINDOW_SECONDS = 6.0  # longer than the longest interval at which jobs read whatever they know
SETTLE_SECONDS = 60.0
LEASE_SECONDS = 7  # longer than jobs sleep without a reason to wake
TRANSACTIONS = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    with tempfile.TemporaryDirectory(prefix="agora-idle-") as directory:
        database = PostgresProcess(Path(directory)).create().start()
        yield database
        database.close()


@pytest.fixture(scope="module")
def servers(postgres: PostgresProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    """Two servers on one database; the second is started by the test that needs it."""
    servers = [
        ServerProcess(tmp_path_factory.mktemp(name) / "data", store=postgres.url, builtin_agents="true")
        for name in ("first", "second")
    ]
    yield servers
    for server in servers:
        server.close()


def _transactions_per_second(postgres: PostgresProcess) -> float:
    begin, count = time.monotonic(), int(postgres.sql(TRANSACTIONS))
    time.sleep(WINDOW_SECONDS)
    return (int(postgres.sql(TRANSACTIONS)) - count) / (time.monotonic() - begin)


def test_an_idle_server_does_not_poll_its_database(postgres: PostgresProcess, servers: list[ServerProcess]) -> None:
    server = servers[0].start()
    server.register("Sleeper")
    rates, deadline = [_transactions_per_second(postgres)], time.monotonic() + SETTLE_SECONDS
    while rates[-1] > MAX_TRANSACTIONS and time.monotonic() < deadline:
        rates.append(_transactions_per_second(postgres))
    assert rates[-1] <= MAX_TRANSACTIONS, rates


def test_a_lease_of_a_killed_server_is_taken_back_by_an_idle_one(servers: list[ServerProcess]) -> None:
    """The other server knows of the lease by the event of the claim alone, and sleeps until it ends."""
    first, second = servers
    second.directory.mkdir(parents=True, exist_ok=True)
    for name in ("signing.key", "admin-token"):
        (second.directory / name).write_bytes((first.directory / name).read_bytes())
    second.start()
    requester, worker = first.register("Requester"), first.register("Digger")
    task = requester.post("/agora/task/assign", {"task_type": "dig", "assignee": "Digger"})
    worker.post("/agora/task/claim", {"lease_seconds": LEASE_SECONDS})
    first.kill()
    survivor = second.account(requester.token)
    deadline = time.monotonic() + SETTLE_SECONDS
    while (state := survivor.get("/agora/task/get", params={"task_id": task["task_id"]}))["status"] == "in_progress":
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    assert state["status"] == "pending", state
