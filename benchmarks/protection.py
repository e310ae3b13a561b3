"""What row-level security costs: the same transactions as the server's role, which policies hold, and as a superuser."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg
from scripts.cluster import database

from agora.clock import new_id
from agora.store.postgres import PostgresStore
from agora.store.statements.messages import DELIVERIES, MESSAGES

CALLERS, SECONDS, ROUNDS = 16, 3.0, 3
TENANT = "default"
HELD, FREE = "agora_runtime", "none"


def _insert(columns: tuple[str, ...], table: str) -> str:
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join(f'${n + 1}' for n in range(len(columns)))})"


async def _call(pool: asyncpg.Pool) -> None:
    """Send a message, and read a page of the inbox."""
    message = new_id("msg")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('app.current_tenant_id', $1, true)", TENANT)
        row = (TENANT, message, "a", "a", "b", "x" * 200, "info", "normal", None, None, "{}", 0, 1, None)
        await connection.execute(_insert(MESSAGES.names, "messages"), *row)
        await connection.execute(_insert(DELIVERIES.names, "deliveries"), TENANT, "b", message, "queued", 1)
        await connection.fetch(
            "select * from messages where tenant_id = $1 and message_id <= $2 order by message_id desc limit 50",
            TENANT,
            message,
        )


async def _measure(pool: asyncpg.Pool) -> float:
    """Transactions a second."""
    until, count = time.perf_counter() + SECONDS, 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < until:
            await _call(pool)
            count += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return count / (time.perf_counter() - began)


async def _compare(url: str) -> None:
    store = PostgresStore(url)
    await store.start()
    await store.close()
    pools = [await asyncpg.create_pool(url, max_size=CALLERS, server_settings={"role": role}) for role in (HELD, FREE)]
    found: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for at, pool in enumerate(pools):
            found[at].append(await _measure(pool))
    for pool in pools:
        await pool.close()
    held, free = map(statistics.median, found)
    ratios = ", ".join(f"{a / b:.2f}" for a, b in zip(*found, strict=True))
    print(f"with row-level security     {held:6.0f} transactions/s")
    print(f"as a superuser, without it  {free:6.0f} transactions/s (anchor)")
    print(f"ratio                       {held / free:6.2f} (rounds: {ratios})")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with database(Path(directory) / "postgres") as url:
            asyncio.run(_compare(url))


if __name__ == "__main__":
    main()
