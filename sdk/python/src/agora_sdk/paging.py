"""Paging: the arguments that ask for the page after one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .contract import Operation, Page

__all__ = ["following"]


def following(operation: Operation, arguments: BaseModel, page: Page[Any]) -> BaseModel | None:
    """Arguments of the next page, or None after the last.

    By cursor where the operation takes one, by position in a log, else by offset.
    """
    known = operation.parameters
    given = {name: getattr(arguments, name) for name in arguments.model_fields_set}
    if "cursor" in known:
        if not page.next_cursor:
            return None
        given.pop("offset", None)
        given["cursor"] = page.next_cursor
    elif not (page.has_more and page.items):
        return None
    elif "after" in known:
        given["after"] = page.items[-1].sequence
    elif "offset" in known:
        given["offset"] = (given.get("offset") or 0) + len(page.items)
    else:
        return None
    return operation.input.model_construct(set(given), **given)
