"""Encoding of stream items for WebSocket and SSE: once per item, for any number of readers.

An item is one JSON document with a number that orders it: an event as a CloudEvents 1.0 document, or an
entry of a log of its own. Over WebSocket it is one text frame, over SSE one message with ``id`` (the
number), ``event`` (its kind) and ``data`` (the document). Any other message is a control message, identified by its
``control`` member: ``connected``, ``heartbeat`` or ``closing``.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.clock import to_datetime
from agora.store.port import NewEvent, StoredEvent
from agora.value_classes import value_class
from agora_sdk.contract.events import Event
from agora_sdk.errors import AgoraError, Overloaded

from ..call import Entry

__all__ = [
    "CLOSE_NORMAL",
    "CLOSE_RESTARTING",
    "CLOSE_TOO_SLOW",
    "LOG_ENDED",
    "Batch",
    "CloseReason",
    "EncodedEntry",
    "EncodedEvent",
    "Item",
    "encode_sse_closing_message",
    "encode_websocket_text_frame",
    "escape_line_ends",
]

CLOSE_NORMAL: Final = 1000  #: close code: normal closure
CLOSE_RESTARTING: Final = 1012  #: close code: the server is shutting down; resume later
CLOSE_TOO_SLOW: Final = 4508  #: close code: the reader exceeded its backlog limit; resume from its last event
_FIN_TEXT: Final = 0x81
_ENVELOPE_OVERHEAD_BYTES: Final = 400  # approximate bytes of an envelope
#: Line separators of some clients, in UTF-8 and escaped for JSON.
_LINE_ENDS: Final = ((b"\xc2\x85", rb"\u0085"), (b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))


def escape_line_ends(document: bytes) -> bytes:
    """Escape the characters of a JSON document that some clients take for line ends of the stream."""
    # Several clients split SSE lines with Unicode's line ends, although the standard knows only CR and LF.
    for raw, escaped in _LINE_ENDS:
        document = document.replace(raw, escaped)
    return document


def encode_websocket_text_frame(payload: bytes) -> bytes:
    """A WebSocket text frame from a server (RFC 6455 section 5.2: final, not masked, not compressed)."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN_TEXT, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", _FIN_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _FIN_TEXT, 127, size) + payload


def encode_sse_closing_message(close_reason: CloseReason, sequence: int) -> bytes:
    """Encode the last message of an SSE stream. A reconnecting client resumes after ``sequence``.

    It has a ``type`` for clients that distinguish items only by their type.
    """
    closing = {
        "control": "closing",
        "type": "closing",
        "code": close_reason.code,
        "reason": close_reason.reason,
        "sequence": sequence,
    }
    if close_reason.error is not None:
        closing["error"] = close_reason.error.problem()
    return b"id: %d\nevent: closing\ndata: %b\n\n" % (sequence, escape_line_ends(to_json(closing)))


@value_class
class CloseReason:
    """The reason why a stream ends: a WebSocket close code, a sentence, and the error, if any."""

    code: int = CLOSE_NORMAL
    reason: str = ""
    error: AgoraError | None = None

    @classmethod
    def from_error(cls, error: AgoraError) -> CloseReason:
        return cls(error.close_code, str(error), error)

    @classmethod
    def too_slow(cls) -> CloseReason:
        error = Overloaded("Events were read too slowly.", fix="Resume from the last event received.", retry_after=1)
        return cls(CLOSE_TOO_SLOW, str(error), error)


LOG_ENDED: Final = CloseReason(CLOSE_NORMAL, "the log has ended")  #: the stream is complete and cannot be resumed


class Item(ABC):
    """An item of a stream, encoded lazily and cached.

    number: orders it in its log. kind: its SSE event name. size: approximate bytes on the wire.
    """

    def __init__(self, number: int, kind: str, size: int) -> None:
        self.number, self.kind, self.size = number, kind, size

    @abstractmethod
    def encode(self) -> bytes:
        """Its JSON document."""

    @abstractmethod
    def model(self) -> Any:
        """The item as a Python object."""

    @cached_property
    def json(self) -> bytes:
        return self.encode()

    @cached_property
    def frame(self) -> bytes:
        return encode_websocket_text_frame(self.json)

    @cached_property
    def chunk(self) -> bytes:
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self.number, self.kind.encode(), escape_line_ends(self.json))


class EncodedEvent(Item):
    """An event of the marketplace's log; its number is the sequence."""

    def __init__(self, stored: StoredEvent) -> None:
        super().__init__(stored.seq, stored.event.type, len(stored.event.data) + _ENVELOPE_OVERHEAD_BYTES)
        self.stored = stored

    @property
    def event(self) -> NewEvent:
        return self.stored.event

    def encode(self) -> bytes:
        """The CloudEvents document, as ``agora.event.list`` shows it too."""
        event = self.stored.event
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": event.event_id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "time": to_datetime(event.time),
            "datacontenttype": "application/json",
            "sequence": self.stored.seq,
        }
        return b'%b,"data":%b}' % (to_json(envelope)[:-1], event.data)

    def model(self) -> Event:
        event = self.stored.event
        return Event.model_construct(
            id=event.event_id,
            type=event.type,
            source=event.source,
            subject=event.subject,
            time=to_datetime(event.time),
            sequence=self.stored.seq,
            data=from_json(event.data),
        )


class EncodedEntry(Item):
    """An entry of a log that a stream follows."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.number, entry.kind, len(entry.json) + _ENVELOPE_OVERHEAD_BYTES)
        self._entry = entry

    def encode(self) -> bytes:
        return self._entry.json

    def model(self) -> Entry:
        return self._entry


class Batch:
    """Items delivered in one write; without items, a heartbeat.

    sequence: with this batch, all items for the reader up to this number are delivered.
    """

    def __init__(self, items: Sequence[Item], sequence: int) -> None:
        self.items, self.sequence = items, sequence

    @cached_property
    def size(self) -> int:
        """Approximate size in bytes."""
        return sum((item.size for item in self.items), _ENVELOPE_OVERHEAD_BYTES)

    @cached_property
    def texts(self) -> tuple[bytes, ...]:
        """Payloads of WebSocket messages."""
        if not self.items:
            return (b'{"control":"heartbeat","sequence":%d}' % self.sequence,)
        return tuple(item.json for item in self.items)

    @cached_property
    def frames(self) -> bytes:
        """WebSocket frames, ready for a transport."""
        if not self.items:
            return encode_websocket_text_frame(self.texts[0])
        if len(self.items) == 1:
            return self.items[0].frame
        return b"".join([item.frame for item in self.items])

    @cached_property
    def chunk(self) -> bytes:
        """SSE messages; a heartbeat is a comment that advances the position to resume from."""
        if not self.items:
            return b": heartbeat\nid: %d\n\n" % self.sequence
        return b"".join([item.chunk for item in self.items])
