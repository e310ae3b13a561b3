"""Live updates: a stream of the changed fragments of an open page.

Events are not queued for a reader: they mark fragments as due, which are rendered once the reader has received the
previous update. So a thousand events cause one rendering, and a slow reader costs only its connection. Rendering uses
at most a twentieth of the time, with at most four updates a second, each of all due fragments. A message's id is the
event log position that the page then shows; a stream resumes there.

Rows of a fragment that have not changed since it was last sent are omitted (:mod:`.row_changes`), and the stream is
compressed.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic_core import to_json

from agora.core.events.frames import Batch, CloseReason, EncodedEvent
from agora.core.events.stream import LiveStream
from agora.protocols.http import Message, Receive, Send, abort_connection, wait_for_disconnect
from agora_sdk.errors import AgoraError, CursorTooOld, RateLimited

from .registry import Fragment
from .row_changes import RowChanges
from .security import SECURITY_HEADERS
from .templating import render_template
from .view import View

__all__ = ["MAX_MISSED_EVENTS", "FragmentSink", "RenderSchedule", "send_reload", "serve_fragments"]

log = logging.getLogger(__name__)

MIN_REST_FACTOR: Final = 20  #: pause after rendering, as a multiple of its duration
UPDATE_SECONDS: Final = 0.25  #: minimum interval of updates of one page
STALL_SECONDS: Final = 30.0  #: seconds without reading after which a reader is disconnected
MAX_MISSED_EVENTS: Final = 2_000  #: number of missed events above which a page is reloaded instead of updated
MAX_EVENTS: Final = 100  #: maximum events passed to a fragment, newest ones
COMPRESSION_LEVEL: Final = 5
GZIP_WINDOW_BITS: Final = 31
STREAM_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx would collect the stream in its buffer.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class FragmentSink:
    """A sink that keeps only the newest events, and records which fragments are due."""

    pending = 0

    def __init__(self, fragments: Sequence[Fragment], position: int) -> None:
        self.fragments, self.position = fragments, position
        self.wake_event = asyncio.Event()
        self.close_reason: CloseReason | None = None
        self.has_heartbeat = False
        self.fragments_by_type: dict[str, tuple[Fragment, ...]] = {}
        self._events: dict[str, deque[EncodedEvent]] = {part.name: deque(maxlen=MAX_EVENTS) for part in fragments}
        self._due: dict[str, None] = {}

    # -- sink ------------------------------------------------------------------------------------

    def try_write(self, batch: Batch, /) -> bool:
        for item in batch.items:
            if isinstance(item, EncodedEvent):
                for part in self._list_fragments_for(item.event.type):
                    self._events[part.name].append(item)
                    self._due[part.name] = None
        self.position = max(self.position, batch.sequence)
        # An empty batch is a heartbeat of the feed.
        self.has_heartbeat = self.has_heartbeat or not batch.items
        self.wake_event.set()
        # Never full: events are not kept for a slow reader, only which fragments they concern.
        return True

    async def drain(self) -> None: ...

    def end(self, close_reason: CloseReason, /) -> None:
        self.close_reason = close_reason
        self.wake_event.set()

    # -- due fragments ---------------------------------------------------------------------------

    def _list_fragments_for(self, type: str) -> tuple[Fragment, ...]:
        fragments = self.fragments_by_type.get(type)
        if fragments is None:
            if len(self.fragments_by_type) >= 1000:  # agents define their own types
                self.fragments_by_type.clear()
            fragments = tuple(part for part in self.fragments if part.on and part.filter.wants_type(type))
            self.fragments_by_type[type] = fragments
        return fragments

    def mark_due(self, names: Iterable[str]) -> None:
        """Mark fragments as due without an event, because their tick has elapsed."""
        self._due.update(dict.fromkeys(names))

    @property
    def due(self) -> set[str]:
        """Names of the due fragments."""
        return set(self._due)

    def pop_events(self, name: str) -> Sequence[EncodedEvent]:
        """Remove and return the events of a fragment since the last call; it is no longer due."""
        self._due.pop(name, None)
        events = tuple(self._events[name])
        self._events[name].clear()
        return events

    def restore_events(self, name: str, events: Sequence[EncodedEvent]) -> None:
        """Restore the events of a fragment that could not be rendered, before those that came since; it is due again."""
        self._events[name] = deque((*events, *self._events[name]), maxlen=MAX_EVENTS)
        self._due[name] = None


class RenderSchedule:
    """Schedule of renderings. now: seconds of a monotonic clock."""

    def __init__(self, fragments: Sequence[Fragment], now: float) -> None:
        self._fragments = {part.name: part for part in fragments}
        self._next_update = dict.fromkeys(self._fragments, now)
        self._ticks = {part.name: now + part.tick for part in fragments if part.tick}
        self._resting_until = now

    def list_due_ticks(self, now: float) -> list[str]:
        """List the fragments whose tick has elapsed."""
        return [name for name, at in self._ticks.items() if at <= now]

    def list_ready_fragments(self, due: Iterable[str], now: float) -> list[Fragment]:
        """List the due fragments that may be rendered now."""
        return [self._fragments[name] for name in due if max(self._next_update[name], self._resting_until) <= now]

    def compute_seconds_to_wait(self, due: Iterable[str], now: float) -> float | None:
        """Return the seconds until the next rendering; None if it needs an event."""
        times = [max(self._next_update[name], self._resting_until) for name in due] + list(self._ticks.values())
        return max(min(times) - now, 0.0) if times else None

    def mark_updated(self, now: float) -> None:
        """Record that an update was sent: the next one follows at least a quarter of a second later."""
        self._resting_until = max(self._resting_until, now + UPDATE_SECONDS)

    def mark_rendered(self, part: Fragment, began: float, now: float) -> None:
        """Record the duration of a rendering, and pause in proportion to it."""
        self._next_update[part.name] = now + part.every
        if part.tick:
            self._ticks[part.name] = now + part.tick
        # Added up, because one update may render several fragments in a row.
        self._resting_until = max(self._resting_until, now) + (now - began) * MIN_REST_FACTOR

    def postpone(self, part: Fragment, seconds: float, now: float) -> None:
        """Postpone a fragment, because the user's rate limit is exhausted."""
        self._next_update[part.name] = now + seconds
        if part.tick:
            self._ticks[part.name] = now + max(part.tick, seconds)


