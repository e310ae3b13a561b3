"""The text by which an app is found."""

from __future__ import annotations

__all__ = ["fold_text"]


def fold_text(*texts: str) -> str:
    """Text as it is searched: in small letters, with single spaces."""
    return " ".join(" ".join(texts).replace("_", " ").casefold().split())
