"""Disk use and removal of worktrees.

A worktree is removed only if no work is lost: no uncommitted change, no new file, no stash of its branch, and no commit
that is on no other branch. Branches, stashes and checkpoints (``refs/agora``) stay in the repository in any case.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .codebases import Codebase
from .execution import get_container_home, rename_nested_repositories
from .subprocesses import CommandError, run_checked, run_command
from .worktree import BRANCH_PREFIX, try_lock

__all__ = ["Limits", "WorktreeUse", "examine_worktrees", "remove_excess_worktrees", "remove_worktrees"]

logger = logging.getLogger("agora.worker")

#: shows all changes, whatever a repository's configuration hides
STATUS_COMMAND = ("git", "-c", "status.showUntrackedFiles=all", "status", "--porcelain", "--ignore-submodules=none")
UNFINISHED_OPERATION_FILES = (
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "rebase-merge",
    "rebase-apply",
    "BISECT_LOG",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits beyond which worktrees are removed. max_age: seconds. max_bytes: total of a codebase's worktrees."""

    max_age: float
    max_bytes: float


@dataclass(frozen=True, slots=True)
class WorktreeUse:
    """A worktree of a job. verdict: removable, recent, or the reason to keep it. last_used: seconds since 1970."""

    job_id: str
    path: Path
    bytes: int
    last_used: float
    verdict: str

    def to_document(self) -> dict[str, Any]:
        """Serialize as JSON for the server."""
        moment = datetime.fromtimestamp(self.last_used, UTC).isoformat()
        return {"job_id": self.job_id, "bytes": self.bytes, "last_used_at": moment, "verdict": self.verdict}


async def examine_worktrees(codebase: Codebase, root: Path, limits: Limits) -> list[WorktreeUse]:
    """List the worktrees of a codebase, latest used first. Read-only."""
    directory = root / codebase.name
    paths = [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []
    uses: list[WorktreeUse] = []
    total = 0
    # Latest first, so that the limit on bytes is used up by recent worktrees and the oldest exceed it.
    for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
        size, last_used = await asyncio.to_thread(_measure_bytes, path), path.stat().st_mtime
        total += size
        verdict = await _judge_worktree_unless_in_use(path)
        if verdict == "removable" and time.time() - last_used <= limits.max_age and total <= limits.max_bytes:
            verdict = "recent"
        uses.append(WorktreeUse(path.name, path, size, last_used, verdict))
    return uses


async def remove_excess_worktrees(codebase: Codebase, root: Path, limits: Limits) -> list[str]:
    """Remove the worktrees of a codebase that exceed the limits and lose no work. Returns the ids of their jobs."""
    uses = await examine_worktrees(codebase, root, limits)
    job_ids = [use.job_id for use in uses if use.verdict == "removable"]
    remaining = await remove_worktrees(codebase, root, job_ids)
    return [job_id for job_id in job_ids if job_id not in remaining]


async def remove_worktrees(codebase: Codebase, root: Path, job_ids: Collection[str]) -> dict[str, str]:
    """Remove worktrees, each after a new check. Returns the remaining ones with the reasons. A missing one counts as
    removed."""
    remaining: dict[str, str] = {}
    for job_id in job_ids:
        path = root / codebase.name / job_id
        if path.parent != root / codebase.name or not path.is_dir():
            continue
        verdict = await _remove_worktree_if_clean(codebase, path)
        if verdict != "removable":
            remaining[job_id] = verdict
    return remaining


async def _remove_worktree_if_clean(codebase: Codebase, path: Path) -> str:
    """Remove a worktree if no work is lost. Returns the verdict."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not try_lock(descriptor):
            return "in_use"
        # Checked again under the lock: the examination may be minutes old.
        verdict = await _judge_worktree(path)
        if verdict == "removable":
            # refuses a worktree with changes
            await run_checked(["git", "worktree", "remove", str(path)], codebase.path)
            for suffix in (".base", ".setup"):
                path.with_suffix(suffix).unlink(missing_ok=True)
            # Not .lock: a waiting job has opened that file, and a later one would lock a new file of its name.
            await asyncio.to_thread(shutil.rmtree, _get_container_home(path), ignore_errors=True)
        return verdict
    except CommandError as error:
        logger.warning("%s stays: %s", path, error)
        return "unknown"
    finally:
        os.close(descriptor)


async def _judge_worktree_unless_in_use(path: Path) -> str:
    lock = path.with_suffix(".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC) if lock.exists() else None
    try:
        if descriptor is not None and not try_lock(descriptor):
            return "in_use"
        return await _judge_worktree(path)
    except CommandError as error:
        logger.warning("%s is not known: %s", path, error)
        return "unknown"
    finally:
        if descriptor is not None:
            os.close(descriptor)


async def _judge_worktree(path: Path) -> str:
    """Find the work that would be lost with a worktree; ``removable`` for none. Raises CommandError."""
    if _get_container_home(path).exists():  # a container has worked here, and its worker may have been killed
        await asyncio.to_thread(rename_nested_repositories, path)
    if Path(await run_checked(["git", "rev-parse", "--show-toplevel"], path)).resolve() != path.resolve():
        return "unknown"  # not a worktree, but a directory in another repository
    if await run_checked(STATUS_COMMAND, path):
        return "uncommitted"
    git_directory = Path(await run_checked(["git", "rev-parse", "--absolute-git-dir"], path))
    # A rebase or merge that has stopped may leave a clean status.
    if any((git_directory / name).exists() for name in UNFINISHED_OPERATION_FILES):
        return "uncommitted"
    current = await run_checked(["git", "rev-parse", "--abbrev-ref", "HEAD"], path)
    own_branches = dict.fromkeys((BRANCH_PREFIX + path.name, current))
    # Its own branch does not count: its later deletion would lose unmerged commits.
    other_branches = [*(f"--exclude={name}" for name in own_branches if name != "HEAD"), "--branches", "--remotes"]
    branches = [f"refs/heads/{name}" for name in own_branches if await _has_branch(path, name)]
    if await run_checked(["git", "rev-list", "-n1", "HEAD", *branches, "--not", *other_branches, "--"], path):
        return "unmerged"
    stashes = await run_checked(["git", "stash", "list", "--format=%gs"], path)
    # Subjects of stashes are "WIP on BRANCH: ..." and "On BRANCH: ...".
    if any(f"n {name}:" in line for line in stashes.splitlines() for name in (*own_branches, "(no branch)")):
        return "stashed"
    return "removable"


def _get_container_home(worktree: Path) -> Path:
    return get_container_home(worktree.parents[2], worktree.parent.name, worktree.name)


async def _has_branch(path: Path, name: str) -> bool:
    return (await run_command(["git", "show-ref", "--verify", "-q", f"refs/heads/{name}"], path)).exit_code == 0


def _measure_bytes(path: Path) -> int:
    """Return the size of the regular files of a directory; files that vanish during the scan count as 0."""
    total = 0
    # Without recursion, which os.walk uses: an agent can nest directories deeper than the stack.
    directories = [os.fspath(path)]
    while directories:
        try:
            with os.scandir(directories.pop()) as entries:
                for entry in entries:
                    with suppress(OSError):
                        if entry.is_dir(follow_symlinks=False):
                            directories.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
