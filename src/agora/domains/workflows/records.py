"""Records of workflows: rows of tables and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "ITEMS",
    "STEPS",
    "WORKFLOWS",
    "AgentShare",
    "CurrentStep",
    "EnclosingStep",
    "ItemOutcome",
    "ItemSpan",
    "StepOutcome",
    "WorkflowItemRow",
    "WorkflowRow",
    "WorkflowStep",
    "WorkflowStepRow",
]


@record
class WorkflowRow:
    """A row of ``workflows``."""

    tenant_id: str
    workflow_id: str
    workflow_name: str
    status: str
    created_by: str
    account_id: str
    assigned_agents: str
    input: str
    metadata: str
    priority: int
    graph: int
    total_steps: int
    done_steps: int
    modifications: int
    parent_id: str | None
    parent_step: str | None
    parent_item: int | None
    error: str | None
    created_at: int
    updated_at: int
    paused_at: int | None
    completed_at: int | None


WORKFLOWS = Table("workflows", WorkflowRow)


@record
class WorkflowStep:
    """A step of a workflow without its result, which may be large."""

    tenant_id: str
    workflow_id: str
    name: str
    position: int
    definition: str
    depends_on: str
    status: str
    task_id: str | None
    child_id: str | None
    items_total: int | None
    items_open: int
    items_failed: int
    ready_at: int | None
    completed_at: int | None
    error: str | None


@record
class WorkflowStepRow(WorkflowStep):
    """A row of ``workflow_steps``."""

    result: str | None


STEPS = Table("workflow_steps", WorkflowStepRow)


@record
class WorkflowItemRow:
    """A row of ``workflow_items``."""

    tenant_id: str
    workflow_id: str
    step: str
    item: int
    value: str
    status: str
    task_id: str | None
    child_id: str | None
    result: str | None
    error: str | None
    completed_at: int | None


ITEMS = Table("workflow_items", WorkflowItemRow)


@record
class CurrentStep:
    """A step that is ready or running."""

    workflow_id: str
    name: str


@record
class EnclosingStep:
    """The parent step of a workflow, and the parent step of that step's workflow."""

    parent_id: str | None
    parent_step: str | None
    items_total: int | None
    definition: str


@record
class StepOutcome:
    """Outcome of an ended step; the result is its own or that of its task."""

    name: str
    status: str
    error: str | None
    items_total: int | None
    result: str | None
    task_result: str | None


@record
class ItemOutcome:
    """Outcome of an item of a for_each."""

    step: str
    item: int
    result: str | None
    task_result: str | None


@record
class ItemSpan:
    """Working time and worker of an item of a for_each."""

    step: str
    item: int
    status: str
    completed_at: int | None
    task_id: str
    assigned_agent: str | None
    attempts: int
    created_at: int
    started_at: int | None


@record
class AgentShare:
    """Number of a workflow's tasks by agent and state. took: total duration of the ended ones in microseconds."""

    agent_id: str | None
    agent_name: str | None
    status: str
    tasks: int
    took: int | None
