"""Settings for compatibility with Agora v4 clients."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .section import CommaSeparated, EmptyAsNone, Section, Switch

__all__ = ["Compatibility"]

CompatibilityMode = Literal["enabled", "warn", "disabled"]


class Compatibility(Section):
    """Settings for v4 calls."""

    compatibility_mode: CompatibilityMode = Field(
        "enabled",
        description="Handling of v4 calls: enabled, warn (accepted with a deprecation notice), disabled (410).",
    )
    deprecation_warnings: Switch = Field(
        False, description="Add a deprecation notice to v4 responses (enabled, disabled), like compatibility mode warn."
    )
    v4_databases: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=20), CommaSeparated
    ] = Field(
        ("agora-marketplace", "agent-coordination-v2"),
        description="Names of v4 databases to emulate, separated by commas.",
    )
    v4_sunset_date: Annotated[date | None, EmptyAsNone] = Field(
        None, description="Announced end date of v4 calls; empty: a week after the first warning."
    )

    @property
    def v4_mode(self) -> CompatibilityMode:
        """Effective mode of both settings."""
        if self.compatibility_mode == "enabled" and self.deprecation_warnings:
            return "warn"
        return self.compatibility_mode
