"""Workflows: steps that agents execute in sequence or in parallel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .fields import (
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
    Text,
    Timestamp,
    split,
)
from .operation import Service, operation
from .results import Page, Result
from .tasks import Model, WorkflowId

__all__ = [
    "AgentShare",
    "Items",
    "Modification",
    "Span",
    "Step",
    "StepState",
    "StepStatus",
    "Steps",
    "Timeline",
    "Workflow",
    "WorkflowDiagram",
    "WorkflowPage",
    "WorkflowReceipt",
    "WorkflowStatus",
    "WorkflowStatusLike",
    "WorkflowStatuses",
    "Workflows",
]

StepName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
Expression = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
StepNames = Annotated[list[StepName], Field(max_length=500)]
Needs = Annotated[list[Capability], Field(max_length=20)]
Reason = Annotated[Text, Field(max_length=4000)]


class WorkflowStatus(StrEnum):
    """States of a workflow."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING_APPROVAL = "waiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    WorkflowStatusLike: TypeAlias = (
        WorkflowStatus | Literal["pending", "running", "paused", "waiting_approval", "completed", "failed", "cancelled"]
    )
else:
    WorkflowStatusLike = WorkflowStatus


if TYPE_CHECKING:
    WorkflowStatusesLike: TypeAlias = WorkflowStatusLike | Sequence[WorkflowStatusLike]
else:
    WorkflowStatusesLike = WorkflowStatus | list[WorkflowStatus]
WorkflowStatuses = Annotated[WorkflowStatusesLike, BeforeValidator(split)]


