"""Turns of coding jobs as checkpoints, to which the conversation and files can be rewound, or from which a session can
be forked."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from .codebases import CodebaseRef, SessionRef, Title
from .fields import Cursor, JsonObject, Limit, Text, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import TaskId, TaskReceipt

__all__ = ["FileChange", "Scope", "Turn", "TurnPage", "TurnPreview", "Turns"]

Scope: TypeAlias = Literal["conversation", "files", "both"]
Scopes = Annotated[Scope, Field(description="What to rewind to the end of the turn.")]
JobId = Annotated[TaskId, Field(description="The job that the branch is named after.", examples=["task_..."])]
Number = Annotated[int, Field(ge=1, le=100_000, description="Number of the turn, from 1.")]
Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40}([0-9a-f]{24})?)?$", description="Commit with the files.")]
Prompt = Annotated[Text, Field(max_length=262_144, description="Prompt for the agent after rewinding.")]
Fence = Annotated[int, Field(ge=0, lt=2**53, description="The claim's fencing token.")]
Documents = list[JsonObject]


class Turn(Result):
    """A finished turn: a checkpoint of the session and the worktree."""

    job_id: str
    number: int
    task_id: str
    codebase_id: str
    session_id: str
    prompt: str = Field(default="", description="Beginning of the prompt.")
    commit: str = Field(default="", description="Commit with the files; empty without git.")
    messages: int = Field(default=0, description="Number of messages in the session.")
    files: int = Field(default=0, description="Number of files changed since the job started.")
    created_at: Timestamp


class TurnPage(Page[Turn]):
    items_field: ClassVar[str] = "turns"

    turns: list[Turn]


class FileChange(Result):
    """Effect of rewinding on a file: removed, restored or changed."""

    path: str
    change: Literal["remove", "restore", "change"]


class TurnPreview(Result):
    """Effects of rewinding to a turn. The current files are saved as a checkpoint first."""

    job_id: str
    number: int
    turns: int = Field(description="Number of turns to be rewound.")
    messages: int = Field(description="Number of messages to be removed from the conversation.")
    files: list[FileChange] = Field(description="Files that would change, at most 1,000.")


class Turns(Service, category="turn"):
    """Checkpoints of coding jobs, one per agent turn."""

    @operation("GET /v1/agent/tasks/{job_id}/turns", scope="read:tasks")
    async def list(self, job_id: JobId, *, limit: Limit = 50, cursor: Cursor = None) -> TurnPage:
        """List the turns of a job and of later jobs in its worktree, in order."""

    @operation("GET /v1/agent/tasks/{job_id}/turns/{number}/preview", scope="read:tasks")
    async def preview(self, job_id: JobId, number: Number, *, what: Scopes = "both") -> TurnPreview:
        """Show what rewinding to the end of a turn would change."""

    @operation("POST /v1/agent/tasks/{job_id}/turns/{number}/rewind", scope="write:tasks")
    async def rewind(self, job_id: JobId, number: Number, prompt: Prompt = "", *, what: Scopes = "both") -> TaskReceipt:
        """Rewind the conversation, the files or both, in a new job of the worker that has them.

        Without a prompt, only files can be rewound. The state before rewinding is kept as a checkpoint.
        """

    @operation("POST /v1/agent/tasks/{job_id}/turns/{number}/fork", scope="write:tasks")
    async def fork(
        self,
        job_id: JobId,
        number: Number,
        prompt: Annotated[
            Text, Field(min_length=1, max_length=262_144, description="Prompt for the agent in the fork.")
        ],
        *,
        title: Title = "",
        model: Annotated[
            str | None,
            Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="Model for the coding agent."),
        ] = None,
    ) -> TaskReceipt:
        """Start a new job on a new branch from the turn's files and conversation."""

    @operation("POST /v1/worker/turns", scope="write:tasks", idempotent=True)
    async def record(
        self,
        job_id: JobId,
        task_id: TaskId,
        fencing_token: Fence,
        number: Number,
        codebase_id: CodebaseRef,
        session_id: SessionRef,
        *,
        prompt: Annotated[Text, Field(max_length=1000, description="Beginning of the prompt.")] = "",
        commit: Commit = "",
        files: Annotated[
            Documents,
            Field(
                max_length=1000, description="Changes since the start of the job: objects with path, status and blob."
            ),
        ] = [],
    ) -> Turn:
        """Record a finished turn, as the worker of the job. A repeated call replaces it."""
