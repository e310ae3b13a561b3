"""Advice of the server, which names routes of the REST API, in terms of commands."""

from __future__ import annotations

import re
from functools import cache

from agora_sdk.contract import Operation, operations

__all__ = ["replace_routes_with_commands"]

_ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w./{}-]*[\w}])")


def replace_routes_with_commands(text: str) -> str:
    """Replace each route of an operation by its command; other routes are left as they are."""
    return _ROUTE.sub(lambda match: _find_command(match[1], match[2]) or match[0], text)


def _find_command(method: str, path: str) -> str | None:
    segments = path.split("/")
    for template, operation in _list_routes(method, len(segments)):
        if all(
            part == segment or (part.startswith("{") and segment)
            for part, segment in zip(template, segments, strict=True)
        ):
            values = [segment for part, segment in zip(template, segments, strict=True) if part.startswith("{")]
            # An example of a value, such as {token_id}, is shown as the command's usage line shows it.
            words = [value.strip("{}").upper() if value.startswith("{") else value for value in values]
            command = " ".join([operation.category, operation.action]).replace("_", "-")
            return f"'{' '.join(['agora', command, *words])}'"
    return None


@cache
def _list_routes(method: str, length: int) -> list[tuple[list[str], Operation]]:
    """List the routes with that method and number of segments, those without parameters first."""
    routes = [
        (template, operation)
        for operation in operations()
        for route in operation.routes
        if route.method == method and len(template := route.path.split("/")) == length
    ]
    return sorted(routes, key=lambda route: sum(part.startswith("{") for part in route[0]))
