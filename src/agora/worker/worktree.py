"""The workplace of a job's agent: its own git worktree and branch, or the codebase itself.

The branch ``agora/TASK`` starts at the codebase's HEAD. Uncommitted changes of the agent are committed by the worker,
so that no work is lost with the directory. A worktree is removed only if all commits of its branch are also on another
branch of the codebase.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from .codebases import Codebase
from .subprocesses import CommandError, run_and_split_fields, run_checked, run_command

__all__ = ["BRANCH_PREFIX", "COMMITTER_IDENTITY", "Changes", "Workplace", "open_workplace", "try_lock"]

INCLUDE_FILE = ".worktreeinclude"
BRANCH_PREFIX = "agora/"
MAX_DIFF_CHARACTERS = 200_000
COMMITTER_IDENTITY = ("-c", "user.name=Agora worker", "-c", "user.email=worker@localhost")


@dataclass(slots=True)
class Changes:
    """Changes of a job in its worktree since its start."""

    files: list[dict[str, str]] = field(default_factory=list)
    commits: list[dict[str, str]] = field(default_factory=list)
    diff: str = ""

    def __bool__(self) -> bool:
        return bool(self.files)


@dataclass(slots=True)
class Workplace:
    """A directory to work in. branch, base: of a separate worktree; None in the codebase itself.

    needs_setup: whether it is a worktree whose set-up has not completed. is_empty: whether its branch was just created,
    so that it contains nothing of the job.
    """

    codebase: Codebase
    path: Path
    branch: str | None = None
    base: str | None = None
    needs_setup: bool = False
    is_empty: bool = False

    def mark_setup_complete(self) -> None:
        """Record that the set-up has completed; until then it is run again at each attempt."""
        _get_setup_marker_path(self.path).unlink(missing_ok=True)
        self.needs_setup = False

    async def commit_changes(self, message: str) -> None:
        """Commit the agent's uncommitted changes."""
        if self.branch is None:
            return
        await run_checked(["git", "add", "--all"], self.path)
        # Without hooks (--no-verify): a hook that refuses the commit would lose the work.
        if (await run_command(["git", "diff", "--cached", "--quiet"], self.path)).exit_code:
            await run_checked(
                ["git", *COMMITTER_IDENTITY, "commit", "--quiet", "--no-verify", "-m", message], self.path
            )

    async def read_changes(self) -> Changes:
        """Read the changes since the start."""
        if self.branch is None or self.base is None:
            return Changes()
        commit_range = f"{self.base}..HEAD"
        # Without renames, each entry is a status and one path.
        words = await run_and_split_fields(
            ["git", "diff", "--name-status", "-z", "--no-renames", commit_range], self.path
        )
        files = [{"status": status, "path": name} for status, name in zip(words[::2], words[1::2], strict=False)]
        # Ended by NUL, the only character that neither a name nor a subject can contain.
        log = await run_and_split_fields(
            ["git", "log", "--reverse", "-z", "--format=%H%x00%an%x00%s", commit_range], self.path
        )
        entries = zip(log[::3], log[1::3], log[2::3], strict=False)
        commits = [{"id": commit, "author": author, "subject": subject} for commit, author, subject in entries]
        command = ["git", "diff", "--no-color", "--no-ext-diff", commit_range]
        diff = await run_command(command, self.path, keeps_start=True, separates_errors=True)
        if diff.exit_code:
            raise CommandError(f"git diff failed in {self.path}: {diff.errors.strip()[-2000:]}")
        return Changes(files, commits, diff.output[:MAX_DIFF_CHARACTERS])

    def to_document(self) -> dict[str, Any]:
        """Serialize as JSON for the checkpoint and the result."""
        return {"codebase": self.codebase.name, "path": str(self.path), "branch": self.branch, "base": self.base}


