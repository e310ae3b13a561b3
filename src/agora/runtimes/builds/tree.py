"""Source trees: their digest, and copies that cannot lead outside."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from agora.runtimes.bounded_archives import require_safe_link
from agora.runtimes.errors import DiskFull, SourceRefused
from agora.value_classes import value_class

__all__ = ["Bounds", "convert_to_disk_full_or_none", "copy_tree", "hash_tree", "resolve_directory_in_roots"]

#: excluded from programs: history, which may hold credentials, and build products
EXCLUDED_DIRECTORIES = frozenset(
    {".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache"}
)


@value_class
class Bounds:
    """Size limits of a source. size: bytes."""

    files: int = 50_000
    size: int = 1 << 30


def resolve_directory_in_roots(path: str, roots: tuple[Path, ...]) -> Path:
    """Resolve a path to a directory in one of the roots. Raises SourceRefused.

    Links are resolved first, so that the checked path is the one that is read.
    """
    if not roots:
        raise SourceRefused(
            "No directory of this host may be built.",
            fix="An operator names directories that hold sources with the setting instance_sources.",
        )
    try:
        resolved = Path(path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        resolved = None
    if resolved is None or not any(resolved.is_relative_to(root.resolve()) for root in roots) or not resolved.is_dir():
        raise SourceRefused(
            f"{path[:200]!r} is not a directory that may be built.",
            fix="Give one in a directory named by the setting instance_sources.",
        )
    return resolved


def hash_tree(directory: Path, bounds: Bounds) -> str:
    """Compute the SHA-256 of all names, modes, links and contents. Raises SourceRefused."""
    total = hashlib.sha256()
    for name, path, mode in _walk_entries(directory, bounds):
        if stat.S_ISLNK(mode):
            content = b"l" + os.readlink(path).encode(errors="surrogateescape")
        elif stat.S_ISREG(mode):
            content = (b"x" if mode & 0o100 else b"f") + _hash_file(path)
        else:
            content = b"d"
        encoded = name.encode(errors="surrogateescape")
        # The lengths make the encoding unambiguous: without them different trees could have the same digest.
        total.update(b"%d:%b%d:%b" % (len(encoded), encoded, len(content), content))
    return total.hexdigest()


def copy_tree(source: Path, target: Path, bounds: Bounds) -> None:
    """Copy a source's tree into a new directory. Raises SourceRefused, DiskFull."""
    try:
        target.mkdir(mode=0o700, parents=True)
        for name, path, mode in _walk_entries(source, bounds):
            copy = target / name
            if stat.S_ISLNK(mode):
                os.symlink(os.readlink(path), copy)
            elif stat.S_ISDIR(mode):
                copy.mkdir(mode=0o700)
            else:
                # The entry may have been replaced by a link since it was read.
                shutil.copyfile(path, copy, follow_symlinks=False)
                # Only the executable bit is kept, which the digest covers: no setuid, and nothing for other users.
                copy.chmod(0o700 if mode & 0o100 else 0o600)
    except OSError as error:
        raise convert_to_disk_full_or_none(error) or SourceRefused(
            f"The source cannot be read: {error.strerror}."
        ) from error


def convert_to_disk_full_or_none(error: OSError) -> DiskFull | None:
    """Convert an error that reports a lack of space into DiskFull."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return DiskFull("The disk is full.", fix="Free space in the data directory of this host.")


def _walk_entries(directory: Path, bounds: Bounds) -> Iterator[tuple[str, str, int]]:
    """Yield (relative name, path, mode) of all entries in a fixed order, parents first."""
    files = size = 0
    top = os.fspath(directory)
    pending_directories = [""]
    while pending_directories:
        within = pending_directories.pop()
        with os.scandir(os.path.join(top, within)) as directory_entries:
            entries = sorted(
                (entry for entry in directory_entries if entry.name not in EXCLUDED_DIRECTORIES),
                key=lambda entry: entry.name,
            )
        for entry in entries:
            name = os.path.join(within, entry.name)
            status = entry.stat(follow_symlinks=False)
            # Directories and links count as well: a tree of empty directories is not free either.
            files += 1
            size += status.st_size
            if files > bounds.files or size > bounds.size:
                raise SourceRefused(
                    f"The source has more than {bounds.files} files or {bounds.size} bytes.",
                    fix="Leave out files that are not part of the program.",
                )
            _require_allowed_entry(top, name, status.st_mode)
            if stat.S_ISDIR(status.st_mode):
                pending_directories.append(name)
            yield name, entry.path, status.st_mode


def _require_allowed_entry(top: str, name: str, mode: int) -> None:
    if stat.S_ISLNK(mode):
        try:
            require_safe_link(name, os.readlink(os.path.join(top, name)))
        except ValueError:
            raise SourceRefused(
                f"The link {name!r} points out of the source.", fix="Replace it by its target."
            ) from None
    elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise SourceRefused(f"{name!r} is neither a file nor a directory.", fix="Remove it.")


def _hash_file(path: str) -> bytes:
    # It may have been replaced by a link or a pipe since it was checked.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
