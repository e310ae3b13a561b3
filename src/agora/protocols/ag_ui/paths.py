"""Paths of AG-UI."""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope

__all__ = ["PATH", "owns_request"]

PATH: Final = "/ag-ui"


def owns_request(scope: Scope) -> bool:
    """Whether a request belongs to this protocol."""
    path: str = scope["path"]
    return path == PATH or path.startswith(f"{PATH}/")
