"""A call: its work, the transaction interface for the work, and an attempt at running it.

Nothing here talks to the database. The work awaits a :class:`Request`, which yields itself to the driver of the
attempt; the answer is passed to the next step.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import asyncpg

from agora.scheduling import Owner

from ..outages import Outages
from ..port import NewEvent, Query, R, Statement, StoreUnavailable, SuspendedInTransaction, Table, TxClosed, Work, Write
from . import sql

__all__ = ["Attempt", "Call", "PostgresTx", "Request", "ResultKind", "load_answer"]

log = logging.getLogger(__name__)


class ResultKind(Enum):
    """Kind of a request's result."""

    ONE = auto()
    ALL = auto()
    COUNT = auto()
    RETURNING = auto()


def load_answer(statement: Statement[Any], kind: ResultKind, answer: Any) -> Any:
    """Load the rows of an answer as the statement's records."""
    if not answer or kind is ResultKind.COUNT:
        return answer
    if kind is ResultKind.ONE:
        return statement.load_records((answer,), lambda: _list_column_names(answer))[0]
    return statement.load_records(answer, lambda: _list_column_names(answer[0]))


def _list_column_names(row: asyncpg.Record) -> list[str]:
    return list(row.keys())


class Request:
    """One statement with its values, awaited by the work and answered by the engine."""

    __slots__ = ("kind", "statement", "text", "tx", "values")

    def __init__(self, tx: PostgresTx, kind: ResultKind, statement: Statement[Any], parameters: dict[str, Any]) -> None:
        self.tx, self.kind, self.statement = tx, kind, statement
        self.text = sql.build_single_text(statement)
        self.values = sql.bind_values(self.text, tx.tenant, parameters)

    def __await__(self) -> Generator[Request, Any, Any]:
        # Yields to Attempt.step_work: no task waits here, the engine resumes the coroutine with the database's answer.
        self.tx.require_open()
        return load_answer(self.statement, self.kind, (yield self))

    @property
    def needs_own_transaction(self) -> bool:
        """Whether it needs a separate transaction: the rows it locks or changes are unknown, or it must see new rows of
        its call."""
        statement = self.statement
        if isinstance(statement, Query):
            declared = not statement.lock or statement.row is not None
        else:
            declared = isinstance(statement, Write) and not (statement.row is None and statement.takes is None)
        return not declared or self.tx.has_unwritten_rows(statement)

    @property
    def locks_row(self) -> bool:
        """Whether it locks a row."""
        return isinstance(self.statement, Query) and self.statement.lock

    @property
    def locked_row(self) -> tuple[str, Any] | None:
        """The row that it locks or changes, as parameter name and value."""
        name = self.statement.row if isinstance(self.statement, Query | Write) else None
        return None if name is None else (name, self.values[self.text.names.index(name)])


class PostgresTx:
    """One call's transaction: reads are requests, new rows and events are buffered."""

    __slots__ = ("_open", "events", "rows", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.rows: dict[Table[Any], list[tuple[Any, ...]]] = {}
        self.events: list[NewEvent] = []
        self._open = True

    def one(self, query: Query[Any], /, **parameters: Any) -> Request:
        self.require_open()
        return Request(self, ResultKind.ONE, query, parameters)

    def all(self, query: Query[Any], /, **parameters: Any) -> Request:
        self.require_open()
        return Request(self, ResultKind.ALL, query, parameters)

    def append(self, table: Table[R], record: R, /) -> None:
        self.require_open()
        self.rows.setdefault(table, []).append(table.to_row(record, self.tenant))

    def emit(self, event: NewEvent, /) -> None:
        self.require_open()
        self.events.append(event)

    def execute(self, write: Write[Any], /, **parameters: Any) -> Request:
        self.require_open()
        return Request(self, ResultKind.COUNT, write, parameters)

    def returning(self, write: Write[Any], /, **parameters: Any) -> Request:
        self.require_open()
        return Request(self, ResultKind.RETURNING, write, parameters)

    def require_open(self) -> None:
        if not self._open:
            raise TxClosed("the transaction was used after its call had ended")

    def has_unwritten_rows(self, statement: Statement[Any]) -> bool:
        """Whether rows buffered by this call belong to a table that the statement touches."""
        return any(table.name in sql.list_statement_words(statement) for table in self.rows)

    def close(self) -> None:
        self._open = False


@dataclass(slots=True, eq=False)
class Call:
    """A piece of work waiting for its commit.

    started: whether an attempt at it has begun, so that it may be committed even after its caller was answered.
    """

    tenant: str
    label: str
    work: Work[Any]
    future: asyncio.Future[Any]
    context: contextvars.Context
    outages: Outages
    owner: Owner | None = None
    started: bool = False
    timer: asyncio.TimerHandle | None = None

    def start_timeout(self, seconds: float) -> None:
        """Fail the call unless it is answered within that time."""
        self.timer = self.future.get_loop().call_later(seconds, self._fail_expired, seconds)

    def _fail_expired(self, seconds: float) -> None:
        # A started call may still be committed by its batch: its caller must not assume that it had no effect.
        detail = f"PostgreSQL did not answer within {seconds:g} s."
        self.fail(StoreUnavailable(detail, cause="timeout", unknown=self.started))

    def resolve_future(self, result: Any) -> None:
        if not self.future.done():
            self.future.set_result(result)
        self._stop_timer()

    def fail(self, error: BaseException) -> None:
        self._stop_timer()
        if self.future.done():
            return
        if isinstance(error, StoreUnavailable):
            self.outages.record_failure(error)
        if isinstance(error, asyncio.CancelledError):
            self.future.cancel()
        else:
            self.future.set_exception(error)

    def _stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class Attempt:
    """One execution of a call's work from its start, in a copy of the submitting context.

    After :meth:`step_work` returned None it has ended: with ``error`` set, or with ``result``.
    """

    __slots__ = ("_context", "_coroutine", "call", "changed", "error", "result", "tx")

    def __init__(self, call: Call) -> None:
        self.call = call
        call.started = True
        self.tx = PostgresTx(call.tenant)
        self.result: Any = None
        self.error: BaseException | None = None
        self.changed = False  # whether one of its statements has changed rows
        # A copy for each attempt: a batch may be run again, and must not see context variables of the first attempt.
        self._context = call.context.copy()
        self._coroutine: Coroutine[Any, Any, Any] | None = None

    def step_work(self, answer: Any = None) -> Request | None:
        """Run the work up to its next request. Must not run inside a task: the work could cancel that one."""
        try:
            if self._coroutine is None:
                self._coroutine = self._context.run(self.call.work, self.tx)
            request = self._context.run(self._coroutine.send, answer)
        except StopIteration as stop:
            self.tx.close()
            self.result = stop.value
            return None
        except (Exception, asyncio.CancelledError) as error:
            self.tx.close()
            self.error = error
            return None
        if type(request) is Request and request.tx is self.tx:
            return request
        # Anything else would keep the transaction, and the rows that it has locked, waiting for the network or a timer.
        self.error = SuspendedInTransaction(f"{_describe_call(self.call)} awaited something that is not the store")
        self.close()
        return None

    def close(self) -> None:
        """Abandon the attempt; its rows and events are discarded."""
        self.tx.close()
        if self._coroutine is not None:
            try:
                self._context.run(self._coroutine.close)
            except Exception:
                log.warning("%s failed while it was closed", _describe_call(self.call), exc_info=True)


def _describe_call(call: Call) -> str:
    return call.label or getattr(call.work, "__qualname__", "a call")
