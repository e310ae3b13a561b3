"""Reading the event log: pages, bounds, resume positions, and SQL filters that agree with Python filters."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agora.clock import new_id
from agora.core.events import log as event_log
from agora.core.events import queries as statements
from agora.core.events.filter import OPERATOR_VIEWER, EventFilter, Viewer
from agora.domains.admin import retention_queries as upkeep
from agora.store.port import NewEvent, Store, Tx
from agora_sdk.errors import CursorTooOld, InvalidRequest, NotFound
from tests.conformance.engines import RunsOn
from tests.unit.core.events.feed_parts import Journal

RUNS_ON = RunsOn.BOTH


@pytest.fixture
def journal(store: Store) -> Journal:
    journal = Journal(store)
    journal.watch()
    return journal


async def prune(journal: Journal, before: int) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute(upkeep.delete_old_events, before=before, limit=1000)

    await journal.store.write(journal.tenant, work)


async def read(journal: Journal, after: int | None, limit: int = event_log.MAX_PAGE_EVENTS) -> event_log.EventPage:
    return await journal.store.read(journal.tenant, partial(event_log.read_events, after=after, limit=limit))


async def locate(journal: Journal, place: str) -> int:
    return await journal.store.read(journal.tenant, partial(event_log.resolve_position, position=place))


async def test_pages_follow_each_other_to_the_head(journal: Journal) -> None:
    written = [await journal.emit(f"number.{n}") for n in range(5)]
    first = await read(journal, None, 3)
    assert (first.events, first.position, first.head) == (written[:3], 3, 5)
    second = await read(journal, first.position, 3)
    assert (second.events, second.position, second.head) == (written[3:], 5, 5)
    assert (await read(journal, 5)).events == []


async def test_large_event_has_its_own_page(journal: Journal) -> None:
    large = b'"' + b"x" * statements.INLINE_BYTES + b'"'
    written = [await journal.emit(data=data) for data in (b"1", large, large, b"2")]
    pages, position = [], 0
    while position < 4:
        page = await read(journal, position)
        pages.append(page.events)
        position = page.position
    assert pages == [written[:1], written[1:2], written[2:3], written[3:]]


async def test_position_before_the_retention_is_refused(journal: Journal) -> None:
    written = [await journal.emit(time=n) for n in range(4)]
    await prune(journal, before=2)
    for after in (0, 1):
        with pytest.raises(CursorTooOld) as refused:
            await read(journal, after)
        assert refused.value.oldest == 3
    assert (await read(journal, 2)).events == written[2:]
    assert (await read(journal, None)).events == written[2:]
    with pytest.raises(CursorTooOld) as refused:
        await locate(journal, "1")
    assert refused.value.oldest == 3
    with pytest.raises(CursorTooOld) as refused:
        await locate(journal, written[0].event.event_id)
    assert refused.value.oldest == 3


async def test_retention_keeps_the_newest_event_to_continue_sequences(journal: Journal) -> None:
    for n in range(3):
        await journal.emit(time=n)
    await prune(journal, before=1000)
    page = await read(journal, None)
    assert [stored.seq for stored in page.events] == [3]


async def test_resume_positions_are_validated(journal: Journal) -> None:
    written = [await journal.emit() for _ in range(3)]
    assert await locate(journal, "2") == 2
    assert await locate(journal, written[1].event.event_id) == 2
    with pytest.raises(InvalidRequest, match="not reached 4"):
        await locate(journal, "4")
    with pytest.raises(InvalidRequest, match="neither"):
        await locate(journal, "yesterday")
    with pytest.raises(NotFound):
        await locate(journal, new_id("evt"))


async def test_empty_log_has_a_start_position(journal: Journal) -> None:
    assert await read(journal, None) == event_log.EventPage([], 0, 0)
    assert await locate(journal, "0") == 0


names = st.sampled_from(["work.done", "work_done", "agora.work.done", "agora.message.received", "a.b_c"])
agents = st.sampled_from(["agent_a", "agent_b", "agent_ab"])
events = st.builds(
    lambda type, source, subject, audience: NewEvent(
        new_id("evt"), type, f"/agora/agents/{source}", subject, 0, b"1", audience
    ),
    names,
    agents,
    st.none() | agents,
    st.none() | st.lists(agents, max_size=2).map(tuple),
)
wishes = st.builds(
    EventFilter.from_request,
    st.lists(names | st.sampled_from(["work_*", "agora.*", "*.done", "a.b?c", "w*k*e", "[a]*", "a.b_*"]), max_size=2),
    st.none() | agents,
    st.none() | agents,
)
viewers = st.sampled_from([OPERATOR_VIEWER, Viewer("agent_a"), Viewer("agent_b")])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(events, min_size=3, max_size=12), wanted=wishes, viewer=viewers, limit=st.integers(1, 2))
async def test_sql_and_python_filters_agree(
    store: Store, written: list[NewEvent], wanted: EventFilter, viewer: Viewer, limit: int
) -> None:
    journal = Journal(store, new_id("tenant"))
    journal.watch()
    stored = await journal.write(*written)
    found, position = [], 0
    while position < len(stored):
        work = partial(event_log.read_events, after=position, limit=limit, event_filter=wanted, viewer=viewer)
        page = await store.read(journal.tenant, work)
        found += page.events
        assert page.position > position
        position = page.position
    shown = [each for each in stored if wanted.matches_event(each.event) and viewer.may_see(each.event)]
    assert (wanted, found) == (wanted, shown)
