"""The contract: every operation of the marketplace, declared once as a typed method.

This package depends only on pydantic and imports nothing else of this project, except for :mod:`agora_sdk.lazy_names`
and :mod:`agora_sdk.closing`. The server implements its services, the SDK calls them, and every protocol is generated
from them. Modules are loaded when they are first used: the list of operations comes from the :mod:`.index`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agora_sdk.lazy_names import attach_names

from . import index
from .operation import Exposure, Kind, Lifecycle, Operation, Route, Service, implements, operation

if TYPE_CHECKING:
    from . import (
        a2a,
        admin,
        agents,
        apps,
        attempts,
        auth,
        billing,
        bus,
        codebases,
        conversations,
        dead_letters,
        declared_agents,
        deployments,
        discovery,
        envelopes,
        events,
        follow_ups,
        hosts,
        instances,
        media,
        memory,
        messaging,
        migration,
        model_providers,
        monitor,
        orchestrator,
        query,
        registry,
        reviews,
        runtime,
        tasks,
        tenants,
        token_billing,
        tokens,
        transcripts,
        turns,
        upstreams,
        users,
        virtual_servers,
        workers,
        workflows,
        worktrees,
    )
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
    "apps",
    "attempts",
    "auth",
    "billing",
    "bus",
    "codebases",
    "conversations",
    "dead_letters",
    "declared",
    "declared_agents",
    "deployments",
    "discovery",
    "envelopes",
    "events",
    "follow_ups",
    "hosts",
    "implements",
    "instances",
    "media",
    "memory",
    "messaging",
    "migration",
    "model_providers",
    "monitor",
    "operation",
    "operations",
    "orchestrator",
    "query",
    "registry",
    "reviews",
    "runtime",
    "tasks",
    "tenants",
    "token_billing",
    "tokens",
    "transcripts",
    "turns",
    "upstreams",
    "users",
    "virtual_servers",
    "workers",
    "workflows",
    "worktrees",
]
RESULTS = frozenset({"Page", "Result", "Stream"})


def operations() -> tuple[Operation, ...]:
    """List every declared operation in the order of declaration, without loading any service."""
    declared = Service.declared
    return tuple(each for category in declared for each in declared.operations(category).values())


def declared(category: str, attribute: str) -> Operation:
    """Return the operation of a service's method without loading the service. Raises KeyError."""
    return Service.declared.operations(category)[attribute]


__getattr__, __dir__ = attach_names(__name__, __all__, dict.fromkeys(RESULTS, "results"))

index.install_index(name for name in __all__ if name not in globals() and name not in RESULTS)
