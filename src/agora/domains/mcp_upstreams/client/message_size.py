"""Size bounds of a single upstream message: a small JSON text can require much memory."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_MESSAGE_BYTES", "MAX_MESSAGE_NODES", "count_opening_brackets", "require_parseable_size"]

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024  # bytes per message
MAX_MESSAGE_NODES: Final = 300_000  # objects and lists per message


def count_opening_brackets(data: bytes) -> int:
    """Count the opening brackets, an upper bound of the number of objects and lists."""
    # Counted in the raw bytes: brackets in texts count too, but nothing is parsed before the limit is checked.
    return data.count(b"[") + data.count(b"{")


def require_parseable_size(data: bytes) -> bytes:
    """Check the size of a message before parsing. Raises ValueError."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError(f"it is larger than {MAX_MESSAGE_BYTES} bytes")
    if count_opening_brackets(data) > MAX_MESSAGE_NODES:
        raise ValueError(f"it has more than {MAX_MESSAGE_NODES} objects and lists")
    return data
