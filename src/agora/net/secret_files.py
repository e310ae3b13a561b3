"""Secret files, created exactly once even if several servers or containers start at the same time."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_secret_once"]


def write_secret_once(path: Path, secret: bytes) -> None:
    """Write a new file (mode 0600) atomically; an existing file is left unchanged. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        _publish_file(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _publish_file(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            partial.rename(path)
