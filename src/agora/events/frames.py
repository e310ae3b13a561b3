"""What events look like on a wire: encoded once, however many listen.

An event is a CloudEvents 1.0 JSON document. Over WebSocket it is one text frame, over SSE one message
with ``id`` (the sequence number), ``event`` (the type) and ``data`` (the document). What is not an event
is a control message, told by its ``control`` member: ``connected``, ``heartbeat`` or ``closing``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora_sdk.contract.events import Event
from agora_sdk.errors import AgoraError, Overloaded

from ..clock import moment
from ..store.port import NewEvent, StoredEvent

__all__ = ["NORMAL", "RESTARTING", "TOO_SLOW", "Batch", "Encoded", "Farewell", "closing_chunk", "text_frame"]

NORMAL: Final = 1000  #: close code: the reader or the server is done
RESTARTING: Final = 1012  #: close code: the server stops; resume later
TOO_SLOW: Final = 4508  #: close code: the reader fell behind its bound; resume from its last event
_FIN_TEXT: Final = 0x81
_OVERHEAD: Final = 400  # bytes of an event's envelope, about


def text_frame(payload: bytes) -> bytes:
    """A WebSocket text frame from a server (RFC 6455 section 5.2: final, not masked, not compressed)."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN_TEXT, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", _FIN_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _FIN_TEXT, 127, size) + payload


def closing_chunk(farewell: Farewell, sequence: int) -> bytes:
    """The last message of an SSE stream; a client that reconnects resumes after ``sequence``."""
    closing = {"control": "closing", "code": farewell.code, "reason": farewell.reason, "sequence": sequence}
    if farewell.error is not None:
        closing["error"] = farewell.error.problem()
    return b"id: %d\nevent: closing\ndata: %b\n\n" % (sequence, to_json(closing))


@dataclass(frozen=True, slots=True)
class Farewell:
    """Why a stream ends: a WebSocket close code, a sentence, and the error if it is one."""

    code: int = NORMAL
    reason: str = ""
    error: AgoraError | None = None

    @classmethod
    def of(cls, error: AgoraError) -> Farewell:
        return cls(error.close_code, str(error), error)

    @classmethod
    def too_slow(cls) -> Farewell:
        error = Overloaded("Events were read too slowly.", fix="Resume from the last event received.", retry_after=1)
        return cls(TOO_SLOW, str(error), error)


class Encoded:
    """One event, encoded when it is first needed and then kept."""

    def __init__(self, stored: StoredEvent) -> None:
        self.stored = stored

    @property
    def event(self) -> NewEvent:
        return self.stored.event

    @cached_property
    def json(self) -> bytes:
        """The CloudEvents document, as ``agora.event.list`` shows it too."""
        event = self.stored.event
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": event.event_id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "time": moment(event.time),
            "datacontenttype": "application/json",
            "sequence": self.stored.seq,
        }
        return b'%b,"data":%b}' % (to_json(envelope)[:-1], event.data)

    @cached_property
    def frame(self) -> bytes:
        return text_frame(self.json)

    @cached_property
    def chunk(self) -> bytes:
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self.stored.seq, self.stored.event.type.encode(), self.json)

    def model(self) -> Event:
        """The event as Python callers get it."""
        event = self.stored.event
        return Event.model_construct(
            id=event.event_id,
            type=event.type,
            source=event.source,
            subject=event.subject,
            time=moment(event.time),
            sequence=self.stored.seq,
            data=from_json(event.data),
        )


class Batch:
    """Events delivered in one write; without events, a heartbeat.

    sequence: everything up to it that the reader wants has then been delivered.
    """

    def __init__(self, events: Sequence[Encoded], sequence: int) -> None:
        self.events, self.sequence = events, sequence

    @cached_property
    def size(self) -> int:
        """Bytes it takes on a wire, about."""
        return sum((len(encoded.event.data) + _OVERHEAD for encoded in self.events), _OVERHEAD)

    @cached_property
    def texts(self) -> tuple[bytes, ...]:
        """Payloads of WebSocket messages."""
        if not self.events:
            return (b'{"control":"heartbeat","sequence":%d}' % self.sequence,)
        return tuple(encoded.json for encoded in self.events)

    @cached_property
    def frames(self) -> bytes:
        """WebSocket frames, ready for a transport."""
        if not self.events:
            return text_frame(self.texts[0])
        if len(self.events) == 1:
            return self.events[0].frame
        return b"".join([encoded.frame for encoded in self.events])

    @cached_property
    def chunk(self) -> bytes:
        """SSE messages; a heartbeat is a comment that moves the place to resume from."""
        if not self.events:
            return b": heartbeat\nid: %d\n\n" % self.sequence
        return b"".join([encoded.chunk for encoded in self.events])
