"""The feed: delivers committed events to all live streams.

The log is the truth and a commit only a hint that there is more to read: hints may come late, twice or
out of order, and readers still get every event once, in the order of its sequence.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import overload

from agora.store.port import NewEvent, Store, StoredEvent
from agora_sdk.errors import Overloaded

from ..call import EventStreamSpec, LogStreamSpec
from . import log as event_log
from .channel import Channel
from .frames import CLOSE_RESTARTING, CLOSE_TOO_SLOW, Batch, CloseReason, EncodedEvent
from .positions import Positions
from .stream import Check, EventStream, LiveStream, LogStream

__all__ = ["Feed"]

Holder = tuple[str, str]  # tenant and subject, or the key of a group
Groups = Sequence[Holder]

RESERVED_OPERATOR_STREAMS = 64  # reserved for operators; a tenth of the total if the total is small
_HEARTBEAT_SLOTS = 15  # heartbeats of all streams are spread over the interval in so many steps


class Feed:
    """All live streams of all tenants.

    heartbeat: seconds between heartbeats of a stream. buffer_limit: bytes a reader may lag behind.
    stall_seconds: maximum time without reading while a page of the log, of at most ``page`` events, is sent.
    grace_seconds: time for a reader that was cut off to read the last message.
    sleep: waits for seconds; tests inject their own time.
    """

    def __init__(
        self,
        store: Store,
        *,
        heartbeat: float = 15.0,
        buffer_limit: int = 1024 * 1024,
        max_streams: int = 10_000,
        max_each: int = 1_000,
        stall_seconds: float = 60.0,
        grace_seconds: float = 5.0,
        page: int = event_log.MAX_PAGE_EVENTS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store, self._sleep, self._page = store, sleep, page
        self.heartbeat, self.buffer_limit = heartbeat, buffer_limit
        self.max_streams, self.max_each = max_streams, max_each
        self.stall_seconds, self.grace_seconds = stall_seconds, grace_seconds
        self.positions = Positions()
        self.live: Mapping[str, int] = _Counters(self)
        self.cut_off = 0
        self._channels: dict[str, Channel] = {}
        self._slots: tuple[dict[LiveStream, None], ...] = tuple({} for _ in range(_HEARTBEAT_SLOTS))
        self._next_slot = itertools.cycle(range(_HEARTBEAT_SLOTS))
        self._waiting: set[_ArrivalSink] = set()
        self._stream_counts: Counter[Holder] = Counter()
        self._share_count = 0  # streams and waiting calls
        self._closing: CloseReason | None = None
        self._heartbeat_task: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------

    async def load_heads_and_start_heartbeats(self) -> None:
        """Load the head of each tenant's log, and start the heartbeats."""
        for tenant in await self._store.tenants():
            await self.load_channel(tenant)
        self._heartbeat_task = asyncio.create_task(self._send_heartbeats())

    def end_streams_and_refuse_new(self) -> None:
        """End every stream and open no new ones at shutdown. Readers resume later or on another server."""
        self._closing = CloseReason(CLOSE_RESTARTING, "resume later")
        for stream in self.list_streams():
            stream.end(self._closing)
        for arrival in tuple(self._waiting):
            arrival.end(self._closing)

    async def stop(self) -> None:
        """End every stream, and stop the background tasks."""
        self.end_streams_and_refuse_new()
        for channel in self._channels.values():
            channel.stop_reading_log()
        if self._heartbeat_task is not None:
            self._heartbeat_task.cancel()
            await asyncio.gather(self._heartbeat_task, return_exceptions=True)

    # -- events in -------------------------------------------------------------------------------

    def publish(self, events: Sequence[StoredEvent]) -> None:
        """Deliver committed events; the store's ``on_commit``."""
        by_tenant: dict[str, list[StoredEvent]] = {}
        for event in events:
            by_tenant.setdefault(event.tenant_id, []).append(event)
        for tenant, own in by_tenant.items():
            channel = self._channels.get(tenant)
            if channel is None:  # no reader yet; later readers start from the log
                self._create_channel(tenant, max(event.seq for event in own))
            else:
                channel.publish(own)

    async def load_channel(self, tenant: str) -> Channel:
        """Return a tenant's channel. A new one reads its head from the log."""
        channel = self._channels.get(tenant)
        if channel is None:
            head = await self._store.read(tenant, event_log.read_head)
            channel = self._channels.get(tenant)
            if channel is None:
                channel = self._create_channel(tenant, head)
        return channel

    def _create_channel(self, tenant: str, head: int) -> Channel:
        channel = self._channels[tenant] = Channel(self._store, tenant, head, self._page)
        return channel

    def has_readers(self, tenant: str) -> bool:
        """Whether a tenant has readers."""
        channel = self._channels.get(tenant)
        return channel is not None and len(channel) > 0

    def head(self, tenant: str) -> int:
        """Sequence of the tenant's last delivered event."""
        channel = self._channels.get(tenant)
        return 0 if channel is None else channel.head

    # -- events out ------------------------------------------------------------------------------

    @overload
    def open(
        self, tenant: str, spec: EventStreamSpec, check: Check | None = None, groups: Groups | None = None
    ) -> EventStream: ...
    @overload
    def open(
        self, tenant: str, spec: LogStreamSpec, check: Check | None = None, groups: Groups | None = None
    ) -> LogStream: ...
    def open(
        self,
        tenant: str,
        spec: EventStreamSpec | LogStreamSpec,
        check: Check | None = None,
        groups: Groups | None = None,
    ) -> LiveStream:
        """Open a stream from an operation's specification. Attach a sink to it, or iterate it.

        groups: groups with which the reader shares the free streams; none for operators, for whom some are reserved.
        check: awaited at every heartbeat and sweep; raises an AgoraError if the stream may not continue.
        Raises Overloaded when the server drains or too many streams are open.
        """
        if self._closing is not None:
            raise Overloaded("The server is shutting down.", fix="Resume in a moment.", retry_after=2)
        reserve = 0 if not groups else min(RESERVED_OPERATOR_STREAMS, self.max_streams // 10)
        if len(self) >= self.max_streams - reserve:
            raise Overloaded("Too many streams are open.", fix="Close some, or try again later.", retry_after=15)
        stream = self._build_stream(tenant, spec, check)
        stream.groups = groups or ()
        self._acquire_holder_share((tenant, stream.viewer.subject), stream.groups)
        stream.slot = next(self._next_slot)
        self._slots[stream.slot][stream] = None
        return stream

    def _build_stream(self, tenant: str, spec: EventStreamSpec | LogStreamSpec, check: Check | None) -> LiveStream:
        if isinstance(spec, LogStreamSpec):
            return LogStream(self, self._store, tenant, spec, check)
        if spec.subscription_id is not None:
            spec = self._resume_subscription(tenant, spec, spec.subscription_id)
        return EventStream(self, tenant, spec, check)

    def _resume_subscription(self, tenant: str, spec: EventStreamSpec, subscription_id: str) -> EventStreamSpec:
        if spec.resumed:
            self.positions.advance_position(tenant, subscription_id, spec.position)
            return spec
        position = self.positions.get_latest_position(tenant, subscription_id, spec.position)
        return EventStreamSpec(spec.filter, spec.viewer, position, subscription_id)

    def remove_stream(self, stream: LiveStream) -> None:
        """Remove an ended stream."""
        if stream.slot is not None:
            self._slots[stream.slot].pop(stream, None)
            self._release_holder_share((stream.tenant, stream.viewer.subject), stream.groups)
        if stream.close_reason is not None and stream.close_reason.code == CLOSE_TOO_SLOW:
            self.cut_off += 1

    async def wait_for_event(
        self,
        tenant: str,
        spec: EventStreamSpec,
        seconds: float,
        matters: Callable[[NewEvent], bool] = lambda event: True,
        groups: Groups = (),
    ) -> bool:
        """Wait for a relevant event that matches a stream specification.

        Returns False after the timeout, or when the server drains. Raises Overloaded when the viewer waits too often.
        """
        if self._closing is not None:
            return False
        holder = (tenant, spec.viewer.subject)
        self._acquire_holder_share(holder, groups)
        arrival = _ArrivalSink(matters)
        stream = EventStream(self, tenant, spec)
        alarm = asyncio.ensure_future(self._sleep(seconds))
        self._waiting.add(arrival)
        try:
            await stream.attach(arrival)
            await asyncio.wait((arrival.has_arrived, alarm), return_when=asyncio.FIRST_COMPLETED)
            return arrival.has_arrived.done() and arrival.has_arrived.result()
        finally:
            self._release_holder_share(holder, groups)
            self._waiting.discard(arrival)
            stream.close()
            alarm.cancel()

    def _acquire_holder_share(self, holder: Holder, groups: Groups) -> None:
        """Count a stream or a waiting call against its caller's share. Raises Overloaded.

        A group may hold as many streams as are still free, so one group has at most half, and others always find room.
        """
        if self._stream_counts[holder] >= self.max_each:
            raise Overloaded(
                f"{self.max_each} of your streams and waiting calls are open.",
                fix="Close some first: one stream can carry many kinds of event.",
                retry_after=15,
            )
        free = self.max_streams - self._share_count
        if any(self._stream_counts[group] and self._stream_counts[group] >= free for group in groups):
            raise Overloaded(
                "The number of streams and waiting calls is limited, and you share a limit with the agents of your "
                "registrar, enrolment token or account.",
                fix="Close some first, or ask an operator to raise the setting max_streams.",
                retry_after=15,
            )
        self._stream_counts.update((holder, *groups))
        self._share_count += 1

    def _release_holder_share(self, holder: Holder, groups: Groups) -> None:
        self._share_count -= 1
        for key in (holder, *groups):
            self._stream_counts[key] -= 1
            if not self._stream_counts[key]:
                del self._stream_counts[key]

    def list_streams(self, tenant: str | None = None) -> list[LiveStream]:
        """List the open streams of one tenant or of all."""
        return [stream for slot in self._slots for stream in slot if tenant in (None, stream.tenant)]

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    @property
    def waiting_calls(self) -> int:
        """Number of calls waiting for an event."""
        return len(self._waiting)

    # -- supervision -----------------------------------------------------------------------------

    async def recheck_streams(self, tenant: str | None = None) -> None:
        """Recheck now whether open streams may continue: a token was revoked, an agent halted."""
        for stream in self.list_streams(tenant):
            await stream.recheck_access()

    async def _send_heartbeats(self) -> None:
        while True:
            for slot in self._slots:
                await self._sleep(self.heartbeat / _HEARTBEAT_SLOTS)
                # Reads that failed are tried again here: nothing else would, until the next event.
                for channel in self._channels.values():
                    channel.schedule_log_reading()
                # A copy: a stream that fails its check leaves the slot.
                for stream in tuple(slot):
                    await stream.recheck_access()
                    stream.write_heartbeat()


class _ArrivalSink:
    """A sink that waits for one relevant event."""

    pending = 0

    def __init__(self, matters: Callable[[NewEvent], bool]) -> None:
        self._matters = matters
        self.has_arrived: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def try_write(self, batch: Batch, /) -> bool:
        if any(isinstance(item, EncodedEvent) and self._matters(item.event) for item in batch.items):
            self._set_result(True)
        return True

    async def drain(self) -> None: ...

    def end(self, close_reason: CloseReason, /) -> None:
        self._set_result(close_reason.error is not None)  # the waiting call runs again and raises the error itself

    def _set_result(self, has_arrived: bool) -> None:
        if not self.has_arrived.done():
            self.has_arrived.set_result(has_arrived)


class _Counters(Mapping[str, int]):
    """Counters for health checks, computed on access."""

    def __init__(self, feed: Feed) -> None:
        self._counter_readers: dict[str, Callable[[], int]] = {
            "subscribers": feed.__len__,
            "delivered": lambda: sum(channel.delivered for channel in feed._channels.values()),
            "cut_off": lambda: feed.cut_off,
            "lag": lambda: max((stream.lag for stream in feed.list_streams()), default=0),
        }

    def __getitem__(self, name: str) -> int:
        return self._counter_readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._counter_readers)

    def __len__(self) -> int:
        return len(self._counter_readers)
