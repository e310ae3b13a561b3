"""Checks of custom headers for an upstream."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agora.core.errors import invalid_field

__all__ = ["check_headers", "find_header_error"]

MAX_HEADERS, MAX_NAME_CHARACTERS, MAX_VALUE_CHARACTERS = 30, 100, 4000
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# No line breaks: they would begin another header or request.
VALUE = re.compile(r"[\x20-\x7e]*")
#: set by HTTP and MCP themselves
RESERVED_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host"}
    | {"keep-alive", "last-event-id", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


def check_headers(headers: Mapping[str, str]) -> None:
    """Check that headers are valid and not set by the client itself. Raises InvalidRequest."""
    for name, value in headers.items():
        if problem := find_header_error(name, value):
            raise invalid_field(f"headers.{name[:MAX_NAME_CHARACTERS]}", problem)
    names = [name.lower() for name in headers]
    if len(names) > MAX_HEADERS or len(set(names)) < len(names):
        problem = f"more than {MAX_HEADERS}" if len(names) > MAX_HEADERS else "the same name twice"
        raise invalid_field("headers", problem)


def find_header_error(name: str, value: str) -> str | None:
    """Find the error of a header; None if it is valid."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME_CHARACTERS:
        return "is not a header name"
    # Headers of framing and protocol, with which a caller could smuggle a request.
    if name.lower() in RESERVED_HEADERS or name.lower().startswith("mcp-"):
        return "is a header that this server sets itself"
    if not VALUE.fullmatch(value):
        return "has characters other than visible ASCII"
    return f"is longer than {MAX_VALUE_CHARACTERS} characters" if len(value) > MAX_VALUE_CHARACTERS else None
