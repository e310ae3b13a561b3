"""Archives of state directories: compressed tar files whose members cannot lead outside the target directory."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from agora.runtimes.bounded_archives import open_archive, read_state_members, require_safe_link

__all__ = ["pack_archive", "unpack_archive"]


def pack_archive(directory: Path, file: Path) -> None:
    """Pack files, directories and links; sockets and pipes are skipped."""
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        for entry in sorted(os.listdir(directory)):
            archive.add(directory / entry, arcname=entry, filter=_skip_special_files)


def _skip_special_files(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return member if member.isreg() or member.isdir() or member.issym() or member.islnk() else None


def unpack_archive(file: Path, directory: Path) -> None:
    """Unpack into an empty directory. Raises ValueError for a name that leads outside, a special file, or an archive
    over the limits of :mod:`agora.runtimes.bounded_archives`.

    Links are created last, and none below another one, so that nothing is written through a link.
    """
    links: list[tarfile.TarInfo] = []
    with open_archive(file) as archive:
        for member in read_state_members(archive, directory):
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
