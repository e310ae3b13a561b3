"""The built-in agents."""

from __future__ import annotations

from collections.abc import Sequence

from .analysis import Analyst
from .calculator import Calculator
from .echo import Echo
from .memory import Keeper
from .port import Resident

__all__ = ["BUILTIN"]

BUILTIN: Sequence[Resident] = (Calculator(), Analyst(), Keeper(), Echo())
