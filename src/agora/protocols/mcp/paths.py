"""Paths of MCP over HTTP."""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope

__all__ = ["MCP_PATH", "METADATA_PATH", "owns_request"]

MCP_PATH: Final = "/mcp"
METADATA_PATH: Final = "/.well-known/oauth-protected-resource"


def owns_request(scope: Scope) -> bool:
    """Whether a path belongs to MCP."""
    path: str = scope["path"]
    return path == MCP_PATH or path.startswith((MCP_PATH + "/", METADATA_PATH))
