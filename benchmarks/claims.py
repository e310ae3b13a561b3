"""Claim and complete at the dispatcher, compared with the minimal SQL that claims a task: one ``UPDATE ... RETURNING``.

Prints CPU time and rate of claim+complete cycles with 1, 8 and 64 workers and queues of 1,000 and of 100,000 tasks, and
the anchor's CPU time for the same two changes (claimed, completed) on a bare table of the same length, in one
transaction each.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agora.core.call import Caller
from agora.server.app import App
from agora.settings import Settings
from agora_sdk.contract import operations

CAPABILITIES = ("etl", "review", "python", "vision")
QUEUES = (3_000, 100_000)
WORKERS = (1, 8, 64)


class Bench:
    """A started application without sockets."""

    def __init__(self, directory: Path, length: int) -> None:
        values: dict[str, Any] = {"data_dir": directory, "port": 0, "events_port": 0, "rate_enterprise": 1_000_000}
        self.app, self.length = App(Settings.load_settings(environ={}, **values)), length
        self.operations = {found.name: found for found in operations()}
        self.workers: list[Caller] = []

    async def call(self, caller: Caller, name: str, **arguments: Any) -> Any:
        operation = self.operations[f"agora.{name}"]
        return (await self.app.dispatcher.invoke(operation, caller, arguments)).result

    async def agent(self, name: str) -> Caller:
        profile = {"agent_name": name, "capabilities": list(CAPABILITIES), "service_tier": "enterprise"}
        registration = await self.call(self.app.authenticator.operator, "agent.register", **profile)
        return await self.app.authenticator.authenticate(registration.token)

    async def agents(self, count: int) -> list[Caller]:
        while len(self.workers) < count:
            self.workers.append(await self.agent(f"Worker{len(self.workers)}"))
        return self.workers[:count]

    async def fill(self) -> float:
        """Queue the tasks. Returns the CPU time of one in microseconds."""
        giver, began = await self.agent("Giver"), time.process_time()
        payload = {"file": "spec.md", "text": "x" * 200}
        for start in range(0, self.length, 500):
            batch = range(start, min(start + 500, self.length))
            await asyncio.gather(
                *(
                    self.call(
                        giver,
                        "task.assign",
                        task_type=f"t{number % 3}",
                        payload=payload,
                        required_capabilities=[CAPABILITIES[number % 4]],
                        priority=("low", "normal", "high", "urgent")[number % 4],
                    )
                    for number in batch
                )
            )
        return (time.process_time() - began) / self.length * 1e6

    async def cycles(self, workers: int, count: int) -> tuple[float, float]:
        """Measure the microseconds of CPU time per cycle, and cycles per second."""
        callers = await self.agents(workers)
        left = count

        async def work(caller: Caller) -> None:
            nonlocal left
            while left > 0:
                left -= 1
                task = (await self.call(caller, "task.claim")).task
                await self.call(
                    caller, "task.complete", task_id=task.task_id, result={"ok": True}, fencing_token=task.fencing_token
                )

        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*map(work, callers))
        return (time.process_time() - cpu) / count * 1e6, count / (time.perf_counter() - began)


def anchor(directory: Path, length: int, count: int) -> float:
    """Measure the microseconds of CPU time of two bare updates, each in a durable transaction."""
    connection = sqlite3.connect(directory / "anchor.db", isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full"):
        connection.execute(f"pragma {pragma}")
    connection.execute("create table tasks (id integer primary key, status text, priority int, payload text)")
    connection.execute("create index waiting on tasks (priority, id) where status = 'pending'")
    with connection:
        connection.execute("begin")
        rows = ((number, "pending", number % 4, "x" * 200) for number in range(length))
        connection.executemany("insert into tasks values (?, ?, ?, ?)", rows)
        connection.execute("commit")
    began = time.process_time()
    for _ in range(count):
        (row,) = connection.execute(
            "update tasks set status = 'in_progress' where id = (select id from tasks where status = 'pending' "
            "order by priority, id limit 1) returning id"
        ).fetchall()
        connection.execute("update tasks set status = 'completed' where id = ? returning id", row).fetchall()
    cpu = (time.process_time() - began) / count * 1e6
    connection.close()
    return cpu


async def measure(directory: Path, length: int, count: int) -> dict[int, float]:
    bench = Bench(directory, length)
    await bench.app.start()
    assigned = await bench.fill()
    print(f"queue of {length:>7,}: {assigned:5.0f} us CPU to assign one")
    costs = {}
    for workers in WORKERS:
        await bench.cycles(workers, 50 * (workers > 1) + 50)
        rounds = [await bench.cycles(workers, count) for _ in range(3)]
        costs[workers] = statistics.median(cpu for cpu, _ in rounds)
        rate = statistics.median(rate for _, rate in rounds)
        print(f"  {workers:>2} workers: {costs[workers]:6.0f} us CPU a claim+complete cycle, {rate:7,.0f} cycles/s")
    await bench.app.stop()
    return costs


def main(*lengths: int) -> None:
    costs = {}
    for length in lengths or QUEUES:
        with tempfile.TemporaryDirectory() as directory:
            costs[length] = asyncio.run(measure(Path(directory), length, 200))
            bare = anchor(Path(directory), length, 400)
            print(
                f"  anchor:     {bare:6.0f} us CPU for two bare updates, a transaction each (ratio at 64 workers "
                f"{costs[length][64] / bare:.1f}, at one {costs[length][1] / bare:.1f})"
            )
    if len(costs) > 1:
        short, long = min(costs), max(costs)
        print(
            f"a queue {long // short} times as long: {costs[long][64] / costs[short][64]:.2f} of the CPU at 64 workers"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
