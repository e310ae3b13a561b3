"""Turns of coding jobs as checkpoints: the conversation, the files, or both can be taken back to each, and a session forked from it."""

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
Scopes = Annotated[Scope, Field(description="What is taken back to the turn's end.")]
JobId = Annotated[TaskId, Field(description="The job that the branch is named after.", examples=["task_..."])]
Number = Annotated[int, Field(ge=1, le=100_000, description="Number of the turn, from 1.")]
Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40}([0-9a-f]{24})?)?$", description="Commit that holds the files.")]
Prompt = Annotated[Text, Field(max_length=262_144, description="What the agent is to be told then.")]
Fence = Annotated[int, Field(ge=0, lt=2**53, description="The claim's fencing token.")]
Documents = list[JsonObject]


class Turn(Result):
    """A turn that has ended: a checkpoint of its session and of its worktree."""

    job_id: str
    number: int
    task_id: str
    codebase_id: str
    session_id: str
    prompt: str = Field(default="", description="Beginning of what the agent was told.")
    commit: str = Field(default="", description="Commit that holds the files; empty without git.")
    messages: int = Field(default=0, description="Number of messages that the session had.")
    files: int = Field(default=0, description="Number of files that differed from where the job began.")
    created_at: Timestamp


class TurnPage(Page[Turn]):
    items_field: ClassVar[str] = "turns"

    turns: list[Turn]


class FileChange(Result):
    """What rewinding does to a file: remove it, bring it back, or change it."""

    path: str
    change: Literal["remove", "restore", "change"]


class TurnPreview(Result):
    """What rewinding to a turn would do. Nothing is lost: the files as they are become a checkpoint first."""

    job_id: str
    number: int
    turns: int = Field(description="Number of turns that would be taken back.")
    messages: int = Field(description="Number of messages that the agent would not know of.")
    files: list[FileChange] = Field(description="Files that would change, at most 1,000.")


class Turns(Service, category="turn"):
    """Checkpoints of coding jobs, one for each turn of their agent."""

    @operation("GET /v1/agent/tasks/{job_id}/turns", scope="read:tasks")
    async def list(self, job_id: JobId, *, limit: Limit = 50, cursor: Cursor = None) -> TurnPage:
        """List the turns of a job and of those that went on in its worktree, in their order."""

    @operation("GET /v1/agent/tasks/{job_id}/turns/{number}/preview", scope="read:tasks")
    async def preview(self, job_id: JobId, number: Number, *, what: Scopes = "both") -> TurnPreview:
        """Show what rewinding to the end of a turn would change."""

    @operation("POST /v1/agent/tasks/{job_id}/turns/{number}/rewind", scope="write:tasks")
    async def rewind(self, job_id: JobId, number: Number, prompt: Prompt = "", *, what: Scopes = "both") -> TaskReceipt:
        """Take back the conversation, the files or both, by a job of the worker that has them.

        Without a prompt only files can be taken back. What is taken back stays a checkpoint of its own.
        """

    @operation("POST /v1/agent/tasks/{job_id}/turns/{number}/fork", scope="write:tasks")
    async def fork(
        self,
        job_id: JobId,
        number: Number,
        prompt: Annotated[Text, Field(min_length=1, max_length=262_144, description="What the agent is to do there.")],
        *,
        title: Title = "",
        model: Annotated[
            str | None,
            Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="Model that the agent is told to use."),
        ] = None,
    ) -> TaskReceipt:
        """Begin another job on a branch of its own, from the files and with the conversation as they were."""

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
        prompt: Annotated[Text, Field(max_length=1000, description="Beginning of what the agent was told.")] = "",
        commit: Commit = "",
        files: Annotated[
            Documents, Field(max_length=1000, description="Objects with path, status and blob, against the start.")
        ] = [],
    ) -> Turn:
        """Record a turn that has ended, as the worker of the job. A repeated call replaces it."""
