"""Reading on a connection of its own: committed data only; what may scan goes to a thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..port import Query, Row

__all__ = ["Reader"]


class Reader:
    """Statements of one tenant. ``scan`` runs one in a thread."""

    __slots__ = ("_connection", "_scan", "tenant")

    def __init__(
        self,
        connection: sqlite3.Connection,
        scan: Callable[[str, Mapping[str, Any]], Awaitable[Sequence[Row]]],
        tenant: str,
    ) -> None:
        self._connection, self._scan, self.tenant = connection, scan, tenant

    async def one(self, query: Query, /, **parameters: Any) -> Row | None:
        rows = await self.all(query, **parameters)
        return rows[0] if rows else None

    async def all(self, query: Query, /, **parameters: Any) -> Sequence[Row]:
        parameters["tenant"] = self.tenant
        if query.scan:
            return await self._scan(query.safe, parameters)
        return self._connection.execute(query.safe, parameters).fetchall()
