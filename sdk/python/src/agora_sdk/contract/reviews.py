"""Reviews of coding jobs: changed files, comments on lines, and the approval."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from .codebases import CodebaseRef
from .fields import Cursor, JsonObject, Limit, Text, Timestamp
from .follow_ups import FollowUp
from .operation import Service, operation
from .results import Page, Result
from .tasks import TaskId

__all__ = [
    "Action",
    "Outcome",
    "RemovedComment",
    "Review",
    "ReviewComment",
    "ReviewCommentPage",
    "ReviewFile",
    "ReviewFilePage",
    "ReviewPage",
    "ReviewState",
    "Reviews",
    "Side",
]

MEBIBYTE = 1024 * 1024
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
ReviewState: TypeAlias = Literal[
    "open",
    "changes_requested",
    "delivering",
    "conflicted",
    "merged",
    "pushed",
    "proposed",
    "patched",
    "dismissed",
]
Action: TypeAlias = Literal["merge", "push", "pull_request", "patch"]
Outcome: TypeAlias = Literal["merged", "pushed", "proposed", "patched", "conflicted", "failed"]
Side: TypeAlias = Literal["new", "old"]
JobId = Annotated[TaskId, Field(description="The job that the branch is named after.", examples=["task_..."])]
CommentId = Annotated[
    str, Field(max_length=64, pattern=r"^rc_[0-9a-f]{32}$", description="Id of a comment.", examples=["rc_..."])
]
Branch = Annotated[
    str,
    Field(
        max_length=250,
        description="Name of a branch.",
        pattern=r"^[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*$",
    ),
]
Commit = Annotated[str, Field(description="Id of a commit.", pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
FilePath = Annotated[str, Field(min_length=1, max_length=4096, pattern=PRINTABLE, description="Path of the file.")]
Fence = Annotated[int, Field(ge=0, lt=2**53, description="The claim's fencing token.")]
Line = Annotated[int, Field(ge=1, lt=2**31, description="Number of the line, from 1.")]
Documents = list[JsonObject]
Conflicts = Annotated[list[FilePath], Field(max_length=1000, description="Paths that conflict.")]


class Review(Result):
    """A review of the changes on a job's branch."""

    job_id: str = Field(
        description="The job that the branch is named after. Later jobs of its session also change the branch."
    )
    task_id: str = Field(description="The job that last changed it.")
    codebase_id: str
    context_id: str | None = None
    title: str = ""
    requester: str
    state: ReviewState
    branch: str
    target: str = Field(default="", description="Target branch of the merge.")
    base: str
    head: str
    revision: int = Field(default=1, description="Number of submissions.")
    files: int = 0
    additions: int = 0
    deletions: int = 0
    conflicts: list[str] = Field(default=[], description="Paths that conflict with the target.")
    pull_request: str | None = Field(default=None, description="URL of the pull or merge request.")
    delivery_task_id: str | None = Field(default=None, description="The task that carries out the approval.")
    error: str | None = Field(default=None, description="Why the last approval failed.")
    reviewer: str | None = Field(default=None, description="Who decided last.")
    created_at: Timestamp
    updated_at: Timestamp


class ReviewPage(Page[Review]):
    items_field: ClassVar[str] = "reviews"

    reviews: list[Review]


class ReviewFile(Result):
    """A changed file, with its unified diff."""

    number: int
    path: str
    status: str = Field(description="A added, M modified, D deleted, R renamed, T type changed.")
    additions: int = 0
    deletions: int = 0
    patch: str = ""
    truncated: bool = Field(default=False, description="Whether the diff was truncated.")


class ReviewFilePage(Page[ReviewFile]):
    items_field: ClassVar[str] = "files"

    files: list[ReviewFile]


class ReviewComment(Result):
    """A comment on a line. All comments are sent to the agent when changes are requested."""

    comment_id: str
    job_id: str
    author: str
    path: str
    line: int
    side: Side
    code: str
    text: str
    created_at: Timestamp
    follow_up_id: str | None = Field(
        default=None, description="The follow-up that sent it to the agent; null until then."
    )


class ReviewCommentPage(Page[ReviewComment]):
    items_field: ClassVar[str] = "comments"

    comments: list[ReviewComment]


class RemovedComment(Result):
    comment_id: str


