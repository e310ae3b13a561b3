"""An event stream: what happens in the marketplace, to one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..call import EventStreamSpec
from .channel import Channel
from .filter import EventFilter
from .frames import EncodedEvent
from .stream import Check, LiveStream

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["EventStream"]


class EventStream(LiveStream):
    """Events as an opening describes them.

    Those after its position are read from the log page by page; then, in one step, it joins what is
    live: nothing is lost, nothing repeated. ``attach`` returns when it has joined.
    """

    __slots__ = ("_channel", "filter")

    def __init__(self, feed: Feed, tenant: str, opening: EventStreamSpec, check: Check | None = None) -> None:
        super().__init__(feed, tenant, opening.viewer, opening.position, check)
        self.filter: EventFilter = opening.filter
        self.subscription_id = opening.subscription_id
        self._channel: Channel | None = None

    @property
    def position(self) -> int:
        return self._position if self._channel is None else self._channel.head

    @property
    def live(self) -> bool:
        return self._channel is not None

    @property
    def lag(self) -> int:
        return max(self._feed.head(self.tenant) - self.position, 0) + self.sink.pending

    async def _run(self) -> None:
        channel = await self._feed.channel(self.tenant)
        while self.close_reason is None:
            if self._position > channel.head:
                await channel.reach(self._position)
            elif self._position == channel.head:
                channel.join(self)  # no await since the comparison
                self._channel = channel
                return
            else:
                await self._send_log_page(channel)

    async def _send_log_page(self, channel: Channel) -> None:
        page = await channel.read(self._position, self.filter, self.viewer)
        if self.close_reason is None:
            channel.delivered += len(page.events)
            await self._send([EncodedEvent(stored) for stored in page.events], page.position)

    def _leave(self) -> None:
        if self._channel is not None:
            self._channel.leave(self)
            self._channel = None
