"""Completions: what a person may mean by the first letters of an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora_sdk.errors import AgoraError

from .exchange import Exchange
from .resources import SHELVES, Resources, Shelf

__all__ = ["complete"]

MOST = 100  # by the protocol
LOOKED_AT = 500

_SHELF: Final[Mapping[str, Shelf]] = {
    name: shelf
    for shelf, names in zip(SHELVES, (("agent_id", "to"), ("workflow_id",), ("task_id", "task")), strict=True)
    for name in names
}


async def complete(resources: Resources, exchange: Exchange, argument: Mapping[str, Any]) -> dict[str, Any]:
    """Values for an argument of a prompt or resource template: ids and names the caller may see."""
    begun = str(argument.get("value", "")).lower()
    name = str(argument.get("name", ""))
    try:
        if name == "service":
            page = await resources.invoke(exchange, "agora.discovery.list", {})
            known = [service["name"] for service in page["services"]]
        elif name in _SHELF:
            known = await _known(resources, exchange, _SHELF[name])
        else:
            known = []
    except AgoraError:  # who may not list them is offered none
        known = []
    values = [value for value in dict.fromkeys(known) if value.lower().startswith(begun)]
    return {"completion": {"values": values[:MOST], "total": len(values), "hasMore": len(values) > MOST}}


async def _known(resources: Resources, exchange: Exchange, shelf: Shelf) -> list[str]:
    page = await resources.invoke(exchange, shelf.operation, {"limit": LOOKED_AT})
    by_name = [item[shelf.title] for item in page[shelf.items]] if shelf.items == "agents" else []
    return by_name + [item[shelf.id] for item in page[shelf.items]]
