"""Running work on a transaction: many calls stepped together, or one call alone.

The steps themselves run in a callback of the loop, outside any task: work that reaches for the
running task (``asyncio.timeout``) fails alone instead of cancelling the batch it is part of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from ..port import NewEvent, Table
from .calls import Attempt, Call, Request
from .transaction import Transaction

__all__ = ["Batch", "events_of", "run_alone", "run_together"]

T = TypeVar("T")
SLICE_SECONDS = 0.005  # the loop is not held longer than about this by the first steps of one batch


class Batch:
    """What became of calls that were run together."""

    __slots__ = ("_live", "ejected", "ended", "unstarted")

    def __init__(self) -> None:
        self.ended: list[Attempt] = []
        self.ejected: list[Call] = []
        self.unstarted: list[Call] = []
        self._live: list[Attempt] = []

    def start(self, calls: Sequence[Call]) -> list[Request]:
        """First step of each call; calls for which there was no time are ``unstarted``."""
        until = time.perf_counter() + SLICE_SECONDS
        requests: list[Request] = []
        for position, call in enumerate(calls):
            if time.perf_counter() > until:
                self.unstarted = list(calls[position:])
                break
            if not call.future.done():
                self._step(Attempt(call), None, requests)
        return requests

    def advance(self, answers: Iterable[Any]) -> list[Request]:
        """Next step of each call that still runs, with the answers in their order."""
        requests: list[Request] = []
        live, self._live = self._live, []
        for attempt, answer in zip(live, answers, strict=True):
            self._step(attempt, answer, requests)
        return requests

    def give_up(self) -> None:
        for attempt in self._live:
            attempt.close()

    def _step(self, attempt: Attempt, answer: Any, requests: list[Request]) -> None:
        request = attempt.step(answer)
        if request is None:
            if attempt.error is None:
                self.ended.append(attempt)
            else:
                attempt.call.fail(attempt.error)
        elif request.alone:
            attempt.close()
            self.ejected.append(attempt.call)
        else:
            self._live.append(attempt)
            requests.append(request)


async def run_together(transaction: Transaction, calls: Sequence[Call]) -> Batch:
    """Step calls together until each has ended or needs a transaction of its own; write the rows of those that ended.

    A call that raised is failed at once and leaves nothing. Raises the database's error when a
    statement fails: whose fault it was is then not known.
    """
    batch = Batch()
    try:
        requests = await _outside(partial(batch.start, calls))
        while requests:
            answers = await transaction.answer_all(requests)
            requests = await _outside(partial(batch.advance, answers))
    except BaseException:
        batch.give_up()
        raise
    await transaction.flush(_rows(batch.ended))
    return batch


async def run_alone(transaction: Transaction, call: Call) -> tuple[Attempt, bool]:
    """Run one call; its rows are written, in order with its own statements.

    Answers the attempt, ended (with ``error`` set if the work raised), and whether it needed to be alone.
    """
    attempt, needed, answer = Attempt(call), False, None
    try:
        while (request := await _outside(partial(attempt.step, answer))) is not None:
            needed = needed or request.alone
            if attempt.tx.wrote(request.statement):
                await _settle(transaction, attempt)
            answer = await transaction.answer(request)
        if attempt.error is None:
            await _settle(transaction, attempt)
    except BaseException:
        attempt.close()
        raise
    return attempt, needed


def events_of(attempts: Iterable[Attempt]) -> list[NewEvent]:
    """Events in the order of the calls."""
    return [event for attempt in attempts for event in attempt.tx.events]


async def _settle(transaction: Transaction, attempt: Attempt) -> None:
    rows, attempt.tx.rows = attempt.tx.rows, {}
    await transaction.flush(rows)


def _rows(attempts: Iterable[Attempt]) -> dict[Table, list[tuple[Any, ...]]]:
    rows: dict[Table, list[tuple[Any, ...]]] = {}
    for attempt in attempts:
        for table, own in attempt.tx.rows.items():
            rows.setdefault(table, []).extend(own)
    return rows


async def _outside(function: Callable[[], T]) -> T:
    """Run a function in a callback of the loop, where no task is current."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = function()
        except BaseException as error:
            future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    loop.call_soon(run)
    return await future
