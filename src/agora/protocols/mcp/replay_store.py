"""Replay: messages that a client of the older era missed while disconnected.

Imported only with the SDK. Messages are stored by session, because the SDK's stream names are unique only within
one. Messages of a GET stream are not stored: their ids are positions in the event log.
"""

from __future__ import annotations

from mcp.server.streamable_http import GET_STREAM_KEY, EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage, JSONRPCNotification

from .event_ids import POSITION_KEY, build_call_event_id, build_get_stream_event_id, build_replayable_event_id
from .sessions import CURRENT_SESSION, Session

__all__ = ["ReplayStore"]


class ReplayStore(EventStore):
    """The last messages of each session; in memory, because the calls that send them are lost on a restart, too."""

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        session = CURRENT_SESSION.get()
        if session is None:
            # Requests of the newer era have no session, and cannot be resumed.
            return "0"
        session.event_count += 1
        if stream_id == GET_STREAM_KEY and (position := _read_log_position(message)) is not None:
            return build_get_stream_event_id(position, session.server_tag, session.event_count)
        number = _build_event_id(session, stream_id)
        size = len(message.model_dump_json()) if message is not None else 0
        session.remember_message(number, stream_id, message, size)
        return number

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        session = CURRENT_SESSION.get()
        messages = list(session.replayable_messages) if session is not None else []
        at = next((i for i, (number, _, _) in enumerate(messages) if number == last_event_id), None)
        if at is None:
            return None
        stream_id = messages[at][1]
        for number, stream, message in messages[at + 1 :]:
            # Only the stream that the id belongs to (2025-11-25: other streams' messages must not be replayed); None is priming.
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, number))
        return stream_id


def _build_event_id(session: Session, stream_id: StreamId) -> EventId:
    if stream_id not in session.request_ids:
        return build_replayable_event_id(session.server_tag, session.event_count)
    return build_call_event_id(session.server_tag, session.event_count, session.request_ids[stream_id])


def _read_log_position(message: JSONRPCMessage | None) -> int | None:
    params = message.params if isinstance(message, JSONRPCNotification) else None
    position = (params or {}).get("_meta", {}).get(POSITION_KEY)
    return position if isinstance(position, int) else None
