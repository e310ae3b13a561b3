"""Lazy imports by module and attribute name. The only mechanism for it (docs/adr/0022): start-up time and memory."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, Generic, TypeVar

__all__ = ["Lazy"]

T = TypeVar("T")


class Lazy(Generic[T]):
    """A reference such as ``agora.domains.tasks.service:TaskService``; ``get`` imports its module once."""

    __slots__ = ("_target", "reference")

    def __init__(self, reference: str) -> None:
        self.reference = reference
        self._target: Any = None

    def __repr__(self) -> str:
        return f"Lazy({self.reference!r})"

    def get(self) -> T:
        """Import and return the object. Raises ImportError or AttributeError."""
        if self._target is None:
            module, _, name = self.reference.partition(":")
            self._target = getattr(import_module(module), name)
        target: T = self._target
        return target

    async def import_in_thread(self) -> T:
        """Import and return the object; a slow import runs in a thread, not on the event loop."""
        return self.get() if self._target is not None else await asyncio.to_thread(self.get)
