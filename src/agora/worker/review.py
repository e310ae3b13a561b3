"""What a job has changed, handed over for review: each file with its diff, against what it would be merged into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agora_sdk import TaskRun
from agora_sdk.client import AgoraClient

from .subprocesses import CommandError, run_checked, run_command
from .worktree import Workplace

__all__ = ["read_target", "submit_review"]

MAX_FILES = 1000
MAX_DIFFED_FILES = 300  #: files whose diff is handed over; the others are named
MAX_PATCH_CHARACTERS = 100_000
MAX_CHARACTERS = 3_000_000  #: of all diffs
MAX_CHANGED_LINES = 5_000  #: of one file, whose diff is shown


async def submit_review(
    client: AgoraClient, run: TaskRun, place: Workplace, codebase_id: str, job_id: str, title: str
) -> None:
    """Hand over the branch of a job. Nothing is handed over of one that differs in nothing. Raises CommandError, AgoraError."""
    if place.branch is None or place.base is None:
        return
    target = await read_target(place.codebase.path)
    head = await run_checked(["git", "rev-parse", "HEAD"], place.path)
    base = await _find_base(place, target)
    files = await _read_files(place.path, base, head)
    if not files:
        return
    await client.review.submit(
        job_id,
        run.task_id,
        run.fencing_token,
        place.branch,
        base,
        head,
        files,
        codebase_id=codebase_id,
        target=target,
        title=title[:200],
    )


async def read_target(codebase: Path) -> str:
    """The branch that a codebase is at; empty for a detached one."""
    result = await run_command(["git", "symbolic-ref", "--quiet", "--short", "HEAD"], codebase)
    return result.output.strip() if result.exit_code == 0 else ""


async def _find_base(place: Workplace, target: str) -> str:
    """Where the branch has left its target, which the agent may have merged meanwhile; else where it began."""
    assert place.base is not None
    try:
        return await run_checked(["git", "merge-base", f"refs/heads/{target}", "HEAD"], place.path)
    except CommandError:
        return place.base


async def _read_files(path: Path, base: str, head: str) -> list[dict[str, Any]]:
    spread = f"{base}..{head}"
    flags = ("--no-renames", "--no-color", "--no-ext-diff")
    counts = await run_checked(["git", "diff", *flags, "--numstat", "-z", spread], path)
    statuses = (await run_checked(["git", "diff", *flags, "--name-status", "-z", spread], path)).split("\0")
    status_of = dict(zip(statuses[1::2], statuses[::2], strict=False))
    files: list[dict[str, Any]] = []
    size = 0
    for entry in list(filter(None, counts.split("\0")))[:MAX_FILES]:
        added, removed, name = entry.split("\t", 2)
        additions, deletions = (int(count) if count.isdigit() else 0 for count in (added, removed))
        is_shown = len(files) < MAX_DIFFED_FILES and additions + deletions <= MAX_CHANGED_LINES
        patch = ""
        if is_shown and size < MAX_CHARACTERS:
            result = await run_command(["git", "diff", *flags, spread, "--", f":(literal){name}"], path)
            patch = result.output.replace("\x00", "")[:MAX_PATCH_CHARACTERS]
            is_shown = len(patch) == len(result.output)
        size += len(patch)
        file = {"path": _make_printable(name), "status": status_of.get(name, "M")[:1], "patch": patch}
        files.append(file | {"additions": additions, "deletions": deletions, "truncated": not is_shown})
    return files


def _make_printable(name: str) -> str:
    """A path whose control characters are written as escapes."""
    return re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", lambda match: f"\\x{ord(match[0]):02x}", name)
