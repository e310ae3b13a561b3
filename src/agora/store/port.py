"""The port: the interface of the store for services, and the guarantees of an engine.

A unit of work is a coroutine function over a :class:`Tx`. **The only thing it may await is the Tx**;
the engine drives it, many calls to one commit. An engine guarantees:

* a call's effects are committed whole or not at all, and its future resolves only after the commit;
* a call sees everything that calls before it in the same batch wrote, or it is run again alone;
* events of a tenant get a sequence without gaps, in commit order, in the same transaction;
* no row of another tenant is read or written: ``:tenant`` is bound by the engine in every statement, each of
  which is checked before its first use (:mod:`.tenancy`), and an appended row must be the tenant's own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any, Generic, Protocol, TypeVar

from typing_extensions import TypeVar as DefaultTypeVar

from agora.scheduling import Owner
from agora_sdk.errors import StorageUnavailable

from .checked_statements import TENANT_COLUMN, Unconfined, is_listed
from .records import Loader, RecordMismatch, build_record_loader, list_column_types
from .tenancy import check_confined  # not called for listed statements, which are nearly all of a server's

__all__ = [
    "MIN_FREE_BYTES",
    "NewEvent",
    "Peers",
    "Query",
    "Reader",
    "Store",
    "StoreFailure",
    "StoreUnavailable",
    "StoredEvent",
    "SuspendedInTransaction",
    "Table",
    "Tally",
    "Tx",
    "TxClosed",
    "Work",
    "Write",
    "build_in_list_condition",
    "write_record",
]

T = TypeVar("T")
MIN_FREE_BYTES = (
    262_144  # free bytes below which a disk counts as full; small changes may still fit into existing files
)
RETRY_AFTER = 2  # Retry-After of an unavailable store, in seconds
_UNKNOWN_OUTCOME_FIX = "Repeat the call under the same Idempotency-Key: it is carried out once."
_TABLES = re.compile(r"\b(?:from|join|into|update)\s+([a-z_][a-z0-9_]*)", re.IGNORECASE)
_PARAMETERS = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


def build_in_list_condition(parameter: str) -> tuple[str, str]:
    """The SQL condition "is one of the texts in this JSON array", for SQLite and for PostgreSQL."""
    return (
        f"in (select value from json_each(:{parameter}))",
        f"= any(array(select json_array_elements_text(:{parameter}::json)))",
    )


class StoreFailure(RuntimeError):
    """The engine could not store the call; nothing of it was stored."""


class StoreUnavailable(StorageUnavailable, StoreFailure):
    """The database currently fails every call: callers get 503 with Retry-After.

    cause: one of :class:`agora_sdk.errors.StorageUnavailable`. unknown: the call may have been stored.
    reason: the engine's error text, which may name hosts and files: for the log only, never for a caller.
    """

    def __init__(self, detail: str, *, cause: str, unknown: bool = False, reason: object = "") -> None:
        super().__init__(
            detail,
            fix=_UNKNOWN_OUTCOME_FIX if unknown else "Repeat the call in a moment.",
            cause=cause,
            outcome="unknown" if unknown else "failed",
            retry_after=RETRY_AFTER,
        )
        self.reason = str(reason)


class SuspendedInTransaction(RuntimeError):
    """A service awaited something other than the store within a transaction."""


class TxClosed(RuntimeError):
    """A transaction was used after its call had ended."""


R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
W_co = DefaultTypeVar("W_co", default=None, covariant=True)  # None: a write that returns no rows


def _require_confined(sql: str) -> str:
    """Return the statement after checking its tenant confinement, if it was not checked at build time. Raises
    Unconfined."""
    if not is_listed(sql):
        check_confined(sql)
    return sql


@dataclass(frozen=True, eq=False)
class Statement(Generic[R_co]):
    """SQL with ``:named`` parameters, written once and portable where it can be.

    record: class of its rows, by column names (:func:`.records.record`); ``int``, ``str`` ... for the value of the
    first column.
    postgres: the text for PostgreSQL where it has to differ.
    types: PostgreSQL types of parameters that are not ``text`` (``bigint``, ``boolean`` ...).
    crosses_tenants: it accesses more than one tenant. Few do, and on PostgreSQL each calls a function defined for it.
    """

    sql: str
    record: type[R_co] | None
    postgres: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    crosses_tenants: bool = False

    @cached_property
    def confined_sql(self) -> str:
        """``sql`` after the confinement check. Raises Unconfined."""
        return self.sql if self.crosses_tenants else _require_confined(self.sql)

    @cached_property
    def confined_postgres(self) -> str:
        """The text for PostgreSQL after the confinement check."""
        if self.crosses_tenants:
            return self.postgres or self.sql
        return self.confined_sql if self.postgres is None else _require_confined(self.postgres)

    @cached_property
    def table_names(self) -> frozenset[str]:
        """Names of the tables the statement touches."""
        return frozenset(name.lower() for name in _TABLES.findall(self.sql))

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters in order of first appearance."""
        return tuple(dict.fromkeys(_PARAMETERS.findall(self.sql)))

    @cached_property
    def _record_loaders(self) -> dict[tuple[type[Any], int], Loader]:
        return {}

    def load_records(self, rows: Sequence[Any], columns: Callable[[], Sequence[str]]) -> list[R_co]:
        """Load an engine's rows as records. columns: returns the column names; called once. Raises RecordMismatch."""
        if not rows:
            return []
        shape = (type(rows[0]), len(rows[0]))  # a migration by a newer server adds a column
        loader = self._record_loaders.get(shape)
        # Compiled once per shape of rows, rather than matching columns to fields for each read.
        if loader is None:
            if self.record is None:
                raise RecordMismatch(f"the statement declares no record of its rows: {self.sql}")
            loader = self._record_loaders[shape] = build_record_loader(self.record, columns())
        return loader(rows)


