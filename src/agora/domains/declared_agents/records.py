"""Records of declared agents and of model providers."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "DECLARED_AGENTS",
    "DECLARED_AGENT_VERSIONS",
    "DeclaredAgentRow",
    "DeclaredAgentVersionRow",
    "ModelProviderRow",
    "TaskMessage",
]


@record
class DeclaredAgentRow:
    """A row of ``declared_agents``. specification: JSON."""

    tenant_id: str
    name: str
    agent_id: str
    version: int
    specification: str
    declared_by: str
    created_at: int
    updated_at: int


DECLARED_AGENTS = Table("declared_agents", DeclaredAgentRow)
"""Agents that think with a language model."""


@record
class DeclaredAgentVersionRow:
    """A row of ``declared_agent_versions``. specification: JSON."""

    tenant_id: str
    name: str
    version: int
    specification: str
    declared_by: str
    created_at: int


DECLARED_AGENT_VERSIONS = Table("declared_agent_versions", DeclaredAgentVersionRow)
"""Every version of a declaration."""


@record
class ModelProviderRow:
    """A row of ``model_providers``. sealed_key: encrypted, empty without a key."""

    tenant_id: str
    name: str
    wire: str
    url: str
    sealed_key: bytes
    updated_by: str
    updated_at: int


@record
class TaskMessage:
    """A message in a task's log. data: JSON of an A2A message."""

    number: int
    actor: str
    data: str | None
