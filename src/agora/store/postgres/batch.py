"""Running work on a transaction: many calls stepped together, or one call alone.

The steps themselves run in a callback of the loop, outside any task: work that uses the current task
(``asyncio.timeout``) fails alone instead of cancelling its batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from ..port import NewEvent, Table, Write
from .calls import Attempt, Call, Request
from .transaction import Transaction

__all__ = ["Batch", "BatchSpoiled", "collect_events", "run_call_alone", "run_calls_in_one_transaction"]

T = TypeVar("T")
SLICE_SECONDS = 0.005  # seconds for which the first steps of a batch may block the event loop


class BatchSpoiled(Exception):
    """A call in a shared transaction failed after changing rows: it must run alone, and the others must be repeated."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"{call.label or 'a call'} has to be run alone")
        self.call = call


class Batch:
    """Calls that run together in one transaction, and their outcomes.

    They share a transaction, so the database does not isolate them: a call owns each row that it locks or changes, and
    a call that needs a row of another one is run alone (ADR 23).

    ended: attempts to commit. refused: those that raised before any change. ejected: calls to run alone. unstarted: calls
    without time in this batch.
    """

    __slots__ = ("_attempts", "_live", "_owners", "ejected", "ended", "refused", "unstarted")

    def __init__(self) -> None:
        self.ended: list[Attempt] = []
        self.refused: list[Attempt] = []
        self.ejected: list[Call] = []
        self.unstarted: list[Call] = []
        self._attempts: list[Attempt] = []
        self._live: list[tuple[Attempt, Request]] = []
        self._owners: dict[tuple[str, Any], Attempt] = {}

    def run_first_steps(self, calls: Sequence[Call]) -> list[Request]:
        """Run the first step of each call. Calls without time are ``unstarted``."""
        until = time.perf_counter() + SLICE_SECONDS
        for position, call in enumerate(calls):
            if time.perf_counter() > until:
                self.unstarted = list(calls[position:])
                break
            # It timed out, or its caller left, while it waited in the queue.
            if not call.future.done():
                attempt = Attempt(call)
                self._attempts.append(attempt)
                self._step_attempt(attempt, None)
        return [request for _, request in self._live]

    def run_next_steps(self, answers: Iterable[Any]) -> list[Request]:
        """Run the next step of each running call with the answers in order. Raises BatchSpoiled."""
        live, self._live = self._live, []
        for (attempt, request), answer in zip(live, answers, strict=True):
            if self._record_changed_rows(attempt, request, answer):
                self._step_attempt(attempt, answer)
        return [request for _, request in self._live]

    def abandon_attempts(self) -> None:
        for attempt in self._attempts:
            attempt.close()

    def _step_attempt(self, attempt: Attempt, answer: Any) -> None:
        request = attempt.step_work(answer)
        if request is not None:
            if request.needs_own_transaction or not self._acquire_row_if_free(attempt, request):
                self._eject_or_spoil_batch(attempt)
            else:
                self._live.append((attempt, request))
        elif attempt.error is None:
            self.ended.append(attempt)
        elif attempt.changed:
            # Its changes cannot be rolled back without those of the other calls: the whole batch starts again without it.
            raise BatchSpoiled(attempt.call)
        else:
            self.refused.append(attempt)

    def _acquire_row_if_free(self, attempt: Attempt, request: Request) -> bool:
        """Return whether the call may run the request: it names no row, locks a free row, or owns the row. Records the owner of
        a row that it locks first."""
        row = request.locked_row
        if row is None:
            return True
        # The first to lock a row owns it for the whole batch: within one transaction the database would let both pass.
        if request.locks_row:
            return self._owners.setdefault(row, attempt) is attempt
        return self._owners.get(row) is attempt

    def _record_changed_rows(self, attempt: Attempt, request: Request, answer: Any) -> bool:
        """Record the rows changed by a statement. Returns False if the row is locked by another transaction or
        missing."""
        if request.locks_row and not answer:
            self._eject_or_spoil_batch(attempt)
            return False
        statement = request.statement
        if isinstance(statement, Write) and answer:
            attempt.changed = True
            if statement.takes is not None:
                # A statement that chooses its rows itself may have chosen one that another call of the batch owns.
                for row in answer:
                    if self._owners.setdefault((statement.takes, row[statement.takes]), attempt) is not attempt:
                        raise BatchSpoiled(attempt.call)
        return True

    def _eject_or_spoil_batch(self, attempt: Attempt) -> None:
        if attempt.changed:
            raise BatchSpoiled(attempt.call)
        attempt.close()
        self.ejected.append(attempt.call)


async def run_calls_in_one_transaction(transaction: Transaction, calls: Sequence[Call]) -> Batch:
    """Step calls together until each has ended or needs its own transaction. Writes the rows of ended calls.

    A call that raised leaves no rows; its caller gets the error after the commit, because it may have read uncommitted
    rows of other calls. Raises BatchSpoiled, and the database's error if a statement fails: the failing call is then unknown.
    """
    batch = Batch()
    try:
        requests = await _run_outside_task(partial(batch.run_first_steps, calls))
        while requests:
            answers = await transaction.run_requests(requests)
            requests = await _run_outside_task(partial(batch.run_next_steps, answers))
    except BaseException:
        batch.abandon_attempts()
        raise
    await transaction.insert_rows(_collect_rows(batch.ended))
    return batch


async def run_call_alone(transaction: Transaction, call: Call) -> tuple[Attempt, bool]:
    """Run one call; its rows are written in order with its statements.

    Returns the ended attempt (with ``error`` set if the work raised), and whether it needed to run alone.
    """
    attempt, needs_own_transaction, answer = Attempt(call), False, None
    try:
        while (request := await _run_outside_task(partial(attempt.step_work, answer))) is not None:
            needs_own_transaction = needs_own_transaction or request.needs_own_transaction
            # The statement must see the call's own buffered rows.
            if attempt.tx.has_unwritten_rows(request.statement):
                await _flush_rows(transaction, attempt)
            answer = await transaction.run_request(request)
        if attempt.error is None:
            await _flush_rows(transaction, attempt)
    except BaseException:
        attempt.close()
        raise
    return attempt, needs_own_transaction


def collect_events(attempts: Iterable[Attempt]) -> list[NewEvent]:
    """Events in the order of the calls."""
    return [event for attempt in attempts for event in attempt.tx.events]


async def _flush_rows(transaction: Transaction, attempt: Attempt) -> None:
    rows, attempt.tx.rows = attempt.tx.rows, {}
    await transaction.insert_rows(rows)


def _collect_rows(attempts: Iterable[Attempt]) -> dict[Table[Any], list[tuple[Any, ...]]]:
    rows: dict[Table[Any], list[tuple[Any, ...]]] = {}
    for attempt in attempts:
        for table, own in attempt.tx.rows.items():
            rows.setdefault(table, []).extend(own)
    return rows


async def _run_outside_task(function: Callable[[], T]) -> T:
    """Run a function in a callback of the loop, where no task is current."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run_function() -> None:
        try:
            result = function()
        except BaseException as error:
            future.set_exception(error)
        else:
            if not future.done():  # the waiting task may have been cancelled
                future.set_result(result)

    loop.call_soon(run_function)
    return await future