@dataclass(frozen=True, eq=False)
class Query(Statement[R_co]):
    """A statement that reads.

    scan: it may read much more than it returns, and never runs on the event loop.
    lock: locks the rows for a change by this call (``for update`` if the engine supports it).
    row: for a query that locks a single row, the parameter that identifies it. Such calls can share a commit (ADR 23).
    """

    record: type[R_co]
    scan: bool = False
    lock: bool = False
    row: str | None = None


@dataclass(frozen=True, eq=False)
class Write(Statement[W_co]):
    """A statement that changes rows in place; ``returning`` is allowed.

    One of these lets its calls share a commit (ADR 23):

    row: it changes only the row that this parameter identifies, locked by the call, and rows that belong to it.
    takes: it selects rows itself, skips rows locked by others, and returns this column of the selected ones.
    many: PostgreSQL statement for several calls with equal values of ``alike``; the first row is the first call's.
    ``:calls`` is their number; ``{calls}``, in place of a table, is the table ``_calls`` with a column for each other
    parameter and ``_ord``, the number of the call from 1, which is also the last column returned.
    """

    record: type[W_co] | None = None
    row: str | None = None
    takes: str | None = None
    alike: tuple[str, ...] = ()
    many: str | None = None

    @cached_property
    def checked_many(self) -> str | None:
        """``many`` after the confinement check. Raises Unconfined."""
        return None if self.many_text is None else _require_confined(self.many_text)

    @property
    def many_text(self) -> str | None:
        """``many`` with a placeholder for its values, as used for the check."""
        return None if self.many is None else self.many.replace("{calls}", "unnest() as _calls")


@dataclass(frozen=True, eq=False)
class Table(Generic[R]):
    """A table for appended rows. record: class of the rows; its fields are the columns."""

    name: str
    record: type[R]

    def __post_init__(self) -> None:
        if TENANT_COLUMN not in self.column_names:
            raise Unconfined(f"{self.name} has no column {TENANT_COLUMN}")

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(name, PostgreSQL type), in the order of :meth:`to_row`."""
        return list_column_types(self.record)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @cached_property
    def _value_getter(self) -> Callable[[Any], tuple[Any, ...]]:
        return attrgetter(*self.column_names)

    @cached_property
    def _tenant_index(self) -> int:
        return self.column_names.index(TENANT_COLUMN)

    def to_row(self, record: R, tenant: str) -> tuple[Any, ...]:
        """The record's values in the order of the columns. Raises Unconfined for one of another tenant."""
        # The tenant of a record is chosen by a service: this is the only check of an insert on SQLite, which has no policies.
        row = self._value_getter(record)
        if row[self._tenant_index] != tenant:
            raise Unconfined(f"a row of another tenant was appended to {self.name}")
        return row


