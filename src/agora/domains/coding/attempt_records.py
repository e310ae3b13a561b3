"""Records of attempts: table rows and query results for comparisons."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["ATTEMPTS", "GROUPS", "AttemptGroupRow", "AttemptPlace", "AttemptRow", "AttemptState", "AttemptUsage"]


@record
class AttemptGroupRow:
    """A row of ``coding_attempt_groups``."""

    tenant_id: str
    group_id: str
    title: str
    codebase_id: str
    requester: str
    chosen: str | None
    chosen_by: str | None
    created_at: int
    updated_at: int


GROUPS = Table("coding_attempt_groups", AttemptGroupRow)


@record
class AttemptRow:
    """A row of ``coding_attempts``."""

    tenant_id: str
    group_id: str
    number: int
    task_id: str
    variant: str


ATTEMPTS = Table("coding_attempts", AttemptRow)


@record
class AttemptState:
    """An attempt with its newest job and its review; None if retention deleted the job, or no review was submitted."""

    group_id: str
    number: int
    task_id: str
    variant: str
    latest_task_id: str
    status: str | None
    worker: str | None
    error: str | None
    started_at: int | None
    completed_at: int | None
    review: str | None
    files: int | None
    additions: int | None
    deletions: int | None


@record
class AttemptUsage:
    """Tokens of all jobs of an attempt's session. cost: in millionths; None if no agent has reported a cost."""

    number: int
    input_tokens: int
    output_tokens: int
    cost: int | None
    currency: str | None


@record
class AttemptPlace:
    """A codebase in which an attempt can run, with the offers of its worker. capabilities, models: JSON."""

    codebase_id: str
    worker_id: str
    worker_name: str
    capabilities: str
    models: str
