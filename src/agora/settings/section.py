"""What every section of the settings is made of."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

__all__ = ["DAY", "Section", "split_list"]

DAY: Final = 86_400  # seconds


class Section(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def split_list(value: Any) -> Any:
    """A list as the environment writes it, separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
