"""A group: the streams that want exactly the same events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .filter import EventFilter
from .frames import Batch, CloseReason, EncodedEvent
from .sink import offer_batch

if TYPE_CHECKING:
    from .event_stream import EventStream

__all__ = ["Group"]


class Group:
    """Streams with one filter, so that an event is matched once for them all.

    Events without audience go to all in one loop; private ones are looked up by their audience, at no
    cost to the others.
    """

    def __init__(self, wanted: EventFilter) -> None:
        self.filter = wanted
        self._streams: dict[EventStream, None] = {}
        self._overseers: dict[EventStream, None] = {}
        self._viewers: dict[str, dict[EventStream, None]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[EventStream]:
        return iter(tuple(self._streams))

    def add(self, stream: EventStream) -> None:
        viewer = stream.viewer
        self._streams[stream] = None
        (self._overseers if viewer.sees_all else self._viewers.setdefault(viewer.subject, {}))[stream] = None

    def remove(self, stream: EventStream) -> None:
        viewer = stream.viewer
        self._streams.pop(stream, None)
        if viewer.sees_all:
            self._overseers.pop(stream, None)
            return
        streams = self._viewers.get(viewer.subject, {})
        streams.pop(stream, None)
        if not streams:
            self._viewers.pop(viewer.subject, None)

    def deliver(self, events: Sequence[EncodedEvent]) -> int:
        """Write events that the filter wants to whoever may see them; answers how many deliveries."""
        failed: list[tuple[EventStream, CloseReason]] = []
        if all(encoded.event.audience is None for encoded in events):
            delivered = _write_to_sinks(self._streams, _build_batch(events), failed)
        else:
            delivered = self._deliver_private(events, failed)
        for stream, close_reason in failed:
            stream.end(close_reason)
        return delivered

    def _deliver_private(self, events: Sequence[EncodedEvent], failed: list[tuple[EventStream, CloseReason]]) -> int:
        delivered = _write_to_sinks(self._overseers, _build_batch(events), failed)
        personal = self._private_events(events)
        for viewer, own in personal.items():
            delivered += _write_to_sinks(self._viewers[viewer], _build_batch(own), failed)
        public = [encoded for encoded in events if encoded.event.audience is None]
        if public:
            batch = _build_batch(public)
            for viewer, streams in self._viewers.items():
                if viewer not in personal:
                    delivered += _write_to_sinks(streams, batch, failed)
        return delivered

    def _private_events(self, events: Sequence[EncodedEvent]) -> dict[str, list[EncodedEvent]]:
        """What each viewer sees that is in the audience of a private event."""
        concerned = {viewer for encoded in events for viewer in encoded.event.audience or () if viewer in self._viewers}
        return {
            viewer: [each for each in events if each.event.audience is None or viewer in each.event.audience]
            for viewer in concerned
        }


def _build_batch(events: Sequence[EncodedEvent]) -> Batch:
    return Batch(events, events[-1].number)


def _write_to_sinks(streams: Iterable[EventStream], batch: Batch, failed: list[tuple[EventStream, CloseReason]]) -> int:
    count = 0
    for stream in streams:
        close_reason = offer_batch(stream.sink, batch)
        if close_reason is None:
            count += 1
        else:
            failed.append((stream, close_reason))
    return count * len(batch.items)
