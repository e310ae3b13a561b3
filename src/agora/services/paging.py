"""Pages: cursors and bounded totals."""

from __future__ import annotations

import base64
import binascii

from pydantic_core import from_json, to_json

from agora_sdk.errors import InvalidRequest

__all__ = ["EXACT_UP_TO", "bounded", "decode", "encode"]

EXACT_UP_TO = 10_000


def encode(*position: str | int | float) -> str:
    """Opaque cursor of a position."""
    return base64.urlsafe_b64encode(to_json(position)).rstrip(b"=").decode()


def decode(cursor: str, size: int = 1) -> list[str | int | float]:
    """Position of a cursor made by :func:`encode`; InvalidRequest for anything else."""
    try:
        position = from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = None
    if (
        not isinstance(position, list)
        or len(position) != size
        or not all(isinstance(part, str | int | float) for part in position)
    ):
        raise InvalidRequest(
            "The cursor is not one of this server's.",
            fix="Use 'next_cursor' of the page before, unchanged.",
            errors=[{"field": "cursor", "message": "malformed"}],
        )
    return position


def bounded(counted: int) -> tuple[int, bool]:
    """A total counted up to one above the limit: (total, whether it is only a lower estimate)."""
    return (EXACT_UP_TO, True) if counted > EXACT_UP_TO else (counted, False)
