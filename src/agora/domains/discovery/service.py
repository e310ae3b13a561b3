"""Discovery: the operation registry, filtered by the caller's rights."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agora.clock import to_datetime
from agora.core.call import BoundService, Call
from agora.core.pagination import PageBudget
from agora_sdk.contract import Operation, implements
from agora_sdk.contract import discovery as contract
from agora_sdk.contract.operation import Lifecycle, LifecycleLike
from agora_sdk.contract.query import ServiceInfo, ServicePage, ServiceUsage
from agora_sdk.errors import NotFound

__all__ = ["DiscoveryService", "build_service_info", "build_service_page"]


def build_service_info(call: Call, operation: Operation, *, schema: bool = False, usage: bool = False) -> ServiceInfo:
    """Build the catalogue entry of one version of an operation."""
    registry, tenant = call.context.registry, call.caller.tenant
    life = registry.describe_lifecycle(operation, tenant)
    return ServiceInfo.model_construct(
        name=operation.name,
        version=operation.version,
        category=operation.category,
        status=life.status,
        description=operation.description,
        kind=operation.kind.value,
        scope=operation.scope,
        routes=[f"{route.method} {route.path}" for route in operation.routes],
        deprecation_date=life.deprecation_date.isoformat() if life.deprecation_date else None,
        sunset_date=life.sunset_date.isoformat() if life.sunset_date else None,
        replacement=life.replacement,
        migration_guide=life.migration_guide,
        last_updated=to_datetime(registry.updated_at(operation, tenant)),
        input_schema=operation.input_schema if schema else None,
        usage=ServiceUsage(**registry.get_call_statistics(operation, tenant)) if usage else None,
    )


def build_service_page(
    call: Call, operations: Sequence[Operation], limit: int, offset: int, *, schema: bool = False, usage: bool = False
) -> ServicePage:
    """Build a page of the catalogue; long schemas and descriptions make it shorter."""
    budget = PageBudget(call.context.settings.page_bytes)
    services = []
    for operation in operations[offset : offset + limit]:
        service = build_service_info(call, operation, schema=schema, usage=usage)
        if not budget.take_if_fits((service.model_dump_json(),)):
            break
        services.append(service)
    return ServicePage.model_construct(
        services=services,
        count=len(services),
        total=len(operations),
        has_more=offset + len(services) < len(operations),
    )


class DiscoveryService(BoundService, contract.Discovery):
    """The catalogue of operations."""

    def _require_enabled(self) -> None:
        if not self.call.context.settings.service_discovery:
            raise NotFound(
                "Service discovery is disabled on this server.",
                fix="Set SERVICE_DISCOVERY=enabled (service_discovery in agora.toml) and start it again.",
            )

    @implements
    async def list(
        self,
        category: str | None = None,
        version: str | None = None,
        status: LifecycleLike | None = None,
        *,
        schemas: bool = True,
        limit: int = 500,
        offset: int = 0,
    ) -> ServicePage:
        self._require_enabled()
        call = self.call
        operations = call.context.registry.select(
            call.caller, category=category, version=version, status=status and Lifecycle(status)
        )
        for operation in operations[offset : offset + limit] if schemas else ():
            # The first call builds the schemas (a second of CPU time in total) without blocking the event loop.
            if "input_schema" not in vars(operation) and operation.input_schema:
                await asyncio.sleep(0)
        return build_service_page(call, operations, limit, offset, schema=schemas)

    @implements
    async def schema(self, service: str, version: str | None = None) -> contract.ServiceSchema:
        self._require_enabled()
        operation = self.call.context.registry.resolve(service, version, self.call.caller.tenant)
        summary = build_service_info(self.call, operation)
        return contract.ServiceSchema.model_construct(
            **{name: getattr(summary, name) for name in contract.ServiceSchema.model_fields if name in _SHARED_FIELDS},
            input_schema=operation.input_schema,
            output_schema=operation.output_schema,
            idempotent=operation.idempotent,
            destructive=operation.destructive,
        )


_SHARED_FIELDS = ServiceInfo.model_fields.keys() - {"input_schema"}
