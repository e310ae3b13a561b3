"""Tasks: the record, the claim, and receipts of changes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..fields import JsonData, JsonObject, Priority, TaskStatus, Timestamp
from ..results import Page, Result

__all__ = [
    "INTERRUPTED_BY_NEWER",
    "ROLLED_BACK_FOR_NEWER",
    "Claim",
    "ClaimedTask",
    "Renewal",
    "Task",
    "TaskPage",
    "TaskReceipt",
    "TaskToken",
    "TaskUpdate",
]

#: errors of tasks replaced by a newer task of their context: one stays in the conversation, the other is removed from
#: it
INTERRUPTED_BY_NEWER = "Interrupted by a newer task of its context."
ROLLED_BACK_FOR_NEWER = "Rolled back for a newer task of its context."


class TaskReceipt(Result):
    """Receipt of a task. The task is committed to the store."""

    task_id: str
    status: TaskStatus
    estimated_completion: Timestamp | None = Field(
        default=None, description="Estimate from earlier tasks of the same type; null without any."
    )
    assigned_agent: str | None = None
    warning: str | None = Field(default=None, description="Reason for a delay, such as an unregistered name.")


class TaskUpdate(Result):
    """The change is stored."""

    success: bool = True
    updated_at: Timestamp
    task_id: str
    status: TaskStatus
    progress: float = 0


class Task(Result):
    """A task."""

    task_id: str
    task_type: str
    payload: JsonObject = {}
    status: TaskStatus
    priority: Priority = Priority.NORMAL
    progress: float = 0
    assignee: str | None = Field(default=None, description="Assignee as given in the assignment.")
    assigned_agent: str | None = Field(default=None, description="Id of the assignee.")
    worker: str | None = None
    created_by: str
    created_at: Timestamp
    updated_at: Timestamp
    available_at: Timestamp | None = Field(default=None, description="Time of the next attempt after a failure.")
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = Field(default=None, description="Time at which it ended.")
    deadline: Timestamp | None = None
    estimated_completion: Timestamp | None = None
    timeout: int | None = None
    attempts: int = 0
    max_attempts: int = 3
    retry_backoff: float = 5
    required_capabilities: list[str] = []
    required_model: str | None = None
    depends_on: list[str] = []
    blocked_by: int = Field(
        default=0, description="Number of unfinished tasks in 'depends_on' and ahead of it in its context."
    )
    parent_id: str | None = None
    retry_of: str | None = None
    workflow_id: str | None = None
    step: str | None = None
    milestone: str | None = None
    notes: str | None = None
    checkpoint: JsonObject | None = None
    result: JsonData = None
    error: str | None = None
    output_size: int = Field(default=0, description="Characters of output so far.")
    lease_expires_at: Timestamp | None = None
    context_id: str | None = None
    metadata: JsonObject = {}


class ClaimedTask(Task):
    """A claimed task, with its lease."""

    fencing_token: int
    lease_seconds: int


class Renewal(Result):
    """The current lease."""

    task_id: str
    status: TaskStatus
    fencing_token: int
    lease_seconds: int
    lease_expires_at: Timestamp
    progress: float = 0
    checkpoint_number: int | None = None


class Claim(Result):
    """The claimed tasks; empty if none were available."""

    tasks: list[ClaimedTask] = []
    count: int = 0

    @property
    def task(self) -> ClaimedTask | None:
        """The first one, or None."""
        return self.tasks[0] if self.tasks else None

    def __len__(self) -> int:
        return len(self.tasks)

    def __bool__(self) -> bool:
        return bool(self.tasks)


class TaskToken(Result):
    """A credential for the program that works on a task."""

    task_id: str
    scopes: list[str] = Field(description="Granted scopes: those that the task's creator allowed and holds.")
    lease_expires_at: Timestamp = Field(
        description="Expiry; extended when ``renew`` extends the lease. The credential also ends with the task."
    )
    token: str | None = Field(default=None, description="The credential.")


class TaskPage(Page[Task]):
    items_field: ClassVar[str] = "tasks"

    tasks: list[Task]