class EventStreamWriter:
    """Writes the response of one stream. compressed: with gzip, flushed after each write."""

    def __init__(self, send: Send, *, compressed: bool = False) -> None:
        self._send = send
        self._compressor = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, GZIP_WINDOW_BITS) if compressed else None

    async def begin(self) -> None:
        encoding = [(b"content-encoding", b"gzip")] if self._compressor else []
        await self._send(
            {"type": "http.response.start", "status": 200, "headers": [*STREAM_HEADERS, *encoding, *SECURITY_HEADERS]}
        )

    async def write(self, data: bytes) -> None:
        if self._compressor is not None:
            # Without the flush the compressor would hold an update back until later ones fill its buffer.
            data = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        message: Message = {"type": "http.response.body", "body": data, "more_body": True}
        # A browser tab that is suspended keeps its connection open without reading.
        async with asyncio.timeout(STALL_SECONDS):
            await self._send(message)

    async def close(self) -> None:
        tail = self._compressor.flush() if self._compressor else b""
        await self._send({"type": "http.response.body", "body": tail})


def encode_event(name: str, position: int, data: bytes) -> bytes:
    """Encode a message of the stream: a fragment by name, and the log position that it shows."""
    # In an event stream a lone CR ends a line as well.
    lines = data.replace(b"\r", b"").replace(b"\n", b"\ndata: ")
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), position, lines)


