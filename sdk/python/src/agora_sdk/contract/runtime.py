"""What runs on workers' machines: every session of their coding agents, those of directories that nobody registered among
them, and the models that the agents are logged in to."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .codebases import PRINTABLE, CodebaseRef, Session, SessionMessagePage, SessionRef
from .fields import Cursor, JsonData, Limit, Timestamp
from .operation import Service, operation
from .results import Page, Result

__all__ = [
    "AvailableModel",
    "AvailableModelPage",
    "Runtime",
    "RuntimeMessagePart",
    "RuntimeMessagePartPage",
    "RuntimeProject",
    "RuntimeProjectPage",
    "RuntimeSession",
    "RuntimeSessionPage",
    "RuntimeStatus",
]

Project = Annotated[CodebaseRef, Field(description="Only of this project: the id of a codebase.")]


class RuntimeStatus(Result):
    """Whether a coding agent can be reached, and what is known of its sessions."""

    available: bool = Field(description="Whether a worker with a codebase is online.")
    projects: int
    sessions: int
    workers: int = Field(default=0, description="Number of workers online that have a codebase.")


class RuntimeProject(Result):
    """A directory in which agents have sessions: a codebase of a worker."""

    project_id: str
    name: str
    path: str = Field(description="Of the worker's machine.")
    worker_id: str
    online: bool
    repository: str | None = None


class RuntimeProjectPage(Page[RuntimeProject]):
    items_field: ClassVar[str] = "projects"

    projects: list[RuntimeProject]


class RuntimeSession(Session):
    """A session, and the directory it works in."""

    directory: str = Field(default="", description="Of the worker's machine; it may be outside of every codebase.")


class RuntimeSessionPage(Page[RuntimeSession]):
    items_field: ClassVar[str] = "sessions"

    sessions: list[RuntimeSession]


class RuntimeMessagePart(Result):
    """A part of a message: of kinds such as text, thought, tool, plan and note."""

    part_id: str
    message_id: str
    role: str
    type: str
    content: JsonData = None
    created_at: Timestamp


class RuntimeMessagePartPage(Page[RuntimeMessagePart]):
    """The parts of a page of messages."""

    items_field: ClassVar[str] = "parts"

    parts: list[RuntimeMessagePart]


class AvailableModel(Result):
    """A model that a worker's agent is logged in to. model: as a job names it."""

    model: str
    provider: str = ""
    agents: list[str] = Field(default=[], description="Coding agents that have it.")
    workers: list[str] = Field(default=[], description="Ids of the workers online that have it.")


class AvailableModelPage(Page[AvailableModel]):
    items_field: ClassVar[str] = "models"

    models: list[AvailableModel]


class Runtime(Service, category="runtime"):
    """Sessions and models of the coding agents of all workers, whatever directory they work in."""

    @operation("GET /v1/agent/runtime/status", scope="read:tasks")
    async def status(self) -> RuntimeStatus:
        """Read whether an agent can be reached, and how many projects and sessions the caller may read."""

    @operation("GET /v1/agent/runtime/projects", scope="read:tasks")
    async def projects(self, *, limit: Limit = 50, cursor: Cursor = None) -> RuntimeProjectPage:
        """List the directories that workers have."""

    @operation("GET /v1/agent/runtime/sessions", scope="read:tasks")
    async def sessions(
        self,
        q: Annotated[str, Field(max_length=200, description="Only sessions with this in title, id or directory.")] = "",
        *,
        project_id: Project | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RuntimeSessionPage:
        """List sessions of all projects, the latest first: of your workers and your jobs; operators see all."""

    @operation("GET /v1/agent/runtime/sessions/{session_id}", scope="read:tasks")
    async def session(self, session_id: SessionRef, *, project_id: Project | None = None) -> RuntimeSession:
        """Read a session by its id alone; the latest, if agents of several workers use one id."""

    @operation("GET /v1/agent/runtime/sessions/{session_id}/messages", scope="read:tasks")
    async def messages(
        self,
        session_id: SessionRef,
        *,
        project_id: Project | None = None,
        descending: Annotated[bool, Field(description="Newest first.")] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> SessionMessagePage:
        """Read the messages of a session, oldest first unless ``descending``."""

    @operation("GET /v1/agent/runtime/sessions/{session_id}/parts", scope="read:tasks")
    async def parts(
        self,
        session_id: SessionRef,
        *,
        project_id: Project | None = None,
        type: Annotated[
            str | None, Field(max_length=32, pattern=PRINTABLE, description="Only parts of this type.")
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RuntimeMessagePartPage:
        """Read the parts of a session's messages one by one; ``limit`` counts messages."""

    @operation("GET /v1/agent/models", scope="read:tasks")
    async def models(
        self,
        provider: Annotated[str, Field(max_length=100, description="Only models of this provider.")] = "",
        *,
        limit: Limit = 200,
        cursor: Cursor = None,
    ) -> AvailableModelPage:
        """List the models of the workers that are online: only what their agents are logged in to."""
