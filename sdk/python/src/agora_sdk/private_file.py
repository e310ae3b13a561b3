"""Private files: JSON that its owner alone can read, replaced whole, changed by one at a time.

Programs of this SDK wait for each other by a lock of the system. SDKs of languages that have none (Node) change the same files:
whoever changes one also holds ``FILE.writing``, made exclusively. One older than ``ABANDONED_SECONDS`` belongs to a program
that died; who needs longer dates it ahead.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

try:
    import fcntl
except ImportError:  # no such locks on this system: the atomic replacement alone has to do
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_file", "replace_json", "try_lock_file"]

ABANDONED_SECONDS = 10.0
WAIT_SECONDS = 0.01  # from one look at a file that another program is changing to the next


def replace_json(path: str, document: Any) -> None:
    """Replace the file in one step: a reader sees the old one or the new one, whole."""
    from tempfile import mkstemp

    name = os.path.splitext(os.path.basename(path))[0]
    handle, temporary_path = mkstemp(dir=os.path.dirname(path), prefix=f".{name}-")  # mode 0600
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(handle)
    os.replace(temporary_path, path)  # one step: no reader sees half of the file


@contextmanager
def lock_file(path: str) -> Iterator[None]:
    """Lock the file against other processes and threads."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        _make_exclusively(f"{path}.writing")
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                os.unlink(f"{path}.writing")
    finally:
        os.close(handle)


def _make_exclusively(path: str) -> None:
    """Make a file that is not there; wait for whoever made it to remove it."""
    while not _try_make_exclusively(path):
        time.sleep(WAIT_SECONDS)


def _try_make_exclusively(path: str) -> bool:
    """Whether a file that was not there was made; an abandoned one is removed for the next attempt."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        with suppress(FileNotFoundError):
            if time.time() - os.stat(path).st_mtime > ABANDONED_SECONDS:
                os.unlink(path)
        return False
    return True


@contextmanager
def try_lock_file(path: str, seconds: float) -> Iterator[bool]:
    """Like :func:`lock_file`, but do not wait: yields whether the lock was acquired. seconds: for how long, at most."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        has_lock = True
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                has_lock = False
        has_lock = has_lock and _try_make_exclusively(f"{path}.writing")
        try:
            if has_lock:
                os.utime(f"{path}.writing", (time.time(), time.time() + seconds))
            yield has_lock
        finally:
            if has_lock:
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}.writing")
    finally:
        os.close(handle)
