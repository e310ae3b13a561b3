"""Codebases of workers, and the sessions of coding agents in them."""

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
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Session id assigned by the coding agent.")
]
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
    Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Worker profile that the job requires."),
]
Prompt = Annotated[Text, Field(min_length=1, max_length=262_144, description="Prompt for the coding agent.")]
AgentMode = Annotated[str, Field(max_length=64, pattern=PRINTABLE, description="Mode of the agent, such as build.")]
ModelName = Annotated[str, Field(max_length=200, pattern=PRINTABLE, description="Model for the coding agent.")]
JobFiles = Annotated[
    list[str | JsonObject],
    Field(
        max_length=50,
        description="Files for the agent: paths in the codebase, or files to create first, as objects with path and "
        "content (encoding base64 for bytes) or artifact with task_id and artifact_id.",
    ),
]


class Codebase(Result):
    """A directory on a worker's machine in which coding jobs can run."""

    codebase_id: str
    name: str
    path: str = Field(description="Host name of the worker's machine.")
    worker_id: str
    owner: str = Field(description="Id of the worker's agent.")
    repository: str | None = Field(
        default=None, description="Git remote as host and path, such as github.com/owner/name."
    )
    description: str = ""
    registered_at: Timestamp
    updated_at: Timestamp
    online: bool = Field(default=True, description="Whether its worker was seen within the last 90 seconds.")
    state: Literal["ready", "pending", "refused"] = Field(
        default="ready",
        description="pending: no worker has confirmed it yet; refused: no worker could take it, see problem.",
    )
    problem: str | None = None
    git_url: str | None = Field(default=None, description="URL it was cloned from.")
    branch: str | None = None
    agent_config: JsonObject = Field(default={}, description="Defaults for jobs in this codebase.")
    task_id: str | None = Field(default=None, description="While pending: the task that asks workers to confirm it.")


class CodebasePage(Page[Codebase]):
    items_field: ClassVar[str] = "codebases"

    codebases: list[Codebase]


class CodebaseCredential(Result):
    """Credential a worker needs to clone a codebase."""

    codebase_id: str
    git_url: str
    branch: str | None = None
    token: str | None = None


class RemovedCodebase(Result):
    codebase_id: str


class Watch(Result):
    """Whether the worker of a codebase takes queued jobs automatically."""

    codebase_id: str
    watching: bool = Field(description="off: queued jobs are held; triggered and resumed jobs run.")
    interval: int = Field(
        description="Maximum seconds between checks for queued jobs; workers are also notified at once."
    )
    queued: int = Field(description="Number of queued jobs.")
    review_limit: int = Field(
        default=0, description="Queued jobs are held while this many reviews are open; 0: no limit."
    )
    open_reviews: int = Field(default=0, description="Number of reviews that await a decision.")
    held: bool = Field(
        default=False,
        description="Whether queued jobs are held: the codebase is not watched, or the review limit is reached.",
    )


class CodebaseStatus(Result):
    """Current activity in a codebase, limited to jobs that the caller may read."""

    codebase_id: str
    status: Literal["idle", "queued", "busy", "asking", "offline"] = Field(
        description="asking: a job waits for an answer; busy: an agent is working; queued: jobs are waiting; offline: its worker is offline."
    )
    online: bool
    worker_id: str
    watching: bool
    queued: int
    running: int
    asking: int
    task_id: str | None = Field(default=None, description="The newest unfinished job.")
    session_id: str | None = Field(default=None, description="The most recently used session.")


class JobSecrets(Result):
    """Secrets of a job, set as environment variables of its agent."""

    task_id: str
    secrets: dict[str, str] = {}


class EndedJobs(Result):
    """Cancelled jobs. Their sessions are kept and can be resumed."""

    codebase_id: str
    task_ids: TaskIds


class Session(Result):
    """A session of a coding agent: a conversation that can be resumed."""

    session_id: str
    codebase_id: str
    worker_id: str
    agent: str = ""
    title: str = ""
    context_id: str | None = Field(
        default=None, description="Context id of its tasks; null for a session not started by a job."
    )
    task_id: str | None = Field(default=None, description="The last task of this session.")
    messages: int = 0
    created_at: Timestamp
    updated_at: Timestamp


class SessionPage(Page[Session]):
    items_field: ClassVar[str] = "sessions"

    sessions: list[Session]


class SessionMessage(Result):
    """A message of a session. parts: as reported by the agent, of kinds such as text, thought, tool, plan and note."""

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
    stored: int = Field(description="Number of new or replaced messages.")
    messages: int = Field(description="Total number of messages in the session.")


class Synchronisation(Result):
    codebase_id: str
    sessions: int = Field(description="Number of stored sessions.")


