"""httpx without its command line, which is imported with it wherever rich is installed, and takes as long as all the rest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["httpx"]

COMMAND_LINE = "httpx._main"


@contextmanager
def _hide_module(module: str) -> Iterator[None]:
    """Let an import find that a module is not installed, unless it is loaded already."""
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
