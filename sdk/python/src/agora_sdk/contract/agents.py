"""Agents: registration, profiles, heartbeats and ratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AnyUrl, Field, UrlConstraints

from .envelopes import Alias, PublicKey
from .fields import (
    AgentName,
    AgentRef,
    AgentStatus,
    AgentStatusLike,
    BusyPolicy,
    Capability,
    Cursor,
    JsonObject,
    Label,
    Limit,
    Offset,
    ServiceTier,
    ServiceTierLike,
    Text,
    Timestamp,
    Visibility,
    VisibilityLike,
)
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = [
    "Agent",
    "AgentHeartbeat",
    "AgentPage",
    "AgentStatusReport",
    "Agents",
    "Deregistration",
    "Rating",
    "Registration",
]

Capabilities = Annotated[list[Capability], Field(max_length=100, description="Capabilities of the agent.")]
Tags = Annotated[list[Label], Field(max_length=50)]
Description = Annotated[Text, Field(max_length=4000)]
EndpointUrl = Annotated[
    AnyUrl, UrlConstraints(max_length=2000, allowed_schemes=["http", "https", "ws", "wss", "grpc", "redis"])
]
Endpoints = Annotated[
    dict[Label, EndpointUrl],
    Field(max_length=20, description="Protocol name to URL.", examples=[{"a2a": "http://127.0.0.1:9100/"}]),
]
Metadata = Annotated[JsonObject, Field(max_length=100, description="Free-form data kept with the agent.")]
MaxTasks = Annotated[int, Field(ge=1, le=10_000, description="Maximum number of concurrent tasks.")]
Proficiency = Annotated[int, Field(ge=0, le=100, description="The agent's own rating of its skill, in percent.")]
PublicKeys = Annotated[
    list[PublicKey],
    Field(max_length=10, description="Public keys for end-to-end encryption, the preferred one first."),
]
Load = Annotated[float, Field(ge=0, le=1, description="Fraction of the agent's capacity in use, 0 to 1.")]


class Agent(Result):
    """Public profile of an agent."""

    agent_id: str
    agent_name: str
    alias: str | None = Field(default=None, description="Address in the agent protocol, agent.COMPANY.NAME.")
    description: str = ""
    capabilities: list[str] = []
    service_tier: ServiceTier = Field(
        default=ServiceTier.BASIC, description="Granted service tier, which decides the rate limit."
    )
    requested_tier: ServiceTier = Field(
        default=ServiceTier.BASIC, description="Tier requested at the last registration; an operator may grant it."
    )
    status: AgentStatus = AgentStatus.ACTIVE
    category: str = ""
    tags: list[str] = []
    visibility: Visibility = Visibility.PUBLIC
    endpoints: dict[str, str] = {}
    metadata: JsonObject = {}
    max_concurrent_tasks: int = 1
    busy: BusyPolicy = "enqueue"
    proficiency_level: int | None = None
    registered_at: Timestamp
    last_activity: Timestamp
    load: float = Field(
        default=0.0, description="Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks."
    )
    availability: float = Field(
        default=1.0, description="Fraction of the time since registration in which it was reachable, 0 to 1."
    )
    reputation: float | None = Field(default=None, description="Mean rating, 0 to 10; null without ratings.")
    rating_count: int = 0
    public_keys: list[PublicKey] = Field(
        default=[], description="Public keys for encrypting messages to it; use the first."
    )


class Registration(Agent):
    """A registered agent, with its token and the data it needs to start."""

    available_services: list[str] = Field(default=[], description="Names of the operations it may call.")
    token: str | None = Field(default=None, description="The agent's own token. Shown once: keep it.")
    created: bool = Field(default=True, description="False where an existing registration was updated.")
    pending_tasks: int = Field(default=0, description="Number of tasks that were waiting for this name.")
    pending_messages: int = Field(default=0, description="Messages held for this name that now wait in the inbox.")
    warning: str | None = Field(
        default=None, description="Why no instances of it can be run, although its manifest describes how."
    )


class AgentPage(Page[Agent]):
    items_field: ClassVar[str] = "agents"

    agents: list[Agent]


class AgentHeartbeat(Result):
    agent_id: str
    status: AgentStatus
    last_activity: Timestamp
    next_before: Timestamp = Field(
        description="Time at which the agent is marked offline unless another heartbeat arrives."
    )


class AgentStatusReport(Result):
    agent_id: str
    agent_name: str
    status: AgentStatus
    registered_at: Timestamp
    last_activity: Timestamp
    load: float
    availability: float
    reputation: float | None
    rating_count: int
    unread_messages: int


class Rating(Result):
    agent_id: str
    reputation: float
    rating_count: int


class Deregistration(Result):
    agent_id: str
    status: AgentStatus


#: fields of a registration in addition to the manifest
BESIDE = ("service_tier", "max_concurrent_tasks", "busy", "public_keys", "metadata")


def _manifest_to_arguments(document: Any) -> Any:
    """Convert a manifest (``name`` instead of ``agent_name``) to the arguments of a registration."""
    if not isinstance(document, Mapping) or "name" not in document or "agent_name" in document:
        return document
    rest = {name: value for name, value in document.items() if name != "name"}
    arguments = {name: rest.pop(name) for name in BESIDE if name in rest}
    if isinstance(rest.get("endpoints"), Mapping):
        arguments["endpoints"] = rest.pop("endpoints")
    return arguments | {"agent_name": document["name"], "manifest": rest}


class Agents(Service, category="agent"):
    """Registration, profiles, heartbeats and ratings of agents."""

    @operation(
        "POST /agents/register",
        scope="write:agents",
        aliases=("register",),
        exposure=Exposure.PUBLIC,
        idempotent=True,
        secrets=("token",),
        translate=_manifest_to_arguments,
    )
    async def register(
        self,
        agent_name: AgentName,
        capabilities: Capabilities = [],
        service_tier: ServiceTierLike = ServiceTier.BASIC,
        *,
        description: Description = "",
        category: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] = "",
        tags: Tags = [],
        visibility: VisibilityLike = Visibility.PUBLIC,
        endpoints: Endpoints = {},
        metadata: Metadata = {},
        max_concurrent_tasks: MaxTasks = 1,
        busy: BusyPolicy = "enqueue",
        proficiency_level: Proficiency | None = None,
        alias: Alias | None = None,
        public_keys: PublicKeys | None = None,
        manifest: Annotated[
            JsonObject | None,
            Field(
                max_length=200,
                description="Further manifest fields: version, pricing, build_config, host_requirements ...",
            ),
        ] = None,
    ) -> Registration:
        """Register an agent, or update it when the call carries that agent's own token.

        A name or alias that belongs to another identity is a conflict. Messages held for the name are delivered. An
        omitted alias or key is unchanged. The granted tier depends on the credential: an operator can grant any tier,
        an enrolment token or key grants its own, an agent keeps its own, and a caller without a credential gets basic.
        requested_tier records the requested one. A plain manifest (name instead of agent_name) is also accepted; if it
        can be run and the caller has deploy:agents, instances can be created from it, as with
        agora.deployment.register.
        """

    @operation("GET /agents/{agent_id}", scope="read:agents")
    async def get(self, agent_id: AgentRef) -> Agent:
        """Show an agent's profile by id, name or dotted alias."""

    @operation("GET /agents", scope="read:agents")
    async def list(
        self,
        status: AgentStatusLike | None = None,
        service_tier: ServiceTierLike | None = None,
        category: Annotated[str | None, Field(max_length=64, pattern=r"^[^\x00]*$")] = None,
        *,
        limit: Limit = 50,
        offset: Offset = 0,
        cursor: Cursor = None,
    ) -> AgentPage:
        """List the agents of the marketplace in the order of registration."""

    @operation("PATCH /agents/{agent_id}", scope="write:agents", idempotent=True)
    async def update(
        self,
        agent_id: AgentRef,
        *,
        capabilities: Capabilities | None = None,
        status: AgentStatusLike | None = None,
        description: Description | None = None,
        category: Annotated[str | None, Field(max_length=64, pattern=r"^[^\x00]*$")] = None,
        tags: Tags | None = None,
        visibility: VisibilityLike | None = None,
        endpoints: Endpoints | None = None,
        metadata: Metadata | None = None,
        max_concurrent_tasks: MaxTasks | None = None,
        busy: BusyPolicy | None = None,
        proficiency_level: Proficiency | None = None,
        alias: Alias | None = None,
        public_keys: PublicKeys | None = None,
    ) -> Agent:
        """Change an agent's profile; omitted fields are unchanged. An agent can change only its own."""

    @operation("POST /agents/{agent_id}/heartbeat", scope="write:agents", idempotent=True)
    async def heartbeat(
        self,
        agent_id: AgentRef | None = None,
        status: AgentStatusLike | None = None,
        load: Load | None = None,
    ) -> AgentHeartbeat:
        """Send a heartbeat, optionally with the agent's status and load.

        Every other authenticated call also counts as a heartbeat.
        """

    @operation("GET /agents/{agent_id}/status", scope="read:agents")
    async def status(self, agent_id: AgentRef) -> AgentStatusReport:
        """Show an agent's status: state, load, availability, reputation, unread messages."""

    @operation("POST /agents/{agent_id}/rate", scope="write:agents", idempotent=True)
    async def rate(
        self,
        agent_id: AgentRef,
        rating: Annotated[float, Field(ge=0, le=10, description="0 (useless) to 10 (excellent).")],
        comment: Annotated[Text, Field(max_length=1000)] = "",
    ) -> Rating:
        """Rate another agent; a second rating by the same agent replaces its first."""

    @operation("DELETE /agents/{agent_id}", scope="write:agents", idempotent=True, destructive=True)
    async def deregister(self, agent_id: AgentRef) -> Deregistration:
        """Deregister an agent: its token is revoked, its name becomes available, its history is kept.

        The next agent registered under the name does not inherit messages or tasks of this one. Requesters reassign
        their tasks; an operator hands over the rest (agora.admin.manage, action 'hand_over').
        """
