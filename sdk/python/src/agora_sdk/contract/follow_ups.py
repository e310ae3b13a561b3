"""Follow-ups: messages to a coding job while it runs, while it is paused, or after it has ended."""

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
    Field(description="queued: sent when the agent's turn ends. steering: interrupts the turn and is sent at once."),
]
Prompt = Annotated[Text, Field(min_length=1, max_length=262_144, description="Text for the agent.")]
Fence = Annotated[int, Field(ge=0, lt=2**53, description="The claim's fencing token.")]


class FollowUp(Result):
    """A follow-up message for a coding agent. It can be edited and removed until the worker takes it."""

    follow_up_id: str
    task_id: str = Field(
        description="The job that receives it; a new job of the same session if the original one had ended."
    )
    number: int = Field(default=0, description="Position among the follow-ups of the job.")
    mode: Mode
    text: str
    author: str
    created_at: Timestamp
    updated_at: Timestamp
    taken: int | None = Field(default=None, description="Order in which the worker took it; null until then.")


class FollowUpPage(Page[FollowUp]):
    items_field: ClassVar[str] = "follow_ups"

    follow_ups: list[FollowUp]


class RemovedFollowUp(Result):
    follow_up_id: str


class FollowUpTaken(Result):
    """The next follow-up of a job, for its worker."""

    task_id: str
    follow_up: FollowUp | None = Field(default=None, description="Null if no follow-up is waiting.")
    closed: bool = Field(
        default=False, description="Whether the job accepts no more follow-ups. Later ones start a new job."
    )


class FollowUpsWoken(Result):
    """A new job in the same session receives the follow-ups that were waiting for an ended job."""

    task_id: str = Field(description="The new job.")
    follow_ups: int = Field(description="Number of follow-ups waiting for it.")


class FollowUps(Service, category="follow_up"):
    """Follow-ups to coding jobs: queued or steering, in order, editable until the worker takes them."""

    @operation("POST /v1/agent/tasks/{task_id}/follow-ups", scope="write:tasks")
    async def add(self, task_id: TaskId, text: Prompt, *, mode: Modes = "queued") -> FollowUp:
        """Send a follow-up message to the agent of a coding job.

        A paused job continues. If the job has ended, a new job is started on the worker that has the session.
        """

    @operation("GET /v1/agent/tasks/{task_id}/follow-ups", scope="read:tasks")
    async def list(
        self,
        task_id: TaskId,
        *,
        waiting: Annotated[bool, Field(description="Only follow-ups that the worker has not taken.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> FollowUpPage:
        """List the follow-ups of a job in order."""

    @operation("PUT /v1/agent/tasks/{task_id}/follow-ups/{follow_up_id}", scope="write:tasks", idempotent=True)
    async def edit(
        self, task_id: TaskId, follow_up_id: FollowUpId, text: Prompt | None = None, *, mode: Modes | None = None
    ) -> FollowUp:
        """Edit a follow-up that the worker has not taken (409 otherwise)."""

    @operation(
        "DELETE /v1/agent/tasks/{task_id}/follow-ups/{follow_up_id}",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def remove(self, task_id: TaskId, follow_up_id: FollowUpId) -> RemovedFollowUp:
        """Remove a follow-up that the worker has not taken (409 otherwise)."""

    @operation("POST /v1/agent/tasks/{task_id}/follow-ups/wake", scope="write:tasks")
    async def wake(self, task_id: TaskId) -> FollowUpsWoken:
        """Start a new job for follow-ups that wait for an ended job, such as a failed or cancelled one."""

    @operation("POST /v1/worker/tasks/{task_id}/follow-ups/take", scope="write:tasks")
    async def take(
        self,
        task_id: TaskId,
        fencing_token: Fence,
        *,
        after: Annotated[
            int,
            Field(ge=0, lt=2**53, description="``taken`` of the last follow-up in the job's checkpoint; 0 at first."),
        ] = 0,
        steering: Annotated[bool, Field(description="Take only steering follow-ups.")] = False,
        closing: Annotated[
            bool, Field(description="The job is about to end: close it if no follow-up is waiting.")
        ] = False,
    ) -> FollowUpTaken:
        """Take the next follow-up of a job you hold; steering ones first.

        A follow-up that was taken but is not in the checkpoint is returned again, so that none is lost or sent twice.
        """
