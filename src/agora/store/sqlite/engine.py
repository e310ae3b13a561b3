"""SQLite: one file, one writer on the event loop, many calls per commit.

A batch is BEGIN; each queued call driven to its end (a SAVEPOINT is opened at its first direct
write); buffered rows flushed with one ``executemany`` per table; one COMMIT in a dedicated thread;
then events are published and futures resolve. No statement runs on the writer while it commits.

A read of tables with buffered rows flushes them first, so every call sees all writes of earlier calls, as if each had
its own transaction.

If the disk does not complete a COMMIT within ``timeout`` seconds, its calls are answered with an unknown outcome;
waiting calls, and calls that arrive before it ends, fail. The thread keeps waiting; when the disk responds, the store
works again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agora.clock import Clock, SystemClock
from agora.daemon_threads import DaemonThreadCall
from agora.scheduling import FairQueue, Owner
from agora_sdk.errors import Overloaded

from .. import migrate
from ..outages import Outages
from ..port import MIN_FREE_BYTES, Query, Reading, StoredEvent, StoreFailure, StoreUnavailable, Work
from ..probe_queries import write_probe
from .directory_lock import lock_database
from .failures import affects_every_call, build_disk_failure, is_busy, to_store_failure
from .reading import Reader, load_all
from .schema import read_schema_script_or_none
from .transaction import Batch, Transaction, insert_batch_rows, run_to_completion

__all__ = ["SqliteStore"]

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_QUEUED_CALLS = 4096
MAX_BATCH_CALLS = 512
SLICE_SECONDS = 0.004  # seconds for which a batch may block the event loop
SCAN_THREADS = 2
RESERVED_BYTES = 65_536  # reserved bytes: even to read a file in WAL mode, SQLite must create an index of 32 KiB
LOCK_RETRY_SECONDS = 0.02
DEFAULT_TENANT = "default"  # the tenant that exists in every database and owns the server's own rows
STATEMENT_TIMEOUT = 10.0
LOCK_TIMEOUT = 5.0  # while another program holds the file's write lock
PRAGMAS = (
    "journal_mode=wal",
    # With "normal", SQLite in WAL mode may lose the last commits in a power failure, after their callers were answered.
    "synchronous=full",
    "temp_store=memory",
    "cache_size=-16000",
    "busy_timeout=5000",
)


@dataclass(slots=True, eq=False)
class _QueuedCall:
    tenant: str
    work: Work[Any]
    future: asyncio.Future[Any]
    context: contextvars.Context


@dataclass(slots=True, eq=False)
class _CallResult:
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class SqliteStore:
    """The default engine: ``agora.db`` in the data directory.

    timeout: seconds until a call is answered if the disk does not complete its commit. lock_timeout: the same while
    another program holds the file's write lock.
    Raises DataDirectoryLocked at start if another server uses the directory.
    """

    exclusive = True
    skew = 0
    peers = None

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        timeout: float = STATEMENT_TIMEOUT,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self.path, self._timeout, self.lock_timeout = Path(path), timeout, lock_timeout
        self.clock = clock or SystemClock()
        self.on_commit: Callable[[Sequence[StoredEvent]], None] = lambda events: None
        self.on_transaction: Callable[[float, int], None] = lambda seconds, calls: None
        self.replays = 0
        self.commits = 0
        self._queue: FairQueue[_QueuedCall] = FairQueue(MAX_QUEUED_CALLS)
        self._busy = False
        self._closing = False
        self._locked_since: float | None = None
        self._commit_timer: asyncio.TimerHandle | None = None  # checks whether the disk completes a commit in time
        self._committing: list[_CallResult] | None = None  # calls of the running commit
        self._commit_began = 0.0  # of the monotonic clock
        self._hung_since: float | None = None  # start of the commit that the disk does not complete
        self._heads: dict[str, int] = {}
        self._commits: queue.SimpleQueue[tuple[Batch, list[_CallResult]] | None] = queue.SimpleQueue()
        self._idle = asyncio.Event()
        self._local = threading.local()
        self._scanners: list[sqlite3.Connection] = []
        self._outages = Outages()
        self._free_space_check = DaemonThreadCall(self._check_free_space, "agora-free-space")
        self._reserve_file = self.path.with_name(self.path.name + "-reserve")

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_descriptor = lock_database(self.path)
        try:
            try:
                self._open_writer()
            except sqlite3.Error as error:
                if not (affects_every_call(error) and self._reserve_file.exists()):
                    raise
                log.warning("%s cannot be opened (%s); %s makes room for it", self.path, error, self._reserve_file.name)
                # SQLite needs a few blocks to open a file at all: the reserve frees them, so that reads work on a full disk.
                self._reserve_file.unlink()
                self._open_writer()
        except BaseException as error:
            os.close(self._lock_descriptor)
            if isinstance(error, sqlite3.Error):
                raise StoreFailure(f"{self.path} cannot be used: {error}") from error
            raise
        self._reader_connection = self._open_connection(read_only=True)
        self._threads = ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="agora-scan")
        self._committer = threading.Thread(target=self._commit_loop, name="agora-commit", daemon=True)
        self._committer.start()
        self._idle.set()

    def _open_writer(self) -> None:
        """Open the writer's connection and migrate."""
        self._writer_connection = self._open_connection()
        try:
            for pragma in PRAGMAS:
                self._writer_connection.execute(f"pragma {pragma}")
            self._migrate_schema()
            self._writer_connection.execute(
                "pragma busy_timeout=0"
            )  # from here on, waiting for locks is done by the loop, not by SQLite
        except BaseException:
            self._writer_connection.close()
            raise

    async def close(self) -> None:
        """Finish queued calls. If the disk hangs, leave the thread and the lock to the end of the process."""
        self._closing = True
        await self._idle.wait()
        if self._commit_timer is not None:
            self._commit_timer.cancel()
        if self._hung_since is not None:
            log.error("%s is left as it is: %s", self.path, self._build_hung_failure(unknown=True).detail)
            return
        self._commits.put(None)
        await asyncio.to_thread(self._committer.join)
        self._threads.shutdown()
        for connection in (*self._scanners, self._reader_connection, self._writer_connection):
            connection.close()
        os.close(self._lock_descriptor)

    def _open_connection(self, *, read_only: bool = False) -> sqlite3.Connection:
        # isolation_level: Python would open transactions of its own otherwise. check_same_thread: the commit thread
        # uses the writer's connection, and never while the loop does.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=512)
        if read_only:
            connection.execute("pragma query_only=1")
            connection.execute("pragma busy_timeout=5000")
        else:
            self.path.chmod(0o600)
        return connection

    def _migrate_schema(self) -> None:
        execute = self._writer_connection.execute
        execute(
            "create table if not exists schema_migrations "
            "(number integer primary key, name text not null, checksum text not null, applied_at integer not null)"
        )
        applied = dict(execute("select number, checksum from schema_migrations"))
        pending = migrate.list_pending_migrations(applied, "sqlite")
        schema = None if applied else read_schema_script_or_none(pending)
        if schema is not None:
            self._run_migration_script("the schema", schema, pending)
            return
        for migration in pending:
            self._run_migration_script(f"migration {migration}", migration.sql, [migration])

    def _run_migration_script(self, name: str, sql: str, migrations: Sequence[migrate.Migration]) -> None:
        """Run a script and record the migrations that it stands for."""
        values = ", ".join(
            f"({migration.number}, '{migration.name}', '{migration.checksum}', {self.clock.now()})"
            for migration in migrations
        )
        # The script and its record in one transaction: a crash leaves both or neither.
        script = f"begin immediate; {sql}\n; insert into schema_migrations values {values}; commit;"
        try:
            self._writer_connection.executescript(script)
        except sqlite3.Error as error:
            if self._writer_connection.in_transaction:
                self._writer_connection.rollback()
            raise migrate.MigrationError(f"SQLite refused {name}: {error}") from error

    # -- reading ---------------------------------------------------------------------------------

    async def read(self, tenant: str, work: Reading[T]) -> T:
        try:
            # A statement runs to its end in one step of the loop, so all readers share a connection without a lock.
            return await work(Reader(self._reader_connection, self._scan_in_thread, tenant))
        except sqlite3.Error as error:
            failure = to_store_failure(error)
            self._count_failure(failure)
            raise failure from error

    async def _scan_in_thread(self, query: Query[Any], parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Run a read in a thread, on a connection of that thread."""
        return await self._loop.run_in_executor(self._threads, self._run_scan, query, parameters)

    def _run_scan(self, query: Query[Any], parameters: Mapping[str, Any]) -> Sequence[Any]:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open_connection(read_only=True)
            # sqlite3 connections of a thread are not closed with it: close() does that.
            self._scanners.append(connection)
        return load_all(query, connection.execute(query.confined_sql, parameters))

    async def tenants(self) -> Sequence[str]:
        rows = self._reader_connection.execute(
            # A walk over the index, one look-up for each tenant: SQLite would read every entry for "select distinct".
            "with recursive t(id) as (select min(tenant_id) from events union all "
            "select (select min(tenant_id) from events where tenant_id > t.id) from t where t.id is not null) "
            "select id from (select id from t where id is not null union select tenant_id from tenants) "
            "where id not in (select tenant_id from tenants where status in ('deleting', 'deleted'))"
        )
        return [row[0] for row in rows]

    async def probe_write(self) -> None:
        started_at = time.monotonic()
        await self.write(DEFAULT_TENANT, write_probe)
        try:
            await self._free_space_check.run()
        except OSError as error:
            failure = build_disk_failure(error)
            self._outages.record_failure(failure)
            raise failure from error
        self._outages.end_outage_if_recovered(started_at)

    def _check_free_space(self) -> None:
        """Check that the disk has free space and that the reserve exists. Raises OSError."""
        with tempfile.TemporaryFile(dir=self.path.parent) as file:
            # Allocated, not asked for by statvfs: quotas and reserved blocks are counted, too.
            os.posix_fallocate(file.fileno(), 0, MIN_FREE_BYTES)
        if _file_size(self._reserve_file) < RESERVED_BYTES:
            self._reserve_file.write_bytes(bytes(RESERVED_BYTES))

    async def measure_health(self) -> Mapping[str, float]:
        started_at = time.perf_counter()
        await self.write("", _run_empty_work)
        size = self.path.stat().st_size + _file_size(self.path.with_name(self.path.name + "-wal"))
        return {
            "round_trip_ms": (time.perf_counter() - started_at) * 1000,
            "queue_depth": float(len(self._queue)),
            "queue_limit": float(MAX_QUEUED_CALLS),
            "size_bytes": float(size),
            "commits": float(self.commits),
            "replays": float(self.replays),
        }

    # -- writing ---------------------------------------------------------------------------------

    def write(self, tenant: str, work: Work[T], *, label: str = "", owner: Owner | None = None) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closing:
            raise Overloaded("The server is shutting down.", fix="Try again in a moment.", retry_after=2)
        if self._hung_since is not None:
            self._fail_call(future, self._build_hung_failure(unknown=False))
            return future
        if not self._queue.has_room(owner):
            raise Overloaded("The server's write queue is full.", fix="Try again in a second.", retry_after=1)
        # The context (request id, trace, protocol) goes with the call: the batch runs in a callback, which has none.
        self._queue.push_item(owner, _QueuedCall(tenant, work, future, contextvars.copy_context()))
        # No await between the test and the change: one batch at a time, so the writer needs no lock.
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._run_batch)
        return future

    def _run_batch(self) -> None:
        calls: list[_QueuedCall] = []  # those begun
        try:
            self._run_calls_and_submit_commit(calls)
        except BaseException:
            # A signal handler raised an exception here. Without the next batch, every later write would wait forever.
            if self._writer_connection.in_transaction:
                self._writer_connection.rollback()
            for call in calls:
                self._fail_call(call.future, StoreFailure("the batch was interrupted and rolled back"))
            self._schedule_next()
            raise

    def _run_calls_and_submit_commit(self, calls: list[_QueuedCall]) -> None:
        """Run waiting calls in one transaction and pass it to the commit thread. calls: receives the started ones."""
        if not self._try_begin_batch():
            return
        try:
            batch, results = self._attempt_calls(self._take_queued_calls(calls), time.perf_counter() + SLICE_SECONDS)
        except Exception as error:
            calls += self._take_queued_calls([])  # these would get the same error, or must stay behind the others
            if affects_every_call(error):
                for call in calls:
                    self._fail_call(call.future, error)
                self._schedule_next()
            else:
                log.warning("a batch of %d calls failed; each is run alone", len(calls), exc_info=error)
                self._replay_calls(calls)
            return
        self._committing, self._commit_began = results, time.monotonic()
        if self._commit_timer is None:
            self._commit_timer = self._loop.call_later(self._timeout, self._fail_commit_if_late)
        self._commits.put((batch, results))

    def _fail_commit_if_late(self) -> None:
        """Fail the running commit if it takes too long. One timer serves many commits, which is cheaper than one for each."""
        self._commit_timer = None
        if self._committing is None:
            return
        remaining = self._commit_began + self._timeout - time.monotonic()
        if remaining > 0:
            self._commit_timer = self._loop.call_later(remaining, self._fail_commit_if_late)
        else:
            self._fail_hung_commit(self._committing)

    def _fail_hung_commit(self, results: list[_CallResult]) -> None:
        """Fail the running and waiting calls, because the disk does not complete a commit in time."""
        # The commit may still succeed, so that its calls have an unknown outcome; those waiting have certainly not begun.
        self._hung_since = time.monotonic() - self._timeout
        unknown, failed = self._build_hung_failure(unknown=True), self._build_hung_failure(unknown=False)
        for call in results:
            self._fail_call(call.future, call.error or unknown)
        while self._queue:
            self._fail_call(self._queue.pop_item().future, failed)
        self._idle.set()

    def _build_hung_failure(self, *, unknown: bool) -> StoreUnavailable:
        assert self._hung_since is not None
        seconds = time.monotonic() - self._hung_since
        return StoreUnavailable(
            f"The disk has not completed a commit of the database for {seconds:.0f} s.",
            cause="timeout",
            unknown=unknown,
        )

    def _take_queued_calls(self, started: list[_QueuedCall]) -> Iterator[_QueuedCall]:
        """Take calls of a batch from the queue one by one as they start, and add each to ``started``."""
        while self._queue and len(started) < MAX_BATCH_CALLS:
            call = self._queue.pop_item()
            started.append(call)
            yield call

    def _try_begin_batch(self) -> bool:
        """Open the batch's transaction. Returns False if another program holds the lock: a timer then tries again."""
        try:
            self._writer_connection.execute("begin immediate")
        except sqlite3.Error as error:
            if not is_busy(error):
                return True  # the attempt gets the same error, and reports it
            self._locked_since = self._locked_since or time.monotonic()
            if time.monotonic() - self._locked_since < self.lock_timeout:
                # By a timer: SQLite's own busy handler would block the event loop while it waits.
                self._loop.call_later(LOCK_RETRY_SECONDS, self._run_batch)
            else:
                self._fail_queued_calls(error)
            return False
        self._locked_since = None
        return True

    def _fail_queued_calls(self, error: sqlite3.Error) -> None:
        """Fail the waiting calls, because the lock could not be acquired."""
        log.warning("another program holds the write lock of %s", self.path)
        self._locked_since = None
        while self._queue:
            self._fail_call(self._queue.pop_item().future, error)
        self._schedule_next()

    def _attempt_calls(self, calls: Iterable[_QueuedCall], until: float) -> tuple[Batch, list[_CallResult]]:
        """Run calls in one open transaction, up to its flush; the transaction is rolled back on failure."""
        batch, results = Batch(), []
        # A copy, stored only after COMMIT: otherwise a failed batch would leave a gap in the numbers.
        batch.heads = dict(self._heads)
        if not self._writer_connection.in_transaction:
            self._writer_connection.execute("begin immediate")
        try:
            for call in calls:
                if not call.future.cancelled():
                    results.append(self._run_call(call, batch))
                # A running batch blocks the loop: calls that have not begun wait for the next batch.
                if time.perf_counter() > until:
                    break
            insert_batch_rows(self._writer_connection, batch)
        except BaseException:
            if self._writer_connection.in_transaction:
                self._writer_connection.rollback()
            raise
        return batch, results

    def _run_call(self, call: _QueuedCall, batch: Batch) -> _CallResult:
        tx = Transaction(self._writer_connection, batch, call.tenant)
        try:
            # A copy for each attempt: a replay must not see what the first attempt has set.
            result = call.context.copy().run(run_to_completion, call.work(tx))
            tx.merge_into_batch()
        except (Exception, asyncio.CancelledError) as error:
            # Some errors, such as SQLITE_FULL, roll back the whole transaction.
            if not self._writer_connection.in_transaction:
                if affects_every_call(error):
                    raise
                raise StoreFailure("the database rolled the whole batch back") from error
            tx.roll_back_call()
            return _CallResult(call.future, error=error)
        return _CallResult(call.future, result)

    def _replay_calls(self, calls: Sequence[_QueuedCall]) -> None:
        """Run each call in its own commit. Slow and rare."""
        self.replays += 1
        for call in calls:
            if call.future.cancelled():
                continue
            try:
                batch, results = self._attempt_calls([call], float("inf"))
                self._commit_batch(batch)
            except Exception as error:
                self._fail_call(call.future, error)
                continue
            self._publish_and_answer_batch(batch, results, None)
        self._schedule_next()

    def _commit_batch(self, batch: Batch) -> None:
        try:
            self._writer_connection.execute("commit")
        except BaseException as error:
            if self._writer_connection.in_transaction:
                self._writer_connection.rollback()
            raise to_store_failure(error, committing=True) from error

    def _commit_loop(self) -> None:
        while (job := self._commits.get()) is not None:
            batch, results = job
            error: BaseException | None = None
            started_at = time.perf_counter()
            try:
                self._commit_batch(batch)
            # Any error: if this thread ended, every later write would wait forever.
            except BaseException as raised:
                error = raised
            # Futures, queue and heads belong to the loop; this thread touches none of them.
            self._loop.call_soon_threadsafe(
                self._finish_commit, batch, results, error, time.perf_counter() - started_at
            )

    def _finish_commit(
        self, batch: Batch, results: list[_CallResult], error: BaseException | None, seconds: float
    ) -> None:
        self._committing = self._hung_since = None
        # Only scheduled: the next batch begins after this callback has published and answered this one.
        self._schedule_next()
        if error is None:
            self.on_transaction(seconds, len(results))
        self._publish_and_answer_batch(batch, results, error)

    def _schedule_next(self) -> None:
        if self._queue:
            self._loop.call_soon(self._run_batch)
        else:
            self._busy = False
            self._idle.set()

    def _publish_and_answer_batch(
        self, batch: Batch, results: list[_CallResult], commit_error: BaseException | None
    ) -> None:
        """After COMMIT: publish events and resolve futures. commit_error: the error if the batch was not committed."""
        if commit_error is None:
            self.commits += 1
            self._heads = batch.heads
            # Published before the callers are answered, so that a caller with its answer finds the event in the feed.
            if batch.events:
                try:
                    self.on_commit(batch.events)
                # The calls are committed: a failing listener must not turn the answers into errors.
                except Exception:
                    log.exception("publishing committed events failed")
        for call in results:
            if call.future.done():  # its caller has disconnected, or was answered while the disk did not respond
                continue
            error = call.error or commit_error
            if error is not None:
                self._fail_call(call.future, error)
            else:
                call.future.set_result(call.result)

    def _fail_call(self, future: asyncio.Future[Any], error: BaseException) -> None:
        """Fail a call with its error, or with the converted engine error."""
        if future.done():
            return
        if isinstance(error, asyncio.CancelledError):
            future.cancel()
            return
        failure = to_store_failure(error)
        self._count_failure(failure)
        future.set_exception(failure)

    def _count_failure(self, failure: BaseException) -> None:
        if isinstance(failure, StoreUnavailable):
            self._outages.record_failure(failure)


async def _run_empty_work(tx: Any) -> None:
    """Run an empty transaction."""


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
