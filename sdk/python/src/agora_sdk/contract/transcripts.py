"""Transcripts of coding sessions: search, export and deletion; participants of a job."""

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
    """A message that contains the words."""

    codebase_id: str
    session_id: str
    title: str = ""
    message_id: str
    number: int = Field(description="Number of the message in its session.")
    role: str
    excerpt: str = Field(description="Text around the first match.")
    created_at: Timestamp


class TranscriptMatchPage(Page[TranscriptMatch]):
    items_field: ClassVar[str] = "matches"

    matches: list[TranscriptMatch]


class TranscriptExport(Result):
    """A part of a session as a document, starting at the beginning; next_cursor continues."""

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
    messages: int = Field(description="Number of deleted messages.")


class PermissionAnswer(Result):
    """A person's answer to a permission request of the agent."""

    by: str
    at: Timestamp
    question: str = ""
    answer: JsonData = None


class ReviewDecision(Result):
    """A person's decision about the changes of a job."""

    by: str
    at: Timestamp
    decision: str = Field(
        description="changes_requested, dismissed, or the approved action: merge, push, pull_request or patch."
    )
    head: str = Field(default="", description="The reviewed commit.")


class JobParticipants(Result):
    """Participants of a job: its requester, and who answered permission requests, commented and reviewed."""

    task_id: str
    asked_by: str
    asked_at: Timestamp
    worked_by: str | None = Field(default=None, description="The agent of the worker that has or had the job.")
    allowed: list[PermissionAnswer] = Field(default=[], description="Answers to permission requests, oldest first.")
    commented_by: list[str] = []
    reviewed: list[ReviewDecision] = Field(default=[], description="Decisions about its changes, oldest first.")


class Transcripts(Service, category="transcript"):
    """Transcripts of coding agent sessions across all codebases."""

    @operation("GET /v1/agent/sessions/search", scope="read:tasks")
    async def search(
        self,
        q: Annotated[str, Field(min_length=2, max_length=200, description="Words that must all be in the message.")],
        *,
        codebase_id: CodebaseRef | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> TranscriptMatchPage:
        """Search the messages of sessions that the caller may read, latest first."""

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
        """Export a session as Markdown or JSON; ``limit`` counts messages."""

    @operation(
        "DELETE /v1/agent/codebases/{codebase_id}/sessions/{session_id}",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def forget(self, codebase_id: CodebaseRef, session_id: SessionRef) -> ForgottenSession:
        """Delete a session and its messages. Allowed for the codebase's worker, the session's requester and
        operators."""

    @operation("GET /v1/agent/tasks/{task_id}/participants", scope="read:tasks")
    async def participants(self, task_id: TaskId) -> JobParticipants:
        """Show the participants of a job: requester, answers to permission requests, comments and reviews."""