@dataclass(frozen=True, eq=False)
class Tally(Table[R]):
    """Counters that calls increment without reading: ``add`` runs with each row at the end of a call.

    key: columns that identify the changed row. PostgreSQL changes rows in the order of their keys, so that commits do
    not deadlock, and applies all changes of one row in the order of the calls.
    """

    key: tuple[str, ...]
    add: Write[Any]

    @cached_property
    def key_of(self) -> Callable[[tuple[Any, ...]], Any]:
        """The key of a row."""
        return itemgetter(*map(self.column_names.index, self.key))

    def row_parameters(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Parameters that identify the row; the engine binds the tenant."""
        return dict(zip(self.column_names, row, strict=True))


# Events are never changed. The two classes are not frozen because that makes their creation four times as slow.
@dataclass(slots=True)
class NewEvent:
    """A new event, not logged yet. ``audience``: agent ids that may see it, None for everyone."""

    event_id: str
    type: str
    source: str
    subject: str | None
    time: int
    data: bytes
    audience: tuple[str, ...] | None = None


@dataclass(slots=True)
class StoredEvent:
    """A logged event; ``seq`` numbers the tenant's events without gaps."""

    tenant_id: str
    seq: int
    event: NewEvent


class Reader(Protocol):
    """Reading. ``:tenant`` is bound by the engine."""

    tenant: str

    def one(self, query: Query[R], /, **parameters: Any) -> Awaitable[R | None]:
        """First row, or None."""

    def all(self, query: Query[R], /, **parameters: Any) -> Awaitable[Sequence[R]]:
        """All rows."""


class Tx(Reader, Protocol):
    """One call's transaction."""

    def append(self, table: Table[R], record: R, /) -> None:
        """Buffer a new row; written with the batch."""

    def emit(self, event: NewEvent, /) -> None:
        """Buffer an event; its sequence is assigned at commit."""

    def execute(self, write: Write[Any], /, **parameters: Any) -> Awaitable[int]:
        """Change rows in place and return their number."""

    def returning(self, write: Write[R], /, **parameters: Any) -> Awaitable[Sequence[R]]:
        """Change rows in place and return the ``returning`` rows."""


def write_record(tx: Tx, write: Write[Any], record: Any, /, **others: Any) -> Awaitable[int]:
    """Execute a write whose parameters are the columns of a record, and others; returns the number of changed rows."""
    names = [name for name in write.parameter_names if name != "tenant" and name not in others]
    return tx.execute(write, **{name: getattr(record, name) for name in names}, **others)


Work = Callable[[Tx], Coroutine[Any, Any, T]]
Reading = Callable[[Reader], Awaitable[T]]


class Peers(Protocol):
    """The other servers on the same store."""

    origin: str
    #: called on the event loop with origin, topic and text of another server's message; with topic ``listening`` and
    #: this server's origin when it listens (again) and may have missed messages
    on_message: Callable[[str, str, str], None]
    #: whether other servers listen for commits: topic ``news``, with tenant, last sequence and count of events
    others: bool

    def send(self, topic: str, text: str = "") -> None:
        """Send asynchronously to every other server. Delivery is not guaranteed."""


class Store(Protocol):
    """An engine."""

    #: whether only this process uses the data, so that leases of an earlier process are void
    exclusive: bool
    #: microseconds by which the store's clock, which determines leases, is ahead of this machine's; 0 without its
    #: own clock
    skew: int
    #: called after each commit with its events, on the event loop
    on_commit: Callable[[Sequence[StoredEvent]], None]
    #: called after each commit with its duration in seconds and its number of calls
    on_transaction: Callable[[float, int], None]

    @property
    def peers(self) -> Peers | None:
        """The other servers on the same store; None if the engine supports only one server."""

    async def start(self) -> None:
        """Open the database, lock it against a second server if needed, and migrate it."""

    async def close(self) -> None:
        """Finish queued work, then close."""

    def write(self, tenant: str, work: Work[T], *, label: str = "", owner: Owner | None = None) -> Awaitable[T]:
        """Run work in a transaction and commit it; resolves after the commit.

        label: kind of the work; an engine may learn from it how to run the next work of that kind. owner: owners take
        turns, and the work of each is done in order. None: runs before all owners.
        Raises the work's error, Overloaded if the queue is full, StoreUnavailable, StoreFailure.
        """

    async def read(self, tenant: str, work: Reading[T]) -> T:
        """Run read-only work on committed data. Raises the work's error, StoreUnavailable, StoreFailure."""

    async def tenants(self) -> Sequence[str]:
        """List tenants that are registered or have events, except those being deleted."""

    async def probe_write(self) -> None:
        """Check that the engine accepts writes: commit a change, and check for :data:`MIN_FREE_BYTES` bytes of free disk space.

        The first probe that succeeds ends an outage. Raises StoreUnavailable, StoreFailure, Overloaded.
        """

    async def measure_health(self) -> Mapping[str, float]:
        """Check that the engine responds with a round trip, and return metrics.

        Always among them: ``round_trip_ms``, ``queue_depth``, ``queue_limit``, ``size_bytes``.
        """