def _trigger_to_arguments(document: Any) -> Any:
    """Translate a trigger with ``agent`` instead of ``agent_type``."""
    if not isinstance(document, Mapping) or "agent" not in document or "agent_type" in document:
        return document
    rest = {name: value for name, value in document.items() if name != "agent"}
    return rest | {"agent_type": document["agent"]}


class Codebases(Service, category="codebase"):
    """Codebases: directories on workers' machines in which coding jobs run."""

    @operation("GET /v1/agent/codebases", scope="read:tasks")
    async def list(
        self,
        search: Annotated[str, Field(max_length=200, description="Part of a name, path or repository.")] = "",
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> CodebasePage:
        """List codebases, optionally filtered by name, path or repository."""

    @operation("POST /v1/agent/codebases", scope="write:tasks", idempotent=True)
    async def register(
        self,
        name: CodebaseName,
        path: CodebasePath | None = None,
        worker_id: Annotated[
            WorkerRef | None,
            Field(
                description="Id or name of your worker that has it. If omitted, workers are asked whether they have it."
            ),
        ] = None,
        *,
        repository: Annotated[
            str | None,
            Field(max_length=300, pattern=PRINTABLE, description="Git remote, such as github.com/owner/name."),
        ] = None,
        description: Annotated[Text, Field(max_length=200, description="Description of the codebase.")] = "",
        git_url: Annotated[
            str | None,
            Field(
                max_length=500,
                pattern=r"^https://[^\s@\x00-\x1f\x7f]+$",
                description="URL of a git repository that a worker is to clone, instead of an existing path.",
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
                description="Token for cloning, stored encrypted; only the named worker can read it.",
            ),
        ] = None,
        agent_config: Annotated[
            AgentConfig, Field(description="Defaults for jobs in this codebase: model, agent_type, profile.")
        ] = {},
    ) -> Codebase:
        """Register a codebase of one of your workers, or update the one at that path.

        Its jobs require the capability ``codebase:ID``, which the worker gets. Without ``worker_id``, or with
        ``git_url``, the codebase is pending: a ``register_codebase`` task asks one worker after another, and the first
        that has the path, or clones the repository, confirms it. Jobs queued in the meantime wait.
        """

    @operation("POST /v1/agent/codebases/{codebase_id}/confirm", scope="write:tasks", idempotent=True)
    async def confirm(
        self,
        codebase_id: CodebaseRef,
        task_id: TaskId,
        fencing_token: FencingToken,
        worker_id: Annotated[WorkerRef, Field(description="Id or name of your worker that has it.")],
        path: CodebasePath,
        *,
        repository: Annotated[
            str | None,
            Field(max_length=300, pattern=PRINTABLE, description="Git remote, such as github.com/owner/name."),
        ] = None,
    ) -> Codebase:
        """Confirm a pending codebase, as the worker that holds its registration task."""

    @operation("POST /v1/agent/codebases/{codebase_id}/decline", scope="write:tasks", idempotent=True)
    async def decline(
        self,
        codebase_id: CodebaseRef,
        task_id: TaskId,
        fencing_token: FencingToken,
        reason: Annotated[
            Text,
            Field(min_length=1, max_length=500, description="Reason, shown to the user who registers the codebase."),
        ],
    ) -> Codebase:
        """Decline a pending codebase, as the worker that was asked. The next worker is asked then; if all decline, it
        is refused."""

    @operation("POST /v1/agent/codebases/{codebase_id}/credential", scope="write:tasks", secrets=("token",))
    async def read_credential(
        self, codebase_id: CodebaseRef, task_id: TaskId, fencing_token: FencingToken
    ) -> CodebaseCredential:
        """Get the token for cloning a pending codebase, as the worker that was asked."""

    @operation("GET /v1/agent/codebases/{codebase_id}", scope="read:tasks")
    async def get(self, codebase_id: CodebaseRef) -> Codebase:
        """Show a codebase."""

    @operation("DELETE /v1/agent/codebases/{codebase_id}", scope="write:tasks", idempotent=True, destructive=True)
    async def remove(self, codebase_id: CodebaseRef) -> RemovedCodebase:
        """Unregister a codebase and its sessions. Files on the worker's machine are not changed."""

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
            str | None,
            Field(max_length=200, pattern=PRINTABLE, description="Jobs with the same context id share a session."),
        ] = None,
        profile: ProfileName | None = None,
        secrets: Annotated[
            JobSecretValues,
            Field(
                max_length=20,
                description="Environment variables for this job's agent only: stored encrypted, masked in the output, "
                "deleted when the job ends.",
            ),
        ] = {},
    ) -> TaskReceipt:
        """Create a job in a codebase. It runs even if the codebase is not watched."""

    @operation("POST /v1/agent/tasks/{task_id}/secrets", scope="write:tasks", secrets=("secrets",))
    async def read_job_secrets(self, task_id: TaskId, fencing_token: FencingToken) -> JobSecrets:
        """Get the secrets of a job, as the worker that holds it."""

    @operation("POST /v1/agent/codebases/{codebase_id}/message", scope="write:tasks")
    async def message(
        self,
        codebase_id: CodebaseRef,
        message: Prompt,
        *,
        task_id: Annotated[
            str | None, Field(max_length=64, description="The job; default: your newest unfinished job.")
        ] = None,
    ) -> TaskEntry:
        """Send a message to the agent working in a codebase, or answer its question."""

    @operation("POST /v1/agent/codebases/{codebase_id}/interrupt", scope="write:tasks", idempotent=True)
    async def interrupt(self, codebase_id: CodebaseRef) -> EndedJobs:
        """Cancel your running jobs in a codebase; queued jobs stay. For operators: all running jobs."""

    @operation("POST /v1/agent/codebases/{codebase_id}/stop", scope="write:tasks", idempotent=True)
    async def stop(self, codebase_id: CodebaseRef) -> EndedJobs:
        """Cancel all your jobs in a codebase, running and queued. For operators: all jobs."""

    @operation("GET /v1/agent/codebases/{codebase_id}/status", scope="read:tasks")
    async def status(self, codebase_id: CodebaseRef) -> CodebaseStatus:
        """Show the current activity in a codebase."""

    @operation("GET /v1/agent/codebases/{codebase_id}/events", scope="read:tasks")
    def events(self, codebase_id: CodebaseRef, *, last_event_id: LastEvent = None) -> AsyncIterator[Event]:
        """Stream events of a codebase's jobs that the caller may read, from now on or after a given event."""

    @operation("POST /v1/agent/codebases/{codebase_id}/watch/start", scope="write:tasks", idempotent=True)
    async def start_watch(
        self,
        codebase_id: CodebaseRef,
        interval: Annotated[int, Field(ge=1, le=3600, description="Maximum seconds between two checks.")] = 5,
        review_limit: Annotated[
            int | None,
            Field(
                ge=0,
                le=1000,
                description="Hold queued jobs while this many reviews are open; 0: no limit; omitted: unchanged.",
            ),
        ] = None,
    ) -> Watch:
        """Let the worker of a codebase take queued jobs automatically. This is the default after registration.

        With ``review_limit``, queued jobs are held while that many reviews of the codebase are open. Running jobs,
        resumed sessions and changes requested in a review continue.
        """

    @operation("POST /v1/agent/codebases/{codebase_id}/watch/stop", scope="write:tasks", idempotent=True)
    async def stop_watch(self, codebase_id: CodebaseRef) -> Watch:
        """Hold the queued jobs of a codebase until it is watched again; running jobs continue."""

    @operation("GET /v1/agent/codebases/{codebase_id}/watch/status", scope="read:tasks")
    async def watch_status(self, codebase_id: CodebaseRef) -> Watch:
        """Show whether a codebase is watched."""


