"""One call's transaction on the writer's connection, and the batch it joins."""

from __future__ import annotations

import sqlite3
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar, cast

from ..checked_statements import TENANT_COLUMN
from ..event_table import EVENTS, EventRow, encode_audience
from ..port import (
    NewEvent,
    Query,
    R,
    Statement,
    StoredEvent,
    SuspendedInTransaction,
    Table,
    Tally,
    TxClosed,
    Write,
)
from .reading import load_all, load_first

__all__ = ["Batch", "Transaction", "insert_batch_rows", "run_to_completion"]

T = TypeVar("T")


def run_to_completion(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that must not suspend. Suspending fails the call."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    # One writer, no interleaving: a suspended call would leave its savepoint open under the calls of others.
    coroutine.close()
    name = getattr(coroutine, "__qualname__", "the work")
    raise SuspendedInTransaction(f"{name} awaited something that is not the store")


class Batch:
    """Contents of a commit: unwritten rows by table, and events in order."""

    __slots__ = ("events", "heads", "rows")

    def __init__(self) -> None:
        self.rows: dict[Table[Any], list[tuple[Any, ...]]] = {}
        self.events: list[StoredEvent] = []
        self.heads: dict[str, int] = {}


class Transaction:
    """One call's transaction on the writer's connection."""

    __slots__ = ("_batch", "_connection", "_new_events", "_open", "_pending_rows", "_rows", "_savepoint", "tenant")

    def __init__(self, connection: sqlite3.Connection, batch: Batch, tenant: str) -> None:
        self.tenant = tenant
        self._connection = connection
        self._batch = batch
        # By table, so that a statement checks tables instead of each buffered row.
        self._rows: dict[Table[Any], list[tuple[Any, ...]]] = {}
        self._new_events: list[NewEvent] = []
        self._savepoint = False
        self._pending_rows: dict[Table[Any], list[tuple[Any, ...]]] = {}
        self._open = True

    async def one(self, query: Query[R], /, **parameters: Any) -> R | None:
        self._flush_rows_of_tables(query.table_names)
        return load_first(query, self._run_statement(query, parameters))

    async def all(self, query: Query[R], /, **parameters: Any) -> Sequence[R]:
        self._flush_rows_of_tables(query.table_names)
        return load_all(query, self._run_statement(query, parameters))

    def append(self, table: Table[R], record: R, /) -> None:
        if not self._open:
            raise _build_closed_error()
        self._rows.setdefault(table, []).append(table.to_row(record, self.tenant))

    def emit(self, event: NewEvent, /) -> None:
        if not self._open:
            raise _build_closed_error()
        self._new_events.append(event)

    async def execute(self, write: Write[Any], /, **parameters: Any) -> int:
        self._begin_change(write.table_names)
        cursor = self._run_statement(write, parameters)
        cursor.fetchall()  # a statement with ``returning`` counts its rows as they are read
        return cursor.rowcount

    async def returning(self, write: Write[R], /, **parameters: Any) -> Sequence[R]:
        self._begin_change(write.table_names)
        return load_all(write, self._run_statement(write, parameters))

    def _run_statement(self, statement: Statement[Any], parameters: dict[str, Any]) -> sqlite3.Cursor:
        # Set last, overriding the arguments: a statement accesses only rows of its own tenant (ADR 17).
        parameters["tenant"] = self.tenant
        return self._connection.execute(statement.confined_sql, parameters)

    def _flush_rows_of_tables(self, tables: frozenset[str]) -> None:
        """Make buffered rows of these tables visible to the statement about to run."""
        if not self._open:
            raise _build_closed_error()
        # A read must include buffered rows of this call and of earlier calls of the batch (ADR 2).
        if self._rows and _holds_rows_of(self._rows, tables):
            self._begin_change(tables)
        elif _holds_rows_of(self._batch.rows, tables):
            self._write_batch_rows(tables)

    def _begin_change(self, tables: frozenset[str]) -> None:
        """Open the call's savepoint, and write the rows of these tables that are still buffered."""
        if not self._open:
            raise _build_closed_error()
        if _holds_rows_of(self._batch.rows, tables):
            self._write_batch_rows(tables)
        # The savepoint is opened late: most calls only append rows, and are committed without one.
        if not self._savepoint:
            self._connection.execute("savepoint call")
            self._savepoint = True
        for table in [table for table in self._rows if table.name in tables]:
            _append_rows(self._connection, table, self._rows.pop(table))

    def _write_batch_rows(self, tables: frozenset[str]) -> None:
        """Write rows that earlier calls of the batch have buffered for these tables.

        A rollback of this call's savepoint would remove them, so they are kept until then.
        """
        tables_to_write = [table for table in self._batch.rows if table.name in tables]
        for table in tables_to_write:
            rows = self._batch.rows[table]
            _append_rows(self._connection, table, rows)  # if it fails they stay, and fail the whole batch
            del self._batch.rows[table]
            if self._savepoint:
                self._pending_rows.setdefault(table, []).extend(rows)

    def merge_into_batch(self) -> None:
        """Release the savepoint of a successful call, and add its rows and numbered events to the batch."""
        self._open = False
        if self._savepoint:
            self._connection.execute("release call")
        # Still not written: the rows of all calls are inserted table by table when the batch ends (ADR 2).
        for table, rows in self._rows.items():
            self._batch.rows.setdefault(table, []).extend(rows)
        if self._new_events:
            self._number_events()

    def roll_back_call(self) -> None:
        """Roll back the changes of a failed call."""
        self._open = False
        if self._savepoint:
            self._connection.execute("rollback to call")
            self._connection.execute("release call")
            # The rollback also removed rows of earlier calls that were written within the savepoint: buffer them again.
            for table, rows in self._pending_rows.items():
                self._batch.rows.setdefault(table, []).extend(rows)

    def _number_events(self) -> None:
        batch, tenant = self._batch, self.tenant
        rows = batch.rows.setdefault(EVENTS, [])
        # Numbered in Python: the writer is the only connection that writes, and a batch that fails is rolled back whole.
        sequence = batch.heads[tenant] if tenant in batch.heads else _read_head(self._connection, tenant)
        for event in self._new_events:
            sequence += 1
            batch.events.append(StoredEvent(tenant, sequence, event))
            row = EventRow(
                tenant_id=tenant,
                seq=sequence,
                event_id=event.event_id,
                type=event.type,
                source=event.source,
                subject=event.subject,
                time=event.time,
                data=event.data,
                audience=encode_audience(event.audience),
            )
            rows.append(EVENTS.to_row(row, tenant))
        batch.heads[tenant] = sequence


def _build_closed_error() -> TxClosed:
    return TxClosed("the transaction was used after its call had ended")


def _holds_rows_of(buffered: dict[Table[Any], list[tuple[Any, ...]]], tables: frozenset[str]) -> bool:
    for table in buffered:  # noqa: SIM110 - a generator costs more than the few names that it looks at
        if table.name in tables:
            return True
    return False


def _read_head(connection: sqlite3.Connection, tenant: str) -> int:
    row = connection.execute("select max(seq) from events where tenant_id = ?", (tenant,)).fetchone()
    return row[0] or 0


def _append_rows(connection: sqlite3.Connection, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    if isinstance(table, Tally):
        connection.executemany(table.add.confined_sql, [_list_tally_values(table, row) for row in rows])
    else:
        connection.executemany(_build_insert_text(table), rows)


def _list_tally_values(tally: Tally[Any], row: tuple[Any, ...]) -> dict[str, Any]:
    values = tally.row_parameters(row)
    return values | {"tenant": values[TENANT_COLUMN]}


_inserts: dict[Table[Any], str] = {}


def _build_insert_text(table: Table[Any]) -> str:
    text = _inserts.get(table)
    if text is None:
        names, marks = ", ".join(table.column_names), ", ".join("?" * len(table.column_names))
        text = _inserts[table] = f"insert into {table.name} ({names}) values ({marks})"
    return text


def insert_batch_rows(connection: sqlite3.Connection, batch: Batch) -> None:
    for table, rows in batch.rows.items():
        if rows:
            _append_rows(connection, table, rows)
    batch.rows.clear()
