"""A2A: agents in the Agent2Agent protocol 1.0.

Names and values are those of A2A: models use the JSON names of ``a2a.proto`` (``messageId``, ``contextId``;
a request may write ``message_id`` too), states and roles their values (``TASK_STATE_WORKING``). A response omits unset
fields, as ProtoJSON does, and can be sent over A2A unchanged. Section numbers refer to specification 1.0.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ..fields import AgentRef, Cursor, JsonObject, Label, Limit, Text, Timestamp, split
from ..operation import Exposure, Kind, Service, operation
from ..parts import Id, MediaType, Metadata, Uri
from .cards import A2ACard, A2ACatalogue, A2ACatalogueEntry, A2AInterface, A2ASkill, CardChange
from .messages import (
    A2AArtifact,
    A2AArtifactUpdate,
    A2AMessage,
    A2ARole,
    A2ASendResult,
    A2AState,
    A2AStateLike,
    A2AStatus,
    A2AStatusUpdate,
    A2ATask,
    A2ATaskList,
    A2AUpdate,
    ContextId,
)
from .push import (
    A2AAuthentication,
    A2APushConfig,
    A2APushConfigs,
    A2APushDeletion,
    HttpUrl,
    PushDeadLetter,
    PushDeadLetters,
    PushRetry,
    PushVersion,
)
from .remotes import Headers, RemoteAgent, RemoteAgentPage, RemoteRemoval, RemoteState

__all__ = [
    "A2A",
    "A2AArtifact",
    "A2AArtifactUpdate",
    "A2AAuthentication",
    "A2ACard",
    "A2ACatalogue",
    "A2ACatalogueEntry",
    "A2AInterface",
    "A2AMessage",
    "A2APushConfig",
    "A2APushConfigs",
    "A2APushDeletion",
    "A2ARole",
    "A2ASendResult",
    "A2ASkill",
    "A2AState",
    "A2AStateLike",
    "A2AStatus",
    "A2AStatusUpdate",
    "A2ATask",
    "A2ATaskList",
    "A2AUpdate",
    "CardChange",
    "Headers",
    "PushDeadLetter",
    "PushDeadLetters",
    "PushRetry",
    "PushVersion",
    "RemoteAgent",
    "RemoteAgentPage",
    "RemoteRemoval",
    "RemoteState",
]

MEBIBYTE = 1024 * 1024
Modes = Annotated[list[MediaType], Field(max_length=50), BeforeValidator(split)]
HistoryLength = Annotated[
    int | None,
    Field(ge=0, le=2**31 - 1, description="Maximum number of history messages; 0 for none; default: the newest 100."),
]
PageToken = Annotated[
    str | None,
    Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$", description="'nextPageToken' of the previous page."),
]
Wait = Annotated[
    float,
    Field(
        ge=0, le=3600, description="Maximum seconds to wait for the task to end; then its current state is returned."
    ),
]
BaseUrl = Annotated[
    HttpUrl | None,
    Field(description="Base URL under which the caller reaches this server; default: its public_url."),
]
Agent = Annotated[
    AgentRef | None,
    Field(description="Agent id, name or dotted alias; if omitted, the marketplace selects an agent by its skills."),
]
Of = Annotated[AgentRef | None, Field(description="Only a task of this agent.")]


class A2A(Service, category="a2a"):
    """The Agent2Agent protocol: every agent of the marketplace is an A2A agent, and every A2A task is a task of the
    marketplace."""

    # -- messages and tasks ----------------------------------------------------------------------

    @operation("POST /agora/a2a/send", scope="write:tasks", body_limit=8 * MEBIBYTE)
    async def send(
        self,
        message: A2AMessage | Annotated[Text, Field(min_length=1, max_length=900_000)],
        agent: Agent = None,
        *,
        skill: Annotated[Label | None, Field(description="Id of the requested skill.")] = None,
        task_id: Annotated[Id | None, Field(description="Task to continue, if the message names none.")] = None,
        context_id: ContextId | None = None,
        return_immediately: Annotated[
            bool, Field(description="Return without waiting for the task to end or to need input.")
        ] = False,
        wait: Wait = 60,
        history_length: HistoryLength = None,
        accepted_output_modes: Modes = [],
        push: Annotated[A2APushConfig | None, Field(description="Push notification configuration of the task.")] = None,
        metadata: Annotated[Metadata, Field(description="Metadata of the request; stored with a new task.")] = {},
        extensions: Annotated[
            list[Uri], Field(max_length=50, description="URIs of extensions that you support, beside the message's.")
        ] = [],
    ) -> A2ASendResult:
        """Send a message to an agent and wait for its answer (section 3.1.1).

        It creates a task, or continues the one with `task_id`; a plain text is a message with one part. The message is
        stored before the call returns. By default the call waits until the task ends or needs input. A repeated ``messageId`` returns the task it created.
        """

    @operation("GET /agora/a2a/get", scope="read:tasks")
    async def get(
        self,
        task_id: Id,
        agent: Of = None,
        *,
        history_length: HistoryLength = None,
        include_artifacts: bool = True,
        wait: Wait = 0,
    ) -> A2ATask:
        """Show a task with its history and artifacts (section 3.1.3)."""

    @operation("GET /agora/a2a/list", scope="read:tasks")
    async def list(
        self,
        agent: Of = None,
        *,
        context_id: ContextId | None = None,
        status: A2AStateLike | None = None,
        status_timestamp_after: Timestamp | None = None,
        page_size: Annotated[int, Field(ge=1, le=100)] = 50,
        page_token: PageToken = None,
        history_length: HistoryLength = None,
        include_artifacts: bool = False,
    ) -> A2ATaskList:
        """List the tasks you requested, most recently changed first (section 3.1.4)."""

    @operation(scope="write:tasks", idempotent=True, destructive=True)
    async def cancel(self, task_id: Id, agent: Of = None, *, metadata: Metadata = {}) -> A2ATask:
        """Cancel a task (section 3.1.5). One that has ended cannot be cancelled."""

    @operation("GET /agora/a2a/subscribe", scope="read:tasks")
    def subscribe(
        self,
        task_id: Id,
        agent: Of = None,
        *,
        last_event_id: Annotated[
            str | None, Field(max_length=20, description="Resume after this item, without the task itself.")
        ] = None,
        history_length: HistoryLength = None,
        until: Annotated[
            Literal["ended", "interrupted"],
            Field(description="Whether the stream continues while the task needs input."),
        ] = "ended",
    ) -> AsyncIterator[A2AUpdate]:
        """Stream a task and its updates until it ends (section 3.1.6).

        Rejected for a task that has ended, unless you resume from an earlier item.
        """

    # -- push notifications ----------------------------------------------------------------------

    @operation(scope="write:tasks")
    async def create_push_config(
        self,
        task_id: Id,
        url: HttpUrl,
        agent: Of = None,
        *,
        config_id: Annotated[
            Id | None, Field(description="Generated if omitted. An existing configuration with this id is replaced.")
        ] = None,
        token: Annotated[str | None, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] = None,
        authentication: A2AAuthentication | None = None,
        version: PushVersion = "1.0",
    ) -> A2APushConfig:
        """Configure push notifications of a task (section 3.1.7): updates from now on, in order, at least once."""

    @operation("GET /agora/a2a/get_push_config", scope="read:tasks")
    async def get_push_config(self, task_id: Id, config_id: Id, agent: Of = None) -> A2APushConfig:
        """Show a push notification configuration of a task (section 3.1.8)."""

    @operation("GET /agora/a2a/list_push_configs", scope="read:tasks")
    async def list_push_configs(
        self,
        task_id: Id,
        agent: Of = None,
        *,
        page_size: Annotated[int, Field(ge=1, le=100)] = 50,
        page_token: PageToken = None,
    ) -> A2APushConfigs:
        """List the push notification configurations of a task (section 3.1.9)."""

    @operation(scope="write:tasks", idempotent=True, destructive=True)
    async def delete_push_config(self, task_id: Id, config_id: Id, agent: Of = None) -> A2APushDeletion:
        """Delete a push notification configuration (section 3.1.10)."""

    @operation("GET /agora/a2a/push_dead_letters", scope="read:tasks")
    async def push_dead_letters(self, *, limit: Limit = 50, cursor: Cursor = None) -> PushDeadLetters:
        """List failed push deliveries with their reason: your own; operators see all."""

    @operation(scope="write:tasks", idempotent=True)
    async def retry_push(self, task_id: Id, config_id: Id) -> PushRetry:
        """Retry a failed push delivery from the update at which it stopped."""

    # -- cards -----------------------------------------------------------------------------------

    @operation("GET /agora/a2a/card", scope="", exposure=Exposure.PUBLIC)
    async def card(self, agent: Agent = None, *, base_url: BaseUrl = None) -> A2ACard:
        """Show an agent's card (default: the front agent's): the stored one, else one generated from its
        registration."""

    @operation("GET /agora/a2a/extended_card", scope="read:agents")
    async def extended_card(self, agent: Agent = None, *, base_url: BaseUrl = None) -> A2ACard:
        """Show the card for authenticated callers (section 3.1.11)."""

    @operation(scope="write:agents", idempotent=True)
    async def set_card(
        self,
        agent: Annotated[AgentRef | None, Field(description="Default: the caller.")] = None,
        *,
        card: Annotated[
            JsonObject | None,
            Field(
                max_length=100,
                description="Fields of an agent card, which override the generated ones; null removes the stored card.",
            ),
        ] = None,
        extended: Annotated[
            JsonObject | None, Field(max_length=100, description="Fields that are shown only to authenticated callers.")
        ] = None,
    ) -> CardChange:
        """Store a card for an agent. Its URLs are replaced by URLs of this marketplace."""

    @operation("GET /agora/a2a/catalogue", scope="", exposure=Exposure.PUBLIC)
    async def catalogue(self, *, base_url: BaseUrl = None, limit: Limit = 50, cursor: Cursor = None) -> A2ACatalogue:
        """List the agents with the URLs of their cards."""

    # -- remote agents ---------------------------------------------------------------------------

    @operation(scope="admin", kind=Kind.RELAY, exposure=Exposure.OPERATOR)
    async def add_remote(
        self,
        url: Annotated[HttpUrl, Field(description="URL of the agent or of its card.")],
        name: Annotated[
            AgentRef | None, Field(description="Its name in this marketplace; default: the name on its card.")
        ] = None,
        *,
        headers: Headers = {},
        timeout: Annotated[
            float,
            Field(gt=0, le=3600, description="Seconds without any data from the agent after which a request fails."),
        ] = 60,
        verify: Annotated[
            bool,
            Field(description="Fetch the card first; false registers the agent even if its card cannot be fetched."),
        ] = True,
    ) -> RemoteAgent:
        """Register a remote A2A agent; messages and tasks for it are relayed.

        A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
        """

    @operation("GET /agora/a2a/list_remotes", scope="read:agents")
    async def list_remotes(self, *, limit: Limit = 50, cursor: Cursor = None) -> RemoteAgentPage:
        """List the remote agents, each with its state."""

    @operation("GET /agora/a2a/get_remote", scope="read:agents")
    async def get_remote(self, agent: AgentRef) -> RemoteAgent:
        """Show a remote agent, with its card."""

    @operation(scope="admin", kind=Kind.RELAY, exposure=Exposure.OPERATOR, idempotent=True)
    async def refresh_remote(self, agent: AgentRef) -> RemoteAgent:
        """Fetch the card of a remote agent again."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def remove_remote(self, agent: AgentRef) -> RemoteRemoval:
        """Remove a remote agent from the marketplace; its unfinished tasks end as failed."""
