"""Upstreams: MCP servers elsewhere, what they offer, and calls of it.

``service`` is the contract's; ``taking`` compares what an upstream offers now with what was accepted; ``declared`` are
those of the settings; ``view`` is what rows look like.
"""

from .service import UpstreamService

__all__ = ["UpstreamService"]
