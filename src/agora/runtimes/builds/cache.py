"""Cache of build results, keyed by the content that they were made from.

A result is in the directory of the attempt that made it, and becomes valid by an index entry, which is written last:
partial results of a crash have no entry, and a dead server's build that is still writing disturbs no other attempt.

::

    builds/index/<key>        {"attempt": ..., "seconds": ..., "commit": ...}; its time is that of the last use
    builds/commits/<key>      digest of the source at a commit of a repository
    builds/<attempt>/
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from agora.net.atomic_files import write_json
from agora.runtimes.spec import Git
from agora.value_classes import value_class

__all__ = ["BuildCache", "CacheEntry", "CommitDigests", "erase_directory", "hash_commit", "hash_json"]

DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@value_class
class CacheEntry:
    """A valid result. seconds: duration of its build."""

    directory: Path
    seconds: float
    commit: str | None


class CommitDigests:
    """The directory of the digests of sources at commits of repositories: what a repeated build need not fetch."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def store_digest(self, source: Git, commit: str, digest: str) -> None:
        write_json(self._build_path(source, commit), {"digest": digest})

    def find_digest(self, source: Git, commit: str) -> str | None:
        """Find the digest of a source at a commit; None if it is not known."""
        try:
            return str(json.loads(self._build_path(source, commit).read_bytes())["digest"])
        except (FileNotFoundError, TypeError, ValueError):
            return None

    def _build_path(self, source: Git, commit: str) -> Path:
        return self.directory / hash_commit(source, commit)


class BuildCache:
    """The directory of results. Attempts in progress are kept in memory only: they end with the server."""

    def __init__(self, root: Path) -> None:
        self._root = root / "builds"
        self._index = self._root / "index"
        self.commits = CommitDigests(self._root / "commits")
        self._running: set[str] = set()

    def create_directories(self) -> None:
        for directory in (self._index, self.commits.directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find_and_mark_used(self, key: str) -> CacheEntry | None:
        """Find a valid result and mark it as used now."""
        try:
            entry = json.loads((self._index / key).read_bytes())
            # Before the result is used, so that pruning does not take it for unused meanwhile.
            os.utime(self._index / key)
        except (FileNotFoundError, ValueError):
            return None
        directory = self._root / str(entry["attempt"])
        return CacheEntry(directory, entry["seconds"], entry["commit"]) if directory.is_dir() else None

    def mark_long_unused(self, key: str) -> None:
        """Mark a result as long unused, so that it is deleted when nothing runs from it."""
        with suppress(FileNotFoundError):
            os.utime(self._index / key, (0, 0))

    def create_attempt(self, key: str) -> Path:
        """Create a new build directory."""
        name = f"{key[:16]}-{secrets.token_hex(6)}"
        # Before the directory exists: pruning deletes directories of unknown attempts.
        self._running.add(name)
        (self._root / name).mkdir(mode=0o700)
        return self._root / name

    def publish_attempt(self, key: str, attempt: Path, seconds: float, commit: str | None) -> None:
        """Publish an attempt as the result."""
        # First the entry: pruning in between would otherwise find an attempt that is neither valid nor running.
        write_json(self._index / key, {"attempt": attempt.name, "seconds": seconds, "commit": commit})
        self._running.discard(attempt.name)

    def discard_attempt(self, attempt: Path) -> None:
        """Delete a failed attempt."""
        erase_directory(attempt)
        self._running.discard(attempt.name)

    def contains_directory(self, directory: str) -> bool:
        """Whether a directory belongs to a result or an attempt."""
        path = Path(directory)
        return path.parent == self._root and path.is_dir()

    def is_attempt_running(self, attempt: str) -> bool:
        return attempt in self._running

    def delete_stale_builds(self, used_attempts: Collection[str], max_unused_seconds: float) -> int:
        """Delete incomplete attempts at once, and results that were not used or requested for that many seconds. Returns
        the number of deleted directories."""
        valid: set[str] = set()
        for entry in os.scandir(self._index):
            with suppress(FileNotFoundError, ValueError):
                name = str(json.loads(Path(entry.path).read_bytes())["attempt"])
                if name not in used_attempts and entry.stat().st_mtime < time.time() - max_unused_seconds:
                    os.unlink(entry.path)
                else:
                    valid.add(name)
        stale = [
            entry.path
            for entry in os.scandir(self._root)
            if entry.name not in ("index", "commits") and entry.name not in valid | self._running | set(used_attempts)
        ]
        for path in stale:
            erase_directory(Path(path))
        return len(stale)


def hash_commit(source: Git, commit: str) -> str:
    """Hash what a source contains at a commit."""
    # The commit alone is not enough: its directories are different programs, and a foreign server may claim to have it.
    return hash_json([source.url, source.directory, commit])


def hash_json(value: object) -> str:
    """Hash a JSON value: the key of what it determines."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def erase_directory(directory: Path) -> None:
    """Delete a directory tree, including directories without permissions. What cannot be deleted is left.

    Without recursion, and by the descriptors of two directories at a time: a program can nest directories deeper than
    the interpreter's stack, the longest path and the number of descriptors allow. So inner ones are moved to the top.
    """
    with suppress(OSError):
        if not directory.is_symlink():
            directory.chmod(0o700)
        top = os.open(directory, DIRECTORY_FLAGS)
        try:
            _erase_content(top)
        finally:
            os.close(top)
        directory.rmdir()


def _erase_content(top: int) -> None:
    names = (f"{secrets.token_hex(8)}-{number}" for number in itertools.count())
    inner = _erase_files(top, top, names)
    while inner:
        name = inner.pop()
        with suppress(OSError):
            descriptor = os.open(name, DIRECTORY_FLAGS, dir_fd=top)
            try:
                inner += _erase_files(descriptor, top, names)
            finally:
                os.close(descriptor)
            os.rmdir(name, dir_fd=top)


def _erase_files(directory: int, top: int, names: Iterator[str]) -> list[str]:
    """Delete the files of a directory, and move its directories to the top. Returns their new names."""
    moved_names = []
    with os.scandir(directory) as entries:
        directory_entries = list(entries)
    for entry in directory_entries:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, 0o700, dir_fd=directory)  # also to be moved
                name = next(names)
                os.rename(entry.name, name, src_dir_fd=directory, dst_dir_fd=top)
                moved_names.append(name)
            else:
                os.unlink(entry.name, dir_fd=directory)
    return moved_names
