"""The bus: publish, acknowledge, recover, and the latency of publishing at the rates of its first users.

Redis is compared with two anchors in the same run: ``redis-benchmark`` XADD, if installed (else an equivalent bare
socket with 64 pipelined commands), and a plain pool of ``redis.asyncio``. The embedded bus is compared with the same
rows written with the standard library, 64 per transaction. The durability of each is printed. The last table is the
complete operation ``agora.bus.publish``: authorised, audited, a message with its delivery and its event.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hiredis
import redis.asyncio
import uvloop

from agora.clock import SystemClock
from agora.domains.bus.engines.port import Bus
from agora.domains.bus.engines.redis import RedisBus
from agora.server.app import App
from agora.settings import Settings
from agora.store.sqlite import SqliteStore
from agora_sdk.contract import operations
from tests.conformance.bus.embedded_bus import EmbeddedBus
from tests.valkey import running_broker

CALLERS, COUNT, ROUNDS = 64, 30_000, 3
STREAM, GROUP = "xnai:agent_bus", "xnai-mcp-server"
ENTRY = {
    "message_id": "0b4c9f4e-5f57-4a4e-8d6e-3c1b7f0c9a11",
    "timestamp": "2026-02-23T14:30:00Z",
    "sender": "agent-name",
    "target": "target-agent",
    "type": "task_assignment",
    "priority": "high",
    "content": '{"task_type": "review", "text": "' + "x" * 120 + '"}',
}
PACED = 1000  # entries per second, the rate of its first users


@dataclass(frozen=True)
class Figures:
    """rate: calls per second. cpu: microseconds of this process per call. p50, p99: milliseconds."""

    rate: float
    cpu: float
    p50: float
    p99: float

    def __str__(self) -> str:
        return f"{self.rate:9,.0f}/s {self.cpu:6.1f} us CPU   p50 {self.p50:5.2f} ms   p99 {self.p99:6.2f} ms"


async def saturate(call: Callable[[], Awaitable[Any]], count: int = COUNT, callers: int = CALLERS) -> Figures:
    """Make calls as fast as the callers can, each waiting for its response."""
    left, waits = count, []

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            began = time.perf_counter()
            await call()
            waits.append(time.perf_counter() - began)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    return _figures(waits, count / elapsed, cpu / count * 1e6)


async def paced(call: Callable[[], Awaitable[Any]], rate: int = PACED, seconds: float = 3.0) -> Figures:
    """Make calls at a fixed rate, whether or not earlier ones have been answered."""
    loop, waits, tasks = asyncio.get_running_loop(), [], []

    async def one() -> None:
        began = time.perf_counter()
        await call()
        waits.append(time.perf_counter() - began)

    cpu, began = time.process_time(), loop.time()
    for number in range(int(rate * seconds)):
        if (pause := began + number / rate - loop.time()) > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.ensure_future(one()))
    await asyncio.gather(*tasks)
    return _figures(waits, len(waits) / (loop.time() - began), (time.process_time() - cpu) / len(waits) * 1e6)


def _figures(waits: list[float], rate: float, cpu: float) -> Figures:
    waits.sort()
    return Figures(rate, cpu, waits[len(waits) // 2] * 1e3, waits[int(len(waits) * 0.99)] * 1e3)


# -- anchors -------------------------------------------------------------------------------------


def redis_benchmark(port: int) -> tuple[str, float] | None:
    """Measure XADD per second with redis-benchmark, 64 pipelined; None if it is not installed."""
    program = shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    if program is None:
        return None
    fields = [part for field in ENTRY.items() for part in field]
    command = [
        program,
        "-p",
        str(port),
        "-n",
        "200000",
        "-c",
        "1",
        "-P",
        "64",
        "-q",
        "--csv",
        "XADD",
        "b",
        "*",
        *fields,
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Path(program).name, float(printed.strip().splitlines()[-1].split(",")[1].strip('"'))


def bare_socket(port: int, count: int = 200_000) -> tuple[str, float]:
    """Measure the same without a library: prepared commands, 64 per write, responses counted."""
    command = hiredis.pack_command(("XADD", "b", "*", *(part for field in ENTRY.items() for part in field)))
    batch, reader = command * 64, hiredis.Reader()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began, answered = time.perf_counter(), 0
        for _ in range(count // 64):
            connection.sendall(batch)
            got = 0
            while got < 64:
                reader.feed(connection.recv(65_536))
                while reader.gets() is not False:
                    got += 1
            answered += got
        return "bare socket, 64 at a time", answered / (time.perf_counter() - began)


def bare_sqlite(directory: Path, count: int = 64_000) -> float:
    """Measure rows per second into one table, 64 per durable transaction."""
    connection = sqlite3.connect(directory / "anchor.db", isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full"):
        connection.execute(f"pragma {pragma}")
    connection.execute("create table entries (stream text, number int, fields text, primary key (stream, number))")
    row = str(ENTRY)
    began = time.perf_counter()
    for start in range(0, count, 64):
        connection.execute("begin")
        connection.executemany(
            "insert into entries values (?, ?, ?)", [(STREAM, number, row) for number in range(start, start + 64)]
        )
        connection.execute("commit")
    rate = count / (time.perf_counter() - began)
    connection.close()
    return rate


# -- the port ------------------------------------------------------------------------------------


async def exercise(bus: Bus) -> dict[str, Figures]:
    """Publish with 64 callers, then at the fixed rate; acknowledge one by one with 64 callers; recover in batches of
    100."""
    found = {"publish, 64 callers": await saturate(lambda: bus.publish(STREAM, ENTRY))}
    found[f"publish, {PACED:,}/s"] = await paced(lambda: bus.publish(STREAM, ENTRY))
    await bus.create_group(STREAM, GROUP)
    ids: list[str] = []
    while len(ids) < COUNT and (some := await bus.read(STREAM, GROUP, "mcp-a1b2c3d4", count=100)):
        ids += [entry.entry_id for entry in some]
    pending = iter(ids[: COUNT // 2])
    found["ack, 64 callers"] = await saturate(lambda: bus.ack(STREAM, GROUP, [next(pending)]), COUNT // 2)
    recovered, waits, cpu, began = 0, [], time.process_time(), time.perf_counter()
    while recovered < COUNT // 4:
        start = time.perf_counter()
        recovered += len((await bus.recover(STREAM, GROUP, "mcp-ffffffff", idle=0, count=100)).entries)
        waits.append(time.perf_counter() - start)
        await bus.ack(STREAM, GROUP, [entry.entry_id for entry in await bus.list_pending(STREAM, GROUP, count=100)])
    elapsed = time.perf_counter() - began
    found["recover, by 100"] = _figures(waits, recovered / elapsed, (time.process_time() - cpu) / recovered * 1e6)
    return found


def _print(title: str, found: dict[str, Figures]) -> None:
    print(title)
    for name, figures in found.items():
        print(f"  {name:<22}{figures}")


async def on_redis(fsync: str) -> None:
    with running_broker(fsync=fsync) as broker:
        bus = RedisBus(broker.url)
        await bus.start()
        pool = redis.asyncio.Redis.from_url(broker.url)
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(await saturate(lambda: pool.xadd("plain", ENTRY), COUNT // 4))
            ours.append(await saturate(lambda: bus.publish("ours", ENTRY)))
        name, fastest = redis_benchmark(broker.port) or bare_socket(broker.port)
        found = await exercise(bus)
        await pool.aclose()
        await bus.close()
        _print(f"Redis ({bus.durability})", found)
        print(f"  {name:<38} {fastest:9,.0f}/s (anchor)")
        print(
            f"  {'plain redis.asyncio pool, 64 callers':<38} {statistics.median(p.rate for p in plain):9,.0f}/s (anchor)"
        )
        ratios = [mine.rate / theirs.rate for mine, theirs in zip(ours, plain, strict=True)]
        print(
            f"  publish at 64 callers is {statistics.median(ratios):.1f} times the plain pool "
            f"(rounds: {', '.join(f'{ratio:.1f}' for ratio in ratios)}), at "
            f"{statistics.median(p.cpu for p in plain) / statistics.median(o.cpu for o in ours):.1f} times less CPU"
        )


async def embedded(directory: Path) -> None:
    store = SqliteStore(directory / "agora.db")
    await store.start()
    bus = EmbeddedBus(store, SystemClock())
    found = await exercise(bus)
    await bus.close()
    await store.close()
    _print("embedded (SQLite, journal_mode wal, synchronous full: on disk before the answer)", found)
    print(f"  {'sqlite3 alone, 64 rows a transaction':<38} {bare_sqlite(directory):9,.0f}/s (anchor)")


async def operation(directory: Path) -> None:
    values: dict[str, Any] = {"data_dir": directory, "port": 0, "events_port": 0, "rate_enterprise": 1_000_000}
    app = App(Settings.load_settings(environ={}, **values))
    await app.start()
    named = {found.name: found for found in operations()}
    callers = []
    for name in ("A", "B"):
        profile = {"agent_name": name, "service_tier": "enterprise"}
        made = await app.dispatcher.invoke(named["agora.agent.register"], app.authenticator.operator, profile)
        callers.append(await app.authenticator.authenticate(made.result.token))
    entry = {"type": "assistance_request", "target": "B", "content": {"text": "x" * 150}}
    publish = named["agora.bus.publish"]
    whole = await saturate(lambda: app.dispatcher.invoke(publish, callers[0], entry), COUNT // 3)
    read, ack = named["agora.bus.read"], named["agora.bus.ack"]
    handled, cpu, began = 0, time.process_time(), time.perf_counter()
    while entries := (await app.dispatcher.invoke(read, callers[1], {"count": 100})).result.entries:
        await app.dispatcher.invoke(ack, callers[1], {"message_ids": [e.entry_id for e in entries]})
        handled += len(entries)
    rate, cpu = handled / (time.perf_counter() - began), (time.process_time() - cpu) / handled * 1e6
    await app.stop()
    print("the operations, whole, on SQLite")
    print(f"  {'publish, 64 callers':<22}{whole}")
    print(f"  {'read and ack, by 100':<22}{rate:9,.0f}/s {cpu:6.1f} us CPU")


def main() -> None:
    for fsync in ("always", "everysec"):
        uvloop.run(on_redis(fsync))
    for run in (embedded, operation):
        with tempfile.TemporaryDirectory() as directory:
            uvloop.run(run(Path(directory)))


if __name__ == "__main__":
    main()
