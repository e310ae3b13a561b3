"""Controllers: background loops that step, wait, and retry after errors.

A :class:`Controller` steps at an interval. A :class:`DueController` works on rows that carry the time at which they are due:
it sleeps until the earliest of them, and commits wake it, so that an idle server reads almost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence, Set
from typing import Any, Protocol, TypeVar, runtime_checkable

from agora.clock import SECOND, Clock
from agora.net.backoff import compute_exponential_delay
from agora.store.port import Query, R, Store, StoredEvent, StoreUnavailable
from agora.telemetry import CURRENT_CALLER
from agora.value_classes import value_class
from agora_sdk.errors import UpstreamUnavailable

from .call import Call, ServerContext
from .dispatcher import Dispatcher
from .events.feed import Feed
from .overrides import ActiveOverrides
from .usage import DEFAULT_TENANT, Meter

__all__ = [
    "CommitListener",
    "Controller",
    "DueController",
    "JobContext",
    "split_batches",
    "wait_until_set",
]

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_WAIT_SECONDS = 300.0
READ_ONLY_CAUSES = frozenset({"disk_full", "read_only"})  # causes for which the store rejects writes, but serves reads
TIMER_SLACK_SECONDS = 0.002  # seconds by which a timer may fire early; an early step would find nothing due
OUTAGE_WAIT_SECONDS = 5.0  # maximum pause while the storage is unavailable, so that work resumes soon after recovery


@value_class
class JobContext:
    """The parts of the server that loops act on."""

    store: Store
    dispatcher: Dispatcher
    feed: Feed
    overrides: ActiveOverrides
    meter: Meter
    server: ServerContext
    clock: Clock


@runtime_checkable
class CommitListener(Protocol):
    """A controller that is notified of commits and can act before its next step is due."""

    def receive_committed_events(self, events: Sequence[StoredEvent], /) -> None:
        """Called on the event loop after each commit. Must not raise or do I/O."""


class Controller:
    """A background loop with one job.

    Steps are idempotent: several servers may run them at once, and a step may be interrupted at any point.

    interval: seconds from the end of a step to the next.
    last_run: time of the last successful step, in microseconds since 1970. failures: consecutive failures since then.
    """

    name: str
    interval: float

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.last_run: int | None = None
        self.failures = 0
        self.last_error: str | None = None
        self._stop: asyncio.Event | None = None
        self._wakeup = asyncio.Event()
        self._longest_wait = MAX_WAIT_SECONDS
        self._is_started = False

    # -- the job ---------------------------------------------------------------------------------

    async def start_up(self) -> None:
        """Run before the server accepts calls: load state from the store and write state that others read."""

    async def step(self) -> None:
        """Run one pass. By default, call :meth:`reconcile` for every tenant."""
        await self.run_for_each_tenant(self.reconcile)

    async def reconcile(self, tenant: str) -> None:
        """Run one pass for one tenant."""

    async def stop_own_clients(self) -> None:
        """Stop clients run by this job, while the server still serves their calls at shutdown."""

    async def shut_down(self) -> None:
        """Store in-memory state, cancel the job's own tasks and close its connections. Runs after the last step."""

    # -- the loop --------------------------------------------------------------------------------

    async def try_start_up(self) -> None:
        """Start up. If the store is read-only, leave it to the loop, so that a server on a full disk serves reads."""
        try:
            await self._start_up_once_successful()
        except StoreUnavailable as error:
            # An unreachable database ends the start: a server without any data could not even authenticate its callers.
            if error.extra["cause"] not in READ_ONLY_CAUSES:
                raise

    async def run(self, stop: asyncio.Event) -> None:
        """Run passes until ``stop`` is set; a failed pass is logged, and the wait before the next one is longer."""
        self._stop = stop
        # The wait comes first: ``start_up`` has just run.
        while not await self._wait_for_next_step_or_stop(stop):
            await self._run_recording_failure(self.step if self._is_started else self._start_up_once_successful)
        # Recorded like a step: a failing write of one job must not keep the others from finishing.
        await self._run_recording_failure(self.shut_down)

    @property
    def seconds_until_next_step(self) -> float:
        """Seconds until the next step: doubled by each failure in a row, up to five minutes, or five seconds in an outage."""
        longest = max(self._longest_wait, self.interval)
        # At least the interval: the five seconds of an outage must not make a job of every hour run more often.
        return compute_exponential_delay(self.failures + 1, self.interval, longest)

    @property
    def is_stopping(self) -> bool:
        """Whether a long step should stop early."""
        return self._stop is not None and self._stop.is_set()

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        """Wait until the next step. Returns True when the server stops instead."""
        return await wait_until_set(stop, self.seconds_until_next_step)

    async def _wait_for_wakeup_or_stop(self, stop: asyncio.Event, seconds: float) -> bool:
        """Wait until ``_wakeup`` is set, at most that many seconds. Returns True when the server stops instead."""
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._wakeup.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._wakeup.clear()
        return stop.is_set()

    async def _start_up_once_successful(self) -> None:
        await self.start_up()
        self._is_started = True

    async def _run_recording_failure(self, job: Callable[[], Awaitable[None]]) -> None:
        CURRENT_CALLER.set(None)
        try:
            await job()
        except Exception as error:
            self.failures += 1
            self.last_error = f"{type(error).__name__}: {error}"
            self._longest_wait = OUTAGE_WAIT_SECONDS if isinstance(error, StoreUnavailable) else MAX_WAIT_SECONDS
            if isinstance(error, UpstreamUnavailable):  # an outage of another system: its message is sufficient
                log.warning("%s failed, %d in a row: %s", self.name, self.failures, error)
            else:
                log.warning("%s failed, %d in a row", self.name, self.failures, exc_info=error)
        else:
            self.failures, self.last_error = 0, None
            self.last_run = self.context.clock.now()

    # -- for jobs --------------------------------------------------------------------------------

    async def run_for_each_tenant(self, work: Callable[[str], Awaitable[None]]) -> None:
        """Run work for every tenant; a failure of one tenant does not affect the others.

        Raises the first failure after all tenants were processed.
        """
        # The default tenant may have no events yet, and it has rows of the whole server.
        await self._run_for_tenants({DEFAULT_TENANT, *await self.context.store.tenants()}, work)

    async def _run_for_tenants(self, tenants: Set[str], work: Callable[[str], Awaitable[None]]) -> None:
        first: Exception | None = None
        failed = ""
        # Sorted, so that several servers work through the tenants in one order, and logs can be compared.
        for tenant in sorted(tenants):
            CURRENT_CALLER.set((tenant, "system"))
            try:
                await work(tenant)
            except Exception as error:
                if first is not None:
                    log.warning("%s failed for tenant %s", self.name, tenant, exc_info=error)
                else:
                    first, failed = error, tenant
        CURRENT_CALLER.set(None)
        if first is not None:
            CURRENT_CALLER.set((failed, "system"))  # for the log line
            raise first

    async def read(self, tenant: str, query: Query[R], **parameters: Any) -> Sequence[R]:
        """Read rows of committed data."""

        return await self.context.store.read(tenant, lambda reader: reader.all(query, **parameters))

    async def iterate_rows(
        self, tenant: str, query: Query[R], column: str, limit: int, **parameters: Any
    ) -> AsyncIterator[R]:
        """Iterate over the rows of a query, page by page, until the controller stops.

        query: takes ``limit``, and ``after``: the value of ``column`` in the last row of the page before.
        """
        after = ""
        while not self.is_stopping:
            rows = await self.read(tenant, query, **parameters, after=after, limit=limit)
            for row in rows:
                yield row
            if len(rows) < limit:
                return
            # By position, not by offset: rows that the caller deletes meanwhile shift nothing.
            after = getattr(rows[-1], column)

    async def write_as_system(self, tenant: str, work: Callable[[Call], Coroutine[Any, Any, T]]) -> T:
        """Run work in a transaction, as the system. It may run more than once; only the last run counts."""
        return await self.context.dispatcher.write_as_system(tenant, work, label=f"controller.{self.name}")