class StepStatus(StrEnum):
    """States of a step."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Step(BaseModel):
    """Definition of a step.

    A string is only a name; a pair is a name and an agent. Texts in ``payload`` and the expression of ``for_each`` may
    refer to earlier results and the input: ``${steps.extract.result.rows}``, ``${input.date}``, and within a
    ``for_each`` ``${item}`` and ``${index}``.
    """

    model_config = ConfigDict(extra="forbid")

    name: StepName
    agent: AgentRef | None = Field(default=None, description="Id or name of the agent that executes it.")
    capability: Annotated[
        list[Capability],
        Field(max_length=20, description="Required capability; the least loaded agent that has it gets the step."),
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    ] = []
    task_type: Label | None = Field(default=None, description="Type of its task; default: the step's name.")
    payload: JsonObject = {}
    depends_on: Annotated[list[StepName], Field(max_length=100)] | None = Field(
        default=None, description="Steps that must complete first; if no step has any, the steps run in order."
    )
    when: Expression | None = Field(default=None, description="CEL condition; if false, the step is skipped.")
    retries: int = Field(default=0, ge=0, le=99, description="Maximum retries after a failed attempt.")
    retry_backoff: float = Field(default=5, ge=0, le=86_400)
    timeout: int | None = Field(default=None, ge=1, le=604_800, description="Maximum seconds per attempt.")
    on_failure: Literal["fail", "continue", "compensate"] = "fail"
    compensate: StepName | None = Field(
        default=None, description="With on_failure 'compensate': the compensating step; it only runs then."
    )
    for_each: list[JsonData] | Expression | None = Field(
        default=None, description="Run once per item of a list, or of the list that an expression returns."
    )
    max_parallel: int | None = Field(
        default=None, ge=1, le=1000, description="With for_each: maximum number of concurrent items."
    )
    approval: bool = Field(default=False, description="The step waits for a person's approval; it has no task.")
    message: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="Text shown to the approver."
    )
    workflow: Annotated[list[Step], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Steps of a nested workflow, which this step runs with the payload as input."
    )
    priority: Priority | None = None
    required_model: Model | None = None
    metadata: Annotated[JsonObject, Field(max_length=100)] = {}

    @model_validator(mode="before")
    @classmethod
    def _expand_short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, (list, tuple)) and len(value) == 2:
            return {"name": value[0], "agent": value[1]}
        if isinstance(value, dict) and "step" in value and "name" not in value:
            return {("name" if key == "step" else key): part for key, part in value.items()}
        return value

    @model_validator(mode="after")
    def _check_single_kind(self) -> Self:
        """Check that a step is exactly one of task, approval and workflow. Raises InvalidRequest."""
        if self.approval and (self.workflow or self.for_each is not None or self.agent or self.capability):
            raise ValueError("an approval step has no agent, capability, for_each or workflow")
        if self.workflow and (self.agent or self.capability):
            raise ValueError("a step that runs a workflow has no agent or capability of its own")
        if (self.compensate is not None) != (self.on_failure == "compensate"):
            raise ValueError("on_failure 'compensate' and the step named by 'compensate' belong together")
        if self.max_parallel is not None and self.for_each is None:
            raise ValueError("max_parallel requires for_each")
        return self


if TYPE_CHECKING:  # accepted from callers; a service receives them as Step
    Steps: TypeAlias = Sequence[Step | Mapping[str, Any] | str | tuple[str, str]]
else:
    Steps = Annotated[
        list[Step],
        Field(min_length=1, max_length=500, description="The steps, in order or as a graph with depends_on."),
    ]


class WorkflowReceipt(Result):
    workflow_id: str
    status: WorkflowStatus
    created_at: Timestamp


class Items(Result):
    """Progress of a for_each."""

    total: int
    completed: int = 0
    failed: int = 0
    running: int = 0


class StepState(Result):
    """Current state of a step."""

    name: str
    position: int
    status: StepStatus
    agent: str | None = None
    capability: list[str] = []
    task_type: str | None = None
    task_id: str | None = None
    assigned_agent: str | None = None
    depends_on: list[str] = []
    attempts: int = 0
    progress: float = 0
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    duration_seconds: float | None = None
    result: JsonData = None
    error: str | None = None
    awaiting: Literal["approval"] | None = None
    message: str | None = None
    items: Items | None = None
    workflow_id: str | None = Field(default=None, description="Id of the nested workflow.")
    compensation: bool = Field(default=False, description="Whether it is only the compensation of a failed step.")


class AgentShare(Result):
    """An agent's share in a workflow."""

    agent_id: str
    agent_name: str | None = None
    completed: int = 0
    failed: int = 0
    running: int = 0
    mean_seconds: float | None = None


class Workflow(Result):
    """Current state of a workflow."""

    workflow_id: str
    workflow_name: str
    status: WorkflowStatus
    current_step: int = Field(
        description="Number of the first unfinished step, from 1; of the last step if all are finished."
    )
    current_steps: list[str] = Field(default=[], description="Names of the current steps.")
    total_steps: int
    progress: float
    steps: list[StepState]
    agents: list[AgentShare] = []
    assigned_agents: list[str] = []
    created_by: str
    created_at: Timestamp
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    duration_seconds: float | None = None
    error: str | None = None
    input: JsonObject = {}
    metadata: JsonObject = {}
    parent_workflow: str | None = None
    parent_step: str | None = None
    modifications: int = 0


class WorkflowPage(Page[Workflow]):
    """Workflows without their steps; ``agora.workflow.status`` shows those."""

    items_field: ClassVar[str] = "workflows"

    workflows: list[Workflow]


class Modification(Result):
    workflow_id: str
    status: WorkflowStatus
    action: str
    step: str | None = None
    updated_at: Timestamp
    modifications: int = Field(description="Number of modifications so far.")


class Span(Result):
    """A bar of a Gantt chart."""

    step: str
    status: StepStatus
    start: Timestamp | None = Field(default=None, description="Time at which it became ready.")
    begun: Timestamp | None = Field(default=None, description="Start time; null while it waits for approval.")
    end: Timestamp | None = None
    awaiting: Literal["approval"] | None = Field(default=None, description="Reason for waiting.")
    duration_seconds: float | None = None
    agent: str | None = None
    task_id: str | None = None
    attempts: int = 0
    index: int | None = Field(default=None, description="With for_each: index of the item.")
    depends_on: list[str] = []


