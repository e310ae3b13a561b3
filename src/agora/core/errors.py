"""Errors that every domain raises in the same form."""

from __future__ import annotations

from agora_sdk.errors import NotFound, field_error

__all__ = ["not_found"]


def not_found(field: str, detail: str, *, fix: str | None = None) -> NotFound:
    """Build the NotFound error of an object that does not exist or is not visible to the caller. field: the argument's
    name."""
    return NotFound(detail, fix=fix, errors=[field_error(field, "unknown")])
