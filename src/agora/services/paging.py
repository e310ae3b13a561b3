"""Pages: cursors and bounded totals."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from agora_sdk.errors import InvalidRequest

from ..store.port import Query, Reader

__all__ = ["EXACT_UP_TO", "bounded", "decode", "encode", "total"]

EXACT_UP_TO = 10_000
LARGEST = 2**63 - 1


def encode(*position: str | int | float) -> str:
    """Opaque cursor of a position."""
    return base64.urlsafe_b64encode(to_json(position)).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type) -> list[Any]:
    """Position of a cursor made by :func:`encode`, of parts of these kinds; InvalidRequest for anything else.

    Without kinds it is one text, such as an id. Numbers are those a database column holds.
    """
    kinds = kinds or (str,)
    try:
        position = from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = None
    if (
        not isinstance(position, list)
        or len(position) != len(kinds)
        or any(type(part) is not kind for part, kind in zip(position, kinds, strict=True))
        or any(isinstance(part, int) and abs(part) > LARGEST for part in position)
        or any(isinstance(part, str) and "\0" in part for part in position)
    ):
        raise InvalidRequest(
            "The cursor is not one of this server's.",
            fix="Use 'next_cursor' of the page before, unchanged.",
            errors=[{"field": "cursor", "message": "malformed"}],
        )
    return position


async def total(tx: Reader, query: Query, parameters: Mapping[str, Any]) -> tuple[int, bool]:
    """How many rows there are in all, as :func:`bounded` tells it; the query counts up to ``:limit``."""
    row = await tx.one(query, **parameters, limit=EXACT_UP_TO + 1)
    return bounded(row["total"] if row is not None else 0)


def bounded(counted: int) -> tuple[int, bool]:
    """A total counted up to one above the limit: (total, whether it is only a lower estimate)."""
    return (EXACT_UP_TO, True) if counted > EXACT_UP_TO else (counted, False)
