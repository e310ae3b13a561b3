"""Agent cards (section 4.4) and their catalog."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field

from ..billing.prices import PricingInfo
from ..fields import JsonObject, Timestamp
from ..parts import ProtoModel
from ..results import Page, Result

__all__ = ["A2ACard", "A2ACatalogue", "A2ACatalogueEntry", "A2AInterface", "A2ASkill", "CardChange"]


class A2AInterface(ProtoModel):
    """An interface of an agent: URL, binding and version (section 4.4.6)."""

    model_config = ConfigDict(extra="allow")

    url: str
    protocol_binding: str
    protocol_version: str
    tenant: str | None = None


class A2ASkill(ProtoModel):
    """A skill of an agent (section 4.4.5)."""

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
    """Card stored for an agent."""

    agent_id: str
    stored: bool = Field(description="Whether there is a stored card; if not, it is generated from the registration.")
    extended: bool = Field(default=False, description="Whether an extended card for authenticated callers is stored.")
    updated_at: Timestamp


class A2ACatalogueEntry(Result):
    """An agent in the catalogue."""

    agent_id: str | None = Field(default=None, description="Null for the marketplace's front agent.")
    name: str
    description: str
    url: str = Field(description="URL of its A2A endpoint.")
    card_url: str
    tags: list[str] = []
    pricing: PricingInfo | None = Field(default=None, description="Null if it is free.")
    updated_at: Timestamp


class A2ACatalogue(Page[A2ACatalogueEntry]):
    """The agents whose cards the caller may read, the front agent first."""

    items_field: ClassVar[str] = "agents"

    agents: list[A2ACatalogueEntry]
