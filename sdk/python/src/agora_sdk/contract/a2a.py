"""A2A: agents as the Agent2Agent protocol 1.0 sees them.

What A2A defines is here in its own words: models have the names of ``a2a.proto`` in JSON (``messageId``, ``contextId``;
a request may write ``message_id`` too), states and roles their values (``TASK_STATE_WORKING``). An answer leaves out
what is not set, as ProtoJSON does, so it goes over an A2A wire as it is. Sections are those of the specification 1.0.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from .fields import PRINTABLE, AgentRef, Cursor, JsonObject, Label, Limit, Text, Timestamp, split
from .operation import Exposure, Kind, Service, operation
from .parts import Extensions, Id, MediaType, Metadata, Part, Parts, ProtoModel, Uri
from .results import Page, Result

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
    "A2AStatus",
    "A2AStatusUpdate",
    "A2ATask",
    "A2ATaskList",
    "A2AUpdate",
    "CardChange",
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


class A2AState(StrEnum):
    """State of a task (section 4.1.3)."""

    SUBMITTED = "TASK_STATE_SUBMITTED"
    WORKING = "TASK_STATE_WORKING"
    COMPLETED = "TASK_STATE_COMPLETED"
    FAILED = "TASK_STATE_FAILED"
    CANCELED = "TASK_STATE_CANCELED"
    INPUT_REQUIRED = "TASK_STATE_INPUT_REQUIRED"
    REJECTED = "TASK_STATE_REJECTED"
    AUTH_REQUIRED = "TASK_STATE_AUTH_REQUIRED"


class A2ARole(StrEnum):
    """Who says something (section 4.1.5)."""

    USER = "ROLE_USER"
    AGENT = "ROLE_AGENT"


class RemoteState(StrEnum):
    """Whether an agent elsewhere can be reached."""

    UNKNOWN = "unknown"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


MessageId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="Made by whoever sends it; the same one again is the same message.",
    ),
]
ContextId = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Groups the tasks of one conversation.")
]
Modes = Annotated[list[MediaType], Field(max_length=50), BeforeValidator(split)]
HistoryLength = Annotated[
    int | None,
    Field(ge=0, le=2**31 - 1, description="Most messages of the history; 0 for none, the newest 100 if left out."),
]
PageToken = Annotated[
    str | None,
    Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$", description="'nextPageToken' of the page before."),
]
Wait = Annotated[
    float, Field(ge=0, le=3600, description="Seconds to wait while it is worked on; then the task as it is.")
]
HttpUrl = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
BaseUrl = Annotated[
    HttpUrl | None, Field(description="Under which the caller reaches this server; its public_url if left out.")
]
Headers = Annotated[
    dict[
        Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")],
        Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")],
    ],
    Field(max_length=30, description="Sent with every request, such as Authorization; stored encrypted, never shown."),
]
Agent = Annotated[
    AgentRef | None,
    Field(description="Agent id, name or dotted alias; without one the marketplace finds the agent by its skills."),
]
Of = Annotated[AgentRef | None, Field(description="Only a task of this agent.")]


class A2AMessage(ProtoModel):
    """One thing said, by the requester or by the agent (section 4.1.4)."""

    message_id: MessageId | None = None
    context_id: ContextId | None = None
    task_id: Id | None = None
    role: A2ARole = A2ARole.USER
    parts: Parts
    metadata: Metadata | None = None
    extensions: Extensions | None = None
    reference_task_ids: Annotated[list[Id], Field(max_length=100)] | None = None


class A2AArtifact(ProtoModel):
    """A result of a task, or a piece of one (section 4.1.7)."""

    artifact_id: Id
    name: str | None = None
    description: str | None = None
    parts: list[Part] = []
    metadata: JsonObject | None = None
    extensions: list[str] | None = None


class A2AStatus(ProtoModel):
    """Where a task is, and what was said about it (section 4.1.2)."""

    state: A2AState
    message: A2AMessage | None = None
    timestamp: Timestamp | None = None


class A2ATask(ProtoModel):
    """A task as an A2A client sees it (section 4.1.1).

    ``metadata`` is the requester's, and under ``agora`` what the marketplace adds: ``agent`` (id), ``progress``
    (per cent) and ``position``, after which ``agora.a2a.subscribe`` goes on.
    """

    id: str
    context_id: str
    status: A2AStatus
    artifacts: list[A2AArtifact] | None = None
    history: list[A2AMessage] | None = None
    metadata: JsonObject | None = None


class A2ASendResult(ProtoModel):
    """The task that a message made or went on with; or a message, where no task is needed (section 3.1.1)."""

    task: A2ATask | None = None
    message: A2AMessage | None = None


class A2ATaskList(ProtoModel):
    """A page of tasks, the last changed first (section 3.1.4)."""

    tasks: list[A2ATask]
    next_page_token: str = Field(default="", description="Empty on the last page.")
    page_size: int
    total_size: int = Field(description="How many match; counted up to 10,000.")


class A2AStatusUpdate(ProtoModel):
    """A task's state changed, or something was said about it (section 4.2.1)."""

    task_id: str
    context_id: str
    status: A2AStatus
    metadata: JsonObject | None = None


