"""The built-in agents."""

from __future__ import annotations

from collections.abc import Sequence

from .analysis import AnalysisAgent
from .calculator import CalculatorAgent
from .echo import EchoAgent
from .media import MediaAgent
from .memory import MemoryAgent
from .port import BuiltinAgent

__all__ = ["BUILTIN_AGENTS"]

BUILTIN_AGENTS: Sequence[BuiltinAgent] = (CalculatorAgent(), AnalysisAgent(), MemoryAgent(), EchoAgent(), MediaAgent())
