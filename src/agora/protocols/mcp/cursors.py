"""Cursors: where the next page begins, as text that a client hands back unread."""

from __future__ import annotations

import base64
import binascii

from .exchange import INVALID_PARAMS, JsonRpcError

__all__ = ["decode_cursor", "encode_cursor"]

MAX_CURSOR_LENGTH = 2000


def encode_cursor(position: str) -> str:
    """A position as a cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str:
    """The position in a cursor, empty for none; raises Refusal for what is no cursor."""
    if cursor is None:
        return ""
    try:
        if len(cursor) > MAX_CURSOR_LENGTH:
            raise ValueError
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise JsonRpcError(INVALID_PARAMS, "Invalid cursor: leave it out to begin again.") from None
