"""Reads in a snapshot, on a connection acquired with the first statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import asyncpg

from agora_sdk.errors import DeadlineExceeded, Overloaded

from ..outages import Outages
from ..port import Query, R, Reading, StoreUnavailable, TxClosed
from . import sql
from .calls import ResultKind, load_answer
from .connections import Connections
from .failures import ConnectionLost, to_store_failure
from .transaction import Transaction

__all__ = ["Readers"]

T = TypeVar("T")
#: fraction of a reader's time limit for one query, so that a slow query differs from an unresponsive database
MAX_SCAN_SHARE = 0.8


class PostgresReader:
    """Reads of one unit of work. All see the same committed state."""

    def __init__(self, readers: Readers, tenant: str) -> None:
        self.tenant = tenant
        self._readers = readers
        self._stack = AsyncExitStack()
        self._transaction: Transaction | None = None
        self._statement_lock = asyncio.Lock()
        self._open = True

    async def one(self, query: Query[R], /, **parameters: Any) -> R | None:
        row: R | None = await self._run_query(ResultKind.ONE, query, parameters)
        return row

    async def all(self, query: Query[R], /, **parameters: Any) -> Sequence[R]:
        rows: Sequence[R] = await self._run_query(ResultKind.ALL, query, parameters)
        return rows

    async def _run_query(self, kind: ResultKind, query: Query[Any], parameters: dict[str, Any]) -> Any:
        text = sql.build_single_text(query)
        values = sql.bind_values(text, self.tenant, parameters)
        # A connection runs one statement at a time, and the work may gather several reads.
        async with self._statement_lock:
            if not self._open:
                raise TxClosed("the reader was used after its work had ended")
            if self._transaction is None:
                self._transaction = await self._readers.enter_transaction(self._stack, self.tenant)
            try:
                answer = await self._transaction.run_statement(kind, text.sql, values)
            except Exception as error:
                # The failed statement has ended the transaction: release its connection at once.
                self._open = False
                await self._stack.__aexit__(type(error), error, error.__traceback__)
                raise _to_read_failure(error) from error
        return load_answer(query, kind, answer)

    async def close(self) -> None:
        self._open = False
        await self._stack.aclose()


class Readers:
    """The read share of the pool. wait: seconds to wait for a connection."""

    def __init__(self, connections: Connections, limit: int, outages: Outages, wait: float) -> None:
        self._wait = wait
        self._connections, self._outages = connections, outages
        milliseconds = int(connections.timeout * MAX_SCAN_SHARE * 1000)
        # One snapshot for all reads of a unit of work, so that a page and its total agree.
        self.mode = f"isolation level repeatable read read only; set local statement_timeout = {milliseconds}"
        self._slots = asyncio.Semaphore(limit)

    async def enter_transaction(self, stack: AsyncExitStack, tenant: str) -> Transaction:
        """Begin a read transaction. Raises Overloaded if no connection becomes free in time."""
        try:
            async with asyncio.timeout(self._wait):
                await self._slots.acquire()
        except TimeoutError:
            raise Overloaded("Too many concurrent reads.", fix="Try again in a second.", retry_after=1) from None
        # Registered before the connection is acquired: a failing BEGIN must not lose the slot.
        stack.callback(self._slots.release)
        return await stack.enter_async_context(self._connections.open_transaction(tenant, self.mode))

    async def read(self, tenant: str, work: Reading[T]) -> T:
        """Run read-only work. If the connection is lost, run it again on another one.

        Raises StoreUnavailable, also when the database does not answer in time.
        """
        seconds = self._connections.timeout
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._read_with_retry(tenant, work)
        except TimeoutError:
            if not limit.expired():
                raise
            error = StoreUnavailable(f"PostgreSQL did not answer within {seconds:g} s.", cause="timeout")
            self._outages.record_failure(error)
            raise error from None
        except StoreUnavailable as error:
            self._outages.record_failure(error)
            raise

    async def _read_with_retry(self, tenant: str, work: Reading[T]) -> T:
        try:
            return await self._read_once(tenant, work)
        except ConnectionLost:
            return await self._read_once(tenant, work)

    async def _read_once(self, tenant: str, work: Reading[T]) -> T:
        reader = PostgresReader(self, tenant)
        try:
            return await work(reader)
        finally:
            await reader.close()


def _to_read_failure(error: Exception) -> Exception:
    if isinstance(error, asyncpg.QueryCanceledError):
        # The statement timeout, not an outage: only this caller's query is at fault.
        return DeadlineExceeded("The query took too long.", fix="Ask for less: narrow the filters or the page.")
    return to_store_failure(error)