class A2AArtifactUpdate(ProtoModel):
    """A piece of a task's result (section 4.2.2). ``append``: to the parts that were sent before."""

    task_id: str
    context_id: str
    artifact: A2AArtifact
    append: bool | None = None
    last_chunk: bool | None = None
    metadata: JsonObject | None = None


class A2AUpdate(ProtoModel):
    """One item of a stream: the task, then what happens to it (section 3.2.3)."""

    task: A2ATask | None = None
    message: A2AMessage | None = None
    status_update: A2AStatusUpdate | None = None
    artifact_update: A2AArtifactUpdate | None = None


class A2AAuthentication(ProtoModel):
    """How a push notification proves itself (section 4.3.2). ``credentials`` are kept encrypted and never shown."""

    scheme: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
    credentials: Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] | None = None


PushVersion = Annotated[
    Literal["1.0", "0.3"],
    Field(description="Of A2A, in which updates are posted: 1.0 posts each one, 0.3 the task as it is."),
]


class A2APushConfig(ProtoModel):
    """Where a task's updates are posted (section 4.3.1)."""

    id: Id | None = None
    task_id: Id | None = None
    url: HttpUrl
    token: Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] | None = None
    authentication: A2AAuthentication | None = None
    version: PushVersion = "1.0"


class A2APushConfigs(ProtoModel):
    """Push configurations of a task, in the order they were made (section 3.1.9)."""

    configs: list[A2APushConfig] = []
    next_page_token: str | None = None


class A2APushDeletion(Result):
    """The configuration is gone, whether or not it was there."""

    task_id: str
    config_id: str


class PushDeadLetter(Result):
    """Updates of a task that could not be posted: nothing after them is, until it is told to go on."""

    task_id: str
    config_id: str
    url: str = Field(description="Without its query.")
    owner: str
    error: str | None = None
    attempts: int
    position: int = Field(description="Number of the last item of the task's stream that was posted.")
    given_up_at: Timestamp


class PushDeadLetters(Page[PushDeadLetter]):
    items_field: ClassVar[str] = "dead_letters"

    dead_letters: list[PushDeadLetter]


class PushRetry(Result):
    """Posting goes on after this item of the task's stream."""

    task_id: str
    config_id: str
    position: int


class A2AInterface(ProtoModel):
    """An address of an agent, and what is spoken there (section 4.4.6)."""

    model_config = ConfigDict(extra="allow")

    url: str
    protocol_binding: str
    protocol_version: str
    tenant: str | None = None


