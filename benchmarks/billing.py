"""The cost that charging adds to a transaction, compared with a bare INSERT of the row with the same indexes.

Prints CPU time of a charge without a limit on the account, with a limit, and with a key that must be looked up, with
ledgers of 1,000 and of 200,000 entries; and of billing a running instance. The anchor is a bare table.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from agora.clock import new_id
from agora.core.call import Call
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.metering import Run, bill_run_growth
from agora.server.app import App
from agora.settings import Settings
from agora_sdk.contract import operations
from agora_sdk.contract.billing import EntryKind

LENGTHS = (1_000, 200_000)
COUNT = 2_000
AT_ONCE = 64
SECOND = 1_000_000
PRICE_VERSION = 1  # of the agent, which has one


class Bench:
    """A started application without sockets, and an agent with a price."""

    def __init__(self, directory: Path) -> None:
        values: dict[str, Any] = {"data_dir": directory, "port": 0, "events_port": 0, "builtin_agents": False}
        self.app = App(Settings.load_settings(environ={}, **values))
        self.operations = {found.name: found for found in operations()}

    async def call(self, name: str, **arguments: Any) -> Any:
        caller = self.app.authenticator.operator
        return (await self.app.dispatcher.invoke(self.operations[f"agora.{name}"], caller, arguments)).result

    async def prepare(self) -> None:
        await self.app.start()
        self.agent = (await self.call("agent.register", agent_name="Worker")).agent_id
        await self.call("billing.set_price", agent_id="Worker", type="hybrid", price=1, task_price=0.01)
        for account in ("limited", "acme"):
            if account == "limited":
                await self.call("billing.budget", account=account, hard_limit=1_000_000)

    async def charge(self, call: Call, account: str, fresh: bool) -> None:
        charge = Charge(f"execution:{new_id('exec')}", account, self.agent, EntryKind.REQUEST, 1, "inst_1")
        await Ledger(call).charge_unless_recorded(charge, is_unused_key=fresh)

    async def many(self, work: Callable[[Call], Coroutine[Any, Any, None]], count: int) -> float:
        """Measure the microseconds of CPU time of each transaction, 64 concurrently."""
        left = count

        async def worker() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await self.app.dispatcher.write_as_system("default", work)

        began = time.process_time()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return (time.process_time() - began) / count * 1e6

    async def nothing(self, call: Call) -> None:
        """An empty transaction."""

    async def cost(self, work: Callable[[Call], Coroutine[Any, Any, None]]) -> float:
        """Measure what work adds to a transaction: the median of five rounds."""
        rounds = []
        for _ in range(5):
            empty = await self.many(self.nothing, COUNT)
            rounds.append(await self.many(work, COUNT) - empty)
        return statistics.median(rounds)

    async def fill(self, length: int) -> None:
        async def work(call: Call) -> None:
            for _ in range(500):
                await self.charge(call, "acme", True)

        for _ in range(length // 500):
            await self.app.dispatcher.write_as_system("default", work)

    async def running(self, instances: int) -> float:
        """Measure the microseconds of CPU time to bill one running instance once more."""
        start = self.app.clock.now()
        rounds = []
        for minute in range(1, 7):
            runs = [
                Run(f"inst_{n:04d}", 1, "acme", self.agent, start, start + minute * 60 * SECOND, PRICE_VERSION)
                for n in range(instances)
            ]
            began = time.process_time()
            await self.app.dispatcher.write_as_system("default", partial(bill_run_growth, runs=runs))
            rounds.append((time.process_time() - began) / instances * 1e6)
        return statistics.median(rounds[1:])


def anchor(directory: Path) -> float:
    """Measure the microseconds of CPU time of a bare INSERT of such a row, 64 per transaction."""
    connection = sqlite3.connect(directory / "anchor.db", isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full"):
        connection.execute(f"pragma {pragma}")
    connection.execute(
        "create table ledger (id text primary key, key text unique, account text, agent text, instance text, kind text, "
        "quantity int, amount int, currency text, at int) without rowid"
    )
    for column in ("account", "agent", "instance"):
        connection.execute(f"create index {column}s on ledger ({column}, id)")
    began = time.process_time()
    for _ in range(COUNT // AT_ONCE):
        connection.execute("begin")
        rows = [
            (new_id("use"), new_id("exec"), "acme", "agent", "inst", "request", 1, 1, "USD", 1) for _ in range(AT_ONCE)
        ]
        connection.executemany("insert into ledger values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("commit")
    cpu = (time.process_time() - began) / (COUNT // AT_ONCE * AT_ONCE) * 1e6
    connection.close()
    return cpu


async def measure(directory: Path, length: int) -> dict[str, float]:
    bench = Bench(directory)
    await bench.prepare()
    await bench.fill(length)
    costs = {
        "fresh": await bench.cost(lambda call: bench.charge(call, "acme", True)),
        "looked for": await bench.cost(lambda call: bench.charge(call, "acme", False)),
        "under a limit": await bench.cost(lambda call: bench.charge(call, "limited", True)),
        "instance": await bench.running(200),
    }
    await bench.app.stop()
    return costs


def main(*lengths: int) -> None:
    found = {}
    for length in lengths or LENGTHS:
        with tempfile.TemporaryDirectory() as directory:
            costs = found[length] = asyncio.run(measure(Path(directory), length))
            bare = anchor(Path(directory))
        print(f"ledger of {length:>7,} entries: CPU added to a transaction by a charge")
        for name in ("fresh", "looked for", "under a limit"):
            print(f"  {name:<14} {costs[name]:6.1f} us ({costs[name] / bare:.1f} times a bare insert, {bare:.1f} us)")
        print(f"  a running instance billed once more: {costs['instance']:.0f} us")
    if len(found) > 1:
        short, long = found[min(found)], found[max(found)]
        print(
            f"a ledger {max(found) // min(found)} times as long: {long['fresh'] / short['fresh']:.2f} of the CPU, "
            f"under a limit {long['under a limit'] / short['under a limit']:.2f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
