"""Coding agents on workers' machines: all their sessions, including those in unregistered directories, and the models
they are logged in to."""

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
    """Availability of coding agents, and the number of known sessions."""

    available: bool = Field(description="Whether a worker with a codebase is online.")
    projects: int
    sessions: int
    workers: int = Field(default=0, description="Number of workers online that have a codebase.")


class RuntimeProject(Result):
    """A directory in which agents have sessions: a codebase of a worker."""

    project_id: str
    name: str
    path: str = Field(description="Host name of the worker's machine.")
    worker_id: str
    online: bool
    repository: str | None = None


class RuntimeProjectPage(Page[RuntimeProject]):
    items_field: ClassVar[str] = "projects"

    projects: list[RuntimeProject]


class RuntimeSession(Session):
    """A session and its directory."""

    directory: str = Field(default="", description="Directory on the worker's machine; it may be outside any codebase.")


class RuntimeSessionPage(Page[RuntimeSession]):
    items_field: ClassVar[str] = "sessions"

    sessions: list[RuntimeSession]


class RuntimeMessagePart(Result):
    """A message part, of kinds such as text, thought, tool, plan and note."""

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
    """A model available to a worker's agent. model: the name to use in a job."""

    model: str
    provider: str = ""
    agents: list[str] = Field(default=[], description="Coding agents that offer it.")
    workers: list[str] = Field(default=[], description="Ids of the online workers that offer it.")


class AvailableModelPage(Page[AvailableModel]):
    items_field: ClassVar[str] = "models"

    models: list[AvailableModel]


class Runtime(Service, category="runtime"):
    """Sessions and models of all workers' coding agents, in any directory."""

    @operation("GET /v1/agent/runtime/status", scope="read:tasks")
    async def status(self) -> RuntimeStatus:
        """Show whether an agent is available, and the number of projects and sessions that the caller may read."""

    @operation("GET /v1/agent/runtime/projects", scope="read:tasks")
    async def projects(self, *, limit: Limit = 50, cursor: Cursor = None) -> RuntimeProjectPage:
        """List the directories of workers."""

    @operation("GET /v1/agent/runtime/sessions", scope="read:tasks")
    async def sessions(
        self,
        q: Annotated[str, Field(max_length=200, description="Text in the title, id or directory.")] = "",
        *,
        project_id: Project | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RuntimeSessionPage:
        """List the sessions of all projects, latest first: those of your workers and jobs; operators see all."""

    @operation("GET /v1/agent/runtime/sessions/{session_id}", scope="read:tasks")
    async def session(self, session_id: SessionRef, *, project_id: Project | None = None) -> RuntimeSession:
        """Show a session by its id; the latest one, if several workers use the same id."""

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
        """List the parts of a session's messages; ``limit`` counts messages."""

    @operation("GET /v1/agent/models", scope="read:tasks")
    async def models(
        self,
        provider: Annotated[str, Field(max_length=100, description="Only models of this provider.")] = "",
        *,
        limit: Limit = 200,
        cursor: Cursor = None,
    ) -> AvailableModelPage:
        """List the models that agents of online workers are logged in to."""
