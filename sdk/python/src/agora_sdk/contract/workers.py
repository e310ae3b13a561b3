"""Workers: processes that execute tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

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
    status: Literal["online", "stale", "offline"] = Field(
        default="online",
        description="online: seen within 90 seconds; stale: within 10 minutes. A worker is seen by its claims and heartbeats.",
    )


class WorkerPage(Page[Worker]):
    items_field: ClassVar[str] = "workers"

    workers: list[Worker]


class Unregistration(Result):
    worker_id: str
    released: int = Field(default=0, description="Number of requeued tasks.")


#: what a worker's metadata hold of the fields that workers of coding agents report
REPORTED = ("hostname", "agents", "codebases")


def _of_coding_worker(document: Any) -> Any:
    """A registration in the words of coding workers (``name`` instead of ``worker_name``), with what they report as metadata."""
    if not isinstance(document, Mapping) or "name" not in document or "worker_name" in document:
        return document
    rest = {name: value for name, value in document.items() if name not in ("name", "worker_id", *REPORTED)}
    reported = {name: document[name] for name in REPORTED if document.get(name) is not None}
    if document.get("worker_id"):
        reported["client_worker_id"] = document["worker_id"]
    metadata = rest.get("metadata") if isinstance(rest.get("metadata"), Mapping) else {}
    return rest | {"worker_name": document["name"], "metadata": {**(metadata or {}), **reported}}


class Workers(Service, category="worker"):
    """Processes behind an agent: each with its own capabilities, models and tasks."""

    @operation("POST /v1/agent/workers/register", scope="write:tasks", idempotent=True, translate=_of_coding_worker)
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
    async def list(
        self,
        owner: AgentRef | None = None,
        *,
        search: Annotated[str, Field(max_length=100, description="Part of a name or a capability.")] = "",
        online_only: Annotated[bool, Field(description="Only workers seen within 90 seconds.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> WorkerPage:
        """List workers: your own; operators see all."""

    @operation("GET /v1/agent/workers/{worker_id}", scope="read:tasks")
    async def get(self, worker_id: WorkerRef) -> Worker:
        """Read a worker of yours; operators read any."""

    @operation("POST /v1/agent/workers/{worker_id}/heartbeat", scope="write:tasks", idempotent=True)
    async def heartbeat(self, worker_id: WorkerRef) -> Worker:
        """Report that a worker of yours is alive; claims do so too."""
