"""What went wrong with the database, and what may be done about it."""

from __future__ import annotations

import asyncpg

from ..port import StoreFailure

__all__ = ["ConnectionLost", "OutcomeUnknown", "failure", "is_hopeless", "is_loss", "is_retryable"]

_LOSSES = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
_RETRYABLE = (asyncpg.UniqueViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_HOPELESS = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
)


class ConnectionLost(StoreFailure):
    """The server went away before COMMIT was sent, or cannot be reached: nothing was stored."""


class OutcomeUnknown(StoreFailure):
    """The connection was lost while committing: the call may have been stored, or not."""

    def __init__(self) -> None:
        super().__init__(
            "The connection to PostgreSQL was lost while committing: the outcome is unknown. "
            "A call with an Idempotency-Key may safely be repeated."
        )


def is_loss(connection: asyncpg.Connection, error: BaseException) -> bool:
    """Whether the connection is gone, so that another one may have more luck."""
    if isinstance(error, StoreFailure) or not isinstance(error, Exception):
        return False
    return isinstance(error, _LOSSES) or connection.is_closed()


def is_retryable(error: BaseException) -> bool:
    """Whether another transaction stood in the way: run again, the work sees what that one did."""
    return isinstance(error, _RETRYABLE)


def is_hopeless(error: BaseException) -> bool:
    """Whether it is the server's trouble, the same for every call: no use in trying each alone."""
    return isinstance(error, _HOPELESS)


def failure(error: BaseException) -> StoreFailure:
    """What the caller sees of the database's trouble."""
    if isinstance(error, StoreFailure):
        return error
    failed = StoreFailure(f"PostgreSQL could not keep the call: {error or type(error).__name__}")
    failed.__cause__ = error
    return failed
