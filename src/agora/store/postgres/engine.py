"""The engine: opens, migrates, and hands work to the writer and the readers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from agora.clock import SECOND, Clock, SystemClock
from agora.scheduling import Owner

from ..outages import Outages
from ..port import MIN_FREE_BYTES, Query, Reader, Reading, StoredEvent, StoreFailure, Tx, Work
from ..probe_queries import write_probe
from .connections import Connections, open_connection, redact_url
from .peers import Peers
from .reading import Readers
from .schema import migrate_schema
from .writing import MAX_QUEUED_CALLS, Writer

__all__ = ["PostgresStore"]

T = TypeVar("T")
log = logging.getLogger(__name__)

CHECK_SECONDS = 5.0
# seconds, because another server may add or remove a tenant; below the interval of the loops that read them
TENANTS_MAX_AGE = 4.0
DEFAULT_TENANT = "default"  # the tenant that exists in every database and owns the server's own rows
CLOCK_TOLERANCE = 50_000  # microseconds of difference between clocks that are ignored

_TENANTS = Query("", str, postgres="select tenant_id from agora_tenant_ids() as known(tenant_id)", crosses_tenants=True)
_CLOCK = Query(
    "",
    int,
    postgres="select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) as now where :tenant = ''",
    crosses_tenants=True,
)
_SIZE = Query("select pg_database_size(current_database()) as size where :tenant = ''", int, scan=True)
# Query data beyond the memory limit goes into a temporary file beside the tables, which needs disk space as they do.
_FILLER_BYTES = 8_000
_LITTLE_MEMORY = Query(
    "", str, postgres="select set_config('work_mem', '64kB', true) where :tenant <> ''", crosses_tenants=True
)
_CAN_WRITE_TEMPORARY_FILE = Query(
    "",
    int,
    postgres=f"with filler as materialized (select repeat('x', {_FILLER_BYTES}) from generate_series(1, {MIN_FREE_BYTES // _FILLER_BYTES + 1})) "
    "select count(*) from filler where :tenant <> ''",
    crosses_tenants=True,
)


class PostgresStore:
    """A store in a PostgreSQL database.

    url: ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``.
    batches, solos, readers: connections for grouped commits, for calls that change or lock rows, for reads.
    read_wait: seconds that a read waits for a connection. wait: seconds to wait at start for a server that does not answer yet.
    timeout: seconds until a call that the server does not answer fails; a statement may take as long.
    """

    exclusive = False

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        batches: int = 4,
        solos: int = 4,
        readers: int = 8,
        read_wait: float = 5.0,
        wait: float = 10.0,
        timeout: float = 10.0,
        wall_clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.url, self._wall_clock = url, wall_clock
        self.clock = clock or SystemClock()
        self.on_commit: Callable[[Sequence[StoredEvent]], None] = lambda events: None
        self.on_transaction: Callable[[float, int], None] = lambda seconds, calls: None
        self.peers = Peers(url)
        self.skew = 0
        self._wait = wait
        self._tenants: Sequence[str] | None = None
        self._tenants_read_at, self._writes = 0.0, 0
        self._outages = Outages()
        self._connections = Connections(url, batches + solos + readers, timeout)
        self._readers = Readers(self._connections, readers, self._outages, read_wait)
        self._writer = Writer(
            self._connections,
            batches=batches,
            solos=solos,
            publish=self._publish_events,
            on_transaction=lambda seconds, calls: self.on_transaction(seconds, calls),
            find_notification_prefix=self.peers.find_notification_prefix,
            outages=self._outages,
        )

    def __repr__(self) -> str:
        return f"PostgresStore({redact_url(self.url)!r})"

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Wait for the server, migrate, open the pool. Raises StoreFailure, MigrationError."""
        connection = await open_connection(self.url, self._wait)
        try:
            await migrate_schema(connection, self.clock)
        finally:
            await connection.close()
        await self._connections.open()
        self._update_skew(*await self.read("", self._read_clocks))
        self.peers.open()

    async def close(self) -> None:
        await self._writer.drain()
        await self.peers.close()
        await self._connections.close()

    # -- work ------------------------------------------------------------------------------------

    def write(self, tenant: str, work: Work[T], *, label: str = "", owner: Owner | None = None) -> asyncio.Future[T]:
        return self._writer.submit_call(tenant, work, label, owner)

    async def read(self, tenant: str, work: Reading[T]) -> T:
        return await self._readers.read(tenant, work)

    async def tenants(self) -> Sequence[str]:
        """Return the tenant ids, cached for ``TENANTS_MAX_AGE`` until this server commits events.

        A dozen loops read them, which would dominate the load of an idle server. Adding or removing a tenant logs an
        event.
        """
        if self._tenants is None or time.monotonic() - self._tenants_read_at > TENANTS_MAX_AGE:
            writes, read_at = self._writes, time.monotonic()
            tenants = await self.read("", lambda reader: reader.all(_TENANTS))
            if writes != self._writes:  # a commit in between may have changed them
                return tenants
            self._tenants, self._tenants_read_at = tenants, read_at
        return self._tenants

    async def probe_write(self) -> None:
        started_at = time.monotonic()
        await self.write(DEFAULT_TENANT, _write_probe_row, label="probe")
        self._outages.end_outage_if_recovered(started_at)

    async def measure_health(self) -> Mapping[str, float]:
        started_at = time.perf_counter()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self.write("", _run_empty_work)
                elapsed = time.perf_counter() - started_at
                size, clocks = await self.read("", self._read_size_and_clocks)
                self._update_skew(*clocks)
        except TimeoutError:
            raise StoreFailure(f"PostgreSQL did not answer within {CHECK_SECONDS:g} s") from None
        return {
            "round_trip_ms": elapsed * 1000,
            "queue_depth": float(self._writer.waiting_calls),
            "queue_limit": float(MAX_QUEUED_CALLS),
            "size_bytes": size,
            "connections": float(self._connections.in_use),
            "connections_limit": float(self._connections.limit),
            "commits": float(self._writer.commits),
            "replays": float(self._writer.replays),
            "ejections": float(self._writer.ejections),
            "clock_skew_ms": self.skew / 1000,
        }

    async def _read_size_and_clocks(self, reader: Reader) -> tuple[float, tuple[int, int, int]]:
        size = await reader.one(_SIZE)
        assert size is not None
        return float(size), await self._read_clocks(reader)

    async def _read_clocks(self, reader: Reader) -> tuple[int, int, int]:
        """Read this machine's clock, the database's clock, and this machine's clock again."""
        await reader.one(_CLOCK)  # acquires a connection, and prepares the statement
        before = self._wall_clock() // 1000
        now = await reader.one(_CLOCK)
        assert now is not None
        return before, now, self._wall_clock() // 1000

    def _update_skew(self, before: int, at: int, after: int) -> None:
        """Update the offset of the database's clock. Differences within the round-trip time are ignored."""
        ahead, uncertain = at - (before + after) // 2, after - before
        if abs(ahead - self.skew) > uncertain + CLOCK_TOLERANCE:
            log.log(
                logging.WARNING if abs(ahead) > CLOCK_TOLERANCE else logging.INFO,
                "the database's clock is %.3f s ahead of this machine's; times go by the database's",
                ahead / SECOND,
            )
            # Small differences count as none: synchronized clocks differ by milliseconds, and each change would move leases.
            self.skew = ahead if abs(ahead) > CLOCK_TOLERANCE else 0

    def _publish_events(self, events: list[StoredEvent]) -> None:
        self._writes += 1
        # Any commit may have added or removed a tenant: looking for it would cost more than the next read.
        self._tenants = None
        try:
            self.on_commit(events)
        except Exception:
            log.exception("publishing committed events failed")


async def _write_probe_row(tx: Tx) -> None:
    await write_probe(tx)
    # With the least memory, so that the filler is written to a file and needs the disk space that is being tested.
    await tx.one(_LITTLE_MEMORY)
    await tx.one(_CAN_WRITE_TEMPORARY_FILE)


async def _run_empty_work(tx: Tx) -> None:
    """Run an empty transaction."""
