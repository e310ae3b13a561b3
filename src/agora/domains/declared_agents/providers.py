"""Model providers: endpoints of language models, their encrypted keys, and resolution of model names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from agora.core import pagination as paging
from agora.core.call import BoundService
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.identity.authority import check_and_record_administration
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT, is_installation_operator
from agora.net.sealing import Sealer
from agora.settings import Settings
from agora.value_classes import value_class
from agora_sdk.contract import implements
from agora_sdk.contract import model_providers as contract
from agora_sdk.errors import PermissionDenied

from . import queries as statements
from .port import KEY_SEALER
from .records import ModelProviderRow

__all__ = [
    "DEFAULT_MODEL",
    "ModelEndpoint",
    "ModelProviderService",
    "build_endpoint_from_settings",
    "resolve_model_or_problem",
]

DEFAULT_URLS: Mapping[str, str] = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
DEFAULT_MODEL = "default"  #: name of the model and provider from the server's settings


@value_class
class ModelEndpoint:
    """Endpoint of a model. model: its name there. key: decrypted; empty without one."""

    provider: str
    wire: str
    url: str
    key: str
    model: str


class ModelProviderService(BoundService, contract.ModelProviders):
    """The contract's operations of model providers."""

    @implements
    async def set(
        self,
        name: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        wire: Literal["openai", "anthropic"] | None = None,
    ) -> contract.ModelProvider:
        call = self.call
        call.target = f"model-provider:{name}"
        await check_and_record_administration(call, call.target)
        previous_row = await call.tx.one(statements.select_provider, name=name)
        speaks = wire or (
            previous_row.wire if previous_row is not None else "anthropic" if name == "anthropic" else "openai"
        )
        # The server connects to the given URL, including private addresses.
        if base_url is not None and not is_installation_operator(
            call.caller, call.context.settings.admin_authority_level
        ):
            raise PermissionDenied(
                "Only an operator of the server chooses the URL of a provider.",
                fix="Leave base_url out for OpenAI's or Anthropic's own, or ask an operator.",
                required="admin",
            )
        # Another wire without a URL means the provider's own endpoint: the old URL speaks the old protocol.
        where = base_url or (previous_row.url if previous_row is not None and wire is None else DEFAULT_URLS[speaks])
        sealed = previous_row.sealed_key if previous_row is not None else b""
        if api_key is not None:
            sealer = call.context.ports.get(KEY_SEALER)
            # An empty key removes the stored one; None keeps it.
            sealed = sealer.seal(api_key.encode(), _seal_context(call.caller.tenant, name)) if api_key else b""
        row = ModelProviderRow(
            tenant_id=call.caller.tenant,
            name=name,
            wire=speaks,
            url=where,
            sealed_key=sealed,
            updated_by=call.caller.subject,
            updated_at=call.now,
        )
        await call.tx.execute(
            statements.upsert_provider,
            name=name,
            wire=speaks,
            url=where,
            sealed_key=sealed,
            updated_by=row.updated_by,
            now=call.now,
        )
        call.emit("agora.model_provider.updated", {"name": name}, subject=name, audience=(call.caller.subject,))
        return _build_provider(row)

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.ModelProviderPage:
        rows, more = await paging.read_query_page(self.call, statements.list_providers, "name", limit, cursor)
        providers = [_build_provider(row) for row in rows]
        return contract.ModelProviderPage.model_construct(
            providers=providers, **paging.build_page_fields(providers, "name", more=more, cursor=cursor)
        )

    @implements
    async def delete(self, name: str) -> contract.ModelProviderRemoval:
        call = self.call
        call.target = f"model-provider:{name}"
        if await call.tx.one(statements.select_provider, name=name) is None:
            raise not_found("name", f"There is no provider {name!r}.", fix="They are listed at GET /model-providers.")
        await check_and_record_administration(call, call.target)
        await call.tx.execute(statements.delete_provider, name=name)
        call.emit("agora.model_provider.deleted", {"name": name}, subject=name, audience=(call.caller.subject,))
        return contract.ModelProviderRemoval(name=name)


def build_endpoint_from_settings(settings: Settings) -> ModelEndpoint | None:
    """Build the provider from the settings llm_url, llm_model and llm_key; None without a model."""
    if not settings.llm_model:
        return None
    prefix, separator, model = settings.llm_model.partition(":")
    wire = prefix if separator and prefix in DEFAULT_URLS else "openai"
    name = model if separator and prefix in DEFAULT_URLS else settings.llm_model
    return ModelEndpoint(
        DEFAULT_MODEL, wire, settings.llm_url or DEFAULT_URLS[wire], settings.llm_key.get_secret_value(), name
    )


def resolve_model_or_problem(
    model: str, tenant: str, rows: Sequence[ModelProviderRow], settings: Settings, sealer: Sealer | None
) -> ModelEndpoint | str:
    """Resolve a model to its endpoint, or to a problem description. rows: the tenant's providers.

    sealer: None omits the key.
    """
    if model == DEFAULT_MODEL:
        # The key of the settings belongs to the installation: other tenants use their own.
        endpoint = build_endpoint_from_settings(settings) if tenant == ADMINISTRATIVE_TENANT else None
        return endpoint or "The settings name no model: set llm_model, or declare the agent with PROVIDER:MODEL."
    name, separator, model_name = model.partition(":")
    if not separator or not model_name:
        return f"{model!r} names no provider: write PROVIDER:MODEL."
    row = next((row for row in rows if row.name == name), None)
    if row is None:
        return f"There is no provider {name!r}: set it with agora.model_provider.set."
    key = ""
    if sealer is not None and row.sealed_key:
        try:
            key = sealer.open(row.sealed_key, _seal_context(tenant, name)).decode()
        except ValueError as error:
            return f"The key of {name!r} cannot be opened ({error}): set it again."
    return ModelEndpoint(name, row.wire, row.url, key, model_name)


def _seal_context(tenant: str, name: str) -> str:
    # Authenticated with the ciphertext: a key copied to another tenant or provider cannot be decrypted.
    return f"{tenant}/{name}"


def _build_provider(row: ModelProviderRow) -> contract.ModelProvider:
    return build_from_record(contract.ModelProvider, row, base_url=row.url, has_key=bool(row.sealed_key))
