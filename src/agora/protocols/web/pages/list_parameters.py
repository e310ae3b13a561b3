"""Asking: what pages with lists take from their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.results import Page
from agora_sdk.errors import InvalidRequest

from ..view import View

__all__ = ["ROWS", "chosen_filters", "concerns_target", "list_operation", "query_if_allowed"]

ROWS = 50  #: of a table; the rest is a page further


def chosen_filters(view: View, *names: str) -> dict[str, str]:
    """Filters that the address gives."""
    return {name: view.query[name] for name in names if view.query.get(name)}


async def list_operation(
    view: View, operation: str, arguments: Mapping[str, Any], *, rows: int = ROWS
) -> tuple[Any, str | None]:
    """A page of a list, and what is wrong with the filters: a word that no filter knows finds nothing."""
    try:
        return await view.invoke(operation, {"limit": rows, "cursor": view.query.get("cursor"), **arguments}), None
    except InvalidRequest as error:
        return Page[Any](count=0), error.detail


def concerns_target(view: View, id: str) -> bool:
    """Whether anything that happened is about it; a fragment that is not rendered for events concerns everything."""
    return not view.events or any(event.subject == id for event in view.events)


async def query_if_allowed(view: View, operation: str, arguments: Mapping[str, Any] = {}) -> Any | None:
    """What an operation answers; None where the person may not call it, which is not even tried, or there is nothing."""
    return await view.invoke_or_none(operation, arguments) if view.may(operation) else None