@asynccontextmanager
async def open_workplace(
    codebase: Codebase, root: Path, job: str, *, isolated: bool, start: str | None = None
) -> AsyncIterator[Workplace]:
    """Open the workplace of a job: created at its first attempt, reused later, and locked until the block ends.

    root: directory of all worktrees. job: names the branch. start: commit that a new branch begins at, instead of the
    codebase's HEAD. Waits while another process works there, such as a worker that has lost the lease and is ending its
    agent. Raises CommandError.
    """
    if not isolated or not codebase.is_git:
        yield Workplace(codebase, codebase.path)
        return
    directory = root / codebase.name
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / f"{job}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Polled: a blocking flock would need a thread for as long as the other process works.
        while not try_lock(descriptor):
            await asyncio.sleep(0.2)
        yield await _find_or_create_worktree(codebase, directory / job, BRANCH_PREFIX + job, start, descriptor)
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Lock a job's workplace without waiting. Returns whether that was possible."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _find_or_create_worktree(
    codebase: Codebase, path: Path, branch: str, start: str | None, lock: int
) -> Workplace:
    """Find or create the worktree of a job. lock: descriptor of the job's lock, which git inherits in case this process
    is killed."""
    base_file, marker = path.with_suffix(".base"), path.with_suffix(".preparing")
    if path.is_dir() and base_file.exists():
        _remove_stale_git_locks(path)
        needs_setup = _get_setup_marker_path(path).exists()
        return Workplace(codebase, path, branch, base_file.read_text().strip(), needs_setup)
    _remove_unfinished_worktree(path, marker)
    # The marker before git, ``.base`` at the end: after a crash they tell whether the agent may have worked here.
    marker.touch()
    # git does not add a worktree at a path that is registered for a deleted one.
    await run_checked(["git", "worktree", "prune"], codebase.path)
    # The branch outlives its worktree, which may have been cleaned: the job's commits must not be lost then.
    exists = (await run_command(["git", "rev-parse", "--verify", "-q", branch], codebase.path)).exit_code == 0
    source = [str(path), branch] if exists else ["-b", branch, str(path), *([start] if start else [])]
    try:
        base = await run_checked(["git", "merge-base", "HEAD", branch if exists else start or "HEAD"], codebase.path)
    except CommandError as error:
        raise CommandError(f"{codebase.path} has no commit to start from: {error}") from error
    # Forced twice: git keeps an unfinished worktree locked.
    command = ["git", "worktree", "add", "--quiet", "--force", "--force", *source]
    await run_checked(command, codebase.path, inherited=[lock])
    _copy_included_files(codebase.path, path)
    _get_setup_marker_path(path).touch()
    complete = base_file.with_suffix(".new")
    complete.write_text(base)
    complete.replace(base_file)
    marker.unlink()
    return Workplace(codebase, path, branch, base, needs_setup=True, is_empty=not exists)


def _get_setup_marker_path(path: Path) -> Path:
    return path.with_suffix(".setup")


def _remove_stale_git_locks(path: Path) -> None:
    """Remove git's locks in a worktree without running processes: a killed git leaves them, and later ones would
    fail."""
    try:
        directory = Path((path / ".git").read_text().removeprefix("gitdir:").strip())
    except OSError:
        return
    for name in ("index.lock", "HEAD.lock"):
        (path / directory / name).unlink(missing_ok=True)


def _remove_unfinished_worktree(path: Path, marker: Path) -> None:
    """Remove an unfinished worktree of a worker that was killed while creating it.

    With its marker, no work has been done in the directory yet. Without one, its history is unknown: it is renamed.
    """
    if not path.exists():
        return
    if marker.exists():
        shutil.rmtree(path)
        return
    number = 1
    while (kept := path.with_name(f"{path.name}-kept-{number}")).exists():
        number += 1
    path.rename(kept)


def _copy_included_files(source: Path, target: Path) -> None:
    """Copy the files that ``.worktreeinclude`` names, such as ``.env``: untracked files that the work needs."""
    try:
        lines = (source / INCLUDE_FILE).read_text().splitlines()
    except OSError:
        return
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for pattern in patterns:
        for path in _find_included_files(source, pattern):
            place = target / path.relative_to(source)
            if path.is_file() and not place.exists() and not fnmatch(str(path), "*/.git/*"):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)


def _find_included_files(source: Path, pattern: str) -> list[Path]:
    """Find the files of a pattern in a repository; none for an invalid pattern, or one that leads out of it."""
    parts = Path(pattern).parts
    # The repository contains the patterns: with "..", files beside it would be copied to places beside the worktree.
    if not parts or ".." in parts or Path(pattern).is_absolute():
        return []
    try:
        return list(source.glob(pattern))
    except ValueError:  # such as "a**b"
        return []
