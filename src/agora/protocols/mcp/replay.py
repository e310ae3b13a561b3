"""Replay: what a client of the older era missed while its connection was broken.

Imported with the SDK only. Messages are kept with the session they belong to: the SDK's names of streams
are only unique within one.
"""

from __future__ import annotations

from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage

from .sessions import CURRENT

__all__ = ["Replay"]


class Replay(EventStore):
    """The last messages of each session, in memory as the session itself is."""

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        session = CURRENT.get()
        if session is None:
            return "0"
        session.numbered += 1
        number = str(session.numbered)
        session.sent.append((number, stream_id, message))
        return number

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        session = CURRENT.get()
        kept = list(session.sent) if session is not None else []
        at = next((i for i, (number, _, _) in enumerate(kept) if number == last_event_id), None)
        if at is None:
            return None
        stream_id = kept[at][1]
        for number, stream, message in kept[at + 1 :]:
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, number))
        return stream_id
