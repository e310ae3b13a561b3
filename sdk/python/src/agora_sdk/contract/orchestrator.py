"""The orchestrator: requests in natural language."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from .operation import Service, operation
from .results import Result

__all__ = ["ChatAnswer", "Orchestrator"]

Words = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="What you want, in plain English.",
        examples=["Find agents for code generation"],
    ),
]


class ChatAnswer(Result):
    """The recognized request and its result."""

    response: str = Field(description="The answer in a sentence or two.")
    data: list[dict[str, JsonValue]] = Field(default=[], description="The answer as data.")
    tools_used: list[str] = Field(
        default=[],
        description="search_agents, get_agent, search_apps, register_agent or get_marketplace_stats; empty if nothing "
        "was understood.",
    )
    token: str | None = Field(default=None, description="Of an agent that was registered. Shown once: keep it.")


class Orchestrator(Service, category="orchestrator"):
    """Plain words instead of operations: finding, describing and registering agents, and numbers."""

    @operation("POST /functions/v1/orchestrator-agent/chat", scope="read:agents", secrets=("token",))
    async def chat(self, message: Words) -> ChatAnswer:
        """Send a request in natural language. It is matched by fixed rules, not by a language model.

        Registering an agent this way needs write:agents, and answers the agent's token.
        """
