"""SQLite errors as the caller sees them."""

from __future__ import annotations

import errno
import sqlite3

from agora_sdk.errors import AgoraError, Overloaded

from ..port import StoreFailure, StoreUnavailable

__all__ = ["affects_every_call", "build_disk_failure", "is_busy", "to_store_failure"]

#: SQLite's primary result code, the cause reported to callers, and its text in the log and in health
_CAUSES = {
    sqlite3.SQLITE_FULL: ("disk_full", "The disk of the database is full."),
    sqlite3.SQLITE_READONLY: ("read_only", "The database cannot be written: its file or file system is read-only."),
    sqlite3.SQLITE_IOERR: ("io_error", "The database's files cannot be read or written."),
    sqlite3.SQLITE_CANTOPEN: ("io_error", "The database's files cannot be opened."),
}


_DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def build_disk_failure(error: OSError) -> StoreUnavailable:
    """Convert a failed write beside the database file to a database error."""
    code = {errno.EROFS: sqlite3.SQLITE_READONLY, errno.EACCES: sqlite3.SQLITE_READONLY}.get(error.errno or 0)
    if error.errno in _DISK_FULL_ERRNOS:
        code = sqlite3.SQLITE_FULL
    cause, words = _CAUSES[code or sqlite3.SQLITE_IOERR]
    return StoreUnavailable(words, cause=cause, reason=error)


def _get_primary_code(error: BaseException) -> int:
    """Return SQLite's primary result code; 0 for other errors."""
    # The extended code holds the primary one in its lowest byte (sqlite.org/rescode.html).
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF if isinstance(error, sqlite3.Error) else 0


def is_busy(error: BaseException) -> bool:
    """Whether another program holds the lock."""
    return _get_primary_code(error) == sqlite3.SQLITE_BUSY


def affects_every_call(error: BaseException) -> bool:
    """Whether the error affects every call, so that running calls alone would not help."""
    return isinstance(error, StoreUnavailable) or _get_primary_code(error) in _CAUSES


def to_store_failure(error: BaseException, *, committing: bool = False) -> BaseException:
    """Convert an engine error to StoreUnavailable, StoreFailure or Overloaded; others unchanged.

    committing: it was raised by COMMIT. Even if its write to the disk failed, a restart may find the commit in the log.
    """
    if not isinstance(error, sqlite3.Error):
        return error
    failure: AgoraError | StoreFailure
    if is_busy(error):
        fix = "End that program, or try again."
        # Overloaded, not unavailable: another program with the file open is no outage of the disk, and is over in moments.
        failure = Overloaded("Another program holds the database's lock.", fix=fix, retry_after=2)
    elif known_cause := _CAUSES.get(_get_primary_code(error)):
        cause, words = known_cause
        failure = StoreUnavailable(words, cause=cause, unknown=committing and cause == "io_error", reason=error)
    else:
        failure = StoreFailure(f"the database could not keep the call: {error}")
    failure.__cause__ = error
    return failure