class Timeline(Result):
    workflow_id: str
    status: WorkflowStatus
    start: Timestamp
    end: Timestamp | None = None
    duration_seconds: float
    spans: list[Span]
    has_more: bool = Field(default=False, description="Whether items of a for_each were omitted.")


class WorkflowDiagram(Result):
    workflow_id: str
    mermaid: str = Field(description="A flowchart as Mermaid text.")


class Workflows(Service, category="workflow"):
    """Workflows over agents. Steps are driven by committed state, so a crash neither loses nor repeats a step."""

    @operation("POST /agora/workflow/create", scope="write:workflows")
    async def create(
        self,
        workflow_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")],
        steps: Steps,
        assigned_agents: Annotated[list[AgentRef], Field(max_length=500)] = [],
        metadata: Annotated[JsonObject, Field(max_length=100)] = {},
        *,
        input: JsonObject = {},
        priority: PriorityLike = Priority.NORMAL,
    ) -> WorkflowReceipt:
        """Create a workflow and start it.

        All errors in the steps are reported at once: cycles, unknown steps, unknown agent ids, invalid expressions. A
        step without an agent goes to one of ``assigned_agents``, or to any agent if the list is empty.
        """

    @operation("GET /agora/workflow/status", scope="read:workflows")
    async def status(self, workflow_id: WorkflowId) -> Workflow:
        """Show a workflow's status: steps, progress, agents."""

    @operation("GET /agora/workflow/list", scope="read:workflows")
    async def list(
        self,
        status: WorkflowStatuses | None = None,
        agent_id: AgentRef | None = None,
        *,
        since: Timestamp | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
        cursor: Cursor = None,
    ) -> WorkflowPage:
        """List workflows that concern you, newest first; operators see all. ``agent_id``: creator; ``status``: one or
        several."""

    @operation(scope="write:workflows")
    async def modify(
        self,
        workflow_id: WorkflowId,
        action: Literal["reassign", "add", "reorder", "skip", "pause", "resume", "terminate"],
        step: StepName | None = None,
        *,
        agent: AgentRef | None = None,
        capability: Needs = [],
        definition: Step | None = None,
        before: StepNames = [],
        order: StepNames = [],
        reason: Reason = "",
    ) -> Modification:
        """Change a running workflow. An impossible change is refused as a whole.

        reassign: ``step`` to ``agent`` or ``capability``. add: ``definition``, to run before the steps in ``before``.
        reorder: the steps not started yet, in ``order``, of a workflow without depends_on.
        skip: ``step``. pause, resume, terminate: the workflow.
        """

    @operation(scope="write:workflows", idempotent=True)
    async def approve(
        self,
        workflow_id: WorkflowId,
        step: StepName | None = None,
        *,
        approved: bool = True,
        comment: Reason = "",
    ) -> Modification:
        """Approve or reject a step that waits for approval. A rejected step fails.

        Repeating the same decision has no effect; a different decision is a conflict.
        """

    @operation(scope="write:workflows", idempotent=True, destructive=True)
    async def cancel(self, workflow_id: WorkflowId, reason: Reason = "") -> Modification:
        """Cancel a workflow: running steps are cancelled, other steps do not start."""

    @operation("GET /agora/workflow/timeline", scope="read:workflows")
    async def timeline(self, workflow_id: WorkflowId) -> Timeline:
        """Show when each step became ready, started and ended; at most 1,000 items of each for_each."""

    @operation("GET /agora/workflow/diagram", scope="read:workflows")
    async def diagram(self, workflow_id: WorkflowId) -> WorkflowDiagram:
        """Show the graph of a workflow with the state of each step, as Mermaid text."""
