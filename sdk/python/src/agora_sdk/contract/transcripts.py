"""Transcripts of coding sessions: searched, exported, forgotten; and who took part in a job."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from .codebases import CodebaseRef, SessionRef
from .fields import Cursor, JsonData, Limit, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import TaskId

__all__ = [
    "ForgottenSession",
    "JobParticipants",
    "PermissionAnswer",
    "ReviewDecision",
    "TranscriptExport",
    "TranscriptMatch",
    "TranscriptMatchPage",
    "Transcripts",
]

ExportedMessages = list[dict[str, Any]]


class TranscriptMatch(Result):
    """A message in which the words stand."""

    codebase_id: str
    session_id: str
    title: str = ""
    message_id: str
    number: int = Field(description="Of the message in its session.")
    role: str
    excerpt: str = Field(description="Text around the first of the words.")
    created_at: Timestamp


class TranscriptMatchPage(Page[TranscriptMatch]):
    items_field: ClassVar[str] = "matches"

    matches: list[TranscriptMatch]


class TranscriptExport(Result):
    """A part of a session as a document, from the beginning on; next_cursor leads to the next one."""

    codebase_id: str
    session_id: str
    format: Literal["json", "markdown"]
    filename: str
    content: str | None = Field(default=None, description="Markdown.")
    messages: ExportedMessages = Field(default=[], description="JSON.")
    has_more: bool = False
    next_cursor: str | None = None


class ForgottenSession(Result):
    codebase_id: str
    session_id: str
    messages: int = Field(description="Number of messages that were deleted.")


class PermissionAnswer(Result):
    """What somebody has answered to what the agent asked."""

    by: str
    at: Timestamp
    question: str = ""
    answer: JsonData = None


class ReviewDecision(Result):
    """What somebody has decided about the changes of a job."""

    by: str
    at: Timestamp
    decision: str = Field(
        description="changes_requested, dismissed, or what was approved: merge, push, pull_request or patch."
    )
    head: str = Field(default="", description="Commit that was looked at.")


class JobParticipants(Result):
    """Who had a part in a job: who asked for it, allowed what its agent asked, commented on it and reviewed it."""

    task_id: str
    asked_by: str
    asked_at: Timestamp
    worked_by: str | None = Field(default=None, description="The agent whose worker has, or had, the job.")
    allowed: list[PermissionAnswer] = Field(default=[], description="Answers to what the agent asked, oldest first.")
    commented_by: list[str] = []
    reviewed: list[ReviewDecision] = Field(default=[], description="Decisions about its changes, oldest first.")


class Transcripts(Service, category="transcript"):
    """What was said in sessions of coding agents, over all codebases."""

    @operation("GET /v1/agent/sessions/search", scope="read:tasks")
    async def search(
        self,
        q: Annotated[
            str, Field(min_length=2, max_length=200, description="Words that a message has to hold, all of them.")
        ],
        *,
        codebase_id: CodebaseRef | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> TranscriptMatchPage:
        """Search what was said in the sessions that the caller may read, the latest first."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions/{session_id}/export", scope="read:tasks")
    async def export(
        self,
        codebase_id: CodebaseRef,
        session_id: SessionRef,
        format: Annotated[
            Literal["json", "markdown"], Field(description="markdown for people, json for programs.")
        ] = "markdown",
        *,
        limit: Limit = 500,
        cursor: Cursor = None,
    ) -> TranscriptExport:
        """Read a session as Markdown or JSON; ``limit`` counts messages."""

    @operation(
        "DELETE /v1/agent/codebases/{codebase_id}/sessions/{session_id}",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def forget(self, codebase_id: CodebaseRef, session_id: SessionRef) -> ForgottenSession:
        """Delete a session with its messages, as its codebase's worker, its requester or an operator."""

    @operation("GET /v1/agent/tasks/{task_id}/participants", scope="read:tasks")
    async def participants(self, task_id: TaskId) -> JobParticipants:
        """Read who asked for a job, who allowed what its agent asked, and who commented on it and reviewed it."""
