"""Private files: JSON readable only by its owner, replaced atomically, with one writer at a time.

Programs of this SDK exclude each other with a lock of the system. SDKs of languages without such locks (Node) change
the same files: so a writer also holds ``FILE.writing``, which is created exclusively. One older than
``ABANDONED_SECONDS`` belongs to a dead program; a writer that needs longer sets its time ahead.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import mkstemp
from typing import Any

from .errors import AgoraError

try:
    import fcntl
except ImportError:  # no such locks on this system: atomic replacement has to suffice
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_file", "replace_json", "try_lock_file"]

ABANDONED_SECONDS = 10.0
WAIT_SECONDS = 0.01  # polling interval while another program changes the file


def replace_json(path: str, document: Any) -> None:
    """Replace the file atomically: a reader sees the old or the new content."""
    name = os.path.splitext(os.path.basename(path))[0]
    handle, temporary_path = mkstemp(dir=os.path.dirname(path), prefix=f".{name}-")  # mode 0600
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.flush()
            # Before the rename: after a power failure the final name must not hold an empty file.
            os.fsync(handle)
        os.replace(temporary_path, path)  # atomic: no reader sees a partial file
    except BaseException:
        # On a full disk every attempt would leave a copy of the secrets behind.
        os.unlink(temporary_path)
        raise


@contextmanager
def lock_file(path: str) -> Iterator[None]:
    """Lock the file against other processes and threads. Raises AgoraError if it cannot be locked or written."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                # First the system's lock, on which programs of this SDK queue: at most one of them polls for
                # ``FILE.writing``.
                fcntl.flock(handle, fcntl.LOCK_EX)
            _create_exclusively_or_wait(f"{path}.writing")
            try:
                yield
            finally:
                # Another program removed it as abandoned if this one took longer than ABANDONED_SECONDS.
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}.writing")
        finally:
            os.close(handle)
    except OSError as error:
        raise AgoraError(
            f"The file {path} cannot be written ({error.strerror or type(error).__name__}).",
            fix="Let this user write to its directory, or name another one.",
        ) from error


def _create_exclusively_or_wait(path: str) -> None:
    """Create a file exclusively; wait until another owner removes it."""
    while not _try_create_exclusively(path):
        time.sleep(WAIT_SECONDS)


def _try_create_exclusively(path: str) -> bool:
    """Try to create a file exclusively. Returns whether it was created; an abandoned file is removed for the next
    attempt."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # The owner, or another waiting program, may remove it between the two calls.
        with suppress(FileNotFoundError):
            if time.time() - os.stat(path).st_mtime > ABANDONED_SECONDS:
                os.unlink(path)
        return False
    return True


@contextmanager
def try_lock_file(path: str, seconds: float) -> Iterator[bool]:
    """Acquire the lock as :func:`lock_file` does, but without waiting: yields whether it was acquired. seconds: maximum
    time of holding it."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        has_lock = True
        if fcntl is not None:
            try:
                # Released with the handle, also if the process dies.
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                has_lock = False
        has_lock = has_lock and _try_create_exclusively(f"{path}.writing")
        try:
            if has_lock:
                # A modification time in the future keeps other programs from removing the file as abandoned while it
                # is held.
                os.utime(f"{path}.writing", (time.time(), time.time() + seconds))
            yield has_lock
        finally:
            if has_lock:
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}.writing")
    finally:
        os.close(handle)
