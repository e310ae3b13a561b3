"""Private files: JSON that its owner alone can read, replaced whole, changed by one at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import fcntl
except ImportError:  # no such locks on this system: the atomic replacement alone has to do
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_file", "replace_json", "try_lock_file"]


def replace_json(path: str, document: Any) -> None:
    """Replace the file in one step: a reader sees the old one or the new one, whole."""
    from tempfile import mkstemp

    name = os.path.splitext(os.path.basename(path))[0]
    handle, fresh = mkstemp(dir=os.path.dirname(path), prefix=f".{name}-")  # mode 0600
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(handle)
    os.replace(fresh, path)  # one step: no reader sees half of the file


@contextmanager
def lock_file(path: str) -> Iterator[None]:
    """Lock the file against other processes and threads."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def try_lock_file(path: str) -> Iterator[bool]:
    """Like :func:`lock_file`, but do not wait: yields whether the lock was acquired."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        mine = True
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                mine = False
        yield mine
    finally:
        os.close(handle)
