"""Reads of committed data on a separate connection. Scans run in a thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..port import Query, R, Statement

__all__ = ["Reader", "load_all", "load_first"]


class Reader:
    """Statements of one tenant. ``scan`` runs one in a thread."""

    __slots__ = ("_connection", "_scan", "tenant")

    def __init__(
        self,
        connection: sqlite3.Connection,
        scan: Callable[[Query[Any], Mapping[str, Any]], Awaitable[Sequence[Any]]],
        tenant: str,
    ) -> None:
        self._connection, self._scan, self.tenant = connection, scan, tenant

    async def one(self, query: Query[R], /, **parameters: Any) -> R | None:
        rows = await self.all(query, **parameters)
        return rows[0] if rows else None

    async def all(self, query: Query[R], /, **parameters: Any) -> Sequence[R]:
        # Set last, overriding the arguments: a statement accesses only rows of its own tenant (ADR 17).
        parameters["tenant"] = self.tenant
        sql = query.confined_sql  # read here, so that a refused statement reaches no thread
        if query.scan:
            return await self._scan(query, parameters)
        return load_all(query, self._connection.execute(sql, parameters))


def load_all(statement: Statement[R], cursor: sqlite3.Cursor) -> list[R]:
    """Load all rows of the last statement."""
    return statement.load_records(cursor.fetchall(), lambda: [column[0] for column in cursor.description])


def load_first(statement: Statement[R], cursor: sqlite3.Cursor) -> R | None:
    """Load the first row of the last statement."""
    row = cursor.fetchone()
    if row is None:
        return None
    return statement.load_records((row,), lambda: [column[0] for column in cursor.description])[0]
