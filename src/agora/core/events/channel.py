"""A channel: delivers one tenant's live events exactly once and in order to groups of streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from agora.store.port import NewEvent, Store, StoredEvent, StoreFailure
from agora_sdk.errors import CursorTooOld

from . import log as event_log
from .filter import OPERATOR_VIEWER, UNFILTERED, EventFilter, Viewer, list_concerned_agents
from .frames import Batch, CloseReason, EncodedEvent
from .log import EventPage
from .sink import Sink, offer_batch

__all__ = ["Channel", "Group"]

log = logging.getLogger(__name__)
MAX_CACHED_ROUTES = 10_000  #: maximum number of cached routes
_Key = tuple[str, str] | None


class Subscriber(Protocol):
    """The interface of a stream to its channel."""

    filter: EventFilter
    viewer: Viewer
    sink: Sink

    def end(self, close_reason: CloseReason) -> None: ...


class Channel:
    """Receives committed events in any order as hints and reads missing events from the log.

    head: sequence of the last event delivered. known: highest announced sequence.
    Groups are indexed by the agent or subject of their filter and by type, so that an event does not touch streams of
    other agents or types.
    """

    def __init__(self, store: Store, tenant: str, head: int, page: int = event_log.MAX_PAGE_EVENTS) -> None:
        self._store, self.tenant, self._page = store, tenant, page
        self.head = self.known = head
        self.delivered = 0
        self._groups: dict[_Key, dict[EventFilter, Group]] = {}
        self._routes: dict[tuple[_Key, str], list[Group]] = {}
        self._reading: asyncio.Task[None] | None = None

    # -- the log ---------------------------------------------------------------------------------

    async def read(
        self, after: int, event_filter: EventFilter = UNFILTERED, viewer: Viewer = OPERATOR_VIEWER
    ) -> EventPage:
        """Read a page of the log after a sequence number."""
        work = partial(event_log.read_events, after=after, limit=self._page, event_filter=event_filter, viewer=viewer)
        return await self._store.read(self.tenant, work)

    def publish(self, events: Sequence[StoredEvent]) -> None:
        """Deliver the events next in sequence; schedule a read of missing ones; drop those already delivered.

        Without readers nothing is missed: later readers start from the log.
        """
        if not self._groups and self._reading is None:
            # Only kept up to date: joining streams compare their position with it.
            self.head = self.known = max(self.known, events[-1].seq) if events else self.known
            return
        run, last = [], self.head
        for event in events:
            if event.seq == last + 1:
                run.append(event)
                last += 1
            elif event.seq > last:
                self.known = max(self.known, event.seq)
        if run:
            self._deliver_events(run)
        self.schedule_log_reading()

    def schedule_log_reading(self) -> None:
        """Start reading the log if it is known to hold more than was delivered."""
        if self.known > self.head and self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read_up_to_known_head())
            self._reading.add_done_callback(_log_read_failure)

    async def _read_up_to_known_head(self) -> None:
        try:
            while self.known > self.head:
                await self._deliver_next_page()
        finally:
            self._reading = None  # not in a callback: a hint may arrive before the callback would run

    async def _deliver_next_page(self) -> None:
        """Read and deliver the next page. Raises StoreFailure if there is no progress, to avoid an endless loop."""
        head = self.head
        try:
            page = await self.read(head)
        except CursorTooOld as error:
            self._end_readers_behind_retention(error)
        else:
            self.publish(page.events)
        if self.head == head and self.known > head:
            raise StoreFailure(
                f"the log ends at {head}, before the event {self.known}, which was reported as committed"
            )

    def _end_readers_behind_retention(self, error: CursorTooOld) -> None:
        """Retention deleted unread events: end the readers with an error."""
        # Moved past the gap: the next page begins with the oldest event that is left.
        self.head = int(error.oldest) - 1
        for stream in [stream for groups in self._groups.values() for group in groups.values() for stream in group]:
            stream.end(CloseReason.from_error(error))

    async def wait_until_delivered(self, sequence: int) -> None:
        """Wait until all logged events up to a sequence number are delivered."""
        self.known = max(self.known, sequence)
        self.schedule_log_reading()
        if self._reading is not None:
            # Shielded: a reader that leaves must not cancel the read that all readers of the tenant share.
            await asyncio.shield(self._reading)

    def stop_reading_log(self) -> None:
        """Cancel a reading of the log."""
        if self._reading is not None:
            self._reading.cancel()

    # -- who listens -----------------------------------------------------------------------------

    def add_stream(self, stream: Subscriber) -> None:
        """Add a stream, which receives every event after ``head``."""
        filter = stream.filter
        groups = self._groups.setdefault(_choose_group_key(filter), {})
        group = groups.get(filter)
        # Routes hold lists of groups, so each new or removed group makes them stale.
        if group is None:
            group = groups[filter] = Group(filter)
            self._routes.clear()
        group.add_reader(stream)

    def remove_stream(self, stream: Subscriber) -> None:
        """Remove a stream."""
        key = _choose_group_key(stream.filter)
        groups = self._groups[key]
        group = groups[stream.filter]
        group.remove_reader(stream)
        if not group:
            del groups[stream.filter]
            self._routes.clear()
        if not groups:
            del self._groups[key]

    def __len__(self) -> int:
        """Number of streams."""
        return sum(len(group) for groups in self._groups.values() for group in groups.values())

    def _deliver_events(self, run: Sequence[StoredEvent]) -> None:
        self.head = run[-1].seq
        if not self._groups:
            return
        hits: dict[Group, list[EncodedEvent]] = {}
        for event in run:
            encoded = EncodedEvent(event)
            for group in self._list_candidate_groups(event.event):
                if group.filter.matches_event(event.event):
                    hits.setdefault(group, []).append(encoded)
        for group, events in hits.items():
            self.delivered += group.deliver_events(events)

    def _list_candidate_groups(self, event: NewEvent) -> Iterator[Group]:
        """List the groups that may match an event."""
        yield from self._find_matching_groups(None, event.type)
        if len(self._groups) > 1 or None not in self._groups:
            for agent in list_concerned_agents(event):
                yield from self._find_matching_groups(("agent", agent), event.type)
            yield from self._find_matching_groups(("subject", event.subject or ""), event.type)

    def _find_matching_groups(self, key: _Key, type: str) -> Sequence[Group]:
        """Find the groups under a key that want an event type. Cached until the groups change."""
        groups = self._groups.get(key)
        if groups is None:
            return ()
        route = self._routes.get((key, type))
        if route is None:
            # An entry for each followed agent or subject and event type: bounded, and rebuilt from the groups.
            if len(self._routes) >= MAX_CACHED_ROUTES:
                self._routes.clear()
            route = self._routes[key, type] = [group for group in groups.values() if group.filter.wants_type(type)]
        return route


def _log_read_failure(reading: asyncio.Task[None]) -> None:
    if not reading.cancelled() and (error := reading.exception()) is not None:
        log.warning("reading the event log failed; the next event or heartbeat tries again", exc_info=error)


def _choose_group_key(filter: EventFilter) -> _Key:
    """Choose the index key of a group: the most selective part of its filter."""
    if filter.agent is not None:
        return ("agent", filter.agent)
    return ("subject", filter.subject) if filter.subject is not None else None


class Group:
    """Streams with the same filter, so that an event is matched once for all of them.

    Events without audience go to all in one loop; private ones are looked up by their audience, at no
    cost to the others.
    """

    def __init__(self, event_filter: EventFilter) -> None:
        self.filter = event_filter
        self._streams: dict[Subscriber, None] = {}
        self._overseers: dict[Subscriber, None] = {}
        self._viewers: dict[str, dict[Subscriber, None]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(tuple(self._streams))

    def add_reader(self, stream: Subscriber) -> None:
        viewer = stream.viewer
        self._streams[stream] = None
        (self._overseers if viewer.sees_all else self._viewers.setdefault(viewer.subject, {}))[stream] = None

    def remove_reader(self, stream: Subscriber) -> None:
        viewer = stream.viewer
        self._streams.pop(stream, None)
        if viewer.sees_all:
            self._overseers.pop(stream, None)
            return
        streams = self._viewers.get(viewer.subject, {})
        streams.pop(stream, None)
        if not streams:
            self._viewers.pop(viewer.subject, None)

    def deliver_events(self, events: Sequence[EncodedEvent]) -> int:
        """Deliver matching events to the readers that may see them; returns the number of deliveries."""
        failed: list[tuple[Subscriber, CloseReason]] = []
        if all(encoded.event.audience is None for encoded in events):
            delivered = _write_to_sinks(self._streams, _build_batch(events), failed)
        else:
            delivered = self._deliver_private(events, failed)
        # After the loops: ending a stream removes it from the very groups that were iterated.
        for stream, close_reason in failed:
            stream.end(close_reason)
        return delivered

    def _deliver_private(self, events: Sequence[EncodedEvent], failed: list[tuple[Subscriber, CloseReason]]) -> int:
        delivered = _write_to_sinks(self._overseers, _build_batch(events), failed)
        private_events = self._group_events_by_private_viewer(events)
        for viewer, own in private_events.items():
            delivered += _write_to_sinks(self._viewers[viewer], _build_batch(own), failed)
        public = [encoded for encoded in events if encoded.event.audience is None]
        if public:
            batch = _build_batch(public)
            for viewer, streams in self._viewers.items():
                if viewer not in private_events:
                    delivered += _write_to_sinks(streams, batch, failed)
        return delivered

    def _group_events_by_private_viewer(self, events: Sequence[EncodedEvent]) -> dict[str, list[EncodedEvent]]:
        """Group the events by the viewers that are in a private event's audience; public events go to each of them, too."""
        concerned = {viewer for encoded in events for viewer in encoded.event.audience or () if viewer in self._viewers}
        return {
            viewer: [each for each in events if each.event.audience is None or viewer in each.event.audience]
            for viewer in concerned
        }


def _build_batch(events: Sequence[EncodedEvent]) -> Batch:
    return Batch(events, events[-1].number)


def _write_to_sinks(streams: Iterable[Subscriber], batch: Batch, failed: list[tuple[Subscriber, CloseReason]]) -> int:
    count = 0
    for stream in streams:
        close_reason = offer_batch(stream.sink, batch)
        if close_reason is None:
            count += 1
        else:
            failed.append((stream, close_reason))
    return count * len(batch.items)
