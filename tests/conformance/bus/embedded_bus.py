"""The store's streams behind the bus protocol, so that one suite tests them and Redis.

A server uses them within the calls of its services (``agora.domains.bus.agent_streams``). Here, concurrently published
entries of a stream are written in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from pydantic_core import from_json, to_json

from agora.clock import SECOND, Clock
from agora.core.pagination import PageBudget
from agora.domains.bus import queries as statements
from agora.domains.bus.engines import groups as streams
from agora.domains.bus.engines.port import (
    DEAD_LETTER_SUFFIX,
    EXHAUSTED_REASON,
    MAX_DEAD_LETTERS,
    Consumer,
    Delivery,
    Fields,
    Group,
    MaintenanceReport,
    Pending,
    Recovery,
    RedeliveryPolicy,
    build_dead_letter,
    parse_dead_letter,
)
from agora.domains.bus.records import PendingEntry
from agora.store.port import Query, R, Reader, Store, Tx, Write
from agora_sdk.errors import Overloaded

__all__ = ["EmbeddedBus"]

T = TypeVar("T")
NUMBERS = Query("select number from bus_entries where tenant_id = :tenant and stream = :stream", int)
LETTERS = Query("select fields from bus_entries where tenant_id = :tenant and stream = :stream order by number", str)
TOUCH = Write(
    """
    update bus_pending set delivered_at = :now
    where tenant_id = :tenant and stream = :stream and group_name = :group and consumer = :consumer and number = :number
    """,
    types={"now": "bigint", "number": "bigint"},
)
MAX_READ_BYTES = 1_048_576  # entries that one reader takes in one read

BATCH = 500  # entries per write transaction
BUFFER = 10_000  # maximum number of entries waiting to be written
POLL_SECONDS = 0.5  # seconds between polls for entries published by other servers
TRIM_BATCH = 1000


@dataclass(slots=True, eq=False)
class _Outgoing:
    """Entries waiting to be written to one stream."""

    waiting: list[tuple[str, asyncio.Future[str]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class EmbeddedBus:
    """Streams of one tenant in the store.

    buffer: maximum number of entries waiting to be written; beyond it, publishing is refused.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        tenant: str = "default",
        policy: RedeliveryPolicy | None = None,
        buffer: int = BUFFER,
    ) -> None:
        self._store, self._clock, self._tenant = store, clock, tenant
        self.terms = policy or RedeliveryPolicy()
        self._buffer, self._buffered = buffer, 0
        self._outgoing: dict[str, _Outgoing] = {}
        self._arrivals: dict[str, set[asyncio.Event]] = {}
        self.on_change: Callable[[], None] = lambda: None  # never called: always connected

    durability = "that of the store: committed before the response"
    warnings: Sequence[str] = ()
    connected, epoch = True, 1
    error: str | None = None

    async def start(self) -> None:
        """No-op: the store is already open."""

    async def refresh_durability(self) -> None:
        """No-op: the store's durability does not change."""

    async def close(self) -> None:
        while tasks := [out.task for out in self._outgoing.values() if out.task is not None]:
            await asyncio.wait(tasks)

    # -- publishing ------------------------------------------------------------------------------

    def publish(self, stream: str, fields: Fields) -> asyncio.Future[str]:
        if self._buffered >= self._buffer:
            raise Overloaded("The bus takes no more entries now.", fix="Try again in a second.", retry_after=1)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        outgoing = self._outgoing.get(stream)
        if outgoing is None:
            outgoing = self._outgoing[stream] = _Outgoing()
        outgoing.waiting.append((to_json(fields).decode(), future))
        self._buffered += 1
        if outgoing.task is None:
            outgoing.task = asyncio.create_task(self._write_batches(stream, outgoing))
        return future

    async def _write_batches(self, stream: str, outgoing: _Outgoing) -> None:
        """Write waiting entries in batches until none is left."""
        try:
            while outgoing.waiting:
                batch, outgoing.waiting = outgoing.waiting[:BATCH], outgoing.waiting[BATCH:]
                await self._commit_batch(stream, batch)
        finally:
            del self._outgoing[stream]

    async def _commit_batch(self, stream: str, batch: list[tuple[str, asyncio.Future[str]]]) -> None:
        now = self._clock.now()
        rows = [(None, None, fields) for fields, _ in batch]
        try:
            numbers = await self._write_store(lambda tx: streams.append_entries(tx, stream, rows, now), "bus.publish")
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), number in zip(batch, numbers, strict=True):
                if not future.done():
                    future.set_result(streams.format_entry_id(now, number))
            for arrival in self._arrivals.get(stream, ()):
                arrival.set()
        finally:
            self._buffered -= len(batch)

    # -- groups ----------------------------------------------------------------------------------

    async def create_group(self, stream: str, group: str, *, from_start: bool = True) -> bool:
        now = self._clock.now()
        return await self._write_store(
            lambda tx: streams.create_group(tx, stream, group, now, from_start=from_start), "bus.join"
        )

    async def read(
        self, stream: str, group: str, consumer: str, *, count: int = 10, block: float = 0
    ) -> Sequence[Delivery]:
        loop = asyncio.get_running_loop()
        until, arrival = loop.time() + block, asyncio.Event()
        listeners = self._arrivals.setdefault(stream, set())
        listeners.add(arrival)
        try:
            while True:
                arrival.clear()
                deliveries = await self._take_new_entries(stream, group, consumer, count)
                remaining = until - loop.time()
                if deliveries or remaining <= 0:
                    return deliveries
                await _wait_for_event(arrival, min(remaining, POLL_SECONDS))
        finally:
            listeners.discard(arrival)
            if not listeners:
                self._arrivals.pop(stream, None)

    async def _take_new_entries(self, stream: str, group: str, consumer: str, count: int) -> list[Delivery]:
        now = self._clock.now()
        return await self._write_store(
            lambda tx: streams.deliver_new_entries(tx, _build_request(stream, group, consumer, count, now)), "bus.read"
        )

    async def ack(self, stream: str, group: str, ids: Sequence[str]) -> int:
        numbers = streams.parse_entry_numbers(ids)
        return await self._write_store(lambda tx: streams.acknowledge_entries(tx, stream, group, numbers), "bus.ack")

    async def reset_idle_time(self, stream: str, group: str, consumer: str, ids: Sequence[str]) -> None:
        parameters = {"stream": stream, "group": group, "consumer": consumer, "now": self._clock.now()}

        async def renew_pending(tx: Tx) -> None:
            for number in streams.parse_entry_numbers(ids):
                await tx.execute(TOUCH, **parameters, number=number)

        await self._write_store(renew_pending, "bus.touch")

    async def recover(
        self, stream: str, group: str, consumer: str, *, idle: float | None = None, count: int = 100
    ) -> Recovery:
        idle_limit, now = self.terms.stale_seconds if idle is None else idle, self._clock.now()

        async def take_over_entries(tx: Tx) -> streams.TakenEntries:
            request = _build_request(stream, group, consumer, count, now)
            entries = await streams.redeliver_stale_entries(tx, request, self.terms, idle=idle_limit)
            await _dead_letter_entries(tx, stream, group, entries.dead, now)
            return entries

        entries = await self._write_store(take_over_entries, "bus.recover")
        return Recovery(
            [streams.build_delivery_from_row(row, extra_deliveries=1) for row in entries.live],
            list(map(streams.build_delivery_from_row, entries.dead)),
        )

    async def dead_letter_entry(self, stream: str, group: str, delivery: Delivery, reason: str) -> None:
        now = self._clock.now()
        row = (delivery.ref, None, to_json(build_dead_letter(delivery, group, reason)).decode())

        async def move_to_dead_letters(tx: Tx) -> None:
            if await streams.acknowledge_entries(tx, stream, group, streams.parse_entry_numbers([delivery.entry_id])):
                await streams.append_entries(tx, stream + DEAD_LETTER_SUFFIX, [row], now)

        await self._write_store(move_to_dead_letters, "bus.bury")

    async def find_acknowledged(self, stream: str, group: str, ids: Sequence[str]) -> Collection[str]:
        rows = await self._read_rows(statements.select_group, stream=stream, group=group)
        numbers_json = to_json(streams.parse_entry_numbers(ids)).decode()
        pending_rows = await self._read_rows(
            statements.select_pending_entries_of_consumer, stream=stream, group=group, numbers=numbers_json, ids="[]"
        )
        last, open_ = rows[0].last_number if rows else 0, {row.number for row in pending_rows}
        numbers = ((each, streams.parse_entry_number(each)) for each in ids)
        return {each for each, number in numbers if number is not None and number <= last and number not in open_}

    async def read_dead(self, stream: str) -> Sequence[Delivery]:
        letters = await self._read_rows(LETTERS, stream=stream + DEAD_LETTER_SUFFIX)
        return [parse_dead_letter(from_json(fields)) for fields in letters[-MAX_DEAD_LETTERS:]]

    async def maintain(self, stream: str, group: str, *, count: int = 100) -> MaintenanceReport:
        now = self._clock.now()

        async def take_back_entries(tx: Tx) -> streams.TakenEntries:
            entries = await streams.release_stale_entries(tx, stream, group, self.terms, now, count)
            await _dead_letter_entries(tx, stream, group, entries.dead, now)
            return entries

        entries = await self._write_store(take_back_entries, "bus.tend")
        removed = await self._write_store(lambda tx: self._forget_consumers(tx, stream, group, now), "bus.forget")
        ids = [streams.format_entry_id(row.created_at or 0, row.number) for row in entries.live]
        return MaintenanceReport(ids, list(map(streams.build_delivery_from_row, entries.dead)), removed)

    async def _forget_consumers(self, tx: Tx, stream: str, group: str, now: int) -> list[str]:
        """Delete silent consumers without pending entries; return their names."""
        before, removed = now - int(self.terms.silent_seconds * SECOND), []
        for row in await tx.all(statements.select_consumers, stream=stream, group=group, limit=TRIM_BATCH):
            if row.seen_at <= before and not row.pending:
                key = {"stream": stream, "group": group, "consumer": row.consumer, "before": before}
                if await tx.execute(statements.delete_consumer, **key):
                    removed.append(row.consumer)
        return removed

    async def trim_stream(self, stream: str, length: int = 0) -> int:
        dropped = 0
        while (
            some := await self._write_store(lambda tx: streams.trim_stream(tx, stream, length, TRIM_BATCH), "bus.trim")
        ) > 0:
            dropped += some
        return dropped

    # -- inspection ------------------------------------------------------------------------------

    async def list_pending(self, stream: str, group: str, *, count: int = 100) -> Sequence[Pending]:
        rows = await self._read_rows(statements.select_pending_entries, stream=stream, group=group, limit=count)
        now = self._clock.now()
        return [
            Pending(
                streams.format_entry_id(row.created_at or 0, row.number),
                row.consumer or None,
                (now - row.delivered_at) / SECOND,
                row.deliveries,
            )
            for row in rows
        ]

    async def list_groups(self, stream: str) -> Sequence[Group]:
        rows = await self._read_rows(statements.select_groups_of_stream, stream=stream)
        return [Group(row.group_name, row.pending, row.lag, row.consumers) for row in rows]

    async def list_consumers(self, stream: str, group: str) -> Sequence[Consumer]:
        rows, now = (
            await self._read_rows(statements.select_consumers, stream=stream, group=group, limit=TRIM_BATCH),
            self._clock.now(),
        )
        return [Consumer(row.consumer, row.pending, (now - row.seen_at) / SECOND) for row in rows]

    async def find_existing(self, stream: str, ids: Sequence[str]) -> Collection[str]:
        numbers = set(await self._read_rows(NUMBERS, stream=stream))
        return {each for each in ids if streams.parse_entry_number(each) in numbers}

    async def count_entries(self, stream: str) -> int:
        return len(await self._read_rows(NUMBERS, stream=stream))

    # -- the store -------------------------------------------------------------------------------

    async def _write_store(self, work: Callable[[Tx], Coroutine[Any, Any, T]], label: str) -> T:
        return await self._store.write(self._tenant, work, label=label)

    async def _read_rows(self, query: Query[R], **parameters: Any) -> Sequence[R]:
        return await self._store.read(self._tenant, partial(_read_all, query=query, parameters=parameters))


async def _dead_letter_entries(tx: Tx, stream: str, group: str, rows: Sequence[PendingEntry], now: int) -> None:
    deliveries = [(row, streams.build_delivery_from_row(row)) for row in rows]
    letters = [
        (row.ref, row.name, to_json(build_dead_letter(delivery, group, EXHAUSTED_REASON)).decode())
        for row, delivery in deliveries
    ]
    if letters:
        await streams.append_entries(tx, stream + DEAD_LETTER_SUFFIX, letters, now)


async def _read_all(reader: Reader, *, query: Query[R], parameters: dict[str, Any]) -> Sequence[R]:
    return await reader.all(query, **parameters)


async def _wait_for_event(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _build_request(stream: str, group: str, consumer: str, count: int, now: int) -> streams.ReadRequest:
    """Build a request with its own budget: a transaction may be retried, and each attempt begins with an empty page."""
    budget = PageBudget(MAX_READ_BYTES)
    return streams.ReadRequest(stream=stream, group=group, consumer=consumer, count=count, now=now, budget=budget)
