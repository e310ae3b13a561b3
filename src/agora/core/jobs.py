"""The loop that every controller is: step, wait, and survive what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from agora.clock import Clock
from agora.store.port import Query, Reader, Row, Store, StoredEvent, StoreUnavailable
from agora_sdk.errors import UpstreamUnavailable

from .call import Call, ServerContext
from .dispatcher import Dispatcher
from .events.feed import Feed
from .overrides import ActiveOverrides
from .usage import DEFAULT_TENANT, Meter

__all__ = ["MICROSECONDS", "CommitListener", "Controller", "JobContext", "split_batches"]

T = TypeVar("T")
log = logging.getLogger(__name__)

MICROSECONDS = 1_000_000
LONGEST_WAIT = 300.0
READABLE = frozenset({"disk_full", "read_only"})  # causes for which the store takes no writes, but answers reads
OUTAGE_WAIT = 5.0  # the longest while the storage is unavailable, so that work goes on soon after it is back


@dataclass(frozen=True, slots=True)
class JobContext:
    """The parts of the server that loops act on."""

    store: Store
    dispatcher: Dispatcher
    feed: Feed
    gate: ActiveOverrides
    meter: Meter
    context: ServerContext
    clock: Clock


@runtime_checkable
class CommitListener(Protocol):
    """A controller that is told of commits, so that it need not wait for its next step."""

    def committed(self, events: Sequence[StoredEvent], /) -> None:
        """On the loop, after each commit. It raises nothing, and does no I/O."""


class Controller:
    """A small loop with one job.

    Steps are idempotent: several servers may run them at once, and a step may be cut short at any point.

    interval: seconds from the end of a step to the next.
    last_run: when a step last ended well, in microseconds since 1970. failures: how many failed in a row since.
    """

    name: str
    interval: float

    def __init__(self, house: JobContext) -> None:
        self.house = house
        self.last_run: int | None = None
        self.failures = 0
        self.last_error: str | None = None
        self._stop: asyncio.Event | None = None
        self._longest_wait = LONGEST_WAIT
        self._loaded = False

    # -- the job ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Before the server serves: take over what the store has."""

    async def step(self) -> None:
        """Do what there is to do now. By default, :meth:`tend` every tenant."""
        await self.each_tenant(self.tend)

    async def tend(self, tenant: str) -> None:
        """Do what there is to do for one tenant."""

    async def finish(self) -> None:
        """After the last step: write what is still in memory."""

    # -- the loop --------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Load. While the store can only be read, leave it to the loop, so that a server on a full disk serves reads."""
        try:
            await self._load_once()
        except StoreUnavailable as error:
            if error.extra["cause"] not in READABLE:
                raise

    async def run(self, stop: asyncio.Event) -> None:
        """Step until told to stop; a step that fails is logged, and the next one waits longer."""
        self._stop = stop
        while not await _wait_for_stop(stop, self.pause):
            await self._attempt(self.step if self._loaded else self._load_once)
        await self._attempt(self.finish)

    @property
    def pause(self) -> float:
        """Seconds until the next step: doubled by each failure in a row, up to five minutes, or five seconds in an outage."""
        return min(self.interval * float(1 << min(self.failures, 16)), max(self._longest_wait, self.interval))

    @property
    def stopping(self) -> bool:
        """Whether a long step is to leave the rest for another time."""
        return self._stop is not None and self._stop.is_set()

    async def _load_once(self) -> None:
        await self.load()
        self._loaded = True

    async def _attempt(self, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except Exception as error:
            self.failures += 1
            self.last_error = f"{type(error).__name__}: {error}"
            self._longest_wait = OUTAGE_WAIT if isinstance(error, StoreUnavailable) else LONGEST_WAIT
            if isinstance(error, UpstreamUnavailable):  # an outage elsewhere: its own words say all there is
                log.warning("%s failed, %d in a row: %s", self.name, self.failures, error)
            else:
                log.warning("%s failed, %d in a row", self.name, self.failures, exc_info=error)
        else:
            self.failures, self.last_error = 0, None
            self.last_run = self.house.clock.now()

    # -- for jobs --------------------------------------------------------------------------------

    async def each_tenant(self, work: Callable[[str], Awaitable[None]]) -> None:
        """Run work for every tenant; one tenant's failure does not keep it from the others.

        Raises the first failure, after all of them had their turn.
        """
        first: Exception | None = None
        for tenant in sorted({DEFAULT_TENANT, *await self.house.store.tenants()}):
            try:
                await work(tenant)
            except Exception as error:
                if first is not None:
                    log.warning("%s failed for tenant %s", self.name, tenant, exc_info=error)
                first = first or error
        if first is not None:
            raise first

    async def read(self, tenant: str, query: Query, **parameters: Any) -> Sequence[Row]:
        """Rows of committed data."""

        async def work(reader: Reader) -> Sequence[Row]:
            return await reader.all(query, **parameters)

        return await self.house.store.read(tenant, work)

    async def act(self, tenant: str, work: Callable[[Call], Coroutine[Any, Any, T]]) -> T:
        """Run work in a transaction, as the system. It may run more than once; only the last run counts."""
        return await self.house.dispatcher.system(tenant, work, label=f"controller.{self.name}")


async def _wait_for_stop(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for so long; tells whether it was time to stop instead."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()


def split_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
