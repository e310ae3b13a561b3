"""The PostgreSQL writer: batches calls by tenant, commits them, and retries after conflicts and lost connections.

Calls wait in a queue per tenant. The queue's pumps take up to a batch of waiting calls and commit them in one
transaction. A call whose rows are undeclared, or owned by another call of its batch, runs in a separate transaction
beside the batches; its label is remembered, so that the next call of that kind starts there.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from agora.scheduling import FairQueue, Owner
from agora_sdk.errors import Overloaded

from ..outages import Outages
from ..port import StoredEvent, StoreFailure, Work
from .batch import Batch, BatchSpoiled, collect_events, run_call_alone, run_calls_in_one_transaction
from .calls import Attempt, Call
from .connections import Connections
from .failures import ConnectionLost, affects_every_call, is_retryable, to_store_failure
from .transaction import Transaction

__all__ = ["Writer"]

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_QUEUED_CALLS = 4096
MAX_BATCH_CALLS = 256
MAX_BATCHES_PER_LANE = 2  # batches of one tenant in flight: one steps while the other commits
#: the same with other servers, which commit in between: larger batches wait for the lock less often
LANE_BATCHES_AMONG_OTHERS = 1
MAX_ATTEMPTS = 5  # of a call that conflicts with other transactions
MAX_SCORED_LABELS = 1024


class ConflictHistory:
    """Tracks which kinds of call need a separate transaction: two steps up for each conflict, one down without."""

    def __init__(self) -> None:
        self._scores: dict[str, int] = {}

    def must_run_alone(self, label: str) -> bool:
        return label in self._scores

    def record_outcome(self, label: str, alone: bool) -> None:
        score = min(self._scores.get(label, 0) + 2, 3) if alone else self._scores.get(label, 0) - 1
        if score <= 0 or not label:
            self._scores.pop(label, None)
        elif label in self._scores or len(self._scores) < MAX_SCORED_LABELS:
            self._scores[label] = score


class TenantQueue:
    """Calls of one tenant waiting for a batch."""

    __slots__ = ("pumps", "waiting")

    def __init__(self) -> None:
        self.waiting: FairQueue[Call] = FairQueue(MAX_QUEUED_CALLS)
        self.pumps = 0

    def pop_batch(self) -> list[Call]:
        return [self.waiting.pop_item() for _ in range(min(len(self.waiting), MAX_BATCH_CALLS))]


class Writer:
    """The queue and its pumps."""

    def __init__(
        self,
        connections: Connections,
        *,
        batches: int,
        solos: int,
        publish: Callable[[list[StoredEvent]], None],
        on_transaction: Callable[[float, int], None],
        find_notification_prefix: Callable[[], str | None],
        outages: Outages,
    ) -> None:
        self._connections, self._publish, self._solo_limit = connections, publish, solos
        self._on_transaction, self._outages = on_transaction, outages
        self._find_notification_prefix = find_notification_prefix
        self._slots = asyncio.Semaphore(batches)
        self._tenant_queues: dict[str, TenantQueue] = {}
        self._lone_calls: FairQueue[Call] = FairQueue(MAX_QUEUED_CALLS)
        self._solo_pumps = 0
        self._conflict_history = ConflictHistory()
        self._append_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._repeat_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.commits = self.replays = self.ejections = 0

    # -- the queue -------------------------------------------------------------------------------

    @property
    def waiting_calls(self) -> int:
        """Calls waiting."""
        return len(self._lone_calls) + sum(len(tenant_queue.waiting) for tenant_queue in self._tenant_queues.values())

    def submit_call(self, tenant: str, work: Work[T], label: str, owner: Owner | None = None) -> asyncio.Future[T]:
        """Queue a call, which is answered within the statement timeout. Raises Overloaded."""
        if self._closing:
            raise Overloaded("The server is shutting down.", fix="Try again in a moment.", retry_after=2)
        alone = self._conflict_history.must_run_alone(label)
        tenant_queue = self._tenant_queues.get(tenant)
        queue = self._lone_calls if alone else tenant_queue.waiting if tenant_queue is not None else None
        # Of all tenants together, since they share the connections; each owner has a part, so that one cannot fill the queue.
        if self.waiting_calls >= MAX_QUEUED_CALLS or (queue is not None and not queue.has_room(owner)):
            raise Overloaded("The server's write queue is full.", fix="Try again in a second.", retry_after=1)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        call = Call(tenant, label, work, future, contextvars.copy_context(), self._outages, owner)
        call.start_timeout(self._connections.timeout)
        if alone:
            self._queue_alone(call)
        else:
            self._queue_call(call)
        return future

    async def drain(self) -> None:
        """Accept no more calls and finish queued ones."""
        self._closing = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _queue_call(self, call: Call) -> None:
        tenant_queue = self._tenant_queues.setdefault(call.tenant, TenantQueue())
        tenant_queue.waiting.push_item(call.owner, call)
        if tenant_queue.pumps < (
            MAX_BATCHES_PER_LANE if self._find_notification_prefix() is None else LANE_BATCHES_AMONG_OTHERS
        ):
            # Counted before the pump runs, without an await: no burst of calls starts more pumps than the limit.
            tenant_queue.pumps += 1
            self._spawn_pump(self._pump_tenant(call.tenant, tenant_queue))

    def _queue_alone(self, call: Call) -> None:
        self._lone_calls.push_item(call.owner, call)
        if self._solo_pumps < self._solo_limit:
            self._solo_pumps += 1
            self._spawn_pump(self._pump_alone())

    def _spawn_pump(self, pump: Coroutine[Any, Any, None]) -> None:
        # In a separate context: a pump outlives the call that started it, and serves others.
        task = asyncio.get_running_loop().create_task(pump, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump_tenant(self, tenant: str, tenant_queue: TenantQueue) -> None:
        while tenant_queue.waiting:
            async with self._slots:
                # Taken after the slot: until then, more calls may join the commit (ADR 23).
                if calls := tenant_queue.pop_batch():
                    await self._run_or_fail_calls(self._commit_together_or_in_halves(tenant_queue, calls), calls)
        # No await since the queue was found empty: a call that arrives after this sees the new count, and starts a
        # pump.
        tenant_queue.pumps -= 1
        if not tenant_queue.pumps:
            del self._tenant_queues[tenant]

    async def _pump_alone(self) -> None:
        while self._lone_calls:
            call = self._lone_calls.pop_item()
            await self._run_or_fail_calls(self._commit_alone(call), [call])
        # No await since the queue was found empty, as above.
        self._solo_pumps -= 1

    async def _run_or_fail_calls(self, run: Awaitable[None], calls: Sequence[Call]) -> None:
        """Run the pump and make sure that every call gets an answer."""
        try:
            await run
        except Exception as error:
            log.exception("a batch of %d calls failed", len(calls))
            _fail_calls(calls, error)
        except BaseException as error:
            _fail_calls(calls, error)
            raise

    # -- committing ------------------------------------------------------------------------------

    async def _commit_together_or_in_halves(self, tenant_queue: TenantQueue, calls: list[Call]) -> None:
        """Commit calls together. If a statement fails, commit each half together, down to single calls."""
        calls = [call for call in calls if not call.future.done()]
        if len(calls) < 2:
            for call in calls:
                await self._commit_alone(call)
            return
        try:
            batch = await self._run_in_transaction_with_retry(
                calls[0].tenant, lambda transaction: self._run_together(transaction, calls)
            )
        except BatchSpoiled as spoiled:
            self.replays += 1
            await self._commit_together_or_in_halves(tenant_queue, [call for call in calls if call is not spoiled.call])
            self._requeue_alone([spoiled.call])  # afterwards, so that its locks do not delay the others
            return
        except Exception as error:
            # An outage, or an unknown outcome: running the calls again could only fail again, or apply them twice.
            if isinstance(error, StoreFailure) or affects_every_call(error):
                _fail_calls(calls, error)
                return
            self.replays += 1
            log.info("a batch of %d calls is run again in halves: %s", len(calls), error)
            middle = len(calls) // 2
            # A failed statement names no call: halving finds it in log2(n) rounds, and the others still share commits.
            await self._commit_together_or_in_halves(tenant_queue, calls[:middle])
            await self._commit_together_or_in_halves(tenant_queue, calls[middle:])
            return
        # In reverse order, each to the front: they keep their order, before later calls.
        for call in reversed(batch.unstarted):
            tenant_queue.waiting.restore_item(call.owner, call)
        self._requeue_alone(batch.ejected)

    def _requeue_alone(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self.ejections += 1
            self._conflict_history.record_outcome(call.label, alone=True)
            self._queue_alone(call)

    async def _run_together(self, transaction: Transaction, calls: Sequence[Call]) -> Batch:
        batch = await run_calls_in_one_transaction(transaction, calls)
        if batch.ended:
            await self._commit_and_answer(transaction, calls[0].tenant, batch.ended)
        for attempt in batch.refused:
            attempt.call.fail(attempt.error or StoreFailure("refused without a reason"))
        return batch

    async def _commit_alone(self, call: Call) -> None:
        """Commit one call alone. It is retried after a conflict with another transaction.

        During a retry no other transaction of its tenant starts, so each attempt has fewer conflicts, finally none.
        """
        retry_lock = _get_tenant_lock(self._repeat_locks, call.tenant)
        # A barrier, acquired and released: first attempts run concurrently, but none starts during a retry.
        async with retry_lock:
            pass
        error = await self._run_alone_in_transaction(call)
        if error is not None and is_retryable(error):
            async with retry_lock:
                for _ in range(MAX_ATTEMPTS - 1):
                    self.replays += 1
                    error = await self._run_alone_in_transaction(call)
                    if error is None or not is_retryable(error):
                        break
        if error is not None:
            call.fail(to_store_failure(error))

    async def _run_alone_in_transaction(self, call: Call) -> Exception | None:
        """Run one call in its own transaction. Returns the database error, if any."""
        if call.future.done():
            return None
        try:
            await self._run_in_transaction_with_retry(
                call.tenant, lambda transaction: self._run_alone_attempt(transaction, call)
            )
        except Exception as error:
            return error
        return None

    async def _run_alone_attempt(self, transaction: Transaction, call: Call) -> None:
        if call.future.done():  # it timed out while waiting for a connection
            return
        attempt, needs_own_transaction = await run_call_alone(transaction, call)
        self._conflict_history.record_outcome(call.label, alone=needs_own_transaction)
        if attempt.error is None:
            await self._commit_and_answer(transaction, call.tenant, [attempt])
        else:
            call.fail(attempt.error)

    async def _run_in_transaction_with_retry(self, tenant: str, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run in a transaction. If the connection is lost before COMMIT, run once more on another one."""
        try:
            async with self._connections.open_transaction(tenant) as transaction:
                return await run(transaction)
        except ConnectionLost as error:
            # Before COMMIT nothing is stored, so a retry cannot apply it twice. A connection lost during COMMIT is
            # OutcomeUnknown.
            log.debug("a connection was lost before its commit, and the work is done again on another one: %s", error)
            async with self._connections.open_transaction(tenant) as transaction:
                return await run(transaction)

    async def _commit_and_answer(self, transaction: Transaction, tenant: str, attempts: Sequence[Attempt]) -> None:
        """Number and log the events, commit, publish, resolve.

        Serialized per tenant from numbering to publishing, so that events are published in the order of their numbers;
        the database's lock has the same effect among servers.
        """
        events = collect_events(attempts)
        if events:
            async with _get_tenant_lock(self._append_locks, tenant):
                base = await transaction.append_events(events, self._find_notification_prefix())
                await self._commit_timed(transaction, attempts)
                self._publish([StoredEvent(tenant, base + at, event) for at, event in enumerate(events, 1)])
        else:
            await self._commit_timed(transaction, attempts)
        # Resolved after publishing, so that a caller with its answer finds the event in the feed.
        for attempt in attempts:
            attempt.call.resolve_future(attempt.result)

    async def _commit_timed(self, transaction: Transaction, attempts: Sequence[Attempt]) -> None:
        started_at = time.perf_counter()
        await transaction.commit()
        self.commits += 1
        self._on_transaction(time.perf_counter() - started_at, len(attempts))


def _get_tenant_lock(locks: WeakValueDictionary[str, asyncio.Lock], tenant: str) -> asyncio.Lock:
    """The tenant's lock; dropped when it is neither held nor awaited."""
    lock = locks.get(tenant)
    if lock is None:
        lock = locks[tenant] = asyncio.Lock()
    return lock


def _fail_calls(calls: Sequence[Call], error: BaseException) -> None:
    for call in calls:
        call.fail(to_store_failure(error))
