"""Submission of a job's changes for review: each changed file with its diff against the merge target."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agora_sdk import TaskRun
from agora_sdk.client import AgoraClient

from .subprocesses import CommandError, run_and_split_fields, run_checked, run_command
from .worktree import Workplace

__all__ = ["read_changed_files", "read_current_branch", "submit_changes_for_review"]

DIFF_FLAGS = ("--find-renames", "--no-color", "--no-ext-diff")
MAX_FILES = 1000
MAX_DIFFED_FILES = 300  #: limit of files with a diff; further files are only named
MAX_PATCH_CHARACTERS = 100_000
MAX_CHARACTERS = 3_000_000  #: limit of all diffs
MAX_CHANGED_LINES = 5_000  #: limit of one file with a diff


async def submit_changes_for_review(
    client: AgoraClient,
    run: TaskRun,
    place: Workplace,
    codebase_id: str,
    job_id: str,
    title: str,
    mask: Callable[[Any], Any],
) -> None:
    """Submit the branch of a job for review. Does nothing without changes. Raises CommandError, AgoraError.

    mask: removes the job's secrets, which the agent may have written into a file.
    """
    if place.branch is None or place.base is None:
        return
    target = await read_current_branch(place.codebase.path)
    head = await run_checked(["git", "rev-parse", "HEAD"], place.path)
    base = await _find_review_base(place, target)
    files = await read_changed_files(place.path, base, head)
    if not files:
        return
    await client.review.submit(
        job_id,
        run.task_id,
        run.fencing_token,
        place.branch,
        base,
        head,
        mask(files),
        codebase_id=codebase_id,
        target=target,
        title=mask(title)[:200],
    )


async def read_current_branch(codebase: Path) -> str:
    """Read the current branch of a codebase; empty for a detached HEAD."""
    command = ["git", "symbolic-ref", "--quiet", "--short", "HEAD"]
    result = await run_command(command, codebase, separates_errors=True)
    return result.output.strip() if result.exit_code == 0 else ""


async def _find_review_base(place: Workplace, target: str) -> str:
    """Find the merge base of the branch and its target, which the agent may have merged; else the commit where the
    branch began."""
    assert place.base is not None
    try:
        return await run_checked(["git", "merge-base", f"refs/heads/{target}", "HEAD"], place.path)
    except CommandError:
        return place.base


@dataclass(frozen=True, slots=True)
class _ChangedFile:
    """A changed file, as git reports it. old_path: before a rename, else the same path."""

    path: str
    old_path: str
    status: str
    additions: int
    deletions: int


async def read_changed_files(path: Path, base: str, head: str) -> list[dict[str, Any]]:
    commit_range = f"{base}..{head}"
    files: list[dict[str, Any]] = []
    size = 0
    for change in (await _list_changes(path, commit_range))[:MAX_FILES]:
        is_shown = len(files) < MAX_DIFFED_FILES and change.additions + change.deletions <= MAX_CHANGED_LINES
        patch = ""
        if is_shown and size < MAX_CHARACTERS:
            # Otherwise git takes some characters of a name for a pattern.
            names = [f":(literal){name}" for name in dict.fromkeys((change.old_path, change.path))]
            command = ["git", "diff", *DIFF_FLAGS, commit_range, "--", *names]
            result = await run_command(command, path, keeps_start=True, separates_errors=True)
            # The server refuses NUL in texts.
            patch = result.output.replace("\x00", "")[:MAX_PATCH_CHARACTERS]
            is_shown = len(patch) == len(result.output)
        size += len(patch)
        file = {"path": _make_printable(change.path), "status": change.status, "patch": patch}
        counts = {"additions": change.additions, "deletions": change.deletions}
        files.append(file | counts | {"truncated": not is_shown})
    return files


async def _list_changes(path: Path, commit_range: str) -> list[_ChangedFile]:
    """List the changes between two commits; a rename is one change."""
    fields = iter(await run_and_split_fields(["git", "diff", *DIFF_FLAGS, "--name-status", "-z", commit_range], path))
    statuses: dict[str, tuple[str, str]] = {}  # status and old path, by path
    for status in filter(None, fields):
        old_path = next(fields)
        statuses[next(fields) if status[0] == "R" else old_path] = (status[0], old_path)
    fields = iter(await run_and_split_fields(["git", "diff", *DIFF_FLAGS, "--numstat", "-z", commit_range], path))
    changes = []
    for entry in filter(None, fields):
        added, removed, name = entry.split("\t", 2)
        if not name:  # renamed: the old and the new path follow
            next(fields)
            name = next(fields)
        status, old_path = statuses.get(name, ("M", name))
        additions, deletions = (int(count) if count.isdigit() else 0 for count in (added, removed))
        changes.append(_ChangedFile(name, old_path, status, additions, deletions))
    return changes


def _make_printable(name: str) -> str:
    """Escape the control characters of a path."""
    return re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", lambda match: f"\\x{ord(match[0]):02x}", name)
