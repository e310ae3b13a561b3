"""Paths of MCP over HTTP."""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope

__all__ = ["METADATA", "PATH", "owns_request"]

PATH: Final = "/mcp"
METADATA: Final = "/.well-known/oauth-protected-resource"


def owns_request(scope: Scope) -> bool:
    """Whether a path belongs to MCP."""
    path: str = scope["path"]
    return path == PATH or path.startswith((PATH + "/", METADATA))
