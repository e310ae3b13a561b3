"""Toolsets: named parts of the listing, for clients that can hold few tools.

Every category of the catalogue is one; ``essential`` (also ``default``) is what an agent needs day by day;
``all`` is everything; ``agents`` is the capabilities that agents offer as tools.
"""

from __future__ import annotations

from collections.abc import Collection

from agora_sdk.contract import Operation
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["AGENTS", "ESSENTIAL", "check_toolsets", "covers_operation"]

ALL, AGENTS = "all", "agents"
_ESSENTIAL = frozenset({"essential", "default"})
_NAMED = frozenset({ALL, AGENTS}) | _ESSENTIAL

#: names without ``agora.``; a test holds each against the contract
ESSENTIAL = frozenset(
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


def check_toolsets(toolsets: Collection[str], categories: Collection[str]) -> None:
    """Refuse a toolset there is not: InvalidRequest, naming those there are."""
    names = _NAMED | set(categories)
    unknown = sorted(set(toolsets) - names)
    if unknown:
        raise InvalidRequest(
            f"There is no toolset {unknown[0][:100]!r}.",
            fix=f"There are {', '.join(sorted(names))}.",
            errors=[field_error("toolsets", "unknown toolset")],
        )


def covers_operation(toolsets: Collection[str], operation: Operation) -> bool:
    """Whether an operation is in one of these toolsets; in none named, everything is."""
    if not toolsets or ALL in toolsets or operation.category in toolsets:
        return True
    return not _ESSENTIAL.isdisjoint(toolsets) and operation.name.removeprefix("agora.") in ESSENTIAL
