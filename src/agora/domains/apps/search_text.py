"""The search text of an app."""

from __future__ import annotations

__all__ = ["fold_search_text"]


def fold_search_text(*texts: str) -> str:
    """Normalise text for search: lower case, single spaces."""
    return " ".join(" ".join(texts).replace("_", " ").casefold().split())
