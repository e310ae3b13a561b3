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

CODING_PROGRAM = "agora worker"  #: metadata.program of a worker that comes with the server, and is upgraded with it


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
    status: Literal["online", "draining", "stale", "offline"] = Field(
        default="online",
        description="online: seen within 90 seconds; draining: so, and taking no more tasks; stale: seen within 10 minutes. A "
        "worker is seen by its claims and heartbeats.",
    )
    provider_account: str | None = Field(
        default=None, description="Account that its model provider bills: an opaque name."
    )
    limit_seconds: float | None = Field(
        default=None, description="Seconds to limited_until when this was answered: of use where clocks differ."
    )
    limited_until: Timestamp | None = Field(
        default=None, description="When the usage limit of that account is lifted, as one of its workers has reported."
    )
    version: str | None = Field(default=None, description="Of the worker's program, as it has reported.")
    upgrade: str | None = Field(
        default=None,
        description="Version of the server, if ``agora worker`` runs there in another one: upgrade it, and drain the worker.",
    )


class WorkerPage(Page[Worker]):
    items_field: ClassVar[str] = "workers"

    workers: list[Worker]


class Unregistration(Result):
    worker_id: str
    released: int = Field(default=0, description="Number of requeued tasks.")


#: what a worker's metadata hold of the fields that workers of coding agents report
REPORTED = ("hostname", "agents", "codebases")


def _coding_worker_to_arguments(document: Any) -> Any:
    """A registration in the words of coding workers (``name`` instead of ``worker_name``), with what they report as metadata."""
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
        description="Account that the worker's model provider bills, as an opaque name; never a credential. A usage limit that "
        "one worker reports holds for all workers of yours with that account.",
    ),
]


class Workers(Service, category="worker"):
    """Processes behind an agent: each with its own capabilities, models and tasks."""

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
        """Register or update a worker; its capabilities are the caller's unless given. It drains no more."""

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

    @operation("POST /v1/agent/workers/{worker_id}/drain", scope="write:tasks", idempotent=True)
    async def drain(self, worker_id: WorkerRef) -> Worker:
        """Have a worker of yours take no more tasks; what it works on goes on. Registering it again ends that.

        ``agora worker run`` ends with the last task, so that a supervisor starts it anew; what is queued waits.
        """

    @operation("POST /v1/agent/workers/{worker_id}/limit", scope="write:tasks", idempotent=True)
    async def report_limit(
        self,
        worker_id: WorkerRef,
        until: Annotated[
            Timestamp | None,
            Field(description="When the limit is lifted, by the server's clock; at most a week from now."),
        ] = None,
        *,
        seconds: Annotated[
            float | None,
            Field(
                gt=0, le=7 * 86_400, description="Seconds until the limit is lifted, instead of until: needs no clock."
            ),
        ] = None,
    ) -> Worker:
        """Report that a worker's account has reached its usage limit: every worker of that account learns of it."""

    @operation("GET /v1/worker/tasks/stream", scope="read:tasks")
    def stream(
        self,
        worker_id: WorkerRef | None = None,
        *,
        agent_name: Annotated[
            AgentName | None, Field(description="The caller's own name, if it is to be checked.")
        ] = None,
        capabilities: Annotated[
            Capabilities, Field(max_length=100, description="Offer tasks for these, if no worker_id is given.")
        ] = [],
        codebases: Annotated[
            CodebaseNames,
            Field(
                max_length=100, description="Of tasks for codebases only those for these, 'global' and '__pending__'."
            ),
        ] = [],
        last_event_id: LastEvent = None,
    ) -> AsyncIterator[Event]:
        """Stream the tasks that a worker may claim, as they become available, and changes of the worker itself.

        As server-sent events these are ``connected``, then ``task_available`` and ``worker_updated``, and ``heartbeat`` every 30
        seconds (twice heartbeat_interval). The arguments may be headers: X-Worker-ID, X-Agent-Name, X-Capabilities,
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
            Field(description="completed, failed (tried again while attempts are left), or pending: given back."),
        ] = "completed",
        result: JsonData = None,
        error: Annotated[Text, Field(max_length=4000, description="Why it failed, or is given back.")] = "",
    ) -> TaskUpdate:
        """Finish a claimed task, or give it back, in one call: ``complete``, ``fail`` or ``release`` of tasks."""
