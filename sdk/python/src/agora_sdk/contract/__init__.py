"""The contract: what the marketplace can do, every operation declared once, as a typed method.

This package depends on pydantic alone and imports nothing else of ours. The server implements its
services, the SDK calls them, and every protocol is projected from them.
"""

from __future__ import annotations

from . import (
    a2a,
    admin,
    agents,
    auth,
    billing,
    bus,
    conversations,
    deployments,
    discovery,
    envelopes,
    events,
    hosts,
    instances,
    memory,
    messaging,
    monitor,
    orchestrator,
    query,
    registry,
    tasks,
    tenants,
    tokens,
    upstreams,
    users,
    workers,
    workflows,
)
from .operation import Exposure, Kind, Lifecycle, Operation, Route, Service, implements, operation
from .results import Page, Result, Stream

__all__ = [
    "Exposure",
    "Kind",
    "Lifecycle",
    "Operation",
    "Page",
    "Result",
    "Route",
    "Service",
    "Stream",
    "a2a",
    "admin",
    "agents",
    "auth",
    "billing",
    "bus",
    "conversations",
    "deployments",
    "discovery",
    "envelopes",
    "events",
    "hosts",
    "implements",
    "instances",
    "memory",
    "messaging",
    "monitor",
    "operation",
    "operations",
    "orchestrator",
    "query",
    "registry",
    "tasks",
    "tenants",
    "tokens",
    "upstreams",
    "users",
    "workers",
    "workflows",
]


def operations() -> tuple[Operation, ...]:
    """Every declared operation, services in order of import, methods in order of declaration."""
    return tuple(found for service in Service.declared.values() for found in service.operations.values())
