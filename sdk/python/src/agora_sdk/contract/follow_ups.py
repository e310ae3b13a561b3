"""Follow-ups: what people say to a coding job while it works, while it is paused, and after it has ended."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from .fields import Cursor, Limit, Text, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import TaskId

__all__ = ["FollowUp", "FollowUpPage", "FollowUpTaken", "FollowUps", "FollowUpsWoken", "Mode", "RemovedFollowUp"]

FollowUpId = Annotated[
    str, Field(max_length=64, pattern=r"^fu_[0-9a-f]{32}$", description="Id of a follow-up.", examples=["fu_..."])
]
Mode: TypeAlias = Literal["queued", "steering"]
Modes = Annotated[
    Mode,
    Field(
        description="queued: said when the agent's turn ends. steering: the turn is interrupted, and it is said at once."
    ),
]
Prompt = Annotated[Text, Field(min_length=1, max_length=262_144, description="What the agent is to be told.")]
Fence = Annotated[int, Field(ge=0, lt=2**53, description="The claim's fencing token.")]


class FollowUp(Result):
    """What the agent of a job is to be told next. It can be changed and removed until the worker has taken it."""

    follow_up_id: str
    task_id: str = Field(
        description="The job that takes it: one that goes on with the session, if the first had ended."
    )
    number: int = Field(default=0, description="Orders the follow-ups of a job.")
    mode: Mode
    text: str
    author: str
    created_at: Timestamp
    updated_at: Timestamp
    taken: int | None = Field(default=None, description="Orders those that the worker has taken; null until then.")


class FollowUpPage(Page[FollowUp]):
    items_field: ClassVar[str] = "follow_ups"

    follow_ups: list[FollowUp]


class RemovedFollowUp(Result):
    follow_up_id: str


class FollowUpTaken(Result):
    """The next follow-up of a job, for its worker."""

    task_id: str
    follow_up: FollowUp | None = Field(default=None, description="Null if there is none.")
    closed: bool = Field(
        default=False, description="Whether the job takes no more: what is said from now on begins another one."
    )


class FollowUpsWoken(Result):
    """What waits for an ended job is taken by another one, in the same session."""

    task_id: str = Field(description="The job that goes on.")
    follow_ups: int = Field(description="Number of follow-ups that wait for it.")


class FollowUps(Service, category="follow_up"):
    """Follow-ups to coding jobs: queued or steering, in order, and editable until they are taken."""

    @operation("POST /v1/agent/tasks/{task_id}/follow-ups", scope="write:tasks")
    async def add(self, task_id: TaskId, text: Prompt, *, mode: Modes = "queued") -> FollowUp:
        """Say something to the agent of a coding job, in its session.

        A job that is paused goes on; after one that has ended another one begins, for the worker that has the session.
        """

    @operation("GET /v1/agent/tasks/{task_id}/follow-ups", scope="read:tasks")
    async def list(
        self,
        task_id: TaskId,
        *,
        waiting: Annotated[bool, Field(description="Only those that have not been taken.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> FollowUpPage:
        """List the follow-ups of a job, in their order."""

    @operation("PUT /v1/agent/tasks/{task_id}/follow-ups/{follow_up_id}", scope="write:tasks", idempotent=True)
    async def edit(
        self, task_id: TaskId, follow_up_id: FollowUpId, text: Prompt | None = None, *, mode: Modes | None = None
    ) -> FollowUp:
        """Change a follow-up that has not been taken; one that has is refused (409)."""

    @operation(
        "DELETE /v1/agent/tasks/{task_id}/follow-ups/{follow_up_id}",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def remove(self, task_id: TaskId, follow_up_id: FollowUpId) -> RemovedFollowUp:
        """Remove a follow-up that has not been taken; one that has is refused (409)."""

    @operation("POST /v1/agent/tasks/{task_id}/follow-ups/wake", scope="write:tasks")
    async def wake(self, task_id: TaskId) -> FollowUpsWoken:
        """Begin another job for what still waits for an ended one, such as a job that has failed or was cancelled."""

    @operation("POST /v1/worker/tasks/{task_id}/follow-ups/take", scope="write:tasks")
    async def take(
        self,
        task_id: TaskId,
        fencing_token: Fence,
        *,
        after: Annotated[
            int, Field(ge=0, lt=2**53, description="``taken`` of the last one in the job's checkpoint, 0 at first.")
        ] = 0,
        steering: Annotated[bool, Field(description="Take a waiting one only if it is steering.")] = False,
        closing: Annotated[bool, Field(description="The job is about to end: close it if nothing waits.")] = False,
    ) -> FollowUpTaken:
        """Take the next follow-up of a job you hold, steering ones first.

        One that was taken before and is not in the checkpoint is given again: none is lost, and none is said twice.
        """