class Sessions(Service, category="session"):
    """Sessions of coding agents, which can be read and resumed from anywhere."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions", scope="read:tasks")
    async def list(
        self,
        codebase_id: CodebaseRef,
        q: Annotated[str, Field(max_length=200, description="Text in the title or id.")] = "",
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> SessionPage:
        """List the sessions of a codebase, latest first: those of your workers or jobs; operators see all."""

    @operation("GET /v1/agent/codebases/{codebase_id}/sessions/{session_id}", scope="read:tasks")
    async def get(self, codebase_id: CodebaseRef, session_id: SessionRef) -> Session:
        """Show a session: its agent, its last task and the number of its messages."""

    @operation("POST /v1/agent/codebases/{codebase_id}/sessions/sync", scope="write:tasks", idempotent=True)
    async def sync(
        self,
        codebase_id: CodebaseRef,
        sessions: Annotated[
            Documents,
            Field(max_length=200, description="Objects with session_id, and title, agent, created_at, updated_at."),
        ],
    ) -> Synchronisation:
        """Report the sessions of a worker's coding agent, as the worker. Known data of a session is kept."""

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
            str | None,
            Field(max_length=64, description="The task of this session; its requester may read the session."),
        ] = None,
    ) -> Ingestion:
        """Store messages of a session, as its worker. A message with a known id replaces the earlier one."""

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
        prompt: Annotated[Text, Field(min_length=1, max_length=262_144, description="Prompt for the next turn.")],
        *,
        title: Title = "",
        model: Annotated[
            str | None, Field(max_length=200, pattern=PRINTABLE, description="Model for the coding agent.")
        ] = None,
        agent_type: Annotated[
            str | None, Field(max_length=64, pattern=PRINTABLE, description="Mode of the agent, such as build or plan.")
        ] = None,
        priority: PriorityLike = Priority.NORMAL,
    ) -> TaskReceipt:
        """Resume a session in a new job for the worker that has it."""
