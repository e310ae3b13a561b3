"""Configuration of the runner: a line of JSON with the agents to run, their credentials and their models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from agora_sdk.contract.declared_agents import AgentSpecification

__all__ = ["AgentConfiguration", "ModelConfiguration", "RunnerConfiguration"]


class ModelConfiguration(BaseModel):
    """Endpoint of a model. wire: openai or anthropic. model: its name at the provider."""

    model_config = ConfigDict(frozen=True)

    provider: str
    wire: str
    url: str
    key: SecretStr
    model: str

    @property
    def name(self) -> str:
        """Name of the model in the declaration."""
        return f"{self.provider}:{self.model}"


class AgentConfiguration(BaseModel):
    """An agent to run. models: the model and its fallbacks, in order."""

    tenant: str
    name: str
    agent_id: str
    version: int
    token: SecretStr
    specification: AgentSpecification
    models: list[ModelConfiguration]


class RunnerConfiguration(BaseModel):
    """All agents to run. url: of the server. tracing: whether traces are exported."""

    url: str
    tracing: bool = False
    agents: list[AgentConfiguration]

    @classmethod
    def parse(cls, line: bytes | str | dict[str, Any]) -> RunnerConfiguration:
        """Parse a configuration. Raises ValueError."""
        return cls.model_validate(line) if isinstance(line, dict) else cls.model_validate_json(line)
