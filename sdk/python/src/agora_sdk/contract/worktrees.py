"""Worktrees of coding jobs on workers' machines: their disk usage, and which can be removed without loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .codebases import PRINTABLE, CodebaseRef
from .fields import JsonObject, Timestamp
from .operation import Service, operation
from .results import Result
from .tasks import TaskReceipt

__all__ = ["DiskUse", "Worktree", "Worktrees"]

Documents = list[JsonObject]
JobId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=PRINTABLE,
        description="A job: its id, its branch, a later job of its session, or a unique part of its id (six "
        "characters).",
        examples=["task_..."],
    ),
]
JobIds = list[JobId]
NamedCodebase = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=PRINTABLE,
        description="Id of a codebase, or its name if it is unique among yours.",
        examples=["cb_..."],
    ),
]


class Worktree(Result):
    """A worktree of a job. bytes: total size of its files, excluding .git."""

    job_id: str = Field(max_length=100)
    bytes: int
    last_used_at: Timestamp
    verdict: Literal["removable", "recent", "in_use", "uncommitted", "unmerged", "stashed", "unknown"] = Field(
        description="removable: can be removed without loss. recent: removable, but below the worker's age and size "
        "limits. in_use: a job is running in it. uncommitted: it has uncommitted changes or new files. unmerged: "
        "its branch has commits that no other branch has. stashed: it has stashed changes. unknown: git could "
        "not tell."
    )


class DiskUse(Result):
    """Disk usage of a codebase's worktrees, as reported by its worker."""

    codebase_id: str
    reported_at: Timestamp | None = Field(default=None, description="null: not yet.")
    bytes: int = 0
    removable_bytes: int = Field(default=0, description="Total size of removable and recent worktrees.")
    worktrees: list[Worktree] = Field(default=[], description="The largest first.")


class Worktrees(Service, category="worktree"):
    """Worktrees that jobs have left on workers' disks. Only work that also exists on another branch is ever removed."""

    @operation("GET /v1/agent/codebases/{codebase_id}/worktrees", scope="read:tasks")
    async def list(self, codebase_id: NamedCodebase) -> DiskUse:
        """Show the disk usage of a codebase's worktrees, and what a clean-up would remove or keep, and why."""

    @operation("POST /v1/agent/codebases/{codebase_id}/worktrees", scope="write:tasks", idempotent=True)
    async def report(
        self,
        codebase_id: CodebaseRef,
        worktrees: Annotated[
            Documents, Field(max_length=1000, description="Objects with job_id, bytes, last_used_at and verdict.")
        ],
    ) -> DiskUse:
        """Report the worktrees of a codebase, as its worker."""

    @operation("POST /v1/agent/codebases/{codebase_id}/worktrees/clean", scope="write:tasks")
    async def clean(
        self,
        codebase_id: NamedCodebase,
        job_ids: Annotated[JobIds, Field(min_length=1, max_length=1000, description="Worktrees to remove.")],
    ) -> TaskReceipt:
        """Let the worker remove worktrees. It checks each again and keeps those with unmerged work.

        The task's result has ``removed`` (ids), ``left`` (ids with reasons) and ``bytes``.
        """
