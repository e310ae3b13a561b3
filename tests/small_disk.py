"""A small disk that a test may fill: a tmpfs, which only root can mount.

With ``mount`` in ``AGORA_REQUIRE`` (``AGORA_REQUIRE=mount,…``), or with ``all``, a missing disk is a failure.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["SmallDisk", "small_disk"]

BLOCK = 4096


class SmallDisk:
    """A mounted file system at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Use every free block."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 16, BLOCK):
                while True:
                    try:
                        file.write(b"\0" * size)
                    except OSError:  # no space left
                        break

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount a disk until the block ends. Skips the test if that is impossible."""
    path.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "agora-test", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        reason = f"a small disk cannot be mounted: {ran.stderr.strip()}"
        if {"all", "mount"} & set(os.environ.get("AGORA_REQUIRE", "").split(",")):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)