class A2ASkill(ProtoModel):
    """Something an agent can do (section 4.4.5)."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    description: str
    tags: list[str] = []
    examples: list[str] | None = None
    input_modes: list[str] | None = None
    output_modes: list[str] | None = None


class A2ACard(ProtoModel):
    """An agent card (section 4.4.1)."""

    model_config = ConfigDict(extra="allow")

    name: str
    description: str
    version: str
    supported_interfaces: list[A2AInterface]
    provider: JsonObject | None = None
    documentation_url: str | None = None
    icon_url: str | None = None
    capabilities: JsonObject = {}
    security_schemes: JsonObject | None = None
    security_requirements: list[JsonObject] | None = None
    default_input_modes: list[str]
    default_output_modes: list[str]
    skills: list[A2ASkill]
    signatures: list[JsonObject] | None = None


class CardChange(Result):
    """Whose card it is now."""

    agent_id: str
    stored: bool = Field(description="Whether there is a stored card; if not, it is made from the registration.")
    extended: bool = Field(default=False, description="Whether there is one for authenticated callers.")
    updated_at: Timestamp


class A2ACatalogueEntry(Result):
    """An agent in the catalogue."""

    agent_id: str | None = Field(default=None, description="Null for the marketplace's own front agent.")
    name: str
    description: str
    url: str = Field(description="Where it speaks A2A.")
    card_url: str
    tags: list[str] = []
    updated_at: Timestamp


class A2ACatalogue(Page[A2ACatalogueEntry]):
    """The agents whose cards the caller may see, the front agent first."""

    items_field: ClassVar[str] = "agents"

    agents: list[A2ACatalogueEntry]


class RemoteAgent(Result):
    """An A2A agent elsewhere that is an agent of this marketplace. Credentials are never shown."""

    agent_id: str
    agent_name: str
    url: str = Field(description="As it was given: of its card, or of the agent.")
    interface: A2AInterface | None = Field(default=None, description="What is spoken with it.")
    card: dict[str, Any] | None = Field(default=None, description="Its own card, as it was last read.")
    has_credentials: bool = False
    timeout: float = 60.0
    state: RemoteState = RemoteState.UNKNOWN
    error: str | None = Field(default=None, description="Why it cannot be reached.")
    checked_at: Timestamp | None = None
    refreshed_at: Timestamp | None = Field(default=None, description="When its card was last read.")
    created_by: str
    created_at: Timestamp
    updated_at: Timestamp


class RemoteAgentPage(Page[RemoteAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[RemoteAgent]


class RemoteRemoval(Result):
    agent_id: str
    agent_name: str


class A2A(Service, category="a2a"):
    """Agents by the Agent2Agent protocol: every agent of the marketplace answers it, and a task there is a task here."""

    # -- messages and tasks ----------------------------------------------------------------------

    @operation("POST /agora/a2a/send", scope="write:tasks", body_limit=8 * MEBIBYTE)
    async def send(
        self,
        message: A2AMessage | Annotated[Text, Field(min_length=1, max_length=900_000)],
        agent: Agent = None,
        *,
        skill: Annotated[Label | None, Field(description="Id of the skill that is wanted.")] = None,
        task_id: Annotated[
            Id | None, Field(description="The task to go on with, where the message does not say.")
        ] = None,
        context_id: ContextId | None = None,
        return_immediately: Annotated[bool, Field(description="Do not wait until the task has ended or asks.")] = False,
        wait: Wait = 60,
        history_length: HistoryLength = None,
        accepted_output_modes: Modes = [],
        push: Annotated[A2APushConfig | None, Field(description="Where to post what happens to the task.")] = None,
        metadata: Annotated[Metadata, Field(description="Of the request; kept with a new task.")] = {},
        extensions: Annotated[
            list[Uri], Field(max_length=50, description="URIs of extensions that you support, beside the message's.")
        ] = [],
    ) -> A2ASendResult:
        """Send a message to an agent: it makes a task, or goes on with one (section 3.1.1).

        A text is a message with one part. The message is stored when the call has an answer; the call waits until
        the task has ended or needs an answer, unless told otherwise. A repeated ``messageId`` answers the task it made.
        """

    @operation("GET /agora/a2a/get", scope="read:tasks")
    async def get(
        self, task_id: Id, agent: Of = None, *, history_length: HistoryLength = None, wait: Wait = 0
    ) -> A2ATask:
        """Show a task with its history and artifacts (section 3.1.3)."""

    @operation("GET /agora/a2a/list", scope="read:tasks")
    async def list(
        self,
        agent: Of = None,
        *,
        context_id: ContextId | None = None,
        status: A2AState | None = None,
        status_timestamp_after: Timestamp | None = None,
        page_size: Annotated[int, Field(ge=1, le=100)] = 50,
        page_token: PageToken = None,
        history_length: HistoryLength = None,
        include_artifacts: bool = False,
    ) -> A2ATaskList:
        """List the tasks you gave, the last changed first (section 3.1.4)."""

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
            str | None, Field(max_length=20, description="Go on after this item, without the task itself.")
        ] = None,
        history_length: HistoryLength = None,
        until: Annotated[
            Literal["ended", "interrupted"],
            Field(description="Whether it goes on while the task needs an answer."),
        ] = "ended",
    ) -> AsyncIterator[A2AUpdate]:
        """The task, then everything that happens to it, to its end (section 3.1.6).

        Refused for a task that has ended, unless it is resumed.
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
            Id | None, Field(description="One is made if left out; an existing one is replaced.")
        ] = None,
        token: Annotated[str | None, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] = None,
        authentication: A2AAuthentication | None = None,
        version: PushVersion = "1.0",
    ) -> A2APushConfig:
        """Have a task's updates posted to a URL (section 3.1.7): those from now on, in order, each at least once."""

    @operation("GET /agora/a2a/get_push_config", scope="read:tasks")
    async def get_push_config(self, task_id: Id, config_id: Id, agent: Of = None) -> A2APushConfig:
        """Show where a task's updates are posted (section 3.1.8)."""

    @operation("GET /agora/a2a/list_push_configs", scope="read:tasks")
    async def list_push_configs(
        self,
        task_id: Id,
        agent: Of = None,
        *,
        page_size: Annotated[int, Field(ge=1, le=100)] = 50,
        page_token: PageToken = None,
    ) -> A2APushConfigs:
        """List where a task's updates are posted (section 3.1.9)."""

    @operation(scope="write:tasks", idempotent=True, destructive=True)
    async def delete_push_config(self, task_id: Id, config_id: Id, agent: Of = None) -> A2APushDeletion:
        """Post a task's updates there no more (section 3.1.10)."""

    @operation("GET /agora/a2a/push_dead_letters", scope="read:tasks")
    async def push_dead_letters(self, *, limit: Limit = 50, cursor: Cursor = None) -> PushDeadLetters:
        """List where updates could not be posted, with the reason; your own, an operator sees all."""

    @operation(scope="write:tasks", idempotent=True)
    async def retry_push(self, task_id: Id, config_id: Id) -> PushRetry:
        """Post a task's updates again where it was given up, from where it stopped."""

    # -- cards -----------------------------------------------------------------------------------

    @operation("GET /agora/a2a/card", scope="", exposure=Exposure.PUBLIC)
    async def card(self, agent: Agent = None, *, base_url: BaseUrl = None) -> A2ACard:
        """Show an agent's card, made from its registration unless one is stored; without an agent, the front agent's."""

    @operation("GET /agora/a2a/extended_card", scope="read:agents")
    async def extended_card(self, agent: Agent = None, *, base_url: BaseUrl = None) -> A2ACard:
        """Show the card for authenticated callers (section 3.1.11)."""

    @operation(scope="write:agents", idempotent=True)
    async def set_card(
        self,
        agent: Annotated[AgentRef | None, Field(description="Yourself, if left out.")] = None,
        *,
        card: Annotated[
            JsonObject | None,
            Field(max_length=100, description="Fields of an agent card, which win over those made; null removes it."),
        ] = None,
        extended: Annotated[
            JsonObject | None, Field(max_length=100, description="Fields that only authenticated callers see.")
        ] = None,
    ) -> CardChange:
        """Store a card for an agent. Its addresses stay this marketplace's, whatever the card says."""

    @operation("GET /agora/a2a/catalogue", scope="", exposure=Exposure.PUBLIC)
    async def catalogue(self, *, base_url: BaseUrl = None, limit: Limit = 50, cursor: Cursor = None) -> A2ACatalogue:
        """List the agents with their cards' addresses."""

    # -- agents elsewhere ------------------------------------------------------------------------

    @operation(scope="admin", kind=Kind.RELAY, exposure=Exposure.OPERATOR)
    async def add_remote(
        self,
        url: Annotated[HttpUrl, Field(description="Of the agent, or of its card.")],
        name: Annotated[AgentRef | None, Field(description="Its name here; its own if left out.")] = None,
        *,
        headers: Headers = {},
        timeout: Annotated[float, Field(gt=0, le=3600, description="Seconds without a sign from it.")] = 60,
        verify: Annotated[bool, Field(description="Read its card first; false keeps it even if it cannot be.")] = True,
    ) -> RemoteAgent:
        """Make an A2A agent elsewhere an agent of this marketplace; what is sent to it is passed on.

        A URL that leads to a private or loopback address is refused unless the server's settings allow it.
        """

    @operation("GET /agora/a2a/list_remotes", scope="read:agents")
    async def list_remotes(self, *, limit: Limit = 50, cursor: Cursor = None) -> RemoteAgentPage:
        """List the agents elsewhere, each with its state."""

    @operation("GET /agora/a2a/get_remote", scope="read:agents")
    async def get_remote(self, agent: AgentRef) -> RemoteAgent:
        """Show an agent elsewhere, with its card."""

    @operation(scope="admin", kind=Kind.RELAY, exposure=Exposure.OPERATOR, idempotent=True)
    async def refresh_remote(self, agent: AgentRef) -> RemoteAgent:
        """Read the card of an agent elsewhere again."""

    @operation(scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def remove_remote(self, agent: AgentRef) -> RemoteRemoval:
        """Take an agent elsewhere off the marketplace; tasks that are there end as failed."""
