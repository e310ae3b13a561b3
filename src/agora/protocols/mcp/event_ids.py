"""Event ids on streams of MCP up to 2025-11-25, from which a client resumes.

On a session's GET stream an id is a position in the event log, so every server can resume it. Messages of a call's own
response are held by the server that runs the call; their ids name the call, so that another server can answer that nothing
will follow.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json

__all__ = ["POSITION", "EventId", "build_standing_id", "call_id", "message_id", "parse_event_id"]

MAX_REQUEST_BYTES: Final = 220  #: bytes of a request's id, as JSON, that are named

#: where the ``_meta`` of a notification says what number of the log it goes up to
POSITION: Final = "agora/position"

_STANDING: Final = re.compile(r"([0-9]{1,18})-[0-9a-f.]{1,40}")
_CALL: Final = re.compile(r"[0-9a-f]{1,20}\.[0-9]{1,18}\.([A-Za-z0-9_-]{1,300})")


@dataclass(frozen=True, slots=True)
class EventId:
    """What an id says. position: in the log of events. request: id of the call it came from."""

    position: int | None = None
    request: int | str | None = None


def build_standing_id(position: int, tag: str, number: int) -> str:
    """The id of something on a session's GET stream. tag, number: make it unlike any other of the session's."""
    return f"{position}-{tag}.{number}"


def message_id(tag: str, number: int) -> str:
    """The id of something that only this server can send again."""
    return f"{tag}.{number}"


def call_id(tag: str, number: int, request: Any) -> str:
    """The id of something that a call sends over its response."""
    request_json = to_json(request)
    if len(request_json) > MAX_REQUEST_BYTES:
        return message_id(tag, number)
    return f"{tag}.{number}.{base64.urlsafe_b64encode(request_json).rstrip(b'=').decode()}"


def parse_event_id(event_id: str) -> EventId:
    """What an id says that a client gives back; nothing, if it is none of ours."""
    if match := _STANDING.fullmatch(event_id):
        return EventId(position=int(match[1]))
    if match := _CALL.fullmatch(event_id):
        try:
            request = from_json(base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)))
        except (ValueError, binascii.Error):
            return EventId()
        if isinstance(request, int | str) and not isinstance(request, bool):
            return EventId(request=request)
    return EventId()
