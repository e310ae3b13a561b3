"""Worktrees of coding jobs on the machines of workers: what they use of the disk, and which of them can be removed without loss."""

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
        description="A job: its id, its branch, a later job of its session, or a piece of the id (six characters) that no other has.",
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
        description="Id of a codebase, or its name, if only one of yours has it.",
        examples=["cb_..."],
    ),
]


class Worktree(Result):
    """A directory of a job. bytes: what its files have in all, those of .git excepted."""

    job_id: str = Field(max_length=100)
    bytes: int
    last_used_at: Timestamp
    verdict: Literal["removable", "recent", "in_use", "uncommitted", "unmerged", "stashed", "unknown"] = Field(
        description="removable: nothing is lost with it. recent: so, but younger and smaller than the worker's limits. in_use: a job "
        "works there. uncommitted: it has changes or new files. unmerged: its branch has commits that no other branch "
        "has. stashed: changes of its branch are stashed. unknown: git could not say."
    )


class DiskUse(Result):
    """What the worktrees of a codebase use, as its worker has reported."""

    codebase_id: str
    reported_at: Timestamp | None = Field(default=None, description="null: not yet.")
    bytes: int = 0
    removable_bytes: int = Field(default=0, description="Of those that are removable or recent.")
    worktrees: list[Worktree] = Field(default=[], description="The largest first.")


class Worktrees(Service, category="worktree"):
    """What jobs have left on the disks of workers. Only what is on another branch, too, is ever removed."""

    @operation("GET /v1/agent/codebases/{codebase_id}/worktrees", scope="read:tasks")
    async def list(self, codebase_id: NamedCodebase) -> DiskUse:
        """Show what the worktrees of a codebase use, and what a clean-up would remove or leave, and why."""

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
        """Have the worker remove worktrees; it looks again at each, and leaves what has work that is nowhere else.

        The task's result has ``removed`` (ids), ``left`` (ids with the reason) and ``bytes``.
        """
