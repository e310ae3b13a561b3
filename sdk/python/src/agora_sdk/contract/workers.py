"""Workers: processes that execute tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from .events import Event, LastEvent
from .fields import AgentName, AgentRef, Capability, Cursor, JsonData, JsonObject, Limit, Text, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import Models, TaskId, TaskUpdate, WorkerRef
from .tasks.coding import worker_renewal_to_arguments

__all__ = ["CODING_PROGRAM", "Unregistration", "Worker", "WorkerPage", "Workers"]

CODING_PROGRAM = "agora worker"  #: metadata.program of a worker that is shipped, and upgraded, with the server


class Worker(Result):
    """A worker, owned by the agent or operator that registered it."""

    worker_id: str
    worker_name: str
    owner: str
    capabilities: list[str] = []
    models: list[str] = []
    metadata: JsonObject = {}
    registered_at: Timestamp
    last_seen: Timestamp
    active_tasks: int = 0
    status: Literal["online", "draining", "stale", "offline"] = Field(
        default="online",
        description="online: seen within 90 seconds; draining: online, but takes no more tasks; stale: seen within 10 "
        "minutes. Claims and heartbeats count as seen.",
    )
    provider_account: str | None = Field(default=None, description="Opaque name of the account at the model provider.")
    limit_seconds: float | None = Field(
        default=None,
        description="Seconds until limited_until at the time of the response, for clients whose clock differs.",
    )
    limited_until: Timestamp | None = Field(
        default=None,
        description="Time at which the account's usage limit is lifted, as reported by one of its workers.",
    )
    version: str | None = Field(default=None, description="Version of the worker program, as reported.")
    upgrade: str | None = Field(
        default=None,
        description="Version of the server, if it differs from that of ``agora worker``: upgrade the worker, then "
        "drain it.",
    )


class WorkerPage(Page[Worker]):
    items_field: ClassVar[str] = "workers"

    workers: list[Worker]


class Unregistration(Result):
    worker_id: str
    released: int = Field(default=0, description="Number of requeued tasks.")


#: fields of a coding worker's registration that are stored in the worker's metadata
REPORTED = ("hostname", "agents", "codebases")


def _coding_worker_to_arguments(document: Any) -> Any:
    """Translate a coding worker's registration (``name`` instead of ``worker_name``); reported fields become
    metadata."""
    if not isinstance(document, Mapping) or "name" not in document or "worker_name" in document:
        return document
    rest = {name: value for name, value in document.items() if name not in ("name", "worker_id", *REPORTED)}
    reported = {name: document[name] for name in REPORTED if document.get(name) is not None}
    if document.get("worker_id"):
        reported["client_worker_id"] = document["worker_id"]
    metadata = rest.get("metadata") if isinstance(rest.get("metadata"), Mapping) else {}
    return rest | {"worker_name": document["name"], "metadata": {**(metadata or {}), **reported}}


Capabilities = list[Capability]
CodebaseNames = list[Annotated[str, Field(min_length=1, max_length=100)]]
ProviderAccount = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[!-~]+$",
        description="Opaque name of the account at the model provider; never a credential. A usage limit reported by "
        "one worker applies to all your workers with that account.",
    ),
]


class Workers(Service, category="worker"):
    """Processes of an agent, each with its own capabilities, models and tasks."""

    @operation(
        "POST /v1/agent/workers/register", scope="write:tasks", idempotent=True, translate=_coding_worker_to_arguments
    )
    async def register(
        self,
        worker_name: WorkerRef,
        capabilities: Annotated[list[Capability] | None, Field(max_length=100)] = None,
        models: Models = [],
        *,
        metadata: Annotated[JsonObject, Field(max_length=100)] = {},
        provider_account: ProviderAccount | None = None,
    ) -> Worker:
        """Register or update a worker; default capabilities: the caller's. Ends draining."""

    @operation("POST /v1/agent/workers/{worker_id}/unregister", scope="write:tasks", idempotent=True)
    async def unregister(self, worker_id: WorkerRef) -> Unregistration:
        """Unregister a worker: its claimed tasks are requeued at once."""

    @operation("GET /v1/agent/workers", scope="read:tasks")
    async def list(
        self,
        owner: AgentRef | None = None,
        *,
        search: Annotated[str, Field(max_length=100, description="Text in the name or a capability.")] = "",
        online_only: Annotated[bool, Field(description="Only workers seen within 90 seconds.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> WorkerPage:
        """List workers: your own; operators see all."""

    @operation("GET /v1/agent/workers/{worker_id}", scope="read:tasks")
    async def get(self, worker_id: WorkerRef) -> Worker:
        """Show one of your workers; operators can read all."""

    @operation("POST /v1/agent/workers/{worker_id}/heartbeat", scope="write:tasks", idempotent=True)
    async def heartbeat(self, worker_id: WorkerRef) -> Worker:
        """Send a heartbeat for a worker. Claims count as heartbeats, too."""

    @operation("POST /v1/agent/workers/{worker_id}/drain", scope="write:tasks", idempotent=True)
    async def drain(self, worker_id: WorkerRef) -> Worker:
        """Drain a worker: it takes no more tasks and finishes its current ones. Registering it again ends draining.

        ``agora worker run`` exits after the last task, for a supervisor to restart it. Queued tasks wait.
        """

    @operation("POST /v1/agent/workers/{worker_id}/limit", scope="write:tasks", idempotent=True)
    async def report_limit(
        self,
        worker_id: WorkerRef,
        until: Annotated[
            Timestamp | None,
            Field(description="Time at which the limit is lifted, by the server's clock; at most a week ahead."),
        ] = None,
        *,
        seconds: Annotated[
            float | None,
            Field(
                gt=0,
                le=7 * 86_400,
                description="Seconds until the limit is lifted, instead of 'until'; independent of clocks.",
            ),
        ] = None,
    ) -> Worker:
        """Report that a worker's account has reached its usage limit. Applies to all workers of that account."""

    @operation("GET /v1/worker/tasks/stream", scope="read:tasks")
    def stream(
        self,
        worker_id: WorkerRef | None = None,
        *,
        agent_name: Annotated[AgentName | None, Field(description="The caller's name, for verification.")] = None,
        capabilities: Annotated[
            Capabilities,
            Field(max_length=100, description="Stream tasks for these capabilities, if no worker_id is given."),
        ] = [],
        codebases: Annotated[
            CodebaseNames,
            Field(
                max_length=100,
                description="Of codebase tasks, only those for these codebases, 'global' and '__pending__'.",
            ),
        ] = [],
        last_event_id: LastEvent = None,
    ) -> AsyncIterator[Event]:
        """Stream tasks that a worker can claim as they become available, and changes of the worker itself.

        Server-sent events: ``connected`` first, then ``task_available``, ``worker_updated``, and ``heartbeat`` every 30
        seconds (twice heartbeat_interval). Arguments may be sent as headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
        X-Codebases, Last-Event-ID.
        """

    @operation(
        "POST /v1/worker/tasks/release", scope="write:tasks", idempotent=True, translate=worker_renewal_to_arguments
    )
    async def finish_task(
        self,
        task_id: TaskId,
        fencing_token: Annotated[int, Field(ge=0, lt=2**53)],
        *,
        status: Annotated[
            Literal["completed", "failed", "pending"],
            Field(description="completed, failed (retried while attempts remain), or pending (released)."),
        ] = "completed",
        result: JsonData = None,
        error: Annotated[Text, Field(max_length=4000, description="Reason for the failure or release.")] = "",
    ) -> TaskUpdate:
        """Complete, fail or release a claimed task."""
