"""Base class of the settings sections."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

from agora.comma_lists import split_list

__all__ = ["DAY", "CommaSeparated", "EmptyAsNone", "Section", "Switch"]

DAY: Final = 86_400  # seconds


class Section(BaseModel):
    """Base of a section of related settings."""

    # Deferred: only the class that combines all sections is validated, and building each section costs start-up time.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


#: How environment variables express values that are no text: lists, switches, and values that are not set.
CommaSeparated: Final = BeforeValidator(lambda value: split_list(value) if isinstance(value, str) else value)
Switch = Annotated[bool, BeforeValidator(lambda value: {"enabled": True, "disabled": False}.get(str(value), value))]
EmptyAsNone: Final = BeforeValidator(lambda value: None if value == "" else value)
