"""Federation: tools of upstreams as operations of the registry, created at run time.

The operation of a tool is named after its upstream and the tool, such as ``github.create_issue``; calling it calls
``agora.upstream.call``. The tools come with the event that announces them, or from the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model, model_validator
from pydantic_core import from_json

from agora.core.semver import InvalidVersion, parse_version
from agora.store.port import Store, StoredEvent
from agora_sdk.contract import Kind, Operation, Route, declared
from agora_sdk.contract.fields import JsonObject

from . import queries as upstreams
from .client.vetting import build_service_name
from .offers import Offer, OfferedTool, PendingOffers

__all__ = ["FederatedOperation", "Federation"]

log = logging.getLogger(__name__)
CALL_OPERATION = declared("upstream", "call")


class FederatedOperation(Operation):
    """A tool of an upstream. ``definition``: from the upstream, unchanged."""

    def __init__(self, tool: OfferedTool) -> None:
        self.definition: Mapping[str, Any] = from_json(tool.definition)
        hints = self.definition.get("annotations") or {}
        reads = hints.get("readOnlyHint") is True
        super().__init__(
            CALL_OPERATION.function,
            (Route("POST", f"/tools/{tool.upstream}/{tool.name}"),),
            scope=CALL_OPERATION.scope,
            kind=Kind.RELAY,
            version=_normalize_version(tool.version),
            body_limit=CALL_OPERATION.body_limit,
            # Hints are untrusted (MCP 2025-11-25, tools, annotations): they only choose defaults, and grant nothing.
            idempotent=reads or hints.get("idempotentHint") is True,
            destructive=not reads and hints.get("destructiveHint") is True,
        )
        self.category, self.action, self.attribute = tool.upstream, tool.name, CALL_OPERATION.attribute
        self._description = tool.description

    @property
    def implementation(self) -> str:
        """Category of the implementing service."""
        return CALL_OPERATION.category

    @property
    def name(self) -> str:
        """``{upstream}.{tool}``."""
        return build_service_name(self.category, self.action)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The tool's own route; its body becomes ``arguments`` of ``agora.upstream.call``."""
        return self.declared_routes

    @property
    def description(self) -> str:
        """Description from the upstream."""
        return self._description

    @cached_property
    def input(self) -> type[BaseModel]:
        """Model that wraps the tool's arguments as those of ``agora.upstream.call``."""
        upstream, tool = self.category, self.action

        class Relayed(BaseModel):
            model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

            @model_validator(mode="before")
            @classmethod
            def _wrap_value(cls, value: Any) -> Any:
                # Before validation, so that the caller's keys cannot name another upstream or tool.
                return {"upstream": upstream, "tool": tool, "arguments": value}

        return create_model(
            f"{upstream}_{tool}_request".title().replace("_", ""),
            __base__=Relayed,
            __doc__=self.summary,
            upstream=(str, ...),
            tool=(str, ...),
            arguments=(JsonObject, ...),
        )

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of the arguments, from the upstream."""
        return dict(self.definition["inputSchema"])

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema of the result, with the upstream's schema for structured content."""
        schema = dict(self.output.json_schema(mode="serialization"))
        structured = self.definition.get("outputSchema")
        if structured:
            schema["properties"] = schema["properties"] | {"structured_content": structured}
        return schema


class Federation:
    """Maintains the operations of upstreams in the catalogue. ``offer`` sets those of one upstream of a tenant."""

    def __init__(
        self, store: Store, offers: PendingOffers, offer: Callable[[str, str, Sequence[Operation]], None]
    ) -> None:
        self._store, self._offers, self._offer = store, offers, offer
        self._upstream_names: dict[str, set[str]] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._reload_tenants: set[str] = set()
        self._own_offers = 0  # offers of this server's own commits

    async def load_tools_of_tenant(self, tenant: str) -> None:
        """Load the tools of a tenant from the store."""

        while True:
            own_offers = self._own_offers
            rows = await self._store.read(tenant, lambda reader: reader.all(upstreams.select_callable_tools))
            # Own offers are applied at once, also during the read: older rows would take their tools back.
            if own_offers == self._own_offers:
                break
        tools_by_upstream = {name: list(mine) for name, mine in groupby(rows, key=lambda row: str(row.upstream))}
        # Upstreams that lost all their tools have no row in the query.
        for name in self._upstream_names.get(tenant, set()) - tools_by_upstream.keys():
            self._apply_offer(Offer(tenant, name, ()))
        for name, mine in tools_by_upstream.items():
            tools = [OfferedTool(name, r.name, r.description, r.definition, r.server_version) for r in mine]
            self._apply_offer(Offer(tenant, name, tools))

    def apply_event(self, stored: StoredEvent) -> None:
        """Apply an event of the log: this server's own immediately, another server's after a short delay."""
        if not stored.event.type.startswith("agora.upstream."):
            return
        offer = self._offers.pop_offer(stored.event.event_id)
        if offer is not None:
            self._own_offers += 1
            self._apply_offer(offer)
        # One load at a time for each tenant; events during it ask for one more, not for one each.
        elif stored.tenant_id in self._loading:
            self._reload_tenants.add(stored.tenant_id)
        else:
            self._loading[stored.tenant_id] = asyncio.create_task(self._reload_tenant(stored.tenant_id))

    async def stop(self) -> None:
        """Wait until no load is running."""
        await asyncio.gather(*self._loading.values())

    async def _reload_tenant(self, tenant: str) -> None:
        try:
            self._reload_tenants.add(tenant)
            while tenant in self._reload_tenants:
                # Before the load: an event during it asks for another.
                self._reload_tenants.discard(tenant)
                await self.load_tools_of_tenant(tenant)
        except Exception:
            log.exception("the tools of upstreams could not be read")
        finally:
            del self._loading[tenant]

    def _apply_offer(self, offer: Offer) -> None:
        names = self._upstream_names.setdefault(offer.tenant, set())
        (names.add if offer.tools else names.discard)(offer.upstream)
        self._offer(offer.tenant, offer.upstream, list(_build_operations(offer.tools)))


def _build_operations(tools: Iterable[OfferedTool]) -> Iterable[Operation]:
    for tool in tools:
        yield FederatedOperation(tool)


def _normalize_version(text: str | None) -> str:
    """Normalize a server's version for the catalogue: 2.1 becomes 2.1.0; an invalid one becomes 1.0.0."""
    stripped = (text or "").strip().removeprefix("v")
    try:
        version = parse_version(stripped)
    except InvalidVersion:
        return "1.0.0"
    return stripped if version.pre else ".".join(map(str, version.numbers))
