"""Cursors: positions of the next page as opaque text."""

from __future__ import annotations

import base64
import binascii

from .request_context import INVALID_PARAMS, JsonRpcError

__all__ = ["decode_cursor", "encode_cursor"]

MAX_CURSOR_LENGTH = 2000


def encode_cursor(position: str) -> str:
    """Encode a position as a cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str:
    """Decode the position of a cursor; empty for None. Raises JsonRpcError for an invalid cursor."""
    if cursor is None:
        return ""
    try:
        if len(cursor) > MAX_CURSOR_LENGTH:
            raise ValueError
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise JsonRpcError(INVALID_PARAMS, "Invalid cursor: leave it out to begin again.") from None
