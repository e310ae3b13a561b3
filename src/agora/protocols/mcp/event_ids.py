"""Event ids of the streams of MCP up to 2025-11-25, for resuming a stream.

On a session's GET stream an id is a position in the event log, so every server can resume it. Messages in the response
of a call are kept by the server that runs the call; their ids contain the call's id, so that another server can answer
that the stream cannot be resumed.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.value_classes import value_class

__all__ = [
    "POSITION_KEY",
    "EventId",
    "build_call_event_id",
    "build_get_stream_event_id",
    "build_replayable_event_id",
    "parse_event_id_or_empty",
]

# 294 characters in base64, within the pattern of _CALL_EVENT_ID.
MAX_REQUEST_BYTES: Final = 220  #: maximum length of a request id, as JSON, within an event id

#: key of a notification's ``_meta`` for its position in the event log
POSITION_KEY: Final = "agora/position"

# 18 digits fit into a 64-bit integer of the store.
_STREAM_EVENT_ID: Final = re.compile(r"([0-9]{1,18})-[0-9a-f.]{1,40}")
_CALL_EVENT_ID: Final = re.compile(r"[0-9a-f]{1,20}\.[0-9]{1,18}\.([A-Za-z0-9_-]{1,300})")


@value_class
class EventId:
    """A parsed event id. position: in the event log. request: id of the call that sent the message."""

    position: int | None = None
    request: int | str | None = None


def build_get_stream_event_id(position: int, tag: str, number: int) -> str:
    """Build the event id of a message on a session's GET stream. tag, number: make it unique within the session."""
    return f"{position}-{tag}.{number}"


def build_replayable_event_id(tag: str, number: int) -> str:
    """Build the event id of a message that only this server can replay."""
    return f"{tag}.{number}"


def build_call_event_id(tag: str, number: int, request: Any) -> str:
    """Build the event id of a message in the response of a call."""
    request_json = to_json(request)
    if len(request_json) > MAX_REQUEST_BYTES:
        return build_replayable_event_id(tag, number)
    return f"{tag}.{number}.{base64.urlsafe_b64encode(request_json).rstrip(b'=').decode()}"


def parse_event_id_or_empty(event_id: str) -> EventId:
    """Parse an event id received from a client; empty if it is invalid."""
    if match := _STREAM_EVENT_ID.fullmatch(event_id):
        return EventId(position=int(match[1]))
    if match := _CALL_EVENT_ID.fullmatch(event_id):
        try:
            request = from_json(base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)))
        except (ValueError, binascii.Error):
            return EventId()
        if isinstance(request, int | str) and not isinstance(request, bool):
            return EventId(request=request)
    return EventId()
