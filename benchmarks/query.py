"""Search of agents by one capability among 100,000, compared with the same page among 1,000.

Every agent has the capability, so the total is the size of the marketplace. Prints CPU time per call through the
dispatcher in this process, server CPU time and latency over REST, and the ratios; then the cost of other queries.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agora.clock import new_id
from agora.domains.agents.names import name_key
from agora.domains.agents.records import AGENTS, CAPABILITIES, AgentCapabilityRow, AgentRow
from agora.server.app import App
from agora.settings import Settings
from agora.store.port import R, Table
from agora.store.sqlite import SqliteStore
from benchmarks import load, process

SMALL, LARGE = 1_000, 100_000
ROUNDS, CALLS = 5, 400
TENANT = "default"
NOUNS = [
    "documentation",
    "translation",
    "analysis",
    "review",
    "planning",
    "research",
    "testing",
    "design",
    "support",
    "billing",
]
PATH = "/agora/query/agents?capabilities=common"
OTHERS: dict[str, dict[str, Any]] = {
    "last page by offset": {"capabilities": ["common"], "offset": LARGE - 50},
    "all of three": {"capabilities": ["common", "documentation", "rare"]},
    "any of three": {"capabilities": ["documentation", "review", "rare"], "match": "any"},
    "status and tier": {"status": "busy", "service_tier": "premium"},
    "one word, 10% hit": {"search": "documentation"},
    "a word all have": {"search": "agent"},
    "a misspelt word": {"search": "documantation"},
    "the marketplace": {},
}


def _agents(count: int) -> Iterator[tuple[AgentRow, list[str]]]:
    now = time.time_ns() // 1000 + 86_400_000_000  # no agent becomes offline in the meantime
    for number in range(count):
        noun = NOUNS[number % len(NOUNS)]
        capabilities = ["common", noun, *(["rare"] if number % 1000 == 0 else [])]
        agent = AgentRow(
            tenant_id=TENANT, agent_id=new_id("agent"), agent_name=f"{noun.title()}Agent{number}",
            account_id=TENANT, description=f"Does {noun} for agent number {number}.",
            capabilities=json.dumps(capabilities), service_tier=("basic", "premium")[number % 2],
            status=("active", "busy", "offline")[number % 3], category=noun, tags="[]",
            visibility="public", endpoints="{}", metadata='{"team":"bench"}', max_concurrent_tasks=1,
            proficiency_level=3, token_generation=1, registered_at=now, last_activity=now,
            status_since=now, reachable_for=0, reported_load=None, active_tasks=0, rating_sum=0.0,
            rating_count=0, retired_at=None, alias=None, public_keys="[]", registrar=None, enrolment=None,
            requested_tier="basic", name_key=name_key(f"{noun.title()}Agent{number}"),
        )  # fmt: skip
        yield agent, capabilities


async def _create(path: Path) -> None:
    store = SqliteStore(path)
    await store.start()
    await store.close()


def _insert(connection: sqlite3.Connection, table: Table[R], row: R) -> None:
    places = ", ".join("?" * len(table.column_names))
    connection.execute(
        f"insert into {table.name} ({', '.join(table.column_names)}) values ({places})", table.to_row(row, TENANT)
    )


def seed(directory: Path, count: int) -> float:
    """Fill a database by direct inserts. Returns microseconds per agent."""
    path = directory / "agora.db"
    asyncio.run(_create(path))
    began = time.perf_counter()
    with closing(sqlite3.connect(path)) as connection, connection:
        for agent, capabilities in _agents(count):
            _insert(connection, AGENTS, agent)
            for capability in capabilities:
                row = AgentCapabilityRow(tenant_id=TENANT, capability=capability, agent_id=agent.agent_id)
                _insert(connection, CAPABILITIES, row)
    return (time.perf_counter() - began) / count * 1e6


# -- in this process -----------------------------------------------------------------------------


@contextmanager
def _app(directory: Path, runner: asyncio.Runner) -> Iterator[App]:
    app = App(
        Settings.load_settings(
            environ={}, data_dir=directory, port=0, events_port=0, rate_basic=1_000_000, rate_enterprise=1_000_000
        )
    )
    runner.run(app.start())
    try:
        yield app
    finally:
        runner.run(app.stop())


async def _cost(app: App, calls: int, arguments: dict[str, Any], name: str = "agora.query.agents") -> float:
    """Measure the microseconds of CPU time per call, of every thread of this process."""
    operation, caller = app.registry.resolve(name), app.authenticator.operator
    before = time.process_time()
    for _ in range(calls):
        outcome = await app.dispatcher.invoke(operation, caller, arguments)
        assert outcome.body
    return (time.process_time() - before) / calls * 1e6


def _dispatched(directories: dict[int, Path], rounds: int) -> None:
    page = {"capabilities": ["common"]}
    with (
        asyncio.Runner() as runner,
        _app(directories[SMALL], runner) as small,
        _app(directories[LARGE], runner) as large,
    ):
        ours, theirs = [], []
        for number in range(rounds + 1):
            pair = runner.run(_cost(large, CALLS, page)), runner.run(_cost(small, CALLS, page))
            if number:  # the first is the warm-up
                ours.append(pair[0])
                theirs.append(pair[1])
        ratios = sorted(mine / its for mine, its in zip(ours, theirs, strict=True))
        print(f"{LARGE:>7} agents    {statistics.median(ours):8.0f} us CPU per call through the dispatcher")
        print(f"{SMALL:>7} agents    {statistics.median(theirs):8.0f} us CPU per call (anchor)")
        print(f"ratio             {statistics.median(ratios):8.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; at most 2)")
        for label, arguments in OTHERS.items():
            name = "agora.query.agents" if arguments else "agora.query.marketplace"
            print(f"{label:<17} {runner.run(_cost(large, 5, arguments, name)) / 1000:8.1f} ms CPU among {LARGE}")


# -- over REST -----------------------------------------------------------------------------------


def _measure(server: process.Server, connections: int, seconds: float) -> tuple[float, load.Report]:
    before = server.cpu()
    report = load.run(load.Spec("127.0.0.1", server.port, "GET", PATH, [""], {}, connections, seconds))
    assert report.failures == 0, f"{report.failures} requests failed"
    return (server.cpu() - before) / report.requests * 1e6, report


def _served(directories: dict[int, Path], rounds: int, seconds: float) -> None:
    options = {"rate_basic": "1000000", "rate_enterprise": "1000000"}
    with process.agora(directories[LARGE], **options) as large, process.agora(directories[SMALL], **options) as small:
        for server in (large, small):
            _measure(server, 1, 1.0)
        ratios, reports = [], []
        for _ in range(rounds):
            cost, report = _measure(large, 1, seconds)
            its, _ = _measure(small, 1, seconds)
            ratios.append(cost / its)
            reports.append(report)
        many, crowd = _measure(large, 8, seconds)
    print(f"over REST, ratio  {statistics.median(ratios):8.2f} of server CPU (at most 2)")
    p99 = statistics.median(report.p99 for report in reports)
    print(f"one caller        {p99:8.2f} ms p99, {statistics.median(r.p50 for r in reports):.2f} ms p50 (p99 below 10)")
    print(f"eight callers     {crowd.p99:8.2f} ms p99, {crowd.rate:.0f} pages/s, {many:.0f} us CPU per page")


def main(rounds: int = ROUNDS, seconds: float = 2.0) -> None:
    with tempfile.TemporaryDirectory() as directory:
        directories = {count: Path(directory) / str(count) for count in (SMALL, LARGE)}
        for count, path in directories.items():
            path.mkdir()
            cost = seed(path, count)
        print(f"filling           {cost:8.0f} us for each of {LARGE} agents, with the index of their words")
        _dispatched(directories, rounds)
        _served(directories, rounds, seconds)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
