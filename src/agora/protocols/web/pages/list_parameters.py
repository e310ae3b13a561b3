"""Parameters of list pages, read from the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora_sdk.contract.results import Page
from agora_sdk.errors import InvalidRequest

from ..view import View

__all__ = ["ROWS", "chosen_filters", "concerns_target", "list_operation", "query_if_allowed"]

ROWS = 50  #: maximum rows of a table; the rest is on further pages


def chosen_filters(view: View, *names: str) -> dict[str, str]:
    """Read the filters of the URL."""
    return {name: view.query[name] for name in names if view.query.get(name)}


async def list_operation(
    view: View, operation: str, arguments: Mapping[str, Any], *, rows: int = ROWS
) -> tuple[Any, str | None]:
    """List a page of results, with the error of invalid filters: an unknown value of a filter finds nothing."""
    try:
        return await view.invoke(operation, {"limit": rows, "cursor": view.query.get("cursor"), **arguments}), None
    except InvalidRequest as error:
        return Page[Any](count=0), error.detail


def concerns_target(view: View, id: str) -> bool:
    """Whether any event is about this object; without events everything counts as concerned."""
    return not view.events or any(event.subject == id for event in view.events)


async def query_if_allowed(view: View, operation: str, arguments: Mapping[str, Any] = {}) -> Any | None:
    """Invoke an operation; None if the user may not call it or the object does not exist."""
    return await view.invoke_or_none(operation, arguments) if view.may(operation) else None
