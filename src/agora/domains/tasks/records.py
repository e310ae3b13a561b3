"""Records of tasks: rows of tables and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "DATA",
    "DEPENDENCIES",
    "ENTRIES",
    "TASKS",
    "WORKERS",
    "ActiveTasksChange",
    "AssignmentCandidate",
    "DurationEstimate",
    "EndedCounts",
    "QueueHead",
    "ReaddressedTask",
    "StatusCount",
    "TaskData",
    "TaskDependant",
    "TaskDependency",
    "TaskDuration",
    "TaskEntryRow",
    "TaskOutput",
    "TaskRow",
    "TaskSize",
    "TaskTimes",
    "WorkerActivity",
    "WorkerRow",
    "WorkerSighting",
]


@record
class TaskRow:
    """A row of ``tasks``."""

    tenant_id: str
    task_id: str
    task_type: str
    status: str
    priority: int
    assignee: str | None
    assigned_agent: str | None
    queue: str
    waiting: int
    requirements: str
    required_model: str | None
    created_by: str
    account_id: str
    holder: str | None
    worker: str | None
    fence: int
    lease_seconds: int
    lease_until: int | None
    attempts: int
    max_attempts: int
    failures: int
    max_failures: int | None
    retry_backoff: float
    timeout: int | None
    blocked: int
    has_dependants: int
    depends_on: str
    parent_id: str | None
    retry_of: str | None
    workflow_id: str | None
    step: str | None
    item: int | None
    progress: float
    milestone: str | None
    notes: str | None
    checkpoint: str | None
    checkpoint_number: int | None
    error: str | None
    entries: int
    output_size: int
    created_at: int
    updated_at: int
    available_at: int | None
    started_at: int | None
    completed_at: int | None
    deadline: int
    due_at: int | None
    context_id: str | None
    said: int
    status_at: int
    status_entry: int
    price_version: int | None
    sort_key: str
    moved: int


TASKS = Table("tasks", TaskRow)


@record
class TaskData:
    """A row of ``task_data``."""

    tenant_id: str
    task_id: str
    payload: str
    metadata: str
    result: str | None


DATA = Table("task_data", TaskData)


@record
class TaskDependency:
    """A row of ``task_dependencies``."""

    tenant_id: str
    depends_on: str
    task_id: str
    in_context: int


DEPENDENCIES = Table("task_dependencies", TaskDependency)


@record
class TaskDependant:
    """A task that waits for another one. in_context: 1 for its successor in a context, which any end releases."""

    task_id: str
    in_context: int


@record
class TaskEntryRow:
    """A row of ``task_entries``."""

    tenant_id: str
    task_id: str
    number: int
    type: str
    time: int
    actor: str
    status: str | None
    progress: float | None
    content: str | None
    starts_at: int | None
    data: str | None


ENTRIES = Table("task_entries", TaskEntryRow)


@record
class ActiveTasksChange:
    """Amounts added to a row of ``agents``."""

    tenant_id: str
    agent_id: str
    change: int


@record
class TaskDuration:
    """A sample added to a row of ``task_durations``."""

    tenant_id: str
    task_type: str
    agent_id: str
    waited: float
    ran: float
    now: int


@record
class WorkerRow:
    """A row of ``workers``."""

    tenant_id: str
    worker_id: str
    worker_name: str
    owner: str
    capabilities: str
    models: str
    metadata: str
    registered_at: int
    last_seen: int
    retired_at: int | None
    draining_at: int | None
    provider_account: str | None
    limited_until: int | None
    held: str


WORKERS = Table("workers", WorkerRow)


@record
class WorkerSighting:
    """A change of a row of ``workers``."""

    tenant_id: str
    worker_id: str
    now: int


@record
class TaskOutput:
    """A chunk of a task's output. starts_at: its offset in characters."""

    starts_at: int
    content: str


@record
class StatusCount:
    """Number of tasks by status and priority, and how many of them wait for a claim."""

    status: str
    priority: int
    tasks: int
    waiting: int


@record
class TaskTimes:
    """Creation, start and completion times of a task."""

    status: str
    created_at: int
    started_at: int | None
    completed_at: int | None


@record
class EndedCounts:
    """Number of ended tasks by status."""

    status: str
    tasks: int


@record
class QueueHead:
    """Sort columns of a queue's waiting tasks."""

    task_id: str
    priority: int
    sort_key: str


@record
class ReaddressedTask:
    """A task whose assignee was replaced by another agent."""

    task_id: str
    price_version: int | None
    task_type: str
    status: str
    priority: int
    created_by: str
    waiting: int
    requirements: str
    required_model: str | None


@record
class DurationEstimate:
    """Sums over the mean durations of a task type: tasks, seconds waited, seconds worked. Null without tasks."""

    samples: int | None
    waited: float | None
    ran: float | None


@record
class WorkerActivity:
    """Number of tasks leased by a worker."""

    worker: str | None
    tasks: int


@record
class AssignmentCandidate:
    """A candidate agent for a balanced task, with its number of open tasks."""

    agent_id: str
    capabilities: str
    max_concurrent_tasks: int
    open_tasks: int


@record
class TaskSize:
    """Size of a task's payload and metadata in characters."""

    task_id: str
    size: int
