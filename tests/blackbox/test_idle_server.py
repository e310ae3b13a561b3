"""An idle server does not poll its database or broker, and still runs due work on time."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.blackbox.postgres_process import PostgresProcess
from tests.blackbox.server import ServerProcess
from tests.mcp_upstream import Far, serving
from tests.polling import eventually, poll_until
from tests.processes import process_wakeups
from tests.soak.load import STREAM, Load
from tests.valkey import Broker, running_broker

WINDOW_SECONDS = 6.0
SETTLE_SECONDS = 90.0
#: maximum activity of an idle server per second: about one and a half times what it does, and less than half of what
#: polling took
MAX_TRANSACTIONS, MAX_REDIS_COMMANDS, MAX_WAKEUPS = 6.0, 6.0, 40.0
LOAD_STEPS = 5  # calls of each protocol
LEASE_SECONDS = 7  # longer than background jobs sleep without an event
TRANSACTIONS = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    with tempfile.TemporaryDirectory(prefix="agora-idle-") as directory:
        database = PostgresProcess(Path(directory)).create().start()
        yield database
        database.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker(fsync="never") as broker:
        yield broker


@pytest.fixture
def servers(postgres: PostgresProcess, broker: Broker, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers on one database and one broker; the second is started by the test that needs it."""
    settings = {"store": postgres.url, "bus": broker.url, "builtin_agents": "true", "mcp_private_networks": "true"}
    settings["bus_stale"] = "1"  # seconds until an unacknowledged entry is checked again
    servers = [ServerProcess(tmp_path / name, **settings) for name in ("first", "second")]
    yield servers
    for server in servers:
        server.close()


class Idleness:
    """Activity of a server per second, counted by its database, its broker and the kernel."""

    def __init__(self, server: ServerProcess, postgres: PostgresProcess, broker: Broker) -> None:
        self._server, self._postgres, self._broker = server, postgres, broker
        self.rates: list[tuple[float, float, float]] = []  # of each window: transactions, commands, wake-ups

    def is_reached(self) -> bool:
        """Whether the server was idle in the window that begins now."""
        begin, counts = time.monotonic(), self._read_counts()
        time.sleep(WINDOW_SECONDS)  # the window that is measured
        seconds = time.monotonic() - begin
        transactions, commands, wakeups = (
            (after - before) / seconds for before, after in zip(counts, self._read_counts(), strict=True)
        )
        self.rates.append((transactions, commands, wakeups))
        return transactions <= MAX_TRANSACTIONS and commands <= MAX_REDIS_COMMANDS and wakeups <= MAX_WAKEUPS

    def _read_counts(self) -> tuple[int, int, int]:
        with redis.Redis(port=self._broker.port) as client:
            stats = client.info("commandstats")
        commands = sum(entry["calls"] for name, entry in stats.items() if name != "cmdstat_info")
        return int(self._postgres.sql(TRANSACTIONS)), commands, process_wakeups(self._server.pid)

    def __repr__(self) -> str:
        return f"transactions, Redis commands, wake-ups per second of each window: {self.rates}"


def wait_until_idle(server: ServerProcess, postgres: PostgresProcess, broker: Broker) -> None:
    idleness = Idleness(server, postgres, broker)
    try:
        poll_until(idleness.is_reached, "an idle server", SETTLE_SECONDS)
    except AssertionError as error:
        raise AssertionError(repr(idleness)) from error


def leave_unread_entry(server: ServerProcess, broker: Broker) -> None:
    """Leave an unread message for an agent that uses only Redis."""
    server.operator.post("/agora/messaging/send", {"to_agent": "Bus", "content": "left unread"})
    with redis.Redis(port=broker.port, decode_responses=True) as client:
        poll_until(lambda: "left unread" in str(client.xrevrange(f"{STREAM}:Bus", count=100)), "it is in Redis")


async def test_idle_server_does_not_poll_before_and_after_load(
    postgres: PostgresProcess, broker: Broker, servers: list[ServerProcess]
) -> None:
    """With PostgreSQL, Redis and an upstream: calls of every protocol leave no timers running."""
    server = servers[0]
    async with serving(Far().app()) as upstream_url:
        await asyncio.to_thread(server.start)
        operator = server.operator
        await asyncio.to_thread(operator.post, "/upstreams", {"name": "far", "url": upstream_url})
        await asyncio.to_thread(wait_until_idle, server, postgres, broker)
        load = Load.with_agents(server, broker.url, random.Random(1))
        load.start()
        await eventually(load.count_steps, lambda steps: min(steps.values()) >= LOAD_STEPS)
        await load.stop()
        assert not load.failures, load.reasons
        await asyncio.to_thread(leave_unread_entry, server, broker)
        await asyncio.to_thread(wait_until_idle, server, postgres, broker)


def test_idle_server_reclaims_a_lease_of_a_killed_server(servers: list[ServerProcess]) -> None:
    """The other server knows the lease only from the claim's event, and sleeps until the lease expires."""
    first, second = servers
    first.start()
    second.directory.mkdir(parents=True, exist_ok=True)
    for name in ("signing.key", "admin-token"):
        (second.directory / name).write_bytes((first.directory / name).read_bytes())
    second.start()
    requester, worker = first.register("Requester"), first.register("Digger")
    task = requester.post("/agora/task/assign", {"task_type": "dig", "assignee": "Digger"})
    worker.post("/agora/task/claim", {"lease_seconds": LEASE_SECONDS})
    first.kill()
    survivor = second.account(requester.token)

    def is_released() -> bool:
        task_now = survivor.get("/agora/task/get", params={"task_id": task["task_id"]})
        return bool(task_now["status"] == "pending")

    poll_until(is_released, "the task is to be claimed again", LEASE_SECONDS + SETTLE_SECONDS)
