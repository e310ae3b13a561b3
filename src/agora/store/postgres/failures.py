"""Classification of PostgreSQL errors: lost connection, retryable, or affecting every call."""

from __future__ import annotations

import asyncpg

from ..port import StoreFailure, StoreUnavailable

__all__ = [
    "ConnectionLost",
    "OutcomeUnknown",
    "affects_every_call",
    "is_closed",
    "is_connection_loss",
    "is_retryable",
    "to_connection_lost",
    "to_store_failure",
]

_CONNECTION_LOSSES = (
    OSError,  # includes TimeoutError
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.IdleSessionTimeoutError,
)
_RETRYABLE_ERRORS = (asyncpg.UniqueViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_PERMANENT_ERRORS = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
)
#: the cause reported to callers, and its text in the log and in health; the first match counts
_CAUSES: tuple[tuple[type[Exception], str, str], ...] = (
    (asyncpg.DiskFullError, "disk_full", "The disk of PostgreSQL is full."),
    (asyncpg.ReadOnlySQLTransactionError, "read_only", "PostgreSQL is read-only, or a standby."),
    (asyncpg.TooManyConnectionsError, "connections", "PostgreSQL has no connection free."),
    (asyncpg.InsufficientResourcesError, "resources", "PostgreSQL lacks resources."),
    (asyncpg.PostgresSystemError, "io_error", "PostgreSQL cannot read or write its files."),
    (asyncpg.QueryCanceledError, "timeout", "PostgreSQL took too long."),
    (asyncpg.LockNotAvailableError, "contention", "Another transaction holds the rows for too long."),
    (asyncpg.SerializationError, "contention", "The call conflicted with other transactions repeatedly."),
    (asyncpg.DeadlockDetectedError, "contention", "The call conflicted with other transactions repeatedly."),
    (TimeoutError, "timeout", "PostgreSQL did not answer in time."),
    *((loss, "unreachable", "The connection to PostgreSQL was lost.") for loss in _CONNECTION_LOSSES),
)


class ConnectionLost(StoreUnavailable):
    """The connection was lost before COMMIT, or the server is unreachable: nothing was stored."""

    def __init__(self, detail: str, *, cause: str = "unreachable", reason: object = "") -> None:
        super().__init__(detail, cause=cause, reason=reason)


class OutcomeUnknown(StoreUnavailable):
    """The connection was lost during COMMIT: the call may have been stored."""

    def __init__(self) -> None:
        detail = "The connection to PostgreSQL was lost while committing: the outcome is unknown."
        super().__init__(detail, cause="unreachable", unknown=True)


def is_closed(connection: asyncpg.Connection) -> bool:
    """Whether a connection taken from the pool is closed."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back, which it does only with a lost connection
        return True


def is_connection_loss(connection: asyncpg.Connection, error: BaseException) -> bool:
    """Whether the connection was lost, so that a retry on another one may succeed."""
    if isinstance(error, StoreFailure) or not isinstance(error, Exception):
        return False
    return isinstance(error, _CONNECTION_LOSSES) or is_closed(connection)


def is_retryable(error: BaseException) -> bool:
    """Whether the error is a conflict with another transaction, so that a retry may succeed."""
    return isinstance(error, _RETRYABLE_ERRORS)


def affects_every_call(error: BaseException) -> bool:
    """Whether the error affects every call, so that running calls alone would not help."""
    return isinstance(error, _PERMANENT_ERRORS)


def to_store_failure(error: BaseException) -> StoreFailure:
    """Convert a database error for the caller: StoreUnavailable if the call did not cause it."""
    if isinstance(error, StoreFailure):
        return error
    text = str(error) or type(error).__name__
    failure = next(
        (
            StoreUnavailable(words, cause=cause, reason=text)
            for kind, cause, words in _CAUSES
            if isinstance(error, kind)
        ),
        StoreFailure(f"PostgreSQL could not store the call: {text}"),
    )
    failure.__cause__ = error
    return failure


def to_connection_lost(error: Exception) -> ConnectionLost:
    """Convert a failure to connect."""
    known_failure = to_store_failure(error)
    cause = known_failure.extra["cause"] if isinstance(known_failure, StoreUnavailable) else "unreachable"
    return ConnectionLost("PostgreSQL cannot be reached.", cause=cause, reason=str(error) or type(error).__name__)
