"""Migration from Agora v4 to v5: compatibility for agents that still call v4, and tools to migrate them.

::

    from agora_sdk.migration import V4CompatibilityLayer, patch_subprocess

    patch_subprocess(V4CompatibilityLayer("http://localhost:8080"))
    # subprocess.run(["spacetime", "call", "agora-marketplace", ...]) is a call of this marketplace now

The server interprets v4 calls; this package only forwards them.
"""

from __future__ import annotations

from .assistant import V4ToV5MigrationAssistant
from .compatibility import V4CompatibilityLayer
from .monitor import MigrationMonitor
from .subprocess_patch import patch_subprocess

__all__ = ["MigrationMonitor", "V4CompatibilityLayer", "V4ToV5MigrationAssistant", "patch_subprocess"]