class FragmentRenderer:
    """Renders the due fragments of one page."""

    def __init__(self, view: View, sink: FragmentSink, writer: EventStreamWriter) -> None:
        self._view, self._sink, self._writer = view, sink, writer
        self._schedule = RenderSchedule(sink.fragments, time.monotonic())
        self._changes: dict[str, RowChanges] = {part.name: RowChanges() for part in sink.fragments}

    async def render_until_end(self) -> None:
        """Render and send due fragments until the event stream ends."""
        sink, schedule = self._sink, self._schedule
        while sink.close_reason is None:
            now = time.monotonic()
            sink.mark_due(schedule.list_due_ticks(now))
            # One after the other: the operations of a page count against one user's rate limit and share of the event loop.
            update = [await self._render_fragment(part) for part in schedule.list_ready_fragments(sink.due, now)]
            if any(update):
                await self._writer.write(b"".join(update))
                schedule.mark_updated(time.monotonic())
            if sink.has_heartbeat:
                sink.has_heartbeat = False
                if not sink.due:
                    # With the position: events of other types since then are none that a reconnecting page has missed.
                    await self._writer.write(b": heartbeat\nid: %d\n\n" % sink.position)
            await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        sink = self._sink
        seconds = self._schedule.compute_seconds_to_wait(sink.due, time.monotonic())
        if not sink.due:
            sink.wake_event.clear()
            # The stream may have ended, or had a heartbeat, during the rendering: its event was just cleared.
            if sink.close_reason is not None or sink.has_heartbeat:
                return
        elif seconds:  # to render later events together
            # Not longer: a fragment that waits for the user's rate limit must not hold up the others, or the end.
            await asyncio.sleep(min(seconds, UPDATE_SECONDS))
            return
        try:
            async with asyncio.timeout(seconds):
                await sink.wake_event.wait()
        except TimeoutError:
            return

    async def _render_fragment(self, part: Fragment) -> bytes:
        """Render the message of a due fragment; empty if it has not changed."""
        sink, started_at = self._sink, time.monotonic()
        # Before the events are taken: a page that resumes there may get an event twice, but misses none.
        position = sink.position
        events = sink.pop_events(part.name)
        try:
            view = self._view.with_events([item.model() for item in events], position)
            body = await _render_fragment_body(part, view)
        except RateLimited as error:
            # A fragment that grows is built from its events alone: those of this rendering would never be shown.
            sink.restore_events(part.name, events)
            self._schedule.postpone(part, float(error.extra.get("retry_after", 1)), time.monotonic())
            return b""
        if body is not None and not part.grows:
            body = self._changes[part.name].leave_out_unchanged(body)
        self._schedule.mark_rendered(part, started_at, time.monotonic())
        return b"" if body is None else encode_event(part.name, position, body)


async def _render_fragment_body(part: Fragment, view: View) -> bytes | None:
    """Render a fragment as HTML; None if it is unchanged, deleted or not visible any more. Raises RateLimited."""
    try:
        values = await part.build(view)
        return None if values is None else render_template(part.template, {"view": view, **values})
    except RateLimited:
        raise
    except AgoraError:  # a reload of the page shows the error
        return None
    except Exception:
        log.exception("the fragment %r failed", part.name)
        return None


async def serve_fragments(
    stream: LiveStream,
    view: View,
    fragments: Sequence[Fragment],
    receive: Receive,
    send: Send,
    *,
    compressed: bool = False,
) -> None:
    """Send the stream of a page's fragments until either side disconnects."""
    writer, sink = EventStreamWriter(send, compressed=compressed), FragmentSink(fragments, stream.position)
    try:
        await writer.begin()
        await writer.write(b"retry: 2000\nid: %d\n: connected\n\n" % stream.position)
    except BaseException:
        # Open streams are counted from the moment they are opened, and this one has no reader yet that would close it.
        stream.close()
        raise
    rendering = asyncio.create_task(FragmentRenderer(view, sink, writer).render_until_end())
    disconnect = asyncio.create_task(wait_for_disconnect(receive))
    tasks: list[asyncio.Task[None]] = [rendering, disconnect, asyncio.create_task(stream.attach(sink))]
    try:
        await asyncio.wait((rendering, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if rendering.done() and rendering.exception() is not None:  # the reader does not read
            abort_connection(send)
        elif not disconnect.done():
            await _send_close_reason(writer, sink)
    finally:
        stream.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def send_reload(send: Send) -> None:
    """Tell a page to reload because it has missed too many events."""
    writer = EventStreamWriter(send)
    await writer.begin()
    await writer.write(b"event: reload\ndata: {}\n\n")
    await writer.close()


async def _send_close_reason(writer: EventStreamWriter, sink: FragmentSink) -> None:
    """Send the reason for the end of the stream: ``reload`` if the page must be reloaded, possibly to sign in again."""
    error = sink.close_reason.error if sink.close_reason is not None else None
    restarting = error is None or error.status >= 500
    if restarting and not isinstance(error, CursorTooOld):
        await writer.write(b"event: closing\ndata: %b\n\n" % to_json({"reason": str(error or "resume later")}))
    else:
        await writer.write(b"event: reload\ndata: %b\n\n" % to_json({"reason": str(error)}))
    await writer.close()
