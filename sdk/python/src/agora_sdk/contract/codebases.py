"""Codebases that workers have, and the sessions of coding agents in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from .events import Event, LastEvent
from .fields import Cursor, JsonData, JsonObject, Limit, Priority, PriorityLike, Text, Timestamp
from .operation import Service, operation
from .results import Page, Result
from .tasks import TaskEntry, TaskId, TaskReceipt, WorkerRef

__all__ = [
    "Codebase",
    "CodebaseCredential",
    "CodebasePage",
    "CodebaseStatus",
    "Codebases",
    "Documents",
    "EndedJobs",
    "Ingestion",
    "JobSecrets",
    "RemovedCodebase",
    "Session",
    "SessionMessage",
    "SessionMessagePage",
    "SessionPage",
    "Sessions",
    "Synchronisation",
    "Watch",
]

MEBIBYTE = 1024 * 1024
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
CodebaseRef = Annotated[
    str, Field(min_length=1, max_length=100, pattern=PRINTABLE, description="Id of a codebase.", examples=["cb_..."])
]
CodebaseName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=PRINTABLE, description="Name of the codebase, for people.")
]
SessionRef = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Id of the session, as its agent names it.")
]
MessageRef = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Title = Annotated[Text, Field(max_length=200, description="Title, for people.")]
Role = Literal["user", "assistant", "system"]
Documents = list[JsonObject]
TaskIds = list[str]
FencingToken = Annotated[int, Field(ge=0, lt=2**53)]
CodebasePath = Annotated[
    str, Field(min_length=1, max_length=4096, pattern=PRINTABLE, description="Directory on the worker's machine.")
]
AgentConfig = dict[
    Literal["model", "agent_type", "profile"], Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
]
SecretName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
SecretValue = Annotated[str, Field(min_length=6, max_length=8192, pattern=r"^[^\x00]+$")]
JobSecretValues = dict[SecretName, SecretValue]
ProfileName = Annotated[
    str,
    Field(
        max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Profile of a worker that the job needs."
    ),
]
Prompt = Annotated[Text, Field(min_length=1, max_length=262_144, description="What the agent is to do.")]
AgentMode = Annotated[str, Field(max_length=64, pattern=PRINTABLE, description="Mode of the agent, such as build.")]
ModelName = Annotated[str, Field(max_length=200, pattern=PRINTABLE, description="Model that the agent is told to use.")]
JobFiles = Annotated[
    list[str | JsonObject],
    Field(
        max_length=50,
        description="Paths in the codebase that the agent is pointed to, or files that are put there first: objects with path "
        "and content (encoding base64 for bytes), or artifact with task_id and artifact_id.",
    ),
]


class Codebase(Result):
    """A directory of a worker's machine, in which jobs can be done."""

    codebase_id: str
    name: str
    path: str = Field(description="Of the worker's machine.")
    worker_id: str
    owner: str = Field(description="Id of the agent that the worker belongs to.")
    repository: str | None = Field(
        default=None, description="Git remote as host and path, such as github.com/owner/name."
    )
    description: str = ""
    registered_at: Timestamp
    updated_at: Timestamp
    online: bool = Field(default=True, description="Whether its worker has been seen within 90 seconds.")
    state: Literal["ready", "pending", "refused"] = Field(
        default="ready", description="pending: no worker has it yet; refused: none could take it, problem says why."
    )
    problem: str | None = None
    git_url: str | None = Field(default=None, description="What it was cloned from.")
    branch: str | None = None
    agent_config: JsonObject = Field(default={}, description="What jobs there use unless they say otherwise.")
    task_id: str | None = Field(default=None, description="The task that asks workers to take it, while it is pending.")


class CodebasePage(Page[Codebase]):
    items_field: ClassVar[str] = "codebases"

    codebases: list[Codebase]


class CodebaseCredential(Result):
    """What a worker needs to clone a codebase."""

    codebase_id: str
    git_url: str
    branch: str | None = None
    token: str | None = None


class RemovedCodebase(Result):
    codebase_id: str


class Watch(Result):
    """Whether a codebase's worker takes queued work by itself."""

    codebase_id: str
    watching: bool = Field(description="off: queued jobs are held; what is triggered or resumed runs.")
    interval: int = Field(description="Seconds: the longest until queued work is looked for; workers are told at once.")
    queued: int = Field(description="Number of jobs that wait for it.")
    review_limit: int = Field(
        default=0, description="Queued jobs are held while as many reviews are open; 0: no limit."
    )
    open_reviews: int = Field(default=0, description="Number of its reviews that wait for somebody to decide.")
    held: bool = Field(
        default=False,
        description="Whether queued jobs are held: it is not watched, or the limit of open reviews is reached.",
    )


