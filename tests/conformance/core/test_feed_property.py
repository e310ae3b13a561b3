"""The event feed under any order of commits, hints, and readers that join, leave and resume: each event once, in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agora.clock import new_id
from agora.core.call import EventStreamSpec
from agora.core.events.feed import Feed
from agora.core.events.filter import OPERATOR_VIEWER, EventFilter, Viewer
from agora.core.events.stream import LiveStream
from agora.store.port import NewEvent, Store, StoredEvent
from tests.conformance.engines import RunsOn
from tests.polling import run_loop_turns, wait_until
from tests.unit.core.events.feed_parts import Journal, Reader

RUNS_ON = RunsOn.BOTH

TYPES = ["a.x", "a.y", "b.x"]
AGENTS = ["agent_0", "agent_1"]
FILTERS = [
    EventFilter(),
    EventFilter.from_request(["a.*"]),
    EventFilter.from_request(["b.x", "a.y"]),
    EventFilter.from_request(agent="agent_1"),
    EventFilter.from_request(["a.*"], "agent_0"),
]
VIEWERS = [OPERATOR_VIEWER, Viewer("agent_0"), Viewer("agent_1")]

new_event = st.tuples(st.sampled_from(TYPES), st.sampled_from(AGENTS), st.none() | st.sampled_from(AGENTS))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.lists(new_event, min_size=1, max_size=4)),
        st.tuples(st.just("hint"), st.integers(0, 9)),
        st.tuples(st.just("attach"), st.tuples(st.sampled_from(FILTERS), st.sampled_from(VIEWERS), st.booleans())),
        st.tuples(st.just("detach"), st.integers(0, 9)),
        st.tuples(st.just("resume"), st.integers(0, 9)),
        st.tuples(st.just("turn"), st.integers(1, 5)),
    ),
    min_size=5,
    max_size=30,
)


@dataclass(eq=False)
class Person:
    """A reader that leaves and resumes at its position."""

    filter: EventFilter
    viewer: Viewer
    begin: int
    seen: list[int] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)
    stream: LiveStream | None = None

    def leave(self) -> int:
        """Close the stream. Returns the position to resume at: the reader's, as its client knows it."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        self.seen += self.reader.sequences
        self.reader = Reader()
        return self.seen[-1] if self.seen else self.begin


class World:
    """One tenant of a shared store, and a feed whose hints the test triggers."""

    def __init__(self, store: Store, page: int) -> None:
        self.feed = Feed(store, page=page)
        self.journal = Journal(store, new_id("tenant"))
        self.journal.watch()
        self.people: list[Person] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def commit(self, events: list[tuple[str, str, str | None]]) -> None:
        await self.journal.write(
            *(
                NewEvent(new_id("evt"), type, f"/agora/agents/{source}", None, 0, b"1", viewer and (viewer,))  # type: ignore[arg-type]
                for type, source, viewer in events
            )
        )

    async def hint(self, which: int) -> None:
        if self.journal.hints:
            self.feed.publish(self.journal.hints[which % len(self.journal.hints)])

    async def attach(self, wish: tuple[EventFilter, Viewer, bool]) -> None:
        wanted, viewer, from_the_start = wish
        person = Person(wanted, viewer, 0 if from_the_start else len(self.journal.events))
        self.people.append(person)
        self._open(person, person.begin)

    async def detach(self, which: int) -> None:
        if self.people:
            self.people[which % len(self.people)].leave()

    async def resume(self, which: int) -> None:
        if self.people:
            person = self.people[which % len(self.people)]
            self._open(person, person.leave())

    async def turn(self, times: int) -> None:
        await run_loop_turns(times)

    def _open(self, person: Person, position: int) -> None:
        opening = EventStreamSpec(person.filter, person.viewer, position)
        person.stream = self.feed.open(self.journal.tenant, opening)
        self.tasks.append(asyncio.create_task(person.stream.attach(person.reader)))

    async def settle(self) -> None:
        """Bring back all readers, and hint at the last commit."""
        for person in self.people:
            if person.stream is None:
                self._open(person, person.leave())
        if self.journal.hints:
            self.feed.publish(self.journal.hints[-1])
        await asyncio.gather(*self.tasks)
        head = len(self.journal.events)
        await wait_until(lambda: self.feed.head(self.journal.tenant) >= head or not self.people)


def wanted(person: Person, log: list[StoredEvent]) -> list[int]:
    return [
        stored.seq
        for stored in log
        if stored.seq > person.begin
        and person.filter.matches_event(stored.event)
        and person.viewer.may_see(stored.event)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps, page=st.sampled_from([1, 2, 500]))
async def test_every_reader_sees_every_event_once_in_order(
    store: Store, script: list[tuple[str, Any]], page: int
) -> None:
    world = World(store, page)
    for action, argument in script:
        await getattr(world, action)(argument)
    await world.settle()
    for person in world.people:
        person.leave()
        assert person.seen == wanted(person, world.journal.events)
    await world.feed.stop()
