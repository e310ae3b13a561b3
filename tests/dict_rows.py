"""Statements with rows as dictionaries, for tests that inspect stored tables without records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agora.store.port import Query

__all__ = ["DictQuery"]

Row = dict[str, Any]


def _load_dicts(rows: Sequence[Any], columns: Callable[[], Sequence[str]]) -> list[Row]:
    return [dict(zip(columns(), row, strict=True)) for row in rows]


class DictQuery(Query[Row]):
    def __init__(self, sql: str, **options: Any) -> None:
        super().__init__(sql, Row, **options)

    def load_records(self, rows: Sequence[Any], columns: Callable[[], Sequence[str]]) -> list[Row]:
        return _load_dicts(rows, columns)
