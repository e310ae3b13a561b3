"""Base class of the settings sections."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

__all__ = ["DAY", "Section", "split_list"]

DAY: Final = 86_400  # seconds


class Section(BaseModel):
    """Base of a section of related settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def split_list(value: Any) -> Any:
    """Split a comma-separated list of an environment variable."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
