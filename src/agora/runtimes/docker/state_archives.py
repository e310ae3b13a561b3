"""State archives of instances: interchangeable between all engines."""

from __future__ import annotations

import asyncio
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO

from agora.net.atomic_files import sync_file, write_then_replace
from agora.runtimes.backup_files import BackupFile, BackupLimits
from agora.runtimes.bounded_archives import iterate_state_members, open_archive
from agora.runtimes.builds.tree import convert_to_disk_full_or_none
from agora.runtimes.errors import EngineUnavailable, StartFailed, Unknown

from .client import Client, Refused, read_file_chunks
from .containers import STATE_PATH, VOLUME_PATH

__all__ = ["create_state_directory", "pack_state", "save_state"]

CHUNK_BYTES = 1 << 16
GZIP_WINDOW_BITS = 31  #: window bits of zlib for a gzip stream
STATE_DIRECTORY_NAME = STATE_PATH.rsplit("/", 1)[-1]


async def save_state(client: Client, container: str, file: Path, limits: BackupLimits) -> int:
    """Write the state directory into a file atomically; return its size. The engine does not tell the size of the state
    in advance, so it is counted while it arrives."""
    size = 0
    try:
        limits.require_free_space(1)
        with write_then_replace(file) as partial:
            packer = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW_BITS)
            with await asyncio.to_thread(BackupFile, partial, limits) as out:
                query = {"path": f"{STATE_PATH}/."}
                async with client.stream_response(
                    "GET", f"containers/{container}/archive", params=query, wait=None
                ) as answer:
                    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                        size += len(chunk)
                        limits.require_allowed_size(size)
                        out.write(packer.compress(chunk))
                out.write(packer.flush())
            await asyncio.to_thread(sync_file, partial)
    except Refused as error:
        if error.status == 404:
            raise Unknown(f"There is no state: {error.detail}.") from None
        raise
    except OSError as error:
        raise convert_to_disk_full_or_none(error) or EngineUnavailable(
            f"The backup cannot be written: {error}."
        ) from error
    return (await asyncio.to_thread(file.stat)).st_size


async def create_state_directory(client: Client, container: str, user: str, restore: str | None) -> None:
    """Create the state directory of a container that has not started, for the user it runs as. restore: an archive.

    Raises StartFailed for an unreadable archive.
    """
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(pack_state, file, user, restore)
        query = {"path": VOLUME_PATH}
        headers = {"Content-Type": "application/x-tar"}
        path = f"containers/{container}/archive"
        async with client.stream_response(
            "PUT", path, params=query, data=read_file_chunks(file), headers=headers, wait=None
        ) as answer:
            await answer.read()


def pack_state(file: IO[bytes], user: str, restore: str | None) -> None:
    owner = _parse_owner_ids(user)
    with tarfile.open(fileobj=file, mode="w") as archive:
        top = tarfile.TarInfo(STATE_DIRECTORY_NAME)
        # Only the image can resolve a user's name: then the directory must be writable for every user.
        top.type, top.mode = tarfile.DIRTYPE, 0o777 if owner is None else 0o700
        top.uid, top.gid = owner or (0, 0)
        archive.addfile(top)
        if restore is not None:
            _copy_members(Path(restore), archive, owner)
    file.seek(0)


def _copy_members(path: Path, archive: tarfile.TarFile, owner: tuple[int, int] | None) -> None:
    """Copy the members of a backup below the state directory, owned by that user."""
    try:
        with open_archive(path) as source:
            # Targets of symbolic links may lead anywhere: they are followed only within the container.
            for member in iterate_state_members(source, Path(tempfile.gettempdir())):
                content = source.extractfile(member) if member.isreg() else None
                member.name = f"{STATE_DIRECTORY_NAME}/{member.name}"
                if member.islnk():
                    member.linkname = f"{STATE_DIRECTORY_NAME}/{member.linkname}"
                if owner is not None:
                    member.uid, member.gid = owner
                    member.uname = member.gname = ""
                archive.addfile(member, content)
    except (OSError, tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise StartFailed(f"The backup cannot be read: {error}.") from error


def _parse_owner_ids(user: str) -> tuple[int, int] | None:
    """Find the numeric ids of a container's user; None for a name, which only its image can resolve."""
    name, _, group = user.partition(":")
    if name in ("", "root"):
        return 0, 0
    if not name.isdecimal() or (group and not group.isdecimal()):
        return None
    return int(name), int(group or 0)
