"""Server-sent events in response to a POST request."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import to_json

from agora.core.events.frames import escape_line_ends
from agora.protocols.http import Send

__all__ = ["EventResponse"]

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class EventResponse:
    """A response that starts with its first event."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._send, self.has_started, self._headers = send, False, [*STREAM_HEADERS, *headers]

    async def send_piece(self, received: float, total: float | None, text: str | None) -> None:
        await self.send_event("piece", to_json({"content": text or ""}))

    async def send_event(self, name: str, data: bytes) -> None:
        # Not before the first event: until then an error can still have its HTTP status.
        if not self.has_started:
            self.has_started = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
        frame = b"event: " + name.encode() + b"\ndata: " + escape_line_ends(data) + b"\n\n"
        await self._send({"type": "http.response.body", "body": frame, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})
