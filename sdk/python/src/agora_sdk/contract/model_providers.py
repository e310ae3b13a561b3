"""Model providers: endpoints and API keys of language models."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .fields import Cursor, Limit, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = ["ModelProvider", "ModelProviderPage", "ModelProviderRemoval", "ModelProviders"]

ProviderName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="Name of the provider: the part of a model's name before the colon.",
        examples=["anthropic"],
    ),
]


class ModelProvider(Result):
    """A provider of language models; its key is never shown."""

    name: str
    wire: str = Field(description="API protocol: openai or anthropic.")
    base_url: str
    has_key: bool
    updated_by: str
    updated_at: Timestamp


class ModelProviderPage(Page[ModelProvider]):
    items_field: ClassVar[str] = "providers"

    providers: list[ModelProvider]


class ModelProviderRemoval(Result):
    name: str


class ModelProviders(Service, category="model_provider"):
    """Providers of language models, with encrypted API keys."""

    @operation("POST /model-providers", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def set(
        self,
        name: ProviderName,
        *,
        api_key: Annotated[
            Annotated[str, Field(max_length=2000, pattern=r"^[!-~]*$")] | None,
            Field(description="API key, stored encrypted; unchanged if omitted, removed if empty."),
        ] = None,
        base_url: Annotated[
            Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")] | None,
            Field(
                description="Base URL; default: the public API of OpenAI or Anthropic. Only server operators may set "
                "it."
            ),
        ] = None,
        wire: Annotated[
            Literal["openai", "anthropic"] | None,
            Field(description="API protocol; default: determined by the provider's name, else openai."),
        ] = None,
    ) -> ModelProvider:
        """Add or change a provider with an OpenAI-compatible (chat completions) or Anthropic-compatible (messages)
        API."""

    @operation("GET /model-providers", scope="admin", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> ModelProviderPage:
        """List the providers by name, without their keys."""

    @operation("DELETE /model-providers/{name}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete(self, name: ProviderName) -> ModelProviderRemoval:
        """Delete a provider and its key. Agents that use its models stop working."""
