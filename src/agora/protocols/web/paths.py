"""Requests that belong to the monitor."""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope, read_header

from .responses import wants_html
from .security import HOME_PATH

__all__ = ["EXPORTS", "is_export", "owns_request", "shows_not_found"]

#: name and content type of exported messages by path
EXPORTS: Final = {
    "/v1/monitor/export/json": ("json", b"application/json"),
    "/v1/monitor/export/csv": ("csv", b"text/csv; charset=utf-8"),
}


def owns_request(scope: Scope, declared: bool) -> bool:
    """Whether a request belongs to the monitor. declared: whether the contract has an operation at its path."""
    path = scope["path"]
    if path == "/":
        return scope["method"] in ("GET", "HEAD") and "text/html" in (read_header(scope, b"accept") or "")
    if path != HOME_PATH.rstrip("/") and not path.startswith(HOME_PATH):
        return False
    return not declared or is_export(scope) or (scope["method"] in ("GET", "HEAD") and wants_html(scope))


def is_export(scope: Scope) -> bool:
    """Whether a request is for a file of messages."""
    return scope["path"] in EXPORTS and "text/event-stream" not in (read_header(scope, b"accept") or "")


def shows_not_found(scope: Scope) -> bool:
    """Whether a browser requests an unknown path: it gets a page, a program gets a problem document."""
    return scope["method"] in ("GET", "HEAD") and wants_html(scope)
