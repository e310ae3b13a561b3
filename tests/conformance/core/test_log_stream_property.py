"""Streams of one log under any order of commits, hints, and readers that leave and resume: each entry once, in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agora.clock import new_id
from agora.core.events.feed import Feed
from agora.core.events.frames import LOG_ENDED
from agora.core.events.stream import LogStream
from agora.store.port import Store
from tests.conformance.engines import RunsOn
from tests.polling import run_loop_turns
from tests.unit.core.events.feed_parts import Journal, Reader
from tests.unit.core.events.task_entry_log import TaskLog

RUNS_ON = RunsOn.BOTH

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.just("hint"), st.integers(0, 9)),
        st.tuples(st.just("attach"), st.booleans()),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("resume"), st.integers(0, 9)),
        st.tuples(st.just("turn"), st.integers(1, 5)),
    ),
    min_size=5,
    max_size=30,
)


@dataclass(eq=False)
class Person:
    """A reader that leaves and resumes at its position."""

    begin: int
    seen: list[int] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)
    stream: LogStream | None = None

    def leave(self) -> int:
        """Close the stream. Returns the position to resume at."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        self.seen += self.reader.sequences
        self.reader = Reader()
        return self.seen[-1] if self.seen else self.begin


class World:
    """A log in a shared store, and a feed whose hints the test triggers."""

    def __init__(self, store: Store, page: int) -> None:
        self.feed = Feed(store)
        tenant = new_id("tenant")
        self.journal = Journal(store, tenant)
        self.journal.watch()
        self.log = TaskLog(store, new_id("task"), tenant, page=page)
        self.people: list[Person] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def append(self, count: int) -> None:
        await self.log.append(*"x" * count)

    async def hint(self, which: int) -> None:
        if self.journal.hints:
            self.feed.publish(self.journal.hints[which % len(self.journal.hints)])

    async def attach(self, from_the_start: bool) -> None:
        self.people.append(Person(0 if from_the_start else self.log.written))
        self._open(self.people[-1])

    async def leave(self, which: int) -> None:
        if self.people:
            self.people[which % len(self.people)].leave()

    async def resume(self, which: int) -> None:
        if self.people:
            self._open(self.people[which % len(self.people)])

    async def turn(self, times: int) -> None:
        await run_loop_turns(times)

    def _open(self, person: Person) -> None:
        position = person.leave()
        person.stream = self.feed.open(self.journal.tenant, self.log.following(position))
        self.tasks.append(asyncio.create_task(person.stream.attach(person.reader)))

    async def settle(self) -> None:
        """End the log, bring back all readers, and hint at the last commit."""
        await self.log.append(done=True)
        for person in self.people:
            if person.stream is None:
                self._open(person)
        self.feed.publish(self.journal.hints[-1])
        async with asyncio.timeout(60):
            await asyncio.gather(*self.tasks)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps, page=st.sampled_from([1, 2, 100]))
async def test_every_reader_gets_every_entry_once_in_order(
    store: Store, script: list[tuple[str, Any]], page: int
) -> None:
    world = World(store, page)
    for action, argument in script:
        await getattr(world, action)(argument)
    await world.settle()
    for person in world.people:
        assert person.reader.close_reason == LOG_ENDED
        person.leave()
        assert person.seen == list(range(person.begin + 1, world.log.written + 1))
    assert len(world.feed) == 0
    await world.feed.stop()
