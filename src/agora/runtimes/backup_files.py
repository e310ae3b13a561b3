"""Files of backups. The state is that of a stranger's program: it may be a sparse file of terabytes, and the server's own
data are on the same disk. So its size is limited, and a part of the disk stays free."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .bounded_archives import RESERVED_DISK_FRACTION, count_usable_bytes
from .builds.tree import convert_to_disk_full_or_none
from .errors import BackupRefused, DiskFull, EngineUnavailable

__all__ = ["BackupFile", "BackupLimits"]

CHECKED_BYTES: Final = 1 << 24  #: written between two checks of the free space


class BackupLimits:
    """Limits of one backup into a directory. size: bytes of the state's files. has_ended: whether nobody waits for it any
    more."""

    def __init__(self, directory: Path, size: int = 10 << 30, has_ended: Callable[[], bool] = lambda: False) -> None:
        self._directory, self._size, self._has_ended = directory, size, has_ended

    def require_allowed_size(self, size: int) -> None:
        """Raise BackupRefused if the state so far is over the limit, EngineUnavailable if nobody waits for the backup."""
        if size > self._size:
            raise BackupRefused(
                f"The state has more than {self._size} bytes.",
                fix="Delete files in AGORA_STATE_DIR, or let an operator raise the setting backup_size_limit.",
            )
        self.require_not_ended()

    def require_not_ended(self) -> None:
        """Raise EngineUnavailable if nobody waits for the backup."""
        if self._has_ended():
            raise EngineUnavailable("The backup was ended before it was complete.")

    def require_free_space(self, size: int) -> None:
        """Check that so many bytes can be written. Raises DiskFull."""
        usable = count_usable_bytes(shutil.disk_usage(self._directory))
        if size > usable:
            raise DiskFull(
                f"A backup needs up to {size} bytes, and {usable} of the disk can be used: 1/{RESERVED_DISK_FRACTION} of it stays free.",
                fix="Free space in the data directory of this host.",
            )


class BackupFile:
    """A file that is written within limits. Raises their errors, and DiskFull or EngineUnavailable for one of the system:
    an OSError would be taken for one of the connection from which a backup is read."""

    def __init__(self, path: Path, limits: BackupLimits) -> None:
        self._limits, self._unchecked_bytes = limits, 0
        self._file = open(path, "wb")  # noqa: SIM115  (closed by its own context)

    def __enter__(self) -> BackupFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        self._limits.require_not_ended()
        self._unchecked_bytes += len(data)
        if self._unchecked_bytes >= CHECKED_BYTES:  # others use the disk, too
            self._limits.require_free_space(len(data))
            self._unchecked_bytes = 0
        try:
            return self._file.write(data)
        except OSError as error:
            raise convert_to_disk_full_or_none(error) or EngineUnavailable(
                f"The backup cannot be written: {error}."
            ) from error