class CodebaseStatus(Result):
    """What goes on in a codebase, as far as the caller may see its jobs."""

    codebase_id: str
    status: Literal["idle", "queued", "busy", "asking", "offline"] = Field(
        description="asking: a job waits for an answer; busy: an agent works; queued: jobs wait; offline: its worker is not there."
    )
    online: bool
    worker_id: str
    watching: bool
    queued: int
    running: int
    asking: int
    task_id: str | None = Field(default=None, description="The newest job that has not ended.")
    session_id: str | None = Field(default=None, description="The session that was last worked in.")


class JobSecrets(Result):
    """Secrets of a job, for the environment of its agent."""

    task_id: str
    secrets: dict[str, str] = {}


class EndedJobs(Result):
    """Jobs that were cancelled. Their sessions stay, and can be resumed."""

    codebase_id: str
    task_ids: TaskIds


class Session(Result):
    """A session of a coding agent: a conversation that can be resumed."""

    session_id: str
    codebase_id: str
    worker_id: str
    agent: str = ""
    title: str = ""
    context_id: str | None = Field(default=None, description="Context of its tasks; null for a session from elsewhere.")
    task_id: str | None = Field(default=None, description="The last task that worked in it.")
    messages: int = 0
    created_at: Timestamp
    updated_at: Timestamp


class SessionPage(Page[Session]):
    items_field: ClassVar[str] = "sessions"

    sessions: list[Session]


class SessionMessage(Result):
    """A message of a session. parts: of kinds such as text, thought, tool, plan and note, as the agent reported them."""

    message_id: str
    number: int = Field(default=0, description="Orders the messages of a session.")
    role: Role
    parts: JsonData = None
    created_at: Timestamp


class SessionMessagePage(Page[SessionMessage]):
    items_field: ClassVar[str] = "messages"

    messages: list[SessionMessage]


class Ingestion(Result):
    session_id: str
    stored: int = Field(description="Number of messages that were new or replaced.")
    messages: int = Field(description="Number of messages that the session has.")


class Synchronisation(Result):
    codebase_id: str
    sessions: int = Field(description="Number of sessions that were stored.")


def _trigger_to_arguments(document: Any) -> Any:
    """A trigger with ``agent`` instead of ``agent_type``."""
    if not isinstance(document, Mapping) or "agent" not in document or "agent_type" in document:
        return document
    rest = {name: value for name, value in document.items() if name != "agent"}
    return rest | {"agent_type": document["agent"]}


