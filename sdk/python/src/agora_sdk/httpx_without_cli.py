"""Import of httpx without its command line, which httpx imports if rich is installed and which doubles the import
time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["httpx"]

COMMAND_LINE = "httpx._main"


@contextmanager
def _hide_module(module: str) -> Iterator[None]:
    """Make an import behave as if a module were not installed, unless it is already loaded."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


with _hide_module(COMMAND_LINE):
    import httpx
