"""The orchestrator: requests in natural language, and the tools that answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from .agents import Agent, Capabilities, Description, Registration
from .apps import AppPage
from .envelopes import Alias
from .fields import AgentName, AgentRef
from .instances import MarketplaceAgent
from .operation import Service, operation
from .results import Page, Result

__all__ = ["ChatAnswer", "MarketplaceCount", "MatchPage", "Orchestrator"]

Words = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="Request in natural language.",
        examples=["Find agents for code generation"],
    ),
]
PRINTABLE = r"^[^\x00]*$"
QueryText = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=200,
        description="Words in the name, description, tags or capabilities; best matches first.",
    ),
]
Industry = Annotated[
    str | None, Field(max_length=64, pattern=PRINTABLE, description="Only this industry: a category or a tag.")
]
FreeOnly = Annotated[bool, Field(description="Only free ones.")]
MatchLimit = Annotated[int, Field(ge=1, le=50, description="Largest number of items in the answer.")]
State = Literal["online", "active", "busy", "offline", "inactive", "paused", "suspended", "error"]


def _omit_absent_token(self: Result, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
    """Omit ``token`` if unset. (Without a return annotation, pydantic keeps the model's schema.)"""
    return {name: value for name, value in handler(self).items() if name != "token" or value is not None}


class ChatAnswer(Result):
    """The recognized request and its result. ``token`` is set only if an agent was registered."""

    response: str = Field(description="The answer in a sentence or two.")
    data: list[dict[str, JsonValue]] = Field(default=[], description="The answer as data.")
    tools_used: list[str] = Field(
        default=[],
        description="search_agents, get_agent, search_apps, register_agent or get_marketplace_stats; empty if the "
        "request was not understood.",
    )
    token: str | None = Field(default=None, description="Token of the registered agent. Shown once: keep it.")

    _serialized = model_serializer(mode="wrap")(_omit_absent_token)


class MatchPage(Page[MarketplaceAgent]):
    """Matching agents, best first. ``total`` counts matches among the first 1,000 candidates."""

    items_field = "agents"

    agents: list[MarketplaceAgent]


class MarketplaceCount(Result):
    """Number of matches. ``by_status`` and ``top_capabilities`` refer to the whole marketplace."""

    of: Literal["agents", "apps", "capabilities"]
    total: int
    total_is_estimate: bool = False
    by_status: dict[str, int] = {}
    top_capabilities: dict[str, int] = {}


class Orchestrator(Service, category="orchestrator"):
    """Natural-language requests: find, describe and register agents, and show statistics."""

    @operation(
        "POST /functions/v1/orchestrator-agent/chat",
        "POST /orchestrator-agent/chat",
        scope="",
        secrets=("token",),
    )
    async def chat(self, message: Words) -> ChatAnswer:
        """Send a request in natural language. Fixed rules interpret it, or a model if the setting chat_agent names an
        agent.

        Finding, describing and counting need the scope read:agents; registering needs write:agents and returns the
        agent's token.
        """

    @operation("GET /orchestrator-agent/agents", scope="read:agents")
    async def search_agents(
        self,
        query: QueryText = None,
        *,
        capability: Annotated[
            str | None, Field(max_length=100, pattern=PRINTABLE, description="Required capability.")
        ] = None,
        name: Annotated[str | None, Field(max_length=200, pattern=PRINTABLE, description="Part of the name.")] = None,
        industry: Industry = None,
        free: FreeOnly = False,
        max_price: Annotated[
            float | None, Field(ge=0, le=1e9, description="Maximum price, in the agent's currency.")
        ] = None,
        min_rating: Annotated[float | None, Field(ge=0, le=10, description="Minimum mean rating, 0 to 10.")] = None,
        status: Annotated[State | None, Field(description="Only this state; online means active or busy.")] = None,
        sort: Annotated[
            Literal["relevance", "price", "rating"], Field(description="Price: lowest first. Rating: highest first.")
        ] = "relevance",
        limit: MatchLimit = 10,
    ) -> MatchPage:
        """Search agents by words, capability, name, industry, price, rating and state, as the chat does."""

    @operation("GET /orchestrator-agent/agents/{ref}", scope="read:agents")
    async def get_agent(self, ref: AgentRef) -> Agent:
        """Show an agent by id, alias or name, else the best search match."""

    @operation("GET /orchestrator-agent/apps", scope="read:agents")
    async def search_apps(
        self, query: QueryText = None, *, industry: Industry = None, free: FreeOnly = False, limit: MatchLimit = 10
    ) -> AppPage:
        """Search the apps of the marketplace; best matches first."""

    @operation("POST /orchestrator-agent/agents", scope="write:agents", success_status=201, secrets=("token",))
    async def register_agent(
        self,
        name: AgentName,
        agent_id: Annotated[Alias | None, Field(description="Alias, such as agent.myorg.mybot.")] = None,
        capabilities: Capabilities = [],
        *,
        description: Description = "",
        category: Annotated[
            str, Field(max_length=64, pattern=PRINTABLE, description="Kind of agent; app for applications.")
        ] = "",
    ) -> Registration:
        """Register an agent like agora.agent.register, with the parameter names of the chat."""

    @operation("GET /orchestrator-agent/stats", scope="read:agents")
    async def get_marketplace_stats(
        self,
        of: Annotated[Literal["agents", "apps", "capabilities"], Field(description="What is counted.")] = "agents",
        capability: Annotated[
            str | None, Field(max_length=200, pattern=PRINTABLE, description="Only agents with this capability.")
        ] = None,
        *,
        status: Annotated[
            State | None, Field(description="Only agents in this state; online means active or busy.")
        ] = None,
        free: FreeOnly = False,
    ) -> MarketplaceCount:
        """Count agents, applications or distinct capabilities."""
