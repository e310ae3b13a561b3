"""Snapshots of a worktree, one per turn: commits under ``refs/agora/JOB/NUMBER`` that are on no branch.

They include uncommitted and untracked files, and change neither the branch nor its index. Files are restored by a
commit on top of the branch, after a snapshot of the current files: nothing is lost.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .subprocesses import run_and_split_fields, run_checked
from .worktree import COMMITTER_IDENTITY, Workplace

__all__ = ["Snapshot", "restore_files", "take_snapshot"]

MAX_FILES = 1000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit with the files at the end of a turn. files: path, status and blob of each file changed since the start
    of the job."""

    number: int
    commit: str
    files: list[dict[str, Any]]


async def take_snapshot(place: Workplace, job: str, note: str, after: int = 0) -> Snapshot:
    """Record the files of a worktree as the next turn of a job. after: number of the last recorded turn, of any worker.
    Raises CommandError."""
    assert place.base is not None
    # The checkpoint knows turns of other workers, the repository those of a worker whose checkpoint was lost.
    number = max(after, await _find_highest_snapshot_number(place.path, job)) + 1
    # A copy of the index: the agent's own staging must not change because the worker takes a snapshot.
    index = place.path / await run_checked(["git", "rev-parse", "--git-path", "index"], place.path)
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "index"
        shutil.copy2(index, copy)  # copied with git's file metadata, so that git reads only changed files
        environment = {"GIT_INDEX_FILE": str(copy)}
        await run_checked(["git", "add", "--all"], place.path, environment)
        tree = await run_checked(["git", "write-tree"], place.path, environment)
    head = await run_checked(["git", "rev-parse", "HEAD"], place.path)
    message = f"Turn {number} of {job}: {note}"[:200]
    commit = await run_checked(["git", *COMMITTER_IDENTITY, "commit-tree", tree, "-p", head, "-m", message], place.path)
    await run_checked(["git", "update-ref", f"refs/agora/{job}/{number}", commit], place.path)
    return Snapshot(number, commit, await _read_changed_files(place.path, place.base, commit))


async def restore_files(place: Workplace, job: str, commit: str, note: str) -> None:
    """Restore the files of a snapshot by a commit on top of the branch. Raises CommandError."""
    await take_snapshot(place, job, f"before {note}")
    # Everything is tracked first: ``read-tree -u`` does not remove untracked files.
    await run_checked(["git", "add", "--all"], place.path)
    await run_checked(["git", "read-tree", "--reset", "-u", commit], place.path)
    await place.commit_changes(note)


async def _find_highest_snapshot_number(path: Path, job: str) -> int:
    """Return the highest snapshot number."""
    refs = await run_checked(["git", "for-each-ref", "--format=%(refname:lstrip=3)", f"refs/agora/{job}/"], path)
    return max((int(name) for name in refs.split() if name.isdecimal()), default=0)


async def _read_changed_files(path: Path, base: str, commit: str) -> list[dict[str, Any]]:
    # --no-renames: a renamed file would have two names after its fields, and the pairs below would shift.
    command = ["git", "diff", "--raw", "-z", "--no-abbrev", "--no-renames", base, commit]
    fields = await run_and_split_fields(command, path)
    files: list[dict[str, Any]] = []
    for meta, name in zip(fields[::2], fields[1::2], strict=False):
        _, _, _, blob, status = meta.lstrip(":").split(" ")
        printable = "".join(part if part.isprintable() else f"\\x{ord(part):02x}" for part in name)
        files.append({"path": printable[:4096], "status": status[:1], "blob": blob})
    return files[:MAX_FILES]
