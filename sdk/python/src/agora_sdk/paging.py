"""Paging: arguments that request the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .contract import Operation, Page

__all__ = ["next_page_arguments"]


def next_page_arguments(operation: Operation, arguments: BaseModel, page: Page[Any]) -> BaseModel | None:
    """Return the arguments of the next page, or None after the last.

    By cursor if the operation takes one, by position in a log, else by offset.
    """
    parameters = operation.parameters
    values = {name: getattr(arguments, name) for name in arguments.model_fields_set}
    if "cursor" in parameters:
        if not page.next_cursor:
            return None
        # The cursor continues after the previous page: an offset would skip further items.
        values.pop("offset", None)
        values["cursor"] = page.next_cursor
    elif not (page.has_more and page.items):
        return None
    elif "after" in parameters:
        values["after"] = page.items[-1].sequence
    elif "offset" in parameters:
        values["offset"] = (values.get("offset") or 0) + len(page.items)
    else:
        return None
    # Without validation: the values were validated for the first page.
    return operation.input.model_construct(set(values), **values)
