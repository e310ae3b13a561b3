"""Errors that every domain raises in the same form."""

from __future__ import annotations

from agora_sdk.errors import InvalidRequest, NotFound, field_error

__all__ = ["invalid_field", "not_found"]


def invalid_field(field: str, problem: str, *, fix: str | None = None) -> InvalidRequest:
    """Build the InvalidRequest error of one field. field: its path, such as ``metadata.priority``."""
    return InvalidRequest(f"{field}: {problem}.", fix=fix, errors=[field_error(field, problem)])


def not_found(field: str, detail: str, *, fix: str | None = None) -> NotFound:
    """Build the NotFound error of an object that does not exist or is not visible to the caller. field: the argument's
    name."""
    return NotFound(detail, fix=fix, errors=[field_error(field, "unknown")])
