"""Attempts: one prompt given to several coding agents or models, whose results are compared, and one of which is
chosen."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .codebases import CodebaseRef
from .fields import Cursor, JsonObject, Limit, Priority, PriorityLike, TaskStatus, Text, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .reviews import ReviewState
from .tasks import TaskId

__all__ = ["Attempt", "AttemptGroup", "AttemptGroupPage", "Attempts"]

GroupId = Annotated[
    str, Field(max_length=64, pattern=r"^att_[0-9a-f]{32}$", description="Id of a group.", examples=["att_..."])
]
Variant = Annotated[
    str,
    Field(
        max_length=300,
        pattern=r"^(coding|model|profile|worker):[^\s\x00-\x1f\x7f]+( (coding|model|profile|worker):[^\s\x00-\x1f\x7f]+){0,3}$",
        description="What one attempt requires, separated by spaces: coding:AGENT, model:MODEL, profile:PROFILE, worker:ID.",
        examples=["coding:claude model:opus"],
    ),
]


class Attempt(Result):
    """A job of a group, in comparison. Tokens and cost are estimates reported by its agent."""

    number: int
    task_id: str = Field(description="The job. Its branch and its review are named after it.")
    variant: str = Field(description="What was required of its worker.")
    latest_task_id: str = Field(description="The job that goes on in its session; task_id if there is none.")
    status: TaskStatus | None = Field(default=None, description="Of latest_task_id; null once retention deleted it.")
    worker: str | None = None
    error: str | None = None
    text: str = Field(default="", description="Beginning of what the agent said at the end.")
    review: ReviewState | None = Field(default=None, description="null: it has handed over no changes.")
    files: int = 0
    additions: int = 0
    deletions: int = 0
    check: int | None = Field(default=None, description="Exit code of the repository's check; null if none has run.")
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    currency: str | None = None
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None


class AttemptGroup(Result):
    """Several jobs with the same prompt in one codebase, each on its own branch."""

    group_id: str
    title: str
    codebase_id: str
    requester: str
    chosen: str | None = Field(default=None, description="The job that was chosen.")
    chosen_by: str | None = None
    attempts: list[Attempt]
    created_at: Timestamp
    updated_at: Timestamp


class AttemptGroupPage(Page[AttemptGroup]):
    items_field: ClassVar[str] = "groups"

    groups: list[AttemptGroup]


class Attempts(Service, category="attempt"):
    """Groups of coding jobs that attempt the same prompt. A choice ends the other attempts; their branches stay."""

    @operation("POST /v1/agent/attempts", scope="write:tasks")
    async def start(
        self,
        prompt: Annotated[Text, Field(min_length=1, max_length=262_144, description="What the agents are to do.")],
        codebase_id: CodebaseRef,
        variants: Annotated[
            list[Variant],
            Field(min_length=2, max_length=8, description="One for each attempt; the same twice is two attempts."),
        ],
        *,
        title: Annotated[Text, Field(max_length=200, description="Title; the prompt's first line if left out.")] = "",
        agent_type: Annotated[
            Text | None, Field(max_length=64, description="Mode of the agents, such as build.")
        ] = None,
        priority: PriorityLike = Priority.NORMAL,
        files: Annotated[list[JsonObject], Field(max_length=100, description="Files of each job, as of a job.")] = [],
    ) -> AttemptGroup:
        """Queue a job for each variant. They run side by side, as far as workers have room."""

    @operation("GET /v1/agent/attempts", scope="read:tasks")
    async def list(
        self, codebase_id: CodebaseRef | None = None, *, limit: Limit = 20, cursor: Cursor = None
    ) -> AttemptGroupPage:
        """List your groups, the newest first; operators see all."""

    @operation("GET /v1/agent/attempts/{group_id}", scope="read:tasks")
    async def get(self, group_id: GroupId) -> AttemptGroup:
        """Compare the attempts of a group."""

    @operation("POST /v1/agent/attempts/{group_id}/choose", scope="write:tasks", idempotent=True)
    async def choose(self, group_id: GroupId, task_id: TaskId) -> AttemptGroup:
        """Choose an attempt that has completed: the others are cancelled if they work, and their reviews are dismissed.

        Its review stays open: approve it to have it delivered. Nothing of the others is deleted.
        """
