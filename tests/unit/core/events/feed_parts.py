"""Parts for tests of the feed: a real log to write to, recording readers, and a manual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agora.clock import new_id
from agora.core.call import EventStreamSpec
from agora.core.events.feed import Feed
from agora.core.events.filter import OPERATOR_VIEWER, EventFilter, Viewer
from agora.core.events.frames import Batch, CloseReason
from agora.core.events.stream import EventStream
from agora.store.port import NewEvent, Store, StoredEvent, Tx
from tests.polling import run_loop_turns

__all__ = ["Journal", "ManualTime", "Reader", "open_stream"]


class ManualTime:
    """``sleep`` for code under test; ``advance`` wakes sleepers whose time has passed."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, alarm))
        await alarm

    async def advance(self, seconds: float) -> None:
        end = self.now + seconds
        await self._run()
        while due := [each for each in self._sleepers if each[0] <= end + 1e-9]:
            first = min(due, key=lambda each: each[0])
            self._sleepers.remove(first)
            self.now = first[0]
            if not first[1].done():
                first[1].set_result(None)
            await self._run()
        self.now = end

    async def _run(self) -> None:
        await run_loop_turns(20)


@dataclass
class Journal:
    """Writes events to a store's log; commits are collected in ``hints`` unless they are published immediately."""

    store: Store
    tenant: str = "default"
    hints: list[Sequence[StoredEvent]] = field(default_factory=list)
    events: list[StoredEvent] = field(default_factory=list)

    def watch(self, publish: Callable[[Sequence[StoredEvent]], None] | None = None) -> None:
        def committed(events: Sequence[StoredEvent]) -> None:
            self.events.extend(events)
            self.hints.append(tuple(events))
            if publish is not None:
                publish(events)

        self.store.on_commit = committed

    async def write(self, *events: NewEvent) -> list[StoredEvent]:
        """Commit events in one transaction."""

        async def work(tx: Tx) -> None:
            for event in events:
                tx.emit(event)

        before = len(self.events)
        await self.store.write(self.tenant, work)
        return self.events[before:]

    async def emit(
        self,
        type: str = "work.done",
        data: bytes = b"null",
        *,
        source: str = "agent_a",
        subject: str | None = None,
        audience: tuple[str, ...] | None = None,
        time: int = 1_700_000_000_000_000,
    ) -> StoredEvent:
        event = NewEvent(new_id("evt"), type, f"/agora/agents/{source}", subject, time, data, audience)
        return (await self.write(event))[0]


class Reader:
    """A sink that records its events."""

    pending = 0

    def __init__(self) -> None:
        self.sequences: list[int] = []
        self.batches: list[Batch] = []
        self.close_reason: CloseReason | None = None
        self.room = asyncio.Event()
        self.room.set()
        self.accepts = True

    def try_write(self, batch: Batch, /) -> bool:
        if self.accepts:
            self.batches.append(batch)
            self.sequences += [item.number for item in batch.items]
        return self.accepts

    async def drain(self) -> None:
        await self.room.wait()

    def end(self, close_reason: CloseReason, /) -> None:
        self.close_reason = close_reason

    @property
    def heartbeats(self) -> list[int]:
        return [batch.sequence for batch in self.batches if not batch.items]


def open_stream(
    feed: Feed,
    position: int,
    *,
    types: Sequence[str] = (),
    agent: str | None = None,
    viewer: Viewer = OPERATOR_VIEWER,
    tenant: str = "default",
) -> EventStream:
    return feed.open(tenant, EventStreamSpec(EventFilter.from_request(types, agent), viewer, position))
