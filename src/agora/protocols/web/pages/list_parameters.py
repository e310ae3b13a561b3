"""Parameters of list pages, read from the URL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from agora_sdk.contract.results import Page
from agora_sdk.errors import InvalidRequest

from ..registry import register_fragment
from ..view import View

__all__ = [
    "MAX_ROWS",
    "has_event_about",
    "list_page_or_filter_error",
    "query_if_allowed",
    "read_url_filters",
    "register_target_fragment",
]

B = TypeVar("B", bound=Callable[[View], Awaitable[Mapping[str, Any]]])

MAX_ROWS = 50  #: maximum rows of a table; the rest is on further pages


def read_url_filters(view: View, *names: str) -> dict[str, str]:
    """Read the filters of the URL."""
    return {name: view.query[name] for name in names if view.query.get(name)}


async def list_page_or_filter_error(
    view: View, operation: str, arguments: Mapping[str, Any], *, rows: int = MAX_ROWS
) -> tuple[Any, str | None]:
    """List a page of results, with the error of invalid filters: an unknown value of a filter finds nothing."""
    try:
        return await view.invoke(operation, {"limit": rows, "cursor": view.query.get("cursor"), **arguments}), None
    except InvalidRequest as error:
        return Page[Any](count=0), error.detail


def has_event_about(view: View, id: str) -> bool:
    """Whether any event is about this object; without events everything counts as concerned."""
    # The page itself, and a tick, are rendered without events.
    return not view.events or any(event.subject == id for event in view.events)


def register_target_fragment(
    name: str, target: str, *, on: tuple[str, ...], tick: float = 0.0, every: float = 0.25
) -> Callable[[B], B]:
    """Register a function as a fragment that is rendered again only after events about one object.

    target: the path parameter with the object's id.
    """

    def add_fragment(build: B) -> B:
        async def load_fragment(view: View) -> Mapping[str, Any] | None:
            return await build(view) if has_event_about(view, view.path[target]) else None

        register_fragment(name, on=on, tick=tick, every=every)(load_fragment)
        return build

    return add_fragment


async def query_if_allowed(view: View, operation: str, arguments: Mapping[str, Any] = {}) -> Any | None:
    """Invoke an operation; None if the user may not call it or the object does not exist."""
    return await view.invoke_or_none(operation, arguments) if view.may_call(operation) else None
