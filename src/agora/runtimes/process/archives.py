"""Archives of state directories: compressed tar files whose members cannot lead outside the target directory."""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
from pathlib import Path
from typing import IO, cast

from agora.runtimes.backup_files import BackupFile, BackupLimits
from agora.runtimes.bounded_archives import MAX_ENTRIES, iterate_state_members, open_archive, require_safe_link
from agora.runtimes.errors import BackupRefused

__all__ = ["pack_archive", "unpack_archive"]


def pack_archive(directory: Path, file: Path, limits: BackupLimits | None = None) -> None:
    """Pack files, directories and links; sockets and pipes are skipped. Raises BackupRefused, DiskFull, OSError."""
    limits = limits or BackupLimits(file.parent)
    size = 0

    def select_member(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        nonlocal size
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            return None
        size += member.size  # again: the program may have written since it was measured
        limits.require_allowed_size(size)
        return member

    try:
        limits.require_free_space(_measure_state(directory, limits))
        with BackupFile(file, limits) as output:
            target = cast("IO[bytes]", output)
            with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as archive:
                for entry in sorted(os.listdir(directory)):
                    archive.add(directory / entry, arcname=entry, filter=select_member)
    except (RecursionError, OSError) as error:  # to tarfile each level is a call
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            raise
        raise BackupRefused("The state has too many levels of directories.", fix="Use fewer levels.") from None


def _measure_state(directory: Path, limits: BackupLimits) -> int:
    """Measure the size of the files, in bytes, as far as it is allowed. Raises BackupRefused."""
    size = count = 0
    directories = [os.fspath(directory)]
    while directories:
        with os.scandir(directories.pop()) as entries:
            for entry in entries:
                count += 1
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    size += entry.stat(follow_symlinks=False).st_size
        limits.require_allowed_size(size)
        if count > MAX_ENTRIES:
            raise BackupRefused(f"The state has more than {MAX_ENTRIES} entries.", fix="Use fewer files.")
    return size


def unpack_archive(file: Path, directory: Path) -> None:
    """Unpack into an empty directory. Raises ValueError for a name that leads outside, a special file, or an archive
    over the limits of :mod:`agora.runtimes.bounded_archives`.

    Links are created last, and none below another one, so that nothing is written through a link.
    """
    links: list[tarfile.TarInfo] = []
    with open_archive(file) as archive:
        for member in iterate_state_members(archive, directory):
            target = directory / member.name
            if member.isdir():
                target.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif (content := archive.extractfile(member) if member.isreg() else None) is not None:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with open(target, "wb") as output:
                    shutil.copyfileobj(content, output)
                target.chmod(member.mode & 0o700)
            else:
                links.append(member)
    for link in links:
        target = _require_no_link_above(directory, link.name)
        if link.islnk():
            os.link(_require_no_link_above(directory, link.linkname), target, follow_symlinks=False)
        else:
            require_safe_link(link.name, link.linkname)
            target.symlink_to(link.linkname)


def _require_no_link_above(directory: Path, name: str) -> Path:
    """Return the path of a name in the directory. Raises ValueError if one of its parents is a link, also on a file
    system that ignores case."""
    path = directory / name
    if path.parent.resolve() != directory.resolve() / os.path.dirname(name):
        raise ValueError(f"{name!r} leads through a link")
    return path
