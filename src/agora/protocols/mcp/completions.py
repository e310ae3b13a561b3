"""Completions: values of an argument that begin with the typed text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora_sdk.errors import AgoraError

from .request_context import RequestContext
from .resources import COLLECTIONS, ResourceCollection, Resources

__all__ = ["complete_argument"]

MAX_VALUES = 100  # by the protocol
MAX_CANDIDATES = 500

_COLLECTION_BY_ARGUMENT: Final[Mapping[str, ResourceCollection]] = {
    name: collection
    for collection, names in zip(COLLECTIONS, (("agent_id", "to"), ("workflow_id",), ("task_id", "task")), strict=True)
    for name in names
}


async def complete_argument(
    resources: Resources, request_context: RequestContext, argument: Mapping[str, Any]
) -> dict[str, Any]:
    """Complete an argument of a prompt or resource template with ids and names visible to the caller."""
    typed = str(argument.get("value", "")).lower()
    name = str(argument.get("name", ""))
    try:
        if name == "service":
            page = await resources.invoke_operation(request_context, "agora.discovery.list", {"schemas": False})
            candidates = [service["name"] for service in page["services"]]
        elif name in _COLLECTION_BY_ARGUMENT:
            candidates = await _list_candidates(resources, request_context, _COLLECTION_BY_ARGUMENT[name])
        else:
            candidates = []
    except AgoraError:  # without the permission to list, no candidates
        candidates = []
    values = [value for value in dict.fromkeys(candidates) if value.lower().startswith(typed)]
    return {"completion": {"values": values[:MAX_VALUES], "total": len(values), "hasMore": len(values) > MAX_VALUES}}


async def _list_candidates(
    resources: Resources, request_context: RequestContext, collection: ResourceCollection
) -> list[str]:
    page = await resources.invoke_operation(request_context, collection.operation, {"limit": MAX_CANDIDATES})
    by_name = [item[collection.title] for item in page[collection.items]] if collection.items == "agents" else []
    return by_name + [item[collection.id] for item in page[collection.items]]
