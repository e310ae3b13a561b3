"""Size bounds of one upstream message: a small JSON text can take much memory."""

from __future__ import annotations

from typing import Final

__all__ = ["LARGEST", "MOST_PARTS", "check_size", "count_parts"]

LARGEST: Final = 8 * 1024 * 1024  # bytes of a message
MOST_PARTS: Final = 300_000  # objects and lists of a message


def count_parts(data: bytes) -> int:
    """Objects and lists that begin in it, and the same characters in its texts."""
    return data.count(b"[") + data.count(b"{")


def check_size(data: bytes) -> bytes:
    """A message to be parsed; ValueError if it is not fit for it."""
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    if count_parts(data) > MOST_PARTS:
        raise ValueError(f"it has more than {MOST_PARTS} objects and lists")
    return data
