"""Lists written as text: in settings, options, headers and query strings."""

from __future__ import annotations

__all__ = ["split_list"]


def split_list(text: str) -> list[str]:
    """Split a list separated by commas, without its empty parts."""
    return [name for part in text.split(",") if (name := part.strip())]
