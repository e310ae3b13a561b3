"""Detection of a full disk on the worker's machine: the job is paused until there is space, and does not fail."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["DISK_PAUSE_SECONDS", "describe_full_disk", "find_full_disk"]

DISK_PAUSE_SECONDS = 60.0  #: seconds until a job checks again
MIN_FREE_BYTES = 1_000_000  #: git and agents also fail with little space left
_FULL_DISK_TEXT = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def find_full_disk(error: Exception, places: Iterable[Path], *, is_own: bool) -> Path | None:
    """Find the place without free space that caused an error.

    is_own: whether the worker itself or its git has failed, whose error text is trusted; a check may report another
    disk.
    """
    existing = [place for place in places if place.exists()]
    full = next((place for place in existing if not _has_free_space(place)), None)
    if full is not None or not is_own:
        return full
    is_told = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return existing[0] if existing and (is_told or _FULL_DISK_TEXT.search(str(error))) else None


def describe_full_disk(place: Path) -> str:
    """Describe why a job is paused."""
    return (
        f"No space left on the worker's disk at {place}: paused. It continues automatically when there is space; `agora worker disk` on "
        "that machine shows what jobs use, and `--clean` removes what is merged."
    )


def _has_free_space(place: Path) -> bool:
    # f_bavail and f_favail: what a user without privileges may use; root's reserve does not help.
    usage = os.statvfs(place)
    has_files = usage.f_files == 0 or usage.f_favail > 0  # some file systems do not count inodes
    return usage.f_bavail * usage.f_frsize >= MIN_FREE_BYTES and has_files
