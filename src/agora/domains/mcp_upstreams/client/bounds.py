"""Size bounds of one upstream message: a small JSON text can take much memory."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_MESSAGE_BYTES", "MAX_MESSAGE_NODES", "check_size", "count_parts"]

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024  # bytes of a message
MAX_MESSAGE_NODES: Final = 300_000  # objects and lists of a message


def count_parts(data: bytes) -> int:
    """Objects and lists that begin in it, and the same characters in its texts."""
    return data.count(b"[") + data.count(b"{")


def check_size(data: bytes) -> bytes:
    """A message to be parsed; ValueError if it is not fit for it."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError(f"it is larger than {MAX_MESSAGE_BYTES} bytes")
    if count_parts(data) > MAX_MESSAGE_NODES:
        raise ValueError(f"it has more than {MAX_MESSAGE_NODES} objects and lists")
    return data
