"""A group: the streams that want exactly the same events."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agora_sdk.errors import InternalError

from ..event_filter import EventFilter
from .frames import Batch, Encoded, Farewell

if TYPE_CHECKING:
    from .stream import LiveStream, Sink

__all__ = ["Group", "offer"]

log = logging.getLogger(__name__)


class Group:
    """Streams with one filter, so that an event is matched once for them all.

    Events without audience go to all in one loop; private ones are looked up by their audience, at no
    cost to the others.
    """

    def __init__(self, wanted: EventFilter) -> None:
        self.filter = wanted
        self._streams: dict[LiveStream, None] = {}
        self._overseers: dict[LiveStream, None] = {}
        self._viewers: dict[str, dict[LiveStream, None]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[LiveStream]:
        return iter(tuple(self._streams))

    def add(self, stream: LiveStream) -> None:
        viewer = stream.viewer
        self._streams[stream] = None
        (self._overseers if viewer.sees_all else self._viewers.setdefault(viewer.subject, {}))[stream] = None

    def remove(self, stream: LiveStream) -> None:
        viewer = stream.viewer
        self._streams.pop(stream, None)
        if viewer.sees_all:
            self._overseers.pop(stream, None)
            return
        streams = self._viewers.get(viewer.subject, {})
        streams.pop(stream, None)
        if not streams:
            self._viewers.pop(viewer.subject, None)

    def deliver(self, events: Sequence[Encoded]) -> int:
        """Write events that the filter wants to whoever may see them; answers how many deliveries."""
        failed: list[tuple[LiveStream, Farewell]] = []
        if all(encoded.event.audience is None for encoded in events):
            delivered = _write(self._streams, _batch(events), failed)
        else:
            delivered = self._deliver_apart(events, failed)
        for stream, farewell in failed:
            stream.end(farewell)
        return delivered

    def _deliver_apart(self, events: Sequence[Encoded], failed: list[tuple[LiveStream, Farewell]]) -> int:
        delivered = _write(self._overseers, _batch(events), failed)
        personal = self._personal(events)
        for viewer, own in personal.items():
            delivered += _write(self._viewers[viewer], _batch(own), failed)
        public = [encoded for encoded in events if encoded.event.audience is None]
        if public:
            batch = _batch(public)
            for viewer, streams in self._viewers.items():
                if viewer not in personal:
                    delivered += _write(streams, batch, failed)
        return delivered

    def _personal(self, events: Sequence[Encoded]) -> dict[str, list[Encoded]]:
        """What each viewer sees that is in the audience of a private event."""
        concerned = {viewer for encoded in events for viewer in encoded.event.audience or () if viewer in self._viewers}
        return {
            viewer: [each for each in events if each.event.audience is None or viewer in each.event.audience]
            for viewer in concerned
        }


def _batch(events: Sequence[Encoded]) -> Batch:
    return Batch(events, events[-1].stored.seq)


def _write(streams: Iterable[LiveStream], batch: Batch, failed: list[tuple[LiveStream, Farewell]]) -> int:
    written = 0
    for stream in streams:
        farewell = offer(stream.sink, batch)
        if farewell is None:
            written += 1
        else:
            failed.append((stream, farewell))
    return written * len(batch.events)


def offer(sink: Sink, batch: Batch) -> Farewell | None:
    """Write a batch to a sink; answers why its stream has to end, if it has to."""
    try:
        return None if sink.write(batch) else Farewell.too_slow()
    except Exception:
        log.exception("a stream failed and is closed")
        return Farewell.of(InternalError("The stream failed.", fix="Resume from the last event."))
