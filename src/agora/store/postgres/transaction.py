"""A transaction on one connection: reads for one call or for many at once, appended rows, events, COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from ..event_table import encode_audience
from ..port import NewEvent, Query, StoreFailure, Table, Tally, Write
from . import sql
from .calls import Request, ResultKind
from .failures import ConnectionLost, OutcomeUnknown, is_closed, is_connection_loss

__all__ = ["SharedRow", "Transaction"]

ROLLBACK_SECONDS = 1.0  # a connection that takes longer is terminated

Rows = Mapping[Table[Any], Sequence[tuple[Any, ...]]]

# The update of event_heads locks the tenant's row until COMMIT: the next transaction takes its numbers after this commit,
# so sequence numbers have no gaps (a rollback returns them) and readers never see 6 before 5. See ADR 16.
_INSERT_EVENTS = """
with head as (
    insert into event_heads (tenant_id, seq) values ($1::text, $2::bigint)
    on conflict (tenant_id) do update set seq = event_heads.seq + excluded.seq
    returning seq - $2::bigint as base
), logged as (
    insert into events (tenant_id, seq, event_id, type, source, subject, time, data, audience)
    select $1::text, head.base + e.ord, e.event_id, e.type, e.source, e.subject, e.time, e.data, e.audience
    from head, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[], $9::text[])
        with ordinality as e(event_id, type, source, subject, time, data, audience, ord)
)
select base, case when $10::text is not null
    then pg_notify('agora', $10 || ' ' || $1 || ' ' || base + $2 || ' ' || $2) end from head
