"""Settings for compatibility with Agora v4 clients."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from .section import Section, split_list

__all__ = ["Compatibility"]

CompatibilityMode = Literal["enabled", "warn", "disabled"]


class Compatibility(Section):
    """Settings for v4 calls."""

    compatibility_mode: CompatibilityMode = Field(
        "enabled",
        description="Handling of v4 calls: enabled, warn (accepted with a deprecation notice), disabled (410).",
    )
    deprecation_warnings: bool = Field(
        False, description="Add a deprecation notice to v4 responses (enabled, disabled), like compatibility mode warn."
    )
    v4_databases: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=20)] = (
        Field(
            ("agora-marketplace", "agent-coordination-v2"),
            description="Names of v4 databases to emulate, separated by commas.",
        )
    )
    v4_sunset_date: date | None = Field(
        None, description="Announced end date of v4 calls; empty: a week after the first warning."
    )

    @field_validator("deprecation_warnings", mode="before")
    @classmethod
    def _parse_v4_warnings(cls, value: Any) -> Any:
        return {"enabled": True, "disabled": False}.get(value, value) if isinstance(value, str) else value

    @field_validator("v4_databases", mode="before")
    @classmethod
    def _split_v4_databases(cls, value: Any) -> Any:
        return split_list(value)

    @field_validator("v4_sunset_date", mode="before")
    @classmethod
    def _parse_v4_sunset_date(cls, value: Any) -> Any:
        return None if value == "" else value

    @property
    def v4_mode(self) -> CompatibilityMode:
        """Effective mode of both settings."""
        if self.compatibility_mode == "enabled" and self.deprecation_warnings:
            return "warn"
        return self.compatibility_mode
