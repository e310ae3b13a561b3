"""Records of codebases and sessions: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "CODEBASES",
    "JOB_SECRETS",
    "MESSAGES",
    "SESSIONS",
    "CodebaseRow",
    "JobSecretsRow",
    "MessageRow",
    "OldSession",
    "PlacedSessionRow",
    "SessionRow",
    "TranscriptRow",
    "WorkerModels",
]


@record
class CodebaseRow:
    """A row of ``codebases``."""

    tenant_id: str
    codebase_id: str
    worker_id: str
    owner: str
    name: str
    path: str
    repository: str | None
    description: str
    registered_at: int
    updated_at: int
    stand_ins: str
    watching: int
    watch_interval: int
    state: str
    problem: str | None
    git_url: str | None
    branch: str | None
    sealed_token: bytes | None
    agent_config: str
    registration_task: str | None
    declined: str
    review_limit: int


CODEBASES = Table("codebases", CodebaseRow)


@record
class TranscriptRow:
    """A message with the title of its session."""

    codebase_id: str
    session_id: str
    title: str
    message_id: str
    number: int
    role: str
    parts: str
    created_at: int


@record
class OldSession:
    """Key of a session to delete."""

    codebase_id: str
    session_id: str


@record
class JobSecretsRow:
    """A row of ``coding_job_secrets``."""

    tenant_id: str
    task_id: str
    sealed: bytes
    created_at: int


JOB_SECRETS = Table("coding_job_secrets", JobSecretsRow)


@record
class PlacedSessionRow:
    """A session with data of its codebase."""

    codebase_id: str
    session_id: str
    agent: str
    title: str
    context_id: str | None
    task_id: str | None
    messages: int
    created_at: int
    updated_at: int
    directory: str
    worker_id: str
    path: str


@record
class WorkerModels:
    """Models of an online worker. metadata: JSON, whose ``agent`` names its agent."""

    worker_id: str
    models: str
    metadata: str


@record
class SessionRow:
    """A row of ``coding_sessions``."""

    tenant_id: str
    codebase_id: str
    session_id: str
    agent: str
    title: str
    context_id: str | None
    task_id: str | None
    requester: str | None
    messages: int
    created_at: int
    updated_at: int
    directory: str


SESSIONS = Table("coding_sessions", SessionRow)


@record
class MessageRow:
    """A row of ``coding_messages``."""

    tenant_id: str
    codebase_id: str
    session_id: str
    message_id: str
    number: int
    role: str
    parts: str
    created_at: int


MESSAGES = Table("coding_messages", MessageRow)
