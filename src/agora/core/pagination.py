"""Pagination: cursors, page limits in bytes, and bounded totals."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic_core import from_json, to_json

from agora.store.port import Query, Reader
from agora.store.records import list_record_values
from agora_sdk.errors import InvalidRequest, field_error

from .call import Call

__all__ = [
    "MAX_EXACT_TOTAL",
    "MAX_PAGE_BYTES",
    "PageBudget",
    "build_page_fields",
    "build_uncounted_page_fields",
    "count_rows_up_to_limit",
    "decode_cursor",
    "encode_cursor",
    "fill_page_with_rows",
    "read_page",
    "read_query_page",
    "split_bounded_total",
    "take_fitting_rows",
]

MAX_EXACT_TOTAL = 10_000
MIN_READ_ROWS = 4  # rows read by one statement if they may be large
MAX_READ_ROWS = 47  # the same if the previous rows were small
SMALL_ROW_BYTES = 4096  # bytes
MAX_PAGE_BYTES = 262_144  # of a log, held by one stream until its reader has room
MAX_BYTES_PER_CHARACTER = 6  # bytes of one character in JSON
MAX_INTEGER = 2**63 - 1


def encode_cursor(*position: str | int | float) -> str:
    """Opaque cursor of a position."""
    return base64.urlsafe_b64encode(to_json(position)).rstrip(b"=").decode()


def build_page_fields(items: Sequence[Any], *position: str, more: bool, cursor: str | None) -> dict[str, Any]:
    """Build the common fields of a page: count, total (if complete) and next cursor.

    position: the attributes of the last item that the next page begins after.
    """
    total = None if more or cursor else len(items)
    return {"total": total} | build_uncounted_page_fields(items, *position, more=more)


def build_uncounted_page_fields(items: Sequence[Any], *position: str, more: bool) -> dict[str, Any]:
    """Build the common fields of a page as :func:`build_page_fields`, without the total."""
    following = encode_cursor(*(getattr(items[-1], name) for name in position)) if more else None
    return {"count": len(items), "has_more": more, "next_cursor": following}


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Decode a cursor of :func:`encode_cursor` with parts of these types. Raises InvalidRequest.

    Without kinds it is one text, such as an id. Numbers must fit into a database column.
    """
    kinds = kinds or (str,)
    try:
        # The padding is removed from cursors, because ``=`` would be escaped in a query string.
        position = from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = None
    if (
        not isinstance(position, list)
        or len(position) != len(kinds)
        # Exact types: ``true`` is an int to isinstance, and PostgreSQL would refuse it for a bigint.
        or any(type(part) is not kind for part, kind in zip(position, kinds, strict=True))
        or any(isinstance(part, int) and abs(part) > MAX_INTEGER for part in position)
        # PostgreSQL refuses NUL in a text, which would be an internal error instead of the caller's.
        or any(isinstance(part, str) and "\0" in part for part in position)
    ):
        raise InvalidRequest(
            "The cursor is invalid.",
            fix="Use 'next_cursor' of the page before, unchanged.",
            errors=[field_error("cursor", "malformed")],
        )
    return position


T = TypeVar("T")


class PageBudget:
    """Size limit of a page in bytes of JSON.

    size: used bytes, exactly or as an upper bound. full: whether an item did not fit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: list[str | bytes] = []  # of the items so far, until their exact size is needed
        self._exact: int | None = None
        self._empty = True
        self.size = 0
        self.full = False

    def take_if_fits(self, values: Iterable[Any]) -> bool:
        """Count an item's texts. Returns False if the page has no room; the first item always fits."""
        texts = [value for value in values if isinstance(value, str | bytes)]
        if self._exact is None:
            # An upper bound first: most pages are small, and encoding every text to measure it would cost as much as the answer.
            self.size += MAX_BYTES_PER_CHARACTER * sum(map(len, texts))
            self._values += texts
            if self.size > self._limit:  # look closer
                self._exact = self.size = sum(map(_measure_json_size, self._values))
                self._values = []
        else:
            self.size += sum(map(_measure_json_size, texts))
        # The first item always fits: a cursor could never get past an item larger than a page.
        if self.size > self._limit and not self._empty:
            self.full = True
        self._empty = False
        return not self.full

    @property
    def remaining_bytes(self) -> int:
        """Remaining bytes."""
        return max(0, self._limit - self.size)


