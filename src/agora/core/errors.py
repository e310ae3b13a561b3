"""Errors that every domain raises in the same form."""

from __future__ import annotations

from agora_sdk.errors import NotFound, field_error

__all__ = ["not_found"]


def not_found(field: str, detail: str, *, fix: str | None = None) -> NotFound:
    """The error of a reference to nothing, or to what the caller may not see. field: the argument that holds it."""
    return NotFound(detail, fix=fix, errors=[field_error(field, "unknown")])
