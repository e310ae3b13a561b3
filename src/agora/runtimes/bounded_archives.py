"""Reading of archives whose content is not trusted: bounded in entries, in the size of a header, and by the free space of
the disk. A few kilobytes can unpack to terabytes."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final, Protocol, cast

__all__ = [
    "MAX_ENTRIES",
    "MAX_HEADER_BYTES",
    "RESERVED_DISK_FRACTION",
    "count_usable_bytes",
    "iterate_bounded_members",
    "iterate_state_members",
    "open_archive",
    "require_safe_link",
]

MAX_ENTRIES: Final = 1_000_000
MAX_HEADER_BYTES: Final = 1 << 20  #: bytes of one read: tarfile reads headers, such as long names, at once
MAX_NAME_CHARACTERS: Final = 4096
RESERVED_DISK_FRACTION: Final = 20  #: a twentieth of the disk stays free for everything else on it
CHUNK_BYTES: Final = 1 << 16
GZIP_MAGIC: Final = b"\x1f\x8b"


@contextmanager
def open_archive(file: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive, compressed with gzip or plain, for one pass by :func:`iterate_bounded_members`. Raises ValueError for
    headers over the limits."""
    try:
        # Mode "r:" and not "r:gz": the decompressed bytes pass the reader below, which bounds them.
        with open(file, "rb") as raw, _decompress_if_gzip(raw) as content:
            forward = cast("IO[bytes]", _ForwardReader(content))
            with tarfile.open(fileobj=forward, mode="r:") as archive:
                yield archive
    except RecursionError:  # to tarfile each header about the next entry is a call
        raise ValueError("it has too many headers in a row") from None


def _decompress_if_gzip(raw: BinaryIO) -> IO[bytes]:
    packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    raw.seek(0)
    return cast("IO[bytes]", gzip.open(raw)) if packed else raw


def iterate_bounded_members(archive: tarfile.TarFile, target: Path) -> Iterator[tarfile.TarInfo]:
    """Iterate over the members of an archive that is unpacked on the disk of the directory ``target``.

    Raises ValueError for an archive over the limits, and for sparse files, whose size is not that of their content.
    """
    count = unchecked_bytes = 0
    while (member := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined]  # one pass: it would keep each of them
        count += 1
        if count > MAX_ENTRIES:
            raise ValueError(f"it has more than {MAX_ENTRIES} entries")
        if archive.pax_headers:  # they accumulate
            raise ValueError("it has global headers")
        if max(len(member.name), len(member.linkname)) > MAX_NAME_CHARACTERS:
            raise ValueError(f"{member.name[:100]!r} is a name of more than {MAX_NAME_CHARACTERS} characters")
        if member.size < 0:
            raise ValueError(f"{member.name!r} has a negative size")
        if member.issparse():
            raise ValueError(f"{member.name!r} is a sparse file")
        unchecked_bytes += member.size if member.isreg() else 0
        if unchecked_bytes > CHUNK_BYTES:  # not for each of a million small files
            _require_free_space(member, target)
            unchecked_bytes = 0
        yield member


def iterate_state_members(archive: tarfile.TarFile, target: Path) -> Iterator[tarfile.TarInfo]:
    """Iterate like :func:`iterate_bounded_members` over the directories, files and links of a backup, with normalized names.

    A hard link to a symbolic link becomes that symbolic link. Raises ValueError for names and hard links that lead
    outside, or through a symbolic link, and for special files. Targets of symbolic links are not checked.
    """
    symbolic_links: dict[str, str] = {}
    for member in iterate_bounded_members(archive, target):
        member.name = _normalize_name(member.name, symbolic_links)
        if member.name == "." and member.isdir():
            continue
        if member.islnk():
            member.linkname = _normalize_name(member.linkname, symbolic_links)
            if member.linkname in symbolic_links:
                member.type, member.linkname = tarfile.SYMTYPE, symbolic_links[member.linkname]
        if member.issym():
            symbolic_links[member.name] = member.linkname
        if member.name == "." or not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            raise ValueError(f"{member.name[:100]!r} is not a regular file")
        yield member


def _normalize_name(name: str, symbolic_links: Container[str]) -> str:
    plain = os.path.normpath(name)
    if os.path.isabs(plain) or plain == ".." or plain.startswith("../"):
        raise ValueError(f"{name[:100]!r} leads out of the archive")
    # A member below a link of the archive would be written wherever the link points.
    if any(str(parent) in symbolic_links for parent in PurePosixPath(plain).parents):
        raise ValueError(f"{name[:100]!r} leads through a link")
    return plain


def require_safe_link(name: str, target: str) -> None:
    """Check that the target of a symbolic link stays within the top directory. Raises ValueError.

    name: of the link, whose parents are directories. ``..`` is permitted only at the start of a target: after a name,
    which may itself be a link, it may lead elsewhere than its text says.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ascents = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    depth = len([part for part in os.path.dirname(name).split("/") if part not in ("", ".")])
    if target.startswith("/") or ascents > depth or ".." in parts[ascents:]:
        raise ValueError(f"the link {name!r} leads out of its directory")


def _require_free_space(member: tarfile.TarInfo, target: Path) -> None:
    available = count_usable_bytes(shutil.disk_usage(target))
    if member.size > available:
        raise ValueError(
            f"{member.name!r} has {member.size} bytes, and {available} of the disk can be used: "
            f"1/{RESERVED_DISK_FRACTION} of it stays free"
        )


class DiskUsage(Protocol):
    """The result of :func:`shutil.disk_usage`."""

    @property
    def total(self) -> int: ...
    @property
    def free(self) -> int: ...


def count_usable_bytes(disk: DiskUsage) -> int:
    """Count the free bytes of a disk that archives and backups may take."""
    return max(0, disk.free - disk.total // RESERVED_DISK_FRACTION)


class _ForwardReader:
    """The file interface that tarfile needs, forward only: a header with a negative size must not repeat an entry."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._position = content, 0

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise ValueError(f"it has a header of more than {MAX_HEADER_BYTES} bytes")
        data = self._content.read(size)
        self._position += len(data)
        return data

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or position < self._position:
            raise ValueError("it has an entry of a negative size")
        while self._position < position and self.read(min(CHUNK_BYTES, position - self._position)):
            pass
        return self._position