class Reviews(Service, category="review"):
    """Reviews of coding jobs. The server stores only the diff; the worker runs all git commands."""

    @operation("GET /v1/agent/reviews", scope="read:tasks")
    async def list(
        self,
        codebase_id: CodebaseRef | None = None,
        state: Annotated[ReviewState | None, Field(description="Only reviews in this state.")] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ReviewPage:
        """List the reviews of your jobs and workers, most recently changed first; operators see all."""

    @operation("GET /v1/agent/reviews/{job_id}", scope="read:tasks")
    async def get(self, job_id: JobId) -> Review:
        """Show a review."""

    @operation("GET /v1/agent/reviews/{job_id}/files", scope="read:tasks")
    async def files(self, job_id: JobId, *, limit: Limit = 20, cursor: Cursor = None) -> ReviewFilePage:
        """List the changed files with their diffs, by path."""

    @operation("GET /v1/agent/reviews/{job_id}/comments", scope="read:tasks")
    async def comments(
        self,
        job_id: JobId,
        *,
        waiting: Annotated[bool, Field(description="Only comments not sent to the agent yet.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ReviewCommentPage:
        """List the comments on lines, oldest first."""

    @operation("POST /v1/agent/reviews/{job_id}/comments", scope="write:tasks")
    async def comment(
        self,
        job_id: JobId,
        path: FilePath,
        line: Line,
        text: Annotated[Text, Field(min_length=1, max_length=2000, description="Text of the comment.")],
        *,
        side: Annotated[Side, Field(description="new: the line after the change. old: the line before it.")] = "new",
    ) -> ReviewComment:
        """Comment on a line of the diff. ``request_changes`` sends the comments to the agent."""

    @operation(
        "DELETE /v1/agent/reviews/{job_id}/comments/{comment_id}",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def remove_comment(self, job_id: JobId, comment_id: CommentId) -> RemovedComment:
        """Remove a comment that was not sent to the agent yet."""

    @operation("POST /v1/agent/reviews/{job_id}/request-changes", scope="write:tasks")
    async def request_changes(
        self,
        job_id: JobId,
        text: Annotated[Text, Field(max_length=20_000, description="Additional text for the agent.")] = "",
    ) -> FollowUp:
        """Send the pending comments to the agent in one follow-up, each with its path, line and code."""

    @operation("POST /v1/agent/reviews/{job_id}/approve", scope="write:tasks")
    async def approve(
        self,
        job_id: JobId,
        action: Annotated[
            Action,
            Field(
                description="merge: merge into the target branch in the worker's codebase. push: push the branch to "
                "its remote. pull_request: push, and open or update the pull request. patch: store it as a task "
                "artifact."
            ),
        ] = "merge",
        *,
        head: Annotated[Commit | None, Field(description="The reviewed commit; any other commit is rejected.")] = None,
        target: Annotated[Branch | None, Field(description="Branch to merge into, instead of the review's.")] = None,
        title: Annotated[Text, Field(max_length=200, description="Title of the pull request or merge.")] = "",
        body: Annotated[Text, Field(max_length=20_000, description="Description of the pull request.")] = "",
    ) -> Review:
        """Approve the changes and let the worker merge or push them. Conflicts are returned to the agent."""

    @operation("POST /v1/agent/reviews/{job_id}/dismiss", scope="write:tasks", idempotent=True)
    async def dismiss(self, job_id: JobId) -> Review:
        """Reject the changes. The branch is kept."""

    @operation("POST /v1/worker/reviews", scope="write:tasks", idempotent=True, body_limit=6 * MEBIBYTE)
    async def submit(
        self,
        job_id: JobId,
        task_id: TaskId,
        fencing_token: Fence,
        branch: Branch,
        base: Commit,
        head: Commit,
        files: Annotated[
            Documents,
            Field(max_length=1000, description="Objects with path, status, additions, deletions, patch, truncated."),
        ],
        *,
        codebase_id: CodebaseRef,
        target: Annotated[str, Field(max_length=250, description="Branch that is checked out in the codebase.")] = "",
        title: Annotated[Text, Field(max_length=200, description="Title, for people.")] = "",
    ) -> Review:
        """Submit the changes of a job you hold, as its worker. A repeated call replaces the submission."""

    @operation("POST /v1/worker/reviews/{job_id}/conclude", scope="write:tasks", idempotent=True)
    async def conclude(
        self,
        job_id: JobId,
        task_id: TaskId,
        fencing_token: Fence,
        outcome: Outcome,
        *,
        conflicts: Conflicts = [],
        pull_request: Annotated[
            str | None,
            Field(max_length=2000, pattern=r"^https?://[^\x00-\x20\x7f]+$", description="URL of the pull request."),
        ] = None,
        error: Annotated[Text | None, Field(max_length=4000, description="Reason for the failure.")] = None,
    ) -> Review:
        """Report the result of an approval, as the worker that carries it out."""
