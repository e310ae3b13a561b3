"""Messages, tasks and task updates (sections 4.1 and 4.2)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from ..fields import PRINTABLE, JsonObject, Timestamp
from ..parts import Extensions, Id, Metadata, Part, Parts, ProtoModel

__all__ = [
    "A2AArtifact",
    "A2AArtifactUpdate",
    "A2AMessage",
    "A2ARole",
    "A2ASendResult",
    "A2AState",
    "A2AStateLike",
    "A2AStatus",
    "A2AStatusUpdate",
    "A2ATask",
    "A2ATaskList",
    "A2AUpdate",
    "ContextId",
    "MessageId",
]

MessageId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="Set by the sender. A message with the same id is processed once.",
    ),
]
ContextId = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Groups the tasks of one conversation.")
]


class A2AState(StrEnum):
    """State of a task (section 4.1.3)."""

    SUBMITTED = "TASK_STATE_SUBMITTED"
    WORKING = "TASK_STATE_WORKING"
    COMPLETED = "TASK_STATE_COMPLETED"
    FAILED = "TASK_STATE_FAILED"
    CANCELED = "TASK_STATE_CANCELED"
    INPUT_REQUIRED = "TASK_STATE_INPUT_REQUIRED"
    REJECTED = "TASK_STATE_REJECTED"
    AUTH_REQUIRED = "TASK_STATE_AUTH_REQUIRED"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    A2AStateLike: TypeAlias = (
        A2AState
        | Literal[
            "TASK_STATE_SUBMITTED",
            "TASK_STATE_WORKING",
            "TASK_STATE_COMPLETED",
            "TASK_STATE_FAILED",
            "TASK_STATE_CANCELED",
            "TASK_STATE_INPUT_REQUIRED",
            "TASK_STATE_REJECTED",
            "TASK_STATE_AUTH_REQUIRED",
        ]
    )
else:
    A2AStateLike = A2AState


class A2ARole(StrEnum):
    """Role of a message's sender (section 4.1.5)."""

    USER = "ROLE_USER"
    AGENT = "ROLE_AGENT"


class A2AMessage(ProtoModel):
    """A message of the requester or of the agent (section 4.1.4)."""

    message_id: MessageId | None = None
    context_id: ContextId | None = None
    task_id: Id | None = None
    role: A2ARole = A2ARole.USER
    parts: Parts
    metadata: Metadata | None = None
    extensions: Extensions | None = None
    reference_task_ids: Annotated[list[Id], Field(max_length=100)] | None = None


class A2AArtifact(ProtoModel):
    """A result of a task, or a piece of one (section 4.1.7)."""

    artifact_id: Id
    name: str | None = None
    description: str | None = None
    parts: list[Part] = []
    metadata: JsonObject | None = None
    extensions: list[str] | None = None


class A2AStatus(ProtoModel):
    """Status of a task, with an optional message (section 4.1.2)."""

    state: A2AState
    message: A2AMessage | None = None
    timestamp: Timestamp | None = None


class A2ATask(ProtoModel):
    """A task as an A2A client sees it (section 4.1.1).

    ``metadata`` is the requester's. The marketplace adds the key ``agora`` with ``agent`` (id), ``progress`` (percent)
    and ``position``, from which ``agora.a2a.subscribe`` can resume.
    """

    id: str
    context_id: str
    status: A2AStatus
    artifacts: list[A2AArtifact] | None = None
    history: list[A2AMessage] | None = None
    metadata: JsonObject | None = None


class A2ASendResult(ProtoModel):
    """The task that a message created or continued, or a direct answer (section 3.1.1)."""

    task: A2ATask | None = None
    message: A2AMessage | None = None


class A2ATaskList(ProtoModel):
    """A page of tasks, most recently changed first (section 3.1.4)."""

    tasks: list[A2ATask]
    next_page_token: str = Field(default="", description="Empty on the last page.")
    page_size: int
    total_size: int = Field(description="Number of matches, counted up to 10,000.")


class A2AStatusUpdate(ProtoModel):
    """A task's state changed, or there is a new message about it (section 4.2.1)."""

    task_id: str
    context_id: str
    status: A2AStatus
    metadata: JsonObject | None = None


class A2AArtifactUpdate(ProtoModel):
    """A part of a task's result (section 4.2.2). ``append``: append it to the parts sent before."""

    task_id: str
    context_id: str
    artifact: A2AArtifact
    append: bool | None = None
    last_chunk: bool | None = None
    metadata: JsonObject | None = None


class A2AUpdate(ProtoModel):
    """One item of a stream: the task, then its updates (section 3.2.3)."""

    task: A2ATask | None = None
    message: A2AMessage | None = None
    status_update: A2AStatusUpdate | None = None
    artifact_update: A2AArtifactUpdate | None = None
