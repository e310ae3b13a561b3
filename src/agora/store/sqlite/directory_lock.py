"""The lock of a data directory: one server at a time has its database open."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ..port import StoreFailure

__all__ = ["DataDirectoryLocked", "lock_database"]


class DataDirectoryLocked(StoreFailure):
    """Another server has this data directory open."""


def lock_database(path: Path) -> int:
    """Lock a database file for this process. The returned descriptor holds the lock until it is closed.

    Raises DataDirectoryLocked if another server has it.
    """
    # The file is never deleted: two servers could lock two files of the same name.
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DataDirectoryLocked(
            f"{path} is open in another Agora server: stop that one, or choose another directory with AGORA_DATA_DIR"
        ) from None
    return descriptor
