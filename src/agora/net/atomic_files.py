"""Atomic file writes: a reader, also after a crash, sees either the old or the new content as a whole."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["create_file_once", "replace_file", "sync_file", "write_json", "write_then_replace"]


def replace_file(path: Path, content: str | bytes, *, mode: int = 0o666, durable: bool = True) -> None:
    """Create a file or replace its content. Raises OSError.

    mode: of a new file, minus the umask; an existing file keeps its mode. durable: sync to disk before renaming.
    """
    with _write_partial(path, content, mode, durable=durable) as partial:
        # The mode of the replaced file: an operator may have granted a group access to it.
        with suppress(FileNotFoundError):
            partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)


def write_json(path: Path, value: object, *, durable: bool = True) -> None:
    """Create or replace a file with a JSON document. Raises OSError."""
    replace_file(path, json.dumps(value), durable=durable)


@contextmanager
def write_then_replace(path: Path) -> Iterator[Path]:
    """Provide a temporary file beside the target for the block to write; it replaces the target unless the block
    raises. The block calls :func:`sync_file` if the content must survive a crash of the machine."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Write a file's content to the disk; some file systems would otherwise store a later rename before it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def create_file_once(path: Path, content: bytes) -> None:
    """Create a file of mode 0600 and its directories; an existing file is left unchanged. Raises OSError.

    Of several concurrent processes one succeeds, and all read its content afterwards.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _write_partial(path, content, 0o600, durable=True) as partial:
        try:
            # Unlike a rename, a link fails if the target exists: of several processes, the first one wins.
            os.link(partial, path)
        except FileExistsError:
            return
        except OSError:  # the file system does not support links
            if not path.exists():
                partial.rename(path)


@contextmanager
def _write_partial(path: Path, content: str | bytes, mode: int, *, durable: bool) -> Iterator[Path]:
    """Write a temporary file beside the target; it is removed unless it was renamed inside the block."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # With the final mode from the start: a secret must not be readable for a moment. O_EXCL follows no link put in its place.
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        yield partial
    finally:
        partial.unlink(missing_ok=True)