class DueController(Controller):
    """A controller of rows that carry the time at which they are due. :meth:`reconcile` works on those of one tenant.

    It reads a tenant when the earliest known row is due, after each commit of the tenant's events by any server, and at
    least every ``idle_interval`` seconds, which bounds the delay after an unreported commit or a change of the clock.
    While rows are due or commits continue, it steps at most every ``interval`` seconds.

    next_due: query of a single value: the earliest time in microseconds since 1970, or null.
    """

    next_due: Query[int]
    idle_interval = 15.0  # shorter for jobs whose rows are also written without an event

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._due: dict[str, int] = {}
        self._unread: set[str] = set()  # tenants with commits since their earliest due time was read
        self._read_all_at = 0.0  # of the monotonic clock

    @property
    def due_parameters(self) -> Mapping[str, Any]:
        """Parameters of ``next_due``."""
        return {}

    def receive_committed_events(self, events: Sequence[StoredEvent], /) -> None:
        """Mark the tenants of these events to be read at the next step, which follows soon."""
        for event in events:
            if event.tenant_id not in self._unread:  # runs for every commit, so it must be cheap
                self.mark_tenant_due(event.tenant_id)

    def mark_tenant_due(self, tenant: str) -> None:
        """Mark a tenant to be read at the next step, because one of its rows may be due earlier than known."""
        self._unread.add(tenant)
        self._wakeup.set()

    async def step(self) -> None:
        if time.monotonic() >= self._read_all_at:
            await self.run_for_each_tenant(self._reconcile_due)
            # Multiples of the interval: all jobs read at the same moments, so they share the list of tenants.
            self._read_all_at = (time.monotonic() // self.idle_interval + 1) * self.idle_interval
            return
        now = self.context.clock.now()
        await self._run_for_tenants(
            self._unread | {name for name, due in self._due.items() if due <= now}, self._reconcile_due
        )

    async def _reconcile_due(self, tenant: str) -> None:
        self._unread.discard(tenant)  # before reading: a commit from here on counts as unread
        try:
            due: int | None
            (due,) = await self.read(tenant, self.next_due, **self.due_parameters)
            if due is not None and due <= self.context.clock.now():
                # The next step reads what is due afterwards, because ``_due`` keeps the old time.
                await self.reconcile(tenant)
        except BaseException:
            self._unread.add(tenant)
            raise
        if due is None:
            # No row is due ever: the next commit of the tenant marks it as unread.
            self._due.pop(tenant, None)
        else:
            self._due[tenant] = due

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        if await super()._wait_for_next_step_or_stop(stop):
            return True
        self._wakeup.clear()
        # Looked at after the wake-up is cleared: a commit from here on sets it again, and ends the wait.
        if self._unread:
            return False
        until = min(self._due.values(), default=None)
        # Monotonic, while due times are wall-clock times of rows: a step of the wall clock is caught by the full read.
        seconds = self._read_all_at - time.monotonic()
        if until is not None:
            seconds = min(seconds, (until - self.context.clock.now()) / SECOND + TIMER_SLACK_SECONDS)
        return await self._wait_for_wakeup_or_stop(stop, seconds) if seconds > 0 else stop.is_set()


async def wait_until_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for at most that many seconds; returns whether it was set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def split_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Split into slices of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