def _measure_json_size(value: str | bytes) -> int:
    return len(value) if isinstance(value, bytes) else len(to_json(value))


def take_fitting_rows(rows: Sequence[T], limit: int, max_bytes: int) -> tuple[Sequence[T], bool]:
    """Take at most ``limit`` rows that fit into ``max_bytes`` bytes. Returns them, and whether there are more."""
    budget = PageBudget(max_bytes)
    for count, row in enumerate(rows):
        if count == limit or not budget.take_if_fits(list_record_values(row)):
            return rows[:count], True
    return rows, False


async def read_query_page(
    call: Call,
    query: Query[T],
    column: str,
    limit: int,
    cursor: str | None,
    /,
    *,
    first: str | int = "",
    **parameters: Any,
) -> tuple[list[T], bool]:
    """Read the page of a query's rows that begins at a cursor. Returns the rows, and whether there are more.

    query: takes ``limit``, and ``after`` or ``before``: the value of ``column`` in the row before. first: that of the first
    page. Raises InvalidRequest.
    """
    place = "before" if "before" in query.parameter_names else "after"
    position = decode_cursor(cursor, type(first))[0] if cursor else first

    def read_rows(position: str | int, count: int) -> Awaitable[Sequence[T]]:
        return call.tx.all(query, **parameters, **{place: position}, limit=count)

    return await read_page(read_rows, position, column, limit, call.context.settings.page_bytes)


async def read_page(
    read: Callable[[Any, int], Awaitable[Sequence[T]]],
    position: Any,
    column: str | tuple[str, ...],
    limit: int,
    max_bytes: int,
) -> tuple[list[T], bool]:
    """Read a page of possibly large rows in small steps. Returns the rows, and whether there are more.

    read: returns at most that many rows after a position: the value of ``column``, or of several columns, in the
    previous row.
    """
    return await fill_page_with_rows(read, position, column, limit, PageBudget(max_bytes))


async def fill_page_with_rows(
    read: Callable[[Any, int], Awaitable[Sequence[T]]],
    position: Any,
    column: str | tuple[str, ...],
    limit: int,
    budget: PageBudget,
) -> tuple[list[T], bool]:
    """Like :func:`read_page`, for a partly filled page."""
    rows: list[T] = []
    while True:
        # Few at first: one statement must not load dozens of rows of a megabyte each to return the first.
        small = rows and budget.size < SMALL_ROW_BYTES * len(rows)
        # One more than requested: it shows whether there is a next page, without a second query.
        count = min(limit + 1 - len(rows), MAX_READ_ROWS if small else MIN_READ_ROWS)
        following = await read(position, count)
        for row in following:
            if len(rows) == limit or not budget.take_if_fits(list_record_values(row)):
                return rows, True
            rows.append(row)
        if len(following) < count:
            return rows, False
        last = rows[-1]
        position = getattr(last, column) if isinstance(column, str) else tuple(getattr(last, name) for name in column)


async def count_rows_up_to_limit(tx: Reader, query: Query[int], parameters: Mapping[str, Any]) -> tuple[int, bool]:
    """Count rows, bounded as :func:`split_bounded_total` describes; the query counts up to ``:limit``."""
    return split_bounded_total(await tx.one(query, **parameters, limit=MAX_EXACT_TOTAL + 1) or 0)


def split_bounded_total(count: int) -> tuple[int, bool]:
    """Convert a count of at most limit + 1 to (total, whether it is a lower bound)."""
    return (MAX_EXACT_TOTAL, True) if count > MAX_EXACT_TOTAL else (count, False)
