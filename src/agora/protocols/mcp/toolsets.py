"""Toolsets: named parts of the listing, for clients that support few tools.

Every category of the catalogue is one, by its name or its plural (``task``, ``tasks``); ``essential`` (also
``default``) contains the daily tools of an agent; ``all`` everything; ``agents`` the capabilities that agents offer as
tools.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["AGENTS", "ALL", "ESSENTIAL_OPERATIONS", "covers_operation", "list_toolset_names", "resolve_toolsets"]

ALL, AGENTS = "all", "agents"
_ESSENTIAL_NAMES: Final = frozenset({"essential", "default"})
_RESERVED_NAMES: Final = frozenset({ALL, AGENTS}) | _ESSENTIAL_NAMES

#: names without ``agora.``; a test checks each against the contract
ESSENTIAL_OPERATIONS: Final = frozenset(
    {
        "agent.register",
        "agent.update",
        "agent.get",
        "agent.heartbeat",
        "query.agents",
        "query.marketplace",
        "messaging.send",
        "messaging.receive",
        "messaging.mark",
        "event.publish",
        "event.list",
        "task.assign",
        "task.claim",
        "task.list",
        "task.get",
        "task.renew",
        "task.update",
        "task.append",
        "task.complete",
        "task.fail",
        "task.stream",
        "workflow.create",
        "workflow.status",
        "workflow.approve",
    }
)


def list_toolset_names(categories: Collection[str]) -> list[str]:
    """List the names of all toolsets, sorted."""
    return sorted(_RESERVED_NAMES | set(categories))


def resolve_toolsets(toolsets: Collection[str], categories: Collection[str]) -> tuple[str, ...]:
    """Resolve toolsets, including plurals, to canonical names. Raises InvalidRequest with the available names."""
    names = set(list_toolset_names(categories))
    resolved = []
    for toolset in toolsets:
        name = toolset if toolset in names else toolset.removesuffix("s")
        if name not in names:
            raise InvalidRequest(
                f"There is no toolset {toolset[:100]!r}.",
                fix=f"The toolsets are {', '.join(sorted(names))}.",
                errors=[field_error("toolsets", "unknown toolset")],
            )
        resolved.append(name)
    return tuple(dict.fromkeys(resolved))


def covers_operation(toolsets: Collection[str], operation: Operation) -> bool:
    """Whether an operation is in one of these toolsets."""
    if ALL in toolsets or operation.category in toolsets:
        return True
    return not _ESSENTIAL_NAMES.isdisjoint(toolsets) and operation.name.removeprefix("agora.") in ESSENTIAL_OPERATIONS
