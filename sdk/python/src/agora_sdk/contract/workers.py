"""Workers: processes that execute tasks."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .fields import AgentRef, Capability, Cursor, JsonObject, Limit, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import Models, WorkerRef

__all__ = ["Unregistration", "Worker", "WorkerPage", "Workers"]


class Worker(Result):
    """A worker; it belongs to the agent (or the operator) that registered it."""

    worker_id: str
    worker_name: str
    owner: str
    capabilities: list[str] = []
    models: list[str] = []
    metadata: JsonObject = {}
    registered_at: Timestamp
    last_seen: Timestamp
    active_tasks: int = 0


class WorkerPage(Page[Worker]):
    items_field: ClassVar[str] = "workers"

    workers: list[Worker]


class Unregistration(Result):
    worker_id: str
    released: int = Field(default=0, description="Number of requeued tasks.")


class Workers(Service, category="worker"):
    """Processes behind an agent: each with its own capabilities, models and tasks."""

    @operation("POST /v1/agent/workers/register", scope="write:tasks", idempotent=True)
    async def register(
        self,
        worker_name: WorkerRef,
        capabilities: Annotated[list[Capability] | None, Field(max_length=100)] = None,
        models: Models = [],
        *,
        metadata: Annotated[JsonObject, Field(max_length=100)] = {},
    ) -> Worker:
        """Register or update a worker; its capabilities are the caller's unless given."""

    @operation("POST /v1/agent/workers/{worker_id}/unregister", scope="write:tasks", idempotent=True)
    async def unregister(self, worker_id: WorkerRef) -> Unregistration:
        """Unregister a worker: its claimed tasks are requeued at once."""

    @operation("GET /v1/agent/workers", scope="read:tasks")
    async def list(self, owner: AgentRef | None = None, *, limit: Limit = 50, cursor: Cursor = None) -> WorkerPage:
        """List workers: your own; operators see all."""
