"""Tasks: durable work with assignment, leases and results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from ..events import LastEvent
from ..fields import (
    AgentRef,
    Capability,
    Cursor,
    JsonData,
    JsonObject,
    Label,
    Limit,
    Offset,
    Priority,
    PriorityLike,
    TaskStatus,
    TaskStatusLike,
    Text,
    Timestamp,
    split,
)
from ..operation import Service, operation
from ..parts import Extensions, Id, Metadata, Part
from .coding import (
    coding_task_to_arguments,
    worker_claim_to_arguments,
    worker_output_to_arguments,
    worker_renewal_to_arguments,
    worker_status_to_arguments,
)
from .log import EntryType, TaskEntry, TaskEntryPage, TaskOutput
from .statistics import DurationSummary, TaskStatistics
from .task import (
    INTERRUPTED_BY_NEWER,
    ROLLED_BACK_FOR_NEWER,
    Claim,
    ClaimedTask,
    Renewal,
    Task,
    TaskPage,
    TaskReceipt,
    TaskToken,
    TaskUpdate,
)
from .token_usage import TokenUsage

__all__ = [
    "INTERRUPTED_BY_NEWER",
    "ROLLED_BACK_FOR_NEWER",
    "Claim",
    "ClaimedTask",
    "DurationSummary",
    "EntryType",
    "Renewal",
    "Task",
    "TaskEntry",
    "TaskEntryPage",
    "TaskOutput",
    "TaskPage",
    "TaskReceipt",
    "TaskStatistics",
    "TaskStatusesLike",
    "TaskToken",
    "TaskUpdate",
    "Tasks",
    "TokenUsage",
]

MEBIBYTE = 1024 * 1024
TaskId = Annotated[str, Field(max_length=64, pattern=r"^task_[0-9a-f]{32}$")]
WorkflowId = Annotated[str, Field(max_length=64, pattern=r"^wf_[0-9a-f]{32}$")]
Assignee = Annotated[
    AgentRef,
    Field(
        description="Agent id or name, 'capability:NAME' for any agent that has it, 'worker:ID' for one worker (unless an agent "
        "has that very name); default: any suitable agent. With an unregistered name, the task waits for that name.",
    ),
]
Capabilities = Annotated[list[Capability], Field(max_length=20), BeforeValidator(split)]
TaskTypes = Annotated[list[Label], Field(max_length=50, description="Only these types; empty: any type.")]
Narrowing = Annotated[
    list[Capability] | None, Field(max_length=100, description="Only tasks for these of your capabilities.")
]
Model = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Models = Annotated[list[Model], Field(max_length=500, description="Models that the worker can run.")]
WorkerRef = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", description="Worker id or name.")
]
Notes = Annotated[Text, Field(max_length=4000, description="Notes for people.")]
Token = Annotated[
    int | None,
    Field(
        ge=0,
        lt=2**53,
        description="The claim's fencing token: a write after the lease was lost is refused.",
    ),
]
Lease = Annotated[int, Field(ge=5, le=3600, description="Seconds until the lease expires unless renewed.")]
Progress = Annotated[float, Field(ge=0, le=100, description="Per cent done.")]
if TYPE_CHECKING:
    TaskStatusesLike: TypeAlias = TaskStatusLike | Sequence[TaskStatusLike]
else:
    TaskStatusesLike = TaskStatus | list[TaskStatus]
Statuses = Annotated[TaskStatusesLike, BeforeValidator(split)]
EntryTypes = Annotated[
    list[EntryType],
    Field(max_length=10, description="Only entries of these types."),
    BeforeValidator(split),
]
Checkpoint = Annotated[JsonObject, Field(description="Checkpoint from which another agent can continue the work.")]
Wait = Annotated[float, Field(ge=0, le=60, description="Seconds to wait for a task when there is none.")]
ContextId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Conversation id of the task; if omitted, the task is a separate conversation.",
    ),
]
Said = Annotated[list[Part], Field(max_length=100, description="The message in parts, if it is not a single text.")]
Tokens = Annotated[int, Field(ge=0, le=1_000_000_000_000, description="Number of tokens in all attempts so far.")]
Long = Annotated[Text, Field(min_length=1, max_length=262_144)]


class Tasks(Service, category="task"):
    """Tasks with leases and fencing tokens. A task is claimed by one agent and requeued if that agent dies."""

    @operation(
        "POST /agora/task/assign", "POST /v1/agent/tasks", scope="write:tasks", translate=coding_task_to_arguments
    )
    async def assign(
        self,
        task_type: Label,
        payload: JsonObject = {},
        assignee: Assignee | None = None,
        deadline: Timestamp | None = None,
        priority: PriorityLike = Priority.NORMAL,
        *,
        required_capabilities: Capabilities = [],
        required_model: Model | None = None,
        depends_on: Annotated[list[TaskId], Field(max_length=100)] = [],
        parent_id: TaskId | None = None,
        max_attempts: Annotated[int, Field(ge=1, le=100)] = 3,
        retry_backoff: Annotated[
            float,
            Field(ge=0, le=86_400, description="Seconds before the second attempt, doubled for each further attempt."),
        ] = 5,
        timeout: Annotated[
            int | None, Field(ge=1, le=604_800, description="Maximum seconds per attempt; default: no limit.")
        ] = None,
        metadata: Annotated[JsonObject, Field(max_length=100)] = {},
        context_id: ContextId | None = None,
    ) -> TaskReceipt:
        """Assign a task to an agent, to any agent with a capability, to a worker, or to any agent.

        The receipt is returned after the commit. If the deadline passes before work starts, the task expires; if it
        passes later, an event is emitted. If a dependency fails, the task is cancelled.
        """

    @operation(
        "POST /agora/task/update",
        "PUT /v1/agent/tasks/{task_id}/status",
        scope="write:tasks",
        idempotent=True,
        translate=worker_status_to_arguments,
    )
    async def update(
        self,
        task_id: TaskId,
        status: TaskStatusLike | None = None,
        progress: Progress | None = None,
        notes: Notes | None = None,
        *,
        milestone: Label | None = None,
        result: JsonData = None,
        fencing_token: Token = None,
    ) -> TaskUpdate:
        """Update a task as its assignee: status, progress, notes.

        No claim is needed: setting a pending task to in_progress starts it, setting it to completed starts and
        completes it. Refused while another caller's lease is valid, and if it contradicts the recorded result of an
        ended task.
        """

    @operation("GET /agora/task/list", "GET /v1/agent/tasks", scope="read:tasks")
    async def list(
        self,
        agent_id: AgentRef | None = None,
        status: Statuses | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
        *,
        task_type: Label | None = None,
        priority: PriorityLike | None = None,
        workflow_id: WorkflowId | None = None,
        parent_id: TaskId | None = None,
        created_by: AgentRef | None = None,
        worker_id: WorkerRef | None = None,
        since: Timestamp | None = None,
        until: Timestamp | None = None,
        sort: Literal["created", "priority", "deadline"] = "created",
        descending: bool = False,
        context_id: ContextId | None = None,
        cursor: Cursor = None,
    ) -> TaskPage:
        """List the tasks of an agent, or all tasks that concern you; operators see all.

        ``since`` and ``until`` refer to the creation time.
        """

    @operation("GET /v1/agent/tasks/stuck", scope="read:tasks")
    async def stuck(
        self,
        idle_seconds: Annotated[
            int, Field(ge=1, le=31_536_000, description="Seconds without any activity of the task.")
        ] = 300,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> TaskPage:
        """List your stuck tasks: unfinished, and not claimed or without progress. Operators see all."""

    @operation("GET /agora/task/get", "GET /v1/agent/tasks/{task_id}", scope="read:tasks")
    async def get(self, task_id: TaskId) -> Task:
        """Show a task."""

    @operation("GET /agora/task/history", "GET /v1/agent/tasks/{task_id}/history", scope="read:tasks")
    async def history(
        self, task_id: TaskId, *, types: EntryTypes = [], limit: Limit = 100, cursor: Cursor = None
    ) -> TaskEntryPage:
        """Show the history of a task: actor, change and time, oldest first. Output and artifacts only if requested by
        ``types``."""

    @operation(
        "POST /agora/task/claim",
        "POST /v1/worker/tasks/claim",
        scope="write:tasks",
        translate=worker_claim_to_arguments,
    )
    async def claim(
        self,
        limit: Annotated[int, Field(ge=1, le=100, description="Maximum number of tasks to claim.")] = 1,
        wait: Wait = 0,
        *,
        task_types: TaskTypes = [],
        capabilities: Narrowing = None,
        models: Models = [],
        worker: WorkerRef | None = None,
        lease_seconds: Lease = 60,
        unassigned: Annotated[
            bool, Field(description="Also claim tasks for any agent, which name no assignee and require nothing.")
        ] = True,
        task_id: Annotated[
            TaskId | None, Field(description="Only this task; 409 if it can no longer be claimed.")
        ] = None,
    ) -> Claim:
        """Claim the next tasks by priority, deadline and age, or one given task.

        Each has a lease, which ``renew`` extends, and a fencing token, which every further write must carry. When the
        lease expires, another agent can claim the task with its checkpoint.
        """

    @operation(
        "POST /agora/task/renew",
        "POST /v1/worker/tasks/heartbeat",
        "POST /v1/worker/tasks/resume",
        scope="write:tasks",
        idempotent=True,
        translate=worker_renewal_to_arguments,
    )
    async def renew(
        self,
        task_id: TaskId,
        fencing_token: Annotated[int, Field(ge=0, lt=2**53)],
        *,
        lease_seconds: Lease | None = None,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
        checkpoint_number: Annotated[
            int | None, Field(ge=0, lt=2**53, description="Increases with each checkpoint; a lower number is refused.")
        ] = None,
    ) -> Renewal:
        """Extend a lease (the heartbeat of a task in progress)."""

    @operation(scope="write:tasks")
    async def release(
        self,
        task_id: TaskId,
        fencing_token: Annotated[int, Field(ge=0, lt=2**53)],
        *,
        reason: Notes | None = None,
        checkpoint: Checkpoint | None = None,
        delay: Annotated[float, Field(ge=0, le=86_400, description="Seconds until it can be claimed again.")] = 0,
    ) -> TaskUpdate:
        """Release a claimed task to the queue; the attempt is not counted."""

    @operation(scope="write:tasks", secrets=("token",))
    async def issue_token(self, task_id: TaskId, fencing_token: Annotated[int, Field(ge=0, lt=2**53)]) -> TaskToken:
        """Issue a credential for the program working on a task you hold, such as a coding agent with tools.

        It is a separate principal with the scopes that the task's creator allowed in the payload (``scopes``; default:
        reading agents and operations) and holds itself. It expires with the lease or when the task ends.
        """

    @operation(scope="write:tasks", idempotent=True)
    async def report_usage(
        self,
        task_id: TaskId,
        fencing_token: Annotated[int, Field(ge=0, lt=2**53)],
        input_tokens: Tokens,
        output_tokens: Tokens,
        *,
        model: Annotated[Text, Field(max_length=200, description="Model that used the tokens; empty if unknown.")] = "",
        provider_cost: Annotated[
            float | None, Field(ge=0, le=1_000_000, description="Cost charged by the model's provider, if known.")
        ] = None,
        currency: Annotated[
            str | None, Field(pattern=r"^[A-Z]{3}$", description="Currency of provider_cost, such as USD.")
        ] = None,
        is_estimate: Annotated[bool, Field(description="Whether the numbers are a lower bound.")] = False,
    ) -> TokenUsage:
        """Report the tokens that a task you hold has used so far of one model, as totals that never decrease.

        ``agora.billing.tokens`` lists them. The difference since the last report is charged to the task's account if
        the worker belongs to it or has the scope meter:billing, else to the worker's own account.
        """

    @operation(scope="write:tasks", idempotent=True)
    async def complete(
        self, task_id: TaskId, result: JsonData = None, *, notes: Notes | None = None, fencing_token: Token = None
    ) -> TaskUpdate:
        """Complete a task with its result.

        Repeating the same call returns the same result; a different result or different notes are refused (409).
        """

    @operation(scope="write:tasks", idempotent=True)
    async def fail(
        self,
        task_id: TaskId,
        error: Annotated[Text, Field(max_length=4000)],
        *,
        retry: Annotated[bool, Field(description="Whether the task may be retried.")] = True,
        fencing_token: Token = None,
    ) -> TaskUpdate:
        """Report a failed attempt. The task is retried after a backoff while attempts remain.

        A task that has failed permanently keeps its error; a different one is refused (409).
        """

    @operation(
        "POST /agora/task/cancel",
        "POST /v1/agent/tasks/{task_id}/cancel",
        scope="write:tasks",
        idempotent=True,
        destructive=True,
    )
    async def cancel(self, task_id: TaskId, reason: Notes | None = None) -> TaskUpdate:
        """Cancel a task. Its worker is informed with the next response."""

    @operation("POST /v1/agent/tasks/{task_id}/requeue", scope="write:tasks")
    async def requeue(self, task_id: TaskId, reason: Notes | None = None) -> TaskUpdate:
        """Return a task that you requested to its queue and end its lease. The attempt counts."""

    @operation(scope="write:tasks")
    async def retry(self, task_id: TaskId, *, assignee: Assignee | None = None) -> TaskReceipt:
        """Retry an ended task as a new task, linked to the old one."""

    @operation(scope="write:tasks")
    async def reassign(self, task_id: TaskId, assignee: Assignee | None, reason: Notes | None = None) -> TaskUpdate:
        """Reassign a task and end its lease; null returns it to the queue for any suitable agent."""

    @operation(scope="write:tasks", idempotent=True)
    async def prioritize(
        self,
        task_id: TaskId,
        priority: PriorityLike | None = None,
        *,
        before: Annotated[
            TaskId | None, Field(description="Waiting task of yours that this one is claimed right before.")
        ] = None,
        after: Annotated[
            TaskId | None, Field(description="Waiting task of yours that this one is claimed right after.")
        ] = None,
    ) -> TaskUpdate:
        """Change the priority of an unfinished task, or its place among the waiting tasks of a priority.

        Waiting tasks with a higher priority are claimed first. Within a priority, the earlier deadline comes first, then the
        older task. With ``before`` or ``after`` the task takes the priority of another one and a place beside it, until its
        priority is set again. Allowed for its requester and operators.
        """

    @operation(scope="write:tasks")
    async def comment(self, task_id: TaskId, text: Annotated[Text, Field(min_length=1, max_length=4000)]) -> TaskEntry:
        """Add a comment to a task's history."""

    @operation(scope="write:tasks", body_limit=4 * MEBIBYTE)
    async def message(
        self,
        task_id: TaskId,
        text: Long | None = None,
        *,
        parts: Said = [],
        status: Annotated[
            Literal["input_required", "auth_required", "completed"] | None,
            Field(
                description="Only for the assignee. 'input_required': the task waits until the message is answered. "
                "'completed': the message becomes the result and ends the task; a waiting A2A client receives a "
                "Message."
            ),
        ] = None,
        message_id: Id | None = None,
        metadata: Metadata = {},
        extensions: Extensions = [],
        answers: Annotated[
            Id | None,
            Field(
                description="Id of the assignee's question. If it was already answered, the message is refused (409) "
                "and not sent."
            ),
        ] = None,
        fencing_token: Token = None,
        keep_lease: Annotated[
            bool,
            Field(
                description="With a question: keep the lease while it is open, so that the answer returns the task to "
                "its waiting holder. If the lease expires, the question is withdrawn."
            ),
        ] = False,
    ) -> TaskEntry:
        """Send a message in a task, from the assignee to the requester or vice versa.

        If the assignee waits for an answer, the requester's message is the answer and the task returns to its agent. An
        ended task accepts no messages.
        """

    @operation(scope="write:tasks", body_limit=4 * MEBIBYTE)
    async def artifact(
        self,
        task_id: TaskId,
        text: Long | None = None,
        *,
        parts: Said = [],
        artifact_id: Annotated[Id | None, Field(description="Generated if omitted; needed to append to it.")] = None,
        name: Annotated[Text | None, Field(max_length=200)] = None,
        description: Annotated[Text | None, Field(max_length=4000)] = None,
        append: Annotated[
            bool, Field(description="Append to the artifact with this id instead of replacing it.")
        ] = False,
        last: Annotated[bool, Field(description="Whether the artifact is complete.")] = True,
        metadata: Metadata = {},
        extensions: Extensions = [],
        fencing_token: Token = None,
    ) -> TaskEntry:
        """Add an artifact to a task in progress, as its assignee."""

    @operation(
        "POST /agora/task/append",
        "POST /v1/agent/tasks/{task_id}/output",
        scope="write:tasks",
        translate=worker_output_to_arguments,
    )
    async def append(
        self,
        task_id: TaskId,
        content: Annotated[Text, Field(min_length=1, max_length=262_144)],
        *,
        offset: Annotated[
            int | None,
            Field(ge=0, description="Offset of the chunk; refused if it is not the current end of the output."),
        ] = None,
        fencing_token: Token = None,
    ) -> TaskOutput:
        """Append to a task's output. With ``offset``, a repeated chunk is detected.

        Output from the assignee starts a pending task. Output from an operator to a pending task is refused, because it
        has no worker.
        """

    @operation("GET /agora/task/output", "GET /v1/agent/tasks/{task_id}/output", scope="read:tasks")
    async def output(
        self,
        task_id: TaskId,
        offset: Annotated[int, Field(ge=0, description="Start position, in characters.")] = 0,
        limit: Annotated[int, Field(ge=1, le=1_000_000, description="Most characters.")] = 262_144,
    ) -> TaskOutput:
        """Read a task's output from any offset."""

    @operation("GET /agora/task/stream", "GET /v1/agent/tasks/{task_id}/output/stream", scope="read:tasks")
    def stream(self, task_id: TaskId, *, last_event_id: LastEvent = None) -> AsyncIterator[TaskEntry]:
        """Stream a task's log from its beginning and live until the task ends.

        ``last_event_id`` is the number of the last received entry.
        """

    @operation("GET /agora/task/statistics", scope="read:tasks")
    async def statistics(
        self,
        agent_id: AgentRef | None = None,
        task_type: Label | None = None,
        *,
        since: Timestamp | None = None,
    ) -> TaskStatistics:
        """Show task statistics: counts by status, throughput, waiting and running times; default period: the last
        day."""