class Codebases(Service, category="codebase"):
    """Codebases: what workers have checked out, and jobs can be done in."""

    @operation("GET /v1/agent/codebases", scope="read:tasks")
    async def list(
        self,
        search: Annotated[str, Field(max_length=200, description="Part of a name, path or repository.")] = "",
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> CodebasePage:
        """List codebases; with ``search``, those whose name, path or repository contains it."""

    @operation("POST /v1/agent/codebases", scope="write:tasks", idempotent=True)
    async def register(
        self,
        name: CodebaseName,
        path: CodebasePath | None = None,
        worker_id: Annotated[
            WorkerRef | None,
            Field(description="Your worker that has it: its id or name. Left out, workers are asked who has it."),
        ] = None,
        *,
        repository: Annotated[
            str | None,
            Field(max_length=300, pattern=PRINTABLE, description="Git remote, such as github.com/owner/name."),
        ] = None,
        description: Annotated[Text, Field(max_length=200, description="What it is, for people.")] = "",
        git_url: Annotated[
            str | None,
            Field(
                max_length=500,
                pattern=r"^https://[^\s@\x00-\x1f\x7f]+$",
                description="A worker clones it, instead of having it at a path.",
            ),
        ] = None,
        branch: Annotated[
            str | None,
            Field(max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$", description="Branch to clone."),
        ] = None,
        git_token: Annotated[
            str | None,
            Field(
                min_length=1,
                max_length=2000,
                pattern=r"^[!-~]+$",
                description="Token for the clone, encrypted, for the worker that is named.",
            ),
        ] = None,
        agent_config: Annotated[
            AgentConfig, Field(description="What jobs there use unless they say otherwise: model, agent_type, profile.")
        ] = {},
    ) -> Codebase:
        """Register a codebase of a worker of yours, or update the one of that path.

        Jobs for it require the capability ``codebase:ID``, which the worker has from now on. Without ``worker_id``, or with ``git_url``,
        it is pending: the task ``register_codebase`` asks one worker after another, and the first that has the path, or clones the
        repository, confirms it. Jobs that are queued meanwhile wait.
        """

    @operation("POST /v1/agent/codebases/{codebase_id}/confirm", scope="write:tasks", idempotent=True)
    async def confirm(
        self,
        codebase_id: CodebaseRef,
        task_id: TaskId,
        fencing_token: FencingToken,
        worker_id: Annotated[WorkerRef, Field(description="Your worker that has it.")],
        path: CodebasePath,
        *,
        repository: Annotated[
            str | None,
            Field(max_length=300, pattern=PRINTABLE, description="Git remote, such as github.com/owner/name."),
        ] = None,
    ) -> Codebase:
        """Take a pending codebase, as the worker that holds the task which asks for it."""

    @operation("POST /v1/agent/codebases/{codebase_id}/decline", scope="write:tasks", idempotent=True)
    async def decline(
        self,
        codebase_id: CodebaseRef,
        task_id: TaskId,
        fencing_token: FencingToken,
        reason: Annotated[Text, Field(min_length=1, max_length=500, description="Why, for whoever registers it.")],
    ) -> Codebase:
        """Refuse a pending codebase, as the worker that was asked: the next one is asked; after the last it is refused."""

    @operation("POST /v1/agent/codebases/{codebase_id}/credential", scope="write:tasks", secrets=("token",))
    async def read_credential(
        self, codebase_id: CodebaseRef, task_id: TaskId, fencing_token: FencingToken
    ) -> CodebaseCredential:
        """Read with which token to clone a pending codebase, as the worker that was asked."""

    @operation("GET /v1/agent/codebases/{codebase_id}", scope="read:tasks")
    async def get(self, codebase_id: CodebaseRef) -> Codebase:
        """Read a codebase."""

    @operation("DELETE /v1/agent/codebases/{codebase_id}", scope="write:tasks", idempotent=True, destructive=True)
    async def remove(self, codebase_id: CodebaseRef) -> RemovedCodebase:
        """Unregister a codebase with its sessions; nothing on the worker's machine is touched."""

    @operation("POST /v1/agent/codebases/{codebase_id}/trigger", scope="write:tasks", translate=_trigger_to_arguments)
    async def trigger(
        self,
        codebase_id: CodebaseRef,
        prompt: Prompt,
        *,
        title: Title = "",
        agent_type: AgentMode | None = None,
        model: ModelName | None = None,
        files: JobFiles = [],
        priority: PriorityLike = Priority.NORMAL,
        context_id: Annotated[
            str | None, Field(max_length=200, pattern=PRINTABLE, description="Jobs of one context share a session.")
        ] = None,
        profile: ProfileName | None = None,
        secrets: Annotated[
            JobSecretValues,
            Field(
                max_length=20,
                description="Variables for the environment of the job's agent alone: stored encrypted, masked in the output, "
                "deleted when the job has ended.",
            ),
        ] = {},
    ) -> TaskReceipt:
        """Have the agent of a codebase do something; it runs also while the codebase is not watched."""

    @operation("POST /v1/agent/tasks/{task_id}/secrets", scope="write:tasks", secrets=("secrets",))
    async def read_job_secrets(self, task_id: TaskId, fencing_token: FencingToken) -> JobSecrets:
        """Read the secrets of a job, as the worker that holds it."""

    @operation("POST /v1/agent/codebases/{codebase_id}/message", scope="write:tasks")
    async def message(
        self,
        codebase_id: CodebaseRef,
        message: Prompt,
        *,
        task_id: Annotated[
            str | None, Field(max_length=64, description="The job; the newest of yours that has not ended if left out.")
        ] = None,
    ) -> TaskEntry:
        """Say something to the agent that works in a codebase, or answer what it asks."""

    @operation("POST /v1/agent/codebases/{codebase_id}/interrupt", scope="write:tasks", idempotent=True)
    async def interrupt(self, codebase_id: CodebaseRef) -> EndedJobs:
        """Interrupt what runs in a codebase: your jobs under way are cancelled, queued ones stay; operators reach all."""

    @operation("POST /v1/agent/codebases/{codebase_id}/stop", scope="write:tasks", idempotent=True)
    async def stop(self, codebase_id: CodebaseRef) -> EndedJobs:
        """Stop all work in a codebase: your jobs there are cancelled, queued ones too; operators reach all."""

    @operation("GET /v1/agent/codebases/{codebase_id}/status", scope="read:tasks")
    async def status(self, codebase_id: CodebaseRef) -> CodebaseStatus:
        """Read what goes on in a codebase."""

    @operation("GET /v1/agent/codebases/{codebase_id}/events", scope="read:tasks")
    def events(self, codebase_id: CodebaseRef, *, last_event_id: LastEvent = None) -> AsyncIterator[Event]:
        """Stream the events of a codebase's jobs that concern the caller, from now on or after an event."""

    @operation("POST /v1/agent/codebases/{codebase_id}/watch/start", scope="write:tasks", idempotent=True)
    async def start_watch(
        self,
        codebase_id: CodebaseRef,
        interval: Annotated[int, Field(ge=1, le=3600, description="Seconds: the longest between two looks.")] = 5,
        review_limit: Annotated[
            int | None,
            Field(
                ge=0,
                le=1000,
                description="Hold queued jobs while as many reviews are open; 0: no limit; left out: as it was.",
            ),
        ] = None,
    ) -> Watch:
        """Have the codebase's worker take queued jobs by itself, as it does from its registration on.

        With ``review_limit`` it takes none while as many reviews of the codebase are open: what nobody looks at is not added to. Jobs
        under way go on, and so do sessions that are resumed and changes that a review asks for.
        """

    @operation("POST /v1/agent/codebases/{codebase_id}/watch/stop", scope="write:tasks", idempotent=True)
    async def stop_watch(self, codebase_id: CodebaseRef) -> Watch:
        """Hold the jobs that are queued for a codebase until it is watched again; jobs under way go on."""

    @operation("GET /v1/agent/codebases/{codebase_id}/watch/status", scope="read:tasks")
    async def watch_status(self, codebase_id: CodebaseRef) -> Watch:
        """Read whether a codebase is watched."""


class Sessions(Service, category="session"):
    """Sessions of coding agents: read and resumed from anywhere."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions", scope="read:tasks")
    async def list(
        self,
        codebase_id: CodebaseRef,
        q: Annotated[str, Field(max_length=200, description="Only sessions with this in title or id.")] = "",
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> SessionPage:
        """List the sessions of a codebase, the latest first: of your worker or your jobs; operators see all."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions/{session_id}", scope="read:tasks")
    async def get(self, codebase_id: CodebaseRef, session_id: SessionRef) -> Session:
        """Read what a session is: its agent, its last task, how many messages it has."""

    @operation("POST /v1/agent/codebases/{codebase_id}/sessions/sync", scope="write:tasks", idempotent=True)
    async def sync(
        self,
        codebase_id: CodebaseRef,
        sessions: Annotated[
            Documents,
            Field(max_length=200, description="Objects with session_id, and title, agent, created_at, updated_at."),
        ],
    ) -> Synchronisation:
        """Report which sessions a worker's agent has, as the worker; what is known of them is kept."""

    @operation(
        "POST /v1/agent/codebases/{codebase_id}/sessions/{session_id}/ingest",
        scope="write:tasks",
        idempotent=True,
        body_limit=4 * MEBIBYTE,
    )
    async def ingest(
        self,
        codebase_id: CodebaseRef,
        session_id: SessionRef,
        messages: Annotated[
            Documents,
            Field(max_length=500, description="Objects with message_id, role, parts (or content) and created_at."),
        ] = [],
        *,
        title: Title = "",
        agent: Annotated[str, Field(max_length=64, description="Coding agent, such as opencode.")] = "",
        task_id: Annotated[
            str | None, Field(max_length=64, description="The task that works in it; its requester may read it.")
        ] = None,
    ) -> Ingestion:
        """Store messages of a session, as its worker; a message whose id is known replaces that one."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions/{session_id}/messages", scope="read:tasks")
    async def messages(
        self,
        codebase_id: CodebaseRef,
        session_id: SessionRef,
        *,
        descending: Annotated[bool, Field(description="Newest first.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> SessionMessagePage:
        """Read the messages of a session, oldest first unless ``descending``."""

    @operation("POST /v1/agent/codebases/{codebase_id}/sessions/{session_id}/resume", scope="write:tasks")
    async def resume(
        self,
        codebase_id: CodebaseRef,
        session_id: SessionRef,
        prompt: Annotated[Text, Field(min_length=1, max_length=262_144, description="What the agent is to do next.")],
        *,
        title: Title = "",
        model: Annotated[
            str | None, Field(max_length=200, pattern=PRINTABLE, description="Model that the agent is told to use.")
        ] = None,
        agent_type: Annotated[
            str | None, Field(max_length=64, pattern=PRINTABLE, description="Mode of the agent, such as build or plan.")
        ] = None,
        priority: PriorityLike = Priority.NORMAL,
    ) -> TaskReceipt:
        """Go on with a session: a new job for the worker that holds it."""
