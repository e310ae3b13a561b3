"""Compatibility layer for agents of Agora v4: import it first to redirect their ``spacetime`` calls to Agora v5.

The server is ``AGORA_URL`` (default: http://localhost:8080).
"""

import os

from agora_sdk.migration import V4CompatibilityLayer, patch_subprocess

__all__ = ["V4CompatibilityLayer", "compatibility", "undo_patch"]

compatibility = V4CompatibilityLayer(os.environ.get("AGORA_URL", "http://localhost:8080"))
undo_patch = patch_subprocess(compatibility)
