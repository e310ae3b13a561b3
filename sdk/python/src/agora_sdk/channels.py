"""Channels: a live connection as a sequence of JSON frames."""

from __future__ import annotations

import json
from typing import Any, Protocol

__all__ = ["MAX_FRAME_BYTES", "Channel", "Disconnected", "Frame", "Refused", "decode_frame"]

Frame = dict[str, Any]

#: more than the largest event that a server can be configured to accept
MAX_FRAME_BYTES = 128 * 1024 * 1024


class Disconnected(Exception):
    """The connection ended. ``code`` is that of the WebSocket, if there was one."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason or (f"close code {code}" if code else "connection lost"))
        self.code, self.reason = code, reason


class Refused(Exception):
    """This kind of connection is not available; another one may be."""


class Channel(Protocol):
    """One connection."""

    async def receive(self) -> Frame:
        """Receive the next frame; raises :class:`Disconnected`."""
        ...

    async def acknowledge(self, sequence: int) -> None:
        """Acknowledge everything up to that position, if the connection is bidirectional."""

    async def close(self) -> None: ...


def decode_frame(text: str | bytes) -> Frame:
    """Decode a frame from its JSON."""
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict):
        # As a lost connection: the tail reconnects and resumes, since the frame may have been damaged or cut off on its way.
        raise Disconnected(None, "the server sent an invalid event")
    return frame