"""


class SharedRow(asyncpg.Record):  # type: ignore[misc]
    """A row of a shared statement. The last column is the number of its call."""

    __slots__ = ()


class Transaction:
    """BEGIN to COMMIT for one tenant."""

    __slots__ = ("_connection", "_open", "_tenant")

    def __init__(self, connection: asyncpg.Connection, tenant: str) -> None:
        self._connection, self._tenant = connection, tenant
        self._open = False

    async def begin(self, mode: str = "") -> None:
        """Begin the transaction and set its tenant in one round trip."""
        tenant = sql.quote_literal(self._tenant)
        self._open = True
        await self._connection.execute(f"begin {mode}; select set_config('app.current_tenant_id', {tenant}, true)")

    async def run_request(self, request: Request) -> Any:
        """Run one call's statement."""
        return await self.run_statement(request.kind, request.text.sql, request.values)

    async def run_statement(self, kind: ResultKind, text: str, values: Sequence[Any]) -> Any:
        if kind is ResultKind.ONE:
            return await self._connection.fetchrow(text, *values)
        if kind is ResultKind.COUNT:
            # The command tag ends with the number of rows, such as ``UPDATE 3``.
            status = await self._connection.execute(text, *values)
            return int(status.rpartition(" ")[2])
        return await self._connection.fetch(text, *values)

    async def run_requests(self, requests: Iterable[Request]) -> list[Any]:
        """Run the statements of many calls, each distinct one in one round trip. Returns the answers in order."""
        requests = list(requests)
        groups: dict[tuple[Any, ResultKind], list[int]] = {}
        for position, request in enumerate(requests):
            groups.setdefault((request.statement, request.kind), []).append(position)
        answers: list[Any] = [None] * len(requests)
        for (statement, kind), positions in groups.items():
            values = [requests[position].values for position in positions]
            run = self._run_distinct_queries if isinstance(statement, Query) else self._run_each_write
            for position, answer in zip(positions, await run(statement, kind, values), strict=True):
                answers[position] = answer
        return answers

    async def _run_distinct_queries(
        self, query: Query[Any], kind: ResultKind, requests: list[tuple[Any, ...]]
    ) -> list[Any]:
        """Run a query once for each distinct set of values."""
        # Many calls read the same row, such as their tenant's or a common recipient's.
        distinct = {values: at for at, values in enumerate(dict.fromkeys(requests))}
        rows = await self._answer_distinct_values(query, kind, list(distinct))
        answers = (rows[distinct[values]] for values in requests)
        # A list of its own for each call: a service may change the one that it got.
        return [list(answer) for answer in answers] if kind is ResultKind.ALL else list(answers)

    async def _run_each_write(self, write: Write[Any], kind: ResultKind, requests: list[tuple[Any, ...]]) -> list[Any]:
        """Run a write for each call in a pipeline."""
        if len(requests) == 1:
            return [await self.run_statement(kind, sql.build_single_text(write).sql, requests[0])]
        if kind is ResultKind.COUNT:
            rows = await self._connection.fetchmany(sql.build_pipelined_text(write, True), requests)
            return [row["changed"] for row in rows]
        if (text := sql.build_batched_text(write)) is not None:
            return await self._run_alike_writes(write, text, requests)
        numbered = [(*values, at) for at, values in enumerate(requests, 1)]
        return _group_rows(
            await self._connection.fetchmany(sql.build_pipelined_text(write, False), numbered, record_class=SharedRow),
            requests,
        )

    async def _run_alike_writes(
        self, write: Write[Any], text: sql.SqlText, requests: list[tuple[Any, ...]]
    ) -> list[Any]:
        """Run a write once for each group of calls with equal values of ``write.alike``."""
        names = sql.build_single_text(write).names
        groups: dict[tuple[Any, ...], list[int]] = {}
        for at, values in enumerate(requests):
            groups.setdefault(tuple(values[names.index(name)] for name in write.alike), []).append(at)
        answers: list[Any] = [()] * len(requests)
        for alike, members in groups.items():
            columns = dict(zip(names, map(list, zip(*(requests[at] for at in members), strict=True)), strict=True))
            arrays = [columns[name] for name in text.names[len(alike) + 2 :]]
            rows = await self._connection.fetch(
                text.sql, self._tenant, *alike, len(members), *arrays, record_class=SharedRow
            )
            for at, own in zip(members, _group_rows(rows, members), strict=True):
                answers[at] = own
        return answers

    async def _answer_distinct_values(
        self, query: Query[Any], kind: ResultKind, distinct: list[tuple[Any, ...]]
    ) -> list[Any]:
        """Answers for distinct values, in their order."""
        shared = sql.build_shared_text(query, kind is ResultKind.ONE) if len(distinct) > 1 else None
        if shared is None:
            text = (sql.build_skip_locked_text(query) if query.lock else sql.build_single_text(query)).sql
            return [await self.run_statement(kind, text, values) for values in distinct]
        names = sql.build_single_text(query).names
        columns = dict(zip(names, map(list, zip(*distinct, strict=True)), strict=True))
        arrays = [columns[name] for name in shared.names]
        rows = await self._connection.fetch(shared.sql, self._tenant, *arrays, record_class=SharedRow)
        grouped = _group_rows(rows, distinct)
        return [group[0] if group else None for group in grouped] if kind is ResultKind.ONE else grouped

    async def insert_rows(self, rows: Rows) -> None:
        """Write appended rows in one round trip, then each tally in one, always in the same order."""
        # One order in every transaction, tables by name and tallies by key: two that insert the same keys cannot deadlock.
        tables = sorted((table for table in rows if not isinstance(table, Tally)), key=lambda table: table.name)
        if len(tables) == 1 and len(rows[tables[0]]) == 1:
            await self._connection.execute(sql.build_insert_one_text(tables[0]), *rows[tables[0]][0])
        elif tables:
            text = (
                sql.build_insert_all_text(tuple(tables)) if len(tables) > 1 else sql.build_insert_many_text(tables[0])
            )
            columns = [list(column) for table in tables for column in zip(*rows[table], strict=True)]
            await self._connection.execute(text, *columns)
        for tally in sorted((table for table in rows if isinstance(table, Tally)), key=lambda table: table.name):
            await self._add_tally(tally, sorted(rows[tally], key=tally.key_of))

    async def _add_tally(self, tally: Tally[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        text = sql.build_single_text(tally.add)
        values = [sql.bind_values(text, self._tenant, tally.row_parameters(row)) for row in rows]
        await self._connection.executemany(text.sql, values)

    async def append_events(self, events: Sequence[NewEvent], notification_prefix: str | None = None) -> int:
        """Number and log events. Returns the sequence before the first.

        notification_prefix: prefix of the notification to other servers, which PostgreSQL delivers at the commit.

        The tenant's head stays locked until the end of the transaction, so that sequence numbers follow the order of
        the commits: only COMMIT may follow.
        """
        columns = zip(
            *((e.event_id, e.type, e.source, e.subject, e.time, e.data, encode_audience(e.audience)) for e in events),
            strict=True,
        )
        base = await self._connection.fetchval(
            _INSERT_EVENTS, self._tenant, len(events), *map(list, columns), notification_prefix
        )
        return int(base)

    async def commit(self) -> None:
        """Commit. Raises OutcomeUnknown if the connection is lost during COMMIT, ConnectionLost if before."""
        if is_closed(self._connection):
            raise ConnectionLost("The connection to PostgreSQL was lost before the commit.")
        # From here on, the outcome is unknown after a lost connection: the server may have committed before.
        try:
            status = await self._connection.execute("commit")
        except Exception as error:
            if is_connection_loss(self._connection, error):
                raise OutcomeUnknown from error
            raise
        # COMMIT of a failed transaction succeeds with the status ROLLBACK.
        if status != "COMMIT":
            raise StoreFailure("PostgreSQL rolled the transaction back instead of committing it")
        self._open = False

    async def roll_back_unless_committed(self) -> None:
        """Roll back an open transaction. If the rollback fails or is cancelled, the connection is terminated."""
        if not self._open:
            return
        self._open = False
        try:
            async with asyncio.timeout(ROLLBACK_SECONDS):
                await self._connection.execute("rollback")
        except Exception:
            self.terminate_connection()
        except BaseException:
            self.terminate_connection()
            raise

    def terminate_connection(self) -> None:
        """Terminate the connection, even if it was already returned to the pool."""
        self._open = False
        with contextlib.suppress(asyncpg.InterfaceError):
            self._connection.terminate()


def _group_rows(rows: Sequence[Any], requests: Sequence[Any]) -> list[list[Any]]:
    """Group rows by call."""
    grouped: list[list[Any]] = [[] for _ in requests]
    for row in rows:
        grouped[row["_ord"] - 1].append(row)
    return grouped
